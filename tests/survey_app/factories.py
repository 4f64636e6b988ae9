"""Units, waves, points and forms for the tests; a test names only what matters to it."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from survey_app.models.accounts import Device
from survey_app.models.fieldwork import Assignment
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WaveForm, WavePoint
from survey_app.services.counter.links import Link, link_to
from survey_app.services.plan.waves import add_form, add_point

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
COUNTER = "sipas-counter/1"
_numbers = count(1)


@cache
def catalogue() -> Catalogue:
    """The shipped definitions."""
    return Catalogue()


def make_unit(session: Session, **changes: Any) -> Unit:
    """A ward of today, unless changed."""
    number = next(_numbers)
    fields: dict[str, Any] = {
        "code": f"X{number}",
        "name": f"Phường {number}",
        "level": "commune",
        "valid_from": date(2025, 7, 1),
    }
    unit = Unit(**fields | changes)
    session.add(unit)
    session.flush()
    return unit


def make_wave(session: Session, **changes: Any) -> Wave:
    """A wave that has been open for a day, of people who choose to answer, unless changed."""
    number = next(_numbers)
    fields: dict[str, Any] = {
        "code": f"wave-{number}",
        "title": f"Đợt khảo sát {number}",
        "year": NOW.year,
        "source": "self-selected",
        "opened_at": NOW - timedelta(days=1),
    }
    wave = Wave(**fields | changes)
    session.add(wave)
    session.flush()
    return wave


def make_form(session: Session, wave: Wave | None = None, name: str = COUNTER) -> WaveForm:
    """Let a wave (a new one unless given) use a questionnaire version, unless it does already."""
    wave = wave or make_wave(session)
    code, _, version = name.partition("/")
    found = session.get(WaveForm, (wave.id, code, version))
    return found or add_form(session, wave, name, catalogue())


def make_point(
    session: Session,
    wave: Wave | None = None,
    unit: Unit | None = None,
    form: str = COUNTER,
    **changes: Any,
) -> CollectionPoint:
    """A point collecting `form` at a unit for a wave, both new ones unless given."""
    wave = wave or make_wave(session)
    unit = unit or make_unit(session)
    point = add_point(session, wave, unit, "Quầy 1", make_form(session, wave, form))
    for name, value in changes.items():
        setattr(point, name, value)
    session.flush()
    return point


def link_of(session: Session, point: CollectionPoint, wave: Wave | None = None) -> Link:
    """The link to a point in a wave; in the newest one it collects for, unless given."""
    if wave is None:
        query = select(Wave).join(WavePoint, WavePoint.wave_id == Wave.id)
        newest = query.where(WavePoint.point_id == point.id).order_by(Wave.id.desc())
        wave = session.scalars(newest.limit(1)).one()
    return link_to(session, wave, point, NOW)


def make_device(session: Session, token: str = "token-of-a-tablet", **changes: Any) -> Device:
    """An enrolled tablet sending with `token`."""
    fields: dict[str, Any] = {
        "name": f"Máy {next(_numbers)}",
        "token_hash": hashlib.sha256(token.encode()).hexdigest(),
        "enrolled_at": NOW - timedelta(days=2),
    }
    device = Device(**fields | changes)
    session.add(device)
    session.flush()
    return device


def make_assignment(
    session: Session, point: CollectionPoint | None = None, **changes: Any
) -> Assignment:
    """An area of ten households and five substitutes, with Kish's tables, unless changed."""
    point = point or make_point(session)
    wave_id = session.scalars(
        select(WavePoint.wave_id).where(WavePoint.point_id == point.id).limit(1)
    ).one()
    fields: dict[str, Any] = {
        "code": f"DB-{next(_numbers)}",
        "wave_id": wave_id,
        "point_id": point.id,
        "selection": "kish",
        "quota": 10,
        "reserve": 5,
    }
    assignment = Assignment(**fields | changes)
    session.add(assignment)
    session.flush()
    return assignment


def visit_content(area: Assignment, **changes: Any) -> dict[str, Any]:
    """A call at a household as a tablet sends it; None leaves out what it does not tell."""
    content = {
        "id": str(uuid4()),
        "assignment": area.code,
        "household": 3,
        "outcome": "complete",
        "day": "2026-11-20",
        "eligible": 4,
        "chosen": 2,
    }
    return {name: value for name, value in (content | changes).items() if value is not None}


def response_content(**changes: Any) -> dict[str, Any]:
    """A filled form sipas-counter/1 with a new id; name `wave` and `collection_point`.

    `answers` changes single answers (None leaves one out); anything else replaces a field.
    """
    answers: dict[str, Any] = {
        "access": "4",
        "procedure_clear": "4",
        "staff": "5",
        "result": "4",
        "feedback": "3",
        "trips": "2",
        "overall": "4",
    }
    answers |= changes.pop("answers", {})
    content: dict[str, Any] = {
        "id": str(uuid4()),
        "questionnaire": "sipas-counter",
        "version": "1",
        "wave": "wave-1",
        "collection_point": "D00001",
        "mode": "tablet",
        "locale": "vi",
        "started_at": "2026-11-20T09:58:00+07:00",
        "submitted_at": "2026-11-20T10:00:00+07:00",
        "answers": {item: value for item, value in answers.items() if value is not None},
    }
    return content | changes
