"""what is kept aside."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "held_visit",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_held_visit_device_id_device")
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_held_visit_visit_id_visit")
        ),
        sa.PrimaryKeyConstraint("visit_id", "content_hash", name=op.f("pk_held_visit")),
    )
    with op.batch_alter_table("staged_response", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refused", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("staged_response", schema=None) as batch_op:
        batch_op.drop_column("refused")
    op.drop_table("held_visit")
