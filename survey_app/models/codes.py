"""One-time codes: invitations of officials, codes on receipts of dossiers, and who rates whom."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey_app.db import Base


class RaterTarget(Base):
    """One cell of the matrix groups x units: which unit a group of raters rates in a wave."""

    __tablename__ = "rater_target"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    rater_group: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)


class Invitation(Base):
    """Thư mời khảo sát: a one-time code for one official; never by which response it was used.

    The code is made anew from `salt` and SECRET_KEY when a letter is written, and looked up by its
    hash. `own_unit_id` is where the official works, which he or she never rates. `letters` counts
    what was sent, the last on `sent_on`; no moment of use is kept.
    """

    __tablename__ = "invitation"
    __table_args__ = (CheckConstraint("letters >= 0", name="letters_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    rater_group: Mapped[str] = mapped_column(String(64))
    own_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    salt: Mapped[str] = mapped_column(String(64))
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    letters: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    sent_on: Mapped[date | None]

    targets: Mapped[list["InvitationTarget"]] = relationship()
    contact: Mapped["InvitationContact | None"] = relationship()


class InvitationTarget(Base):
    """A unit one invited official rates; `used` is all that is known of having done so."""

    __tablename__ = "invitation_target"

    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    used: Mapped[bool] = mapped_column(default=False, server_default=false())


class InvitationContact(Base):
    """How an invited official is reached; deleted when its retention ends."""

    __tablename__ = "invitation_contact"

    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), primary_key=True)
    name: Mapped[str]
    address: Mapped[str]


class DossierCode(Base):
    """A one-time code on the receipt of a dossier (Giấy tiếp nhận hồ sơ và hẹn trả kết quả).

    It carries the unit that resolves, the field and the month, and nothing else of the dossier.
    Where those had few dossiers it carries less, so that no code is a name.
    """

    __tablename__ = "dossier_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    procedure_id: Mapped[int | None] = mapped_column(ForeignKey("procedure.id"))
    month: Mapped[str] = mapped_column(String(7))
    used: Mapped[bool] = mapped_column(default=False, server_default=false())


class DossierCount(Base):
    """How many dossiers were returned at a counter on a day, by resolving unit and field.

    `field` is the code of a field (lĩnh vực), empty where it is not known.
    """

    __tablename__ = "dossier_count"
    __table_args__ = (CheckConstraint("returned >= 0", name="returned_not_negative"),)

    point_id: Mapped[int] = mapped_column(ForeignKey("collection_point.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(64), primary_key=True, default="")
    returned: Mapped[int]


class StaffNetwork(Base):
    """A range of addresses of offices (CIDR): answers from there are marked, not refused."""

    __tablename__ = "staff_network"

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(String(64), unique=True)
    note: Mapped[str]
