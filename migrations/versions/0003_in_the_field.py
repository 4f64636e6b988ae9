"""in the field."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("selection", sa.String(length=16), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("reserve", sa.Integer(), nullable=False),
        sa.Column("frame", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "selection IN ('kish', 'next_birthday')", name=op.f("ck_assignment_selection_known")
        ),
        sa.CheckConstraint(
            "quota > 0 AND reserve >= 0", name=op.f("ck_assignment_households_counted")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_assignment_device_id_device")
        ),
        sa.ForeignKeyConstraint(
            ["point_id"],
            ["collection_point.id"],
            name=op.f("fk_assignment_point_id_collection_point"),
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_assignment_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("code", name=op.f("uq_assignment_code")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_device_id"), ["device_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_wave_id"), ["wave_id"], unique=False)

    op.create_table(
        "response_revision",
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_response_revision_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["response.id"],
            name=op.f("fk_response_revision_response_id_response"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("response_id", "number", name=op.f("pk_response_revision")),
    )
    op.create_table(
        "interview",
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=True),
        sa.Column("selection", sa.String(length=16), nullable=True),
        sa.Column("eligible", sa.Integer(), nullable=True),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("presence", sa.String(length=128), nullable=False),
        sa.Column("interpreter", sa.String(length=16), nullable=True),
        sa.Column("handed_over", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("drop_off", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "interpreter IN ('nobody', 'relative', 'official', 'other')",
            name=op.f("ck_interview_interpreter_known"),
        ),
        sa.CheckConstraint(
            "selection IN ('kish', 'next_birthday')", name=op.f("ck_interview_selection_known")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_interview_assignment_id_assignment")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["response.id"],
            name=op.f("fk_interview_response_id_response"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("response_id", name=op.f("pk_interview")),
    )
    with op.batch_alter_table("interview", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_interview_assignment_id"), ["assignment_id"], unique=False
        )

    op.create_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("household", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=True),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("household > 0", name=op.f("ck_visit_household_numbered")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_visit_assignment_id_assignment")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_visit_device_id_device")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_assignment_id"), ["assignment_id"], unique=False)

    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("surveyor", sa.String(length=64), nullable=True))

    with op.batch_alter_table("held_response", schema=None) as batch_op:
        batch_op.add_column(sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("settlement", sa.String(length=16), nullable=True))
        batch_op.drop_constraint(batch_op.f("ck_held_response_reason_known"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_held_response_reason_known"),
            "reason IN ('conflict', 'quarantined', 'late')",
        )

    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )

    with op.batch_alter_table("response_quality", schema=None) as batch_op:
        batch_op.add_column(sa.Column("clock_offset", sa.Integer(), nullable=True))

    with op.batch_alter_table("wave_form", schema=None) as batch_op:
        batch_op.add_column(sa.Column("private_items", sa.Text(), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("wave_form", schema=None) as batch_op:
        batch_op.drop_column("private_items")

    with op.batch_alter_table("response_quality", schema=None) as batch_op:
        batch_op.drop_column("clock_offset")

    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.drop_column("revision")

    op.execute("UPDATE held_response SET reason = 'quarantined' WHERE reason = 'late'")
    with op.batch_alter_table("held_response", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_held_response_reason_known"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_held_response_reason_known"),
            "reason IN ('conflict', 'quarantined')",
        )
        batch_op.drop_column("settlement")
        batch_op.drop_column("settled_at")

    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_column("surveyor")
        batch_op.drop_column("retired_at")

    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_assignment_id"))

    op.drop_table("visit")
    with op.batch_alter_table("interview", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_interview_assignment_id"))

    op.drop_table("interview")
    op.drop_table("response_revision")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_wave_id"))
        batch_op.drop_index(batch_op.f("ix_assignment_device_id"))

    op.drop_table("assignment")
