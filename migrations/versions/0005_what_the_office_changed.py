"""what the office changed meanwhile."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("held_response", schema=None) as batch_op:
        batch_op.add_column(sa.Column("device_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("clock_offset", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_held_response_device_id_device"), "device", ["device_id"], ["id"]
        )
        batch_op.drop_constraint(batch_op.f("ck_held_response_reason_known"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_held_response_reason_known"),
            "reason IN ('conflict', 'quarantined', 'late', 'outdated')",
        )

    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_day", sa.Date(), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_column("told_day")

    op.execute("UPDATE held_response SET reason = 'late' WHERE reason = 'outdated'")
    with op.batch_alter_table("held_response", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_held_response_reason_known"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_held_response_reason_known"),
            "reason IN ('conflict', 'quarantined', 'late')",
        )
        batch_op.drop_constraint(
            batch_op.f("fk_held_response_device_id_device"), type_="foreignkey"
        )
        batch_op.drop_column("clock_offset")
        batch_op.drop_column("device_id")
