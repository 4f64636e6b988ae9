"""Fieldwork: who interviews where, what came of each visit, how an interview was held."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, String, Text, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.db import Base, UtcDateTime

KISH, NEXT_BIRTHDAY = SELECTIONS = ("kish", "next_birthday")
INTERPRETERS = ("nobody", "relative", "official", "other")


class Assignment(Base):
    """Phân công: an enumeration area (địa bàn) that one tablet interviews in a wave.

    Households are serial numbers of a list on paper: 1 to `quota`, then `reserve` substitutes in
    their order (danh sách dự phòng); whose they are stands nowhere here. `selection` is the rule by
    which one adult of a household is chosen. `frame` (JSON) is what the sampling frame says of the
    area (stratum, cluster, weight); responses take it over. `closed_at` ends the work on it.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        CheckConstraint(f"selection IN {SELECTIONS}", name="selection_known"),
        CheckConstraint("quota > 0 AND reserve >= 0", name="households_counted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    point_id: Mapped[int] = mapped_column(ForeignKey("collection_point.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"), index=True)
    selection: Mapped[str] = mapped_column(String(16))
    quota: Mapped[int]
    reserve: Mapped[int]
    frame: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Visit(Base):
    """Lần tiếp cận: a call at a household, which ends in a disposition code.

    `id` is made on the device. `household` is the serial number in the assignment, `outcome` the
    code of `analysis.dispositions`. `eligible` counts adults who live there, `chosen` says which of
    them the rule chose. It knows a day, no moment, and never by which response it ended.
    `told_day` is what the tablet called a day on which the call cannot have been.
    """

    __tablename__ = "visit"
    __table_args__ = (CheckConstraint("household > 0", name="household_numbered"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), index=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    household: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(32))
    day: Mapped[date]
    told_day: Mapped[date | None]
    eligible: Mapped[int | None]
    chosen: Mapped[int | None]
    content_hash: Mapped[str] = mapped_column(String(64))


class HeldVisit(Base):
    """A call that came under the id of another one and said something else: kept, not counted.

    `content` (JSON) is what it said, in one spelling. Like a visit it knows no moment.
    """

    __tablename__ = "held_visit"

    visit_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("visit.id"), primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    content: Mapped[str] = mapped_column(Text)


class Interview(Base):
    """How the interview behind a response was held; one row beside a response of fieldwork.

    `presence` lists who else was there (codes joined by a space): trưởng ấp (village_head), cán bộ
    (official), people of the household, others. `handed_over` says that the respondent held the
    tablet for the questions on harassment and informal payment; `drop_off` that the form was left
    and collected later. Of `eligible` adults the rule `selection` chose number `chosen`. Place,
    only with consent, is rounded to 0.01 degree, about one kilometre.
    """

    __tablename__ = "interview"
    __table_args__ = (
        CheckConstraint(f"selection IN {SELECTIONS}", name="selection_known"),
        CheckConstraint(f"interpreter IN {INTERPRETERS}", name="interpreter_known"),
    )

    response_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("response.id", ondelete="CASCADE"), primary_key=True
    )
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    selection: Mapped[str | None] = mapped_column(String(16))
    eligible: Mapped[int | None]
    chosen: Mapped[int | None]
    presence: Mapped[str] = mapped_column(String(128), default="")
    interpreter: Mapped[str | None] = mapped_column(String(16))
    handed_over: Mapped[bool] = mapped_column(default=False, server_default=false())
    drop_off: Mapped[bool] = mapped_column(default=False, server_default=false())
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
