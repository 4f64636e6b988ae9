"""What respondents answered, as received and as rows."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.db import Base, UtcDateTime


class Response(Base):
    """Phiếu trả lời: one accepted form.

    `id` is made on the device when the form opens. `document` is the content as received, in
    canonical JSON, and `content_hash` its sha256. `vector` holds a byte per closed item, by the
    dictionary of the version (`questionnaires.vector`). `frame` (JSON) carries what the sampling
    frame says of the respondent's place: stratum, cluster, weight. No name, phone or dossier number
    ever stands here.
    """

    __tablename__ = "response"
    __table_args__ = (
        CheckConstraint(
            "(voided_at IS NULL) = (void_reason IS NULL)", name="void_has_moment_and_reason"
        ),
        Index("ix_response_wave_form", "wave_id", "questionnaire", "version"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    questionnaire: Mapped[str]
    version: Mapped[str]
    checksum: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(8))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    point_id: Mapped[int] = mapped_column(ForeignKey("collection_point.id"))
    mode: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[str | None] = mapped_column(String(40))
    submitted_at: Mapped[str | None] = mapped_column(String(40))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content_hash: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    frame: Mapped[str | None] = mapped_column(Text)
    receipt: Mapped[str] = mapped_column(String(16), unique=True)
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    void_reason: Mapped[str | None]


class Answer(Base):
    """Câu trả lời: one valid on-path answer; the codes of a multiple choice joined by a space."""

    __tablename__ = "answer"

    response_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("response.id", ondelete="CASCADE"), primary_key=True
    )
    item: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class HeldResponse(Base):
    """A form kept but not counted.

    `conflict`: the same id with other content. `quarantined`: a version this service does not know.
    """

    __tablename__ = "held_response"
    __table_args__ = (
        CheckConstraint("reason IN ('conflict', 'quarantined')", name="reason_known"),
    )

    response_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(16))
    document: Mapped[str] = mapped_column(Text)
    receipt: Mapped[str] = mapped_column(String(16), unique=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Tombstone(Base):
    """What a deletion leaves, so that an offline retry cannot bring a response back."""

    __tablename__ = "tombstone"

    response_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    receipt: Mapped[str] = mapped_column(String(16))
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Draft(Base):
    """A half-filled form, keyed by the hash of a random cookie; gone after a day.

    `revision` counts saved pages, so that a stale tab is told apart.
    """

    __tablename__ = "draft"
    __table_args__ = (CheckConstraint("revision >= 0", name="revision_not_negative"),)

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    response_id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    point_id: Mapped[int] = mapped_column(ForeignKey("collection_point.id"))
    questionnaire: Mapped[str]
    version: Mapped[str]
    locale: Mapped[str] = mapped_column(String(8))
    revision: Mapped[int]
    answers: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
