"""Computations and the work that waits for a worker."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.db import Base, UtcDateTime


class Run(Base):
    """Lần tính: one reproducible computation, append-only.

    `result` is the JSON document of `analysis`; `data_checksum` is the sha256 over the content of
    the responses that went in, `definition_checksum` that of the index, `code_version` the version
    of this program.
    """

    __tablename__ = "run"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    index_code: Mapped[str]
    definition_checksum: Mapped[str] = mapped_column(String(64))
    data_checksum: Mapped[str] = mapped_column(String(64))
    code_version: Mapped[str]
    responses: Mapped[int]
    result: Mapped[str] = mapped_column(Text)
    tables: Mapped[str] = mapped_column(Text)
    computed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    computed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Job(Base):
    """Long work: asked for, claimed by a worker that gives signs of life, finished or failed.

    `attempts` counts the claims: work that brings its worker down is not tried for ever.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("finished_at IS NULL OR failed_at IS NULL", name="finished_or_failed"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        CheckConstraint("progress >= 0 AND progress <= 100", name="progress_in_per_cent"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None] = mapped_column(Text)
