"""Waves of a survey, what they ask and where."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, false, text
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
    keeps_partial: Mapped[bool] = mapped_column(default=False, server_default=false())
    links_expire_on: Mapped[date | None]
    contacts_until: Mapped[date | None]
    receipts_until: Mapped[date | None]
    documents_until: Mapped[date | None]

    forms: Mapped[list["WaveForm"]] = relationship(back_populates="wave")
    indices: Mapped[list["WaveIndex"]] = relationship()


class WaveForm(Base):
    """A questionnaire version used in a wave, with the checksum it had when the wave was opened.

    `private_items` (codes joined by a space) are asked while the respondent holds the tablet:
    harassment (nhũng nhiễu) and informal payment (chi phí không chính thức).
    """

    __tablename__ = "wave_form"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    questionnaire: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    checksum: Mapped[str] = mapped_column(String(64))
    private_items: Mapped[str | None] = mapped_column(Text)

    wave: Mapped[Wave] = relationship(back_populates="forms")

    @property
    def name(self) -> str:
        """The version as the catalogue names it: `code/version`."""
        return f"{self.questionnaire}/{self.version}"


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

    A point outlives waves; it collects for the open wave it is assigned to (`WavePoint`).
    `opening_hours` (JSON) lists the hours of each weekday, 1 = Monday: {"1": [["07:30", "11:30"]]}.
    At a one-stop centre (Trung tâm Phục vụ hành chính công) one desk takes dossiers for many
    agencies: `units` are those, and `unit` is only the one that receives. What is `by_code`
    collects from invited officials only: no link to it is printed and no device sends to it.
    """

    __tablename__ = "collection_point"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opening_hours: Mapped[str | None] = mapped_column(Text)
    by_code: Mapped[bool] = mapped_column(default=False, server_default=false())

    unit: Mapped[Unit] = relationship()
    units: Mapped[list[Unit]] = relationship(secondary="point_unit", order_by=Unit.name)


class PointUnit(Base):
    """An agency whose dossiers are taken and returned at a desk of a one-stop centre."""

    __tablename__ = "point_unit"

    point_id: Mapped[int] = mapped_column(ForeignKey("collection_point.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)


class Procedure(Base):
    """Thủ tục hành chính; without a parent it is a field (lĩnh vực) of several procedures.

    From `valid_to` on it is no more (bãi bỏ): nobody is offered it, and what names it stays.
    """

    __tablename__ = "procedure"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("procedure.id"))
    valid_to: Mapped[date | None]


class WavePoint(Base):
    """A collection point collecting one questionnaire for a wave.

    Printed links carry `link_serial`; raising it revokes all that were printed before.
    """

    __tablename__ = "wave_point"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    point_id: Mapped[int] = mapped_column(ForeignKey("collection_point.id"), primary_key=True)
    questionnaire: Mapped[str]
    version: Mapped[str]
    link_serial: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    @property
    def form(self) -> str:
        """The form as `code/version`."""
        return f"{self.questionnaire}/{self.version}"


class LinkKey(Base):
    """A key that signs printed links: its salt, which is worth nothing without SECRET_KEY.

    The two newest are valid, so that links printed before a rotation work until the next one.
    """

    __tablename__ = "link_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    salt: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WaveKey(Base):
    """The pair of keys to which devices seal what waits on them (P-256).

    `public_key` is the uncompressed point in base64url; `private_key` is sealed under SECRET_KEY.
    """

    __tablename__ = "wave_key"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    public_key: Mapped[str] = mapped_column(String(128))
    private_key: Mapped[str] = mapped_column(Text)


class ReportedValue(Base):
    """A published result entered with evidence: index, leaf, rate, document and place."""

    __tablename__ = "reported_value"
    __table_args__ = (CheckConstraint("rate >= 0 AND rate <= 1", name="rate_between_0_and_1"),)

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    index_code: Mapped[str] = mapped_column(primary_key=True)
    leaf: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[float]
    source: Mapped[str]
