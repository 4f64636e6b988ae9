"""procedures that end."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("procedure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("valid_to", sa.Date(), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("procedure", schema=None) as batch_op:
        batch_op.drop_column("valid_to")
