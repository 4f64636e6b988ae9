"""at the counter."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "link_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_key")),
    )
    op.create_table(
        "procedure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["procedure.id"], name=op.f("fk_procedure_parent_id_procedure")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure")),
        sa.UniqueConstraint("code", name=op.f("uq_procedure_code")),
    )
    op.create_table(
        "staff_network",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_network")),
        sa.UniqueConstraint("network", name=op.f("uq_staff_network_network")),
    )
    op.create_table(
        "dossier_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("procedure_id", sa.Integer(), nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("used", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["procedure.id"], name=op.f("fk_dossier_code_procedure_id_procedure")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_dossier_code_unit_id_unit")
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_dossier_code_wave_id_wave")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_dossier_code")),
    )
    with op.batch_alter_table("dossier_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dossier_code_wave_id"), ["wave_id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("rater_group", sa.String(length=64), nullable=False),
        sa.Column("own_unit_id", sa.Integer(), nullable=True),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("letters", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.CheckConstraint("letters >= 0", name=op.f("ck_invitation_letters_not_negative")),
        sa.ForeignKeyConstraint(
            ["own_unit_id"], ["unit.id"], name=op.f("fk_invitation_own_unit_id_unit")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_invitation_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitation_code_hash")),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_wave_id"), ["wave_id"], unique=False)

    op.create_table(
        "rater_target",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("rater_group", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_rater_target_unit_id_unit")
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_rater_target_wave_id_wave")
        ),
        sa.PrimaryKeyConstraint("wave_id", "rater_group", "unit_id", name=op.f("pk_rater_target")),
    )
    op.create_table(
        "staged_response",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("rater_group", sa.String(length=64), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_staged_response_unit_id_unit")
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_staged_response_wave_id_wave")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_response")),
    )
    with op.batch_alter_table("staged_response", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staged_response_wave_id"), ["wave_id"], unique=False)

    op.create_table(
        "wave_key",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.String(length=128), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_wave_key_wave_id_wave")),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_wave_key")),
    )
    op.create_table(
        "dossier_count",
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.CheckConstraint("returned >= 0", name=op.f("ck_dossier_count_returned_not_negative")),
        sa.ForeignKeyConstraint(
            ["point_id"],
            ["collection_point.id"],
            name=op.f("fk_dossier_count_point_id_collection_point"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_dossier_count_unit_id_unit")
        ),
        sa.PrimaryKeyConstraint(
            "point_id", "day", "unit_id", "field", name=op.f("pk_dossier_count")
        ),
    )
    op.create_table(
        "invitation_contact",
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitation.id"],
            name=op.f("fk_invitation_contact_invitation_id_invitation"),
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_invitation_contact")),
    )
    op.create_table(
        "invitation_target",
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("used", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitation.id"],
            name=op.f("fk_invitation_target_invitation_id_invitation"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_invitation_target_unit_id_unit")
        ),
        sa.PrimaryKeyConstraint("invitation_id", "unit_id", name=op.f("pk_invitation_target")),
    )
    op.create_table(
        "point_unit",
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["point_id"],
            ["collection_point.id"],
            name=op.f("fk_point_unit_point_id_collection_point"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_point_unit_unit_id_unit")),
        sa.PrimaryKeyConstraint("point_id", "unit_id", name=op.f("pk_point_unit")),
    )
    op.create_table(
        "response_quality",
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("score >= 0", name=op.f("ck_response_quality_score_not_negative")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_response_quality_device_id_device")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["response.id"],
            name=op.f("fk_response_quality_response_id_response"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("response_id", name=op.f("pk_response_quality")),
    )
    with op.batch_alter_table("response_quality", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_response_quality_score"), ["score"], unique=False)

    with op.batch_alter_table("collection_point", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opening_hours", sa.Text(), nullable=True))
        batch_op.add_column(
            sa.Column("by_code", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=16), server_default="tablet", nullable=False)
        )
        batch_op.add_column(sa.Column("point_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("pin_hash", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("enrolment_hash", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("enrolment_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("queue_length", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("app_version", sa.String(length=32), nullable=True))
        batch_op.create_unique_constraint(
            batch_op.f("uq_device_enrolment_hash"), ["enrolment_hash"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_device_point_id_collection_point"),
            "collection_point",
            ["point_id"],
            ["id"],
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_device_kind_known"), "kind IN ('tablet', 'kiosk', 'system')"
        )

    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.add_column(sa.Column("context", sa.Text(), server_default="{}", nullable=False))

    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.add_column(sa.Column("receiving_unit_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("procedure_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("partial", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("helped", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("consent", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("rater_group", sa.String(length=64), nullable=True))
        batch_op.alter_column("document", existing_type=sa.TEXT(), nullable=True)
        batch_op.alter_column("receipt", existing_type=sa.VARCHAR(length=16), nullable=True)
        batch_op.create_check_constraint(
            batch_op.f("ck_response_helper_known"), "helped IN ('nobody', 'relative', 'official')"
        )
        batch_op.create_index(
            "ix_response_point_received", ["point_id", "received_at"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_response_procedure_id_procedure"), "procedure", ["procedure_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_response_receiving_unit_id_unit"), "unit", ["receiving_unit_id"], ["id"]
        )

    with op.batch_alter_table("wave", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("keeps_partial", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("links_expire_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("contacts_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("receipts_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("documents_until", sa.Date(), nullable=True))

    with op.batch_alter_table("wave_point", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("link_serial", sa.Integer(), server_default=sa.text("1"), nullable=False)
        )


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("wave_point", schema=None) as batch_op:
        batch_op.drop_column("link_serial")

    with op.batch_alter_table("wave", schema=None) as batch_op:
        batch_op.drop_column("documents_until")
        batch_op.drop_column("receipts_until")
        batch_op.drop_column("contacts_until")
        batch_op.drop_column("links_expire_on")
        batch_op.drop_column("keeps_partial")

    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_response_receiving_unit_id_unit"), type_="foreignkey"
        )
        batch_op.drop_constraint(
            batch_op.f("fk_response_procedure_id_procedure"), type_="foreignkey"
        )
        batch_op.drop_index("ix_response_point_received")
        batch_op.drop_constraint(batch_op.f("ck_response_helper_known"), type_="check")
        batch_op.alter_column("receipt", existing_type=sa.VARCHAR(length=16), nullable=False)
        batch_op.alter_column("document", existing_type=sa.TEXT(), nullable=False)
        batch_op.drop_column("rater_group")
        batch_op.drop_column("consent")
        batch_op.drop_column("helped")
        batch_op.drop_column("partial")
        batch_op.drop_column("procedure_id")
        batch_op.drop_column("receiving_unit_id")

    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_column("context")

    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_device_point_id_collection_point"), type_="foreignkey"
        )
        batch_op.drop_constraint(batch_op.f("uq_device_enrolment_hash"), type_="unique")
        batch_op.drop_column("app_version")
        batch_op.drop_column("queue_length")
        batch_op.drop_column("last_seen_at")
        batch_op.drop_column("enrolment_until")
        batch_op.drop_column("enrolment_hash")
        batch_op.drop_column("pin_hash")
        batch_op.drop_column("point_id")
        batch_op.drop_constraint(batch_op.f("ck_device_kind_known"), type_="check")
        batch_op.drop_column("kind")

    with op.batch_alter_table("collection_point", schema=None) as batch_op:
        batch_op.drop_column("by_code")
        batch_op.drop_column("opening_hours")

    with op.batch_alter_table("response_quality", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_response_quality_score"))

    op.drop_table("response_quality")
    op.drop_table("point_unit")
    op.drop_table("invitation_target")
    op.drop_table("invitation_contact")
    op.drop_table("dossier_count")
    op.drop_table("wave_key")
    with op.batch_alter_table("staged_response", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staged_response_wave_id"))

    op.drop_table("staged_response")
    op.drop_table("rater_target")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitation_wave_id"))

    op.drop_table("invitation")
    with op.batch_alter_table("dossier_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dossier_code_wave_id"))

    op.drop_table("dossier_code")
    op.drop_table("staff_network")
    op.drop_table("procedure")
    op.drop_table("link_key")
