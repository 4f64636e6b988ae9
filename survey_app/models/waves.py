"""Waves of a survey, what they ask and where."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey_app.db import Base, UtcDateTime
from survey_app.models.units import Unit

SOURCES = "('probability', 'census', 'self-selected', 'reported')"


class Wave(Base):
    """Đợt khảo sát: questionnaire versions x period x units.

    It is open from `opened_at` until `closed_at`. `source` says how its data arise; `reported` is a
    wave of which only published results exist. `issued` is the number of forms handed out (phiếu
    phát ra), where that is known. `provenance` labels answers that are not original ones.
    """

    __tablename__ = "wave"
    __table_args__ = (
        CheckConstraint(f"source IN {SOURCES}", name="source_known"),
        CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="closed_was_open"),
        CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closed_after_open"),
        CheckConstraint("issued IS NULL OR issued >= 0", name="issued_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    year: Mapped[int]
    source: Mapped[str] = mapped_column(String(16))
    issued: Mapped[int | None]
    provenance: Mapped[str | None]
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    forms: Mapped[list["WaveForm"]] = relationship(back_populates="wave")
    indices: Mapped[list["WaveIndex"]] = relationship()


class WaveForm(Base):
    """A questionnaire version used in a wave, with the checksum it had when the wave was opened."""

    __tablename__ = "wave_form"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    questionnaire: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    checksum: Mapped[str] = mapped_column(String(64))

    wave: Mapped[Wave] = relationship(back_populates="forms")


class WaveIndex(Base):
    """An index that a wave is computed into.

    `stratum`, `psu` (comma between stages), `weight` and `fpc` name the keys of the sampling frame
    (`Response.frame`) that say how the sample was drawn.
    """

    __tablename__ = "wave_index"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    index_code: Mapped[str] = mapped_column(primary_key=True)
    stratum: Mapped[str | None]
    psu: Mapped[str | None]
    weight: Mapped[str | None]
    fpc: Mapped[str | None]


class WaveUnit(Base):
    """A unit taking part in a wave."""

    __tablename__ = "wave_unit"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)


class CollectionPoint(Base):
    """Điểm lấy ý kiến: a counter's kiosk, a QR code, a tablet; what a signed link points at.

    A point outlives waves, because its address is printed and glued to a counter; it collects for
    the open wave it is assigned to (`WavePoint`).
    """

    __tablename__ = "collection_point"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    unit: Mapped[Unit] = relationship()


class WavePoint(Base):
    """A collection point collecting one questionnaire for a wave."""

    __tablename__ = "wave_point"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    point_id: Mapped[int] = mapped_column(ForeignKey("collection_point.id"), primary_key=True)
    questionnaire: Mapped[str]
    version: Mapped[str]


class ReportedValue(Base):
    """A published result entered with evidence: index, leaf, rate, document and place."""

    __tablename__ = "reported_value"
    __table_args__ = (CheckConstraint("rate >= 0 AND rate <= 1", name="rate_between_0_and_1"),)

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    index_code: Mapped[str] = mapped_column(primary_key=True)
    leaf: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[float]
    source: Mapped[str]
