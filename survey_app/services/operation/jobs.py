"""Long work as rows: asked for by the web, claimed by a worker that gives signs of life."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, text, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.runs import Job

ATTEMPTS = 3
STALE = timedelta(seconds=30)  # a worker silent for longer is taken for dead
COMPUTE = "compute"
QR_SHEET = "qr_sheet"
WAITING, RUNNING, FINISHED, FAILED = "waiting", "running", "finished", "failed"


@dataclass(frozen=True)
class Claim:
    """A job in the hands of one worker.

    `beat` is the sign of life last written by this worker. Every later write names it, so a worker
    that was taken for dead and wakes up again finds its claim lost and changes nothing.
    """

    id: UUID
    kind: str
    payload: dict[str, Any]
    asked_by: int | None
    beat: datetime


@dataclass(frozen=True)
class JobState:
    """What a page says of a job; `outcome` is what it made, `refusal` why it failed."""

    id: UUID
    kind: str
    payload: dict[str, Any]
    state: str
    progress: int
    asked_at: datetime
    outcome: dict[str, Any] | None = None
    refusal: Refusal | None = None


def ask_job(
    session: Session, kind: str, payload: Mapping[str, Any], by: int | None, now: datetime
) -> UUID:
    """Ask for work; the same work that is still under way is not asked for twice."""
    text_of_payload = json.dumps(dict(payload), ensure_ascii=False, sort_keys=True)
    query = select(Job.id).where(
        Job.kind == kind, Job.payload == text_of_payload, _unfinished(), Job.asked_by == by
    )
    same = session.scalar(query.limit(1))
    if same is not None:
        return same
    job = Job(id=new_id(), kind=kind, payload=text_of_payload, asked_by=by, asked_at=now)
    session.add(job)
    session.flush()
    return job.id


def work_waits(session: Session) -> bool:
    """Say whether there is a job to claim; costs no writer's turn."""
    return session.scalar(_claimable(database_now(session)).limit(1)) is not None


def claim_job(session: Session) -> Claim | None:
    """Take the oldest job that waits or whose worker fell silent; needs a writing session.

    None when there is none, or when the oldest has failed now for the workers it brought down.
    """
    now = database_now(session)
    job = session.scalar(_claimable(now).limit(1).with_for_update(skip_locked=True))
    if job is None:
        return None
    job.heartbeat_at, job.progress, job.attempts = now, 0, job.attempts + 1
    session.flush()
    claim = Claim(job.id, job.kind, json.loads(job.payload), job.asked_by, now)
    if job.attempts > ATTEMPTS:
        template = "Việc này đã {n} lần bị dừng giữa chừng nên không làm lại nữa."
        fail(session, claim, Refusal(template, n=ATTEMPTS))
        return None
    return claim


def beat(session: Session, claim: Claim, progress: int | None = None) -> Claim | None:
    """Give a sign of life, and say how far the work is; None when the claim was lost."""
    values: dict[str, Any] = {"heartbeat_at": database_now(session)}
    if progress is not None:
        values["progress"] = max(0, min(100, progress))
    if not _changed(session, claim, values):
        return None
    return Claim(claim.id, claim.kind, claim.payload, claim.asked_by, values["heartbeat_at"])


def finish(session: Session, claim: Claim, outcome: Mapping[str, Any]) -> bool:
    """Say that the work is done and what it made; False when the claim was lost."""
    made = json.dumps(dict(outcome), ensure_ascii=False)
    values = {"finished_at": database_now(session), "progress": 100, "outcome": made}
    return _changed(session, claim, values)


def fail(session: Session, claim: Claim, refusal: Refusal) -> bool:
    """Say that the work cannot be done and why; False when the claim was lost."""
    fields = {name: str(value) for name, value in refusal.fields.items()}
    why = json.dumps({"template": refusal.template, "fields": fields}, ensure_ascii=False)
    return _changed(session, claim, {"failed_at": database_now(session), "outcome": why})


def job_state(session: Session, job_id: UUID) -> JobState:
    """How a job stands; raises `NotFound` when there is none."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound("Không có công việc này.")
    stands = JobState(
        job.id, job.kind, json.loads(job.payload), RUNNING, job.progress, job.asked_at
    )
    written = json.loads(job.outcome) if job.outcome else {}
    changes: dict[str, Any] = {}
    if job.failed_at is not None:
        refusal = Refusal(written["template"], **written["fields"])
        changes = {"state": FAILED, "refusal": refusal}
    elif job.finished_at is not None:
        changes = {"state": FINISHED, "outcome": written}
    elif job.heartbeat_at is None:
        changes = {"state": WAITING}
    return JobState(**{**vars(stands), **changes})


def database_now(session: Session) -> datetime:
    """The clock of the database, the one clock that all workers share."""
    if session.get_bind().dialect.name == "postgresql":
        moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)
    written = session.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
    return datetime.fromisoformat(f"{written}+00:00")


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, section 5.7): jobs and runs sort by when they were made."""
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)


def _unfinished() -> ColumnElement[bool]:
    return Job.finished_at.is_(None) & Job.failed_at.is_(None)


def _claimable(now: datetime) -> Select[Job]:
    free = or_(Job.heartbeat_at.is_(None), Job.heartbeat_at < now - STALE)
    return select(Job).where(_unfinished(), free).order_by(Job.asked_at, Job.id)


def _changed(session: Session, claim: Claim, values: Mapping[str, Any]) -> bool:
    mine = (Job.id == claim.id) & (Job.heartbeat_at == claim.beat) & _unfinished()
    result = session.execute(update(Job).where(mine).values(dict(values)))
    return isinstance(result, CursorResult) and result.rowcount == 1
