"""What respondents answered, as received and as rows."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.db import Base, UtcDateTime

ADMITTED, SET_ASIDE = "accepted", "set_aside"  # how a held form was settled
HELPERS = ("nobody", "relative", "official")


class Response(Base):
    """Phiếu trả lời: one accepted form.

    `id` is made on the device when the form opens. `document` is the content as received, in
    canonical JSON, and `content_hash` its sha256. `vector` holds a byte per closed item, by the
    dictionary of the version (`questionnaires.vector`). `frame` (JSON) carries what the sampling
    frame says of the respondent's place: stratum, cluster, weight. No name, phone or dossier number
    ever stands here.

    `unit_id` is the rated unit: at a one-stop centre the one that resolved the dossier, while
    `receiving_unit_id` is that of the desk. `partial` is a form its giver left before the end; it
    is not computed. `helped` says who helped to answer, `consent` which notice was agreed to.
    `rater_group` is that of an invited official. `receipt` and `document` are None once their
    retention has ended. `revision` counts corrections under review; what stood before each is a
    `ResponseRevision`.
    """

    __tablename__ = "response"
    __table_args__ = (
        CheckConstraint(
            "(voided_at IS NULL) = (void_reason IS NULL)", name="void_has_moment_and_reason"
        ),
        CheckConstraint(f"helped IN {HELPERS}", name="helper_known"),
        Index("ix_response_wave_form", "wave_id", "questionnaire", "version"),
        Index("ix_response_point_received", "point_id", "received_at"),
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
    document: Mapped[str | None] = mapped_column(Text)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    frame: Mapped[str | None] = mapped_column(Text)
    receipt: Mapped[str | None] = mapped_column(String(16), unique=True)
    receiving_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    procedure_id: Mapped[int | None] = mapped_column(ForeignKey("procedure.id"))
    partial: Mapped[bool] = mapped_column(default=False, server_default=false())
    helped: Mapped[str | None] = mapped_column(String(16))
    consent: Mapped[str | None] = mapped_column(String(16))
    rater_group: Mapped[str | None] = mapped_column(String(64))
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    void_reason: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class ResponseRevision(Base):
    """What a response said before a correction under review (phúc tra): answers, version, why.

    `number` is the revision that stood until `replaced_at`; 0 is the answers as collected.
    `version` and `checksum` name the version they were checked against. `answers` (JSON) are the
    valid answers on the path.
    """

    __tablename__ = "response_revision"

    response_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("response.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str]
    checksum: Mapped[str] = mapped_column(String(64))
    answers: Mapped[str] = mapped_column(Text)
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(Text)


class Answer(Base):
    """Câu trả lời: one valid on-path answer; the codes of a multiple choice joined by a space."""

    __tablename__ = "answer"

    response_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("response.id", ondelete="CASCADE"), primary_key=True
    )
    item: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class ResponseQuality(Base):
    """What was noticed when a response arrived: a score, and signals (JSON: code to points).

    Nothing is deleted for it: a supervisor looks, and may void with a reason. `seconds` is how long
    the form took, `device_id` the kiosk or tablet that sent it, of which rates are counted.
    `clock_offset` is how many seconds the device's clock was behind ours when it sent. The network
    address that a signal was read from is not kept.
    """

    __tablename__ = "response_quality"
    __table_args__ = (CheckConstraint("score >= 0", name="score_not_negative"),)

    response_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("response.id", ondelete="CASCADE"), primary_key=True
    )
    score: Mapped[int] = mapped_column(index=True)
    signals: Mapped[str] = mapped_column(Text)
    seconds: Mapped[int | None]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    clock_offset: Mapped[int | None]


class SenderCount(Base):
    """How many forms came on a day at a counter from browsers that share a mark.

    A mark is one of 1,024 (`services.checking.sender_rates`): thousands of addresses share each, it
    is another one the next day and at another counter, and no response says which one it had. Rows
    go when their day is over.
    """

    __tablename__ = "sender_count"
    __table_args__ = (CheckConstraint("n > 0", name="counted"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    point_id: Mapped[int] = mapped_column(ForeignKey("collection_point.id"), primary_key=True)
    mark: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int]


class StagedResponse(Base):
    """An answer given with a one-time code, waiting to be moved among others.

    It is written in the transaction that spends the code, so it may still be joined to it; a job
    moves at least ten at a time, shuffled, under new ids and with a date only, to `response`. Its
    id is random and this table carries no moment. `content` (JSON) is the response object.
    `refused` is the code of what stood in the way when it was tried: such an answer waits for a
    person, and the others no longer for it.
    """

    __tablename__ = "staged_response"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    rater_group: Mapped[str | None] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)
    refused: Mapped[str | None] = mapped_column(String(32))


class HeldResponse(Base):
    """A form kept but not counted.

    `conflict`: the same id with other content. `quarantined`: a version this service does not know.
    `late`: it came after the time in which a closed wave still takes what waited on devices.
    `outdated`: it is right by what its device was told, and the office has changed that since.
    `device_id` and `clock_offset` are as in `ResponseQuality`, for when it is taken in.
    `settled_at` says that a person decided on it, `settlement` how: `accepted` (it is a `Response`
    now, with the same receipt) or `set_aside`.
    """

    __tablename__ = "held_response"
    __table_args__ = (
        CheckConstraint(
            "reason IN ('conflict', 'quarantined', 'late', 'outdated')", name="reason_known"
        ),
    )

    response_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(16))
    document: Mapped[str] = mapped_column(Text)
    receipt: Mapped[str] = mapped_column(String(16), unique=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    clock_offset: Mapped[int | None]
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settlement: Mapped[str | None] = mapped_column(String(16))

    @hybrid_property
    def is_apart(self) -> bool:
        """Say whether it has not become a response."""
        return self.settlement != ADMITTED

    @is_apart.inplace.expression
    @classmethod
    def _is_apart(cls) -> ColumnElement[bool]:
        return func.coalesce(cls.settlement, "") != ADMITTED


class Tombstone(Base):
    """What a deletion leaves, so that an offline retry cannot bring a response back."""

    __tablename__ = "tombstone"

    response_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    receipt: Mapped[str] = mapped_column(String(16))
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Draft(Base):
    """A half-filled form, keyed by the hash of a random cookie; gone after a day.

    `revision` counts saved pages, so that a stale tab is told apart. `context` (JSON) is what the
    form carries beside its answers: the notice agreed to, the unit and field chosen, who helped.
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
    context: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
