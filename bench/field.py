"""Tablets that come home on a bad day, and the judge who counts what was lost or doubled."""

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from bench.bad_network import BadNetwork, Weather
from bench.measure import ROOT
from bench.serving import Served
from questionnaires.answers import check_answers
from questionnaires.load import Catalogue
from questionnaires.model import Item, QuestionnaireVersion
from survey_app import clock
from survey_app.db import Database
from survey_app.models.fieldwork import KISH
from survey_app.models.fieldwork import Interview as Interviewed
from survey_app.models.responses import Answer, HeldResponse, Response
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from survey_app.services.door.content import content_hash_of
from survey_app.services.door.sealing import PublicKey, make_public_key, seal
from survey_app.services.door.signing import receipt_key
from survey_app.services.field.assignments import Planned, add_assignment
from survey_app.services.field.devices import enrol_device
from survey_app.services.plan.waves import add_form, add_point

SECRET = "a secret of the field, 32 signs long"
FORM = "sipas-citizen/2022"
BUSY = 503
Interview = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A wave with enrolled tablets, each with its token and the interviews it holds."""

    database: Database
    key: PublicKey
    place: Mapping[str, str]
    tablets: Mapping[str, Sequence[Interview]]

    @property
    def interviews(self) -> dict[str, Interview]:
        """Every interview by its id."""
        return {one["id"]: one for held in self.tablets.values() for one in held}


@dataclass(frozen=True)
class Trouble:
    """What happens while tablets sync.

    Every `kill_every` seconds a process of the server is killed in the middle of a request; 0 for
    never. Pauses between tries take `pace` of what the browser's outbox waits; `batch` is how many
    forms it sends at once, 0 for as many as the browser's.
    """

    weather: Weather
    kill_every: float
    pace: float = 1.0
    batch: int = 0
    seed: int = 1


Tablets = Callable[[Field, int, Trouble, float], dict[str, Any]]


@dataclass(frozen=True)
class Day:
    """What happened: the tablets' own reports, all receipts ever given, and the troubles."""

    seconds: float
    tablets: Sequence[Mapping[str, Any]]
    given: Sequence[Mapping[str, Any]]
    statuses: Counter[int]
    fates: Counter[str]
    killed: int = 0

    @property
    def heard(self) -> list[Mapping[str, Any]]:
        """The receipts that reached a tablet."""
        return [receipt for tablet in self.tablets for receipt in tablet["receipts"]]


def prepare_field(database: Database, tablets: int, interviews: int, name: str = "field") -> Field:
    """Open a wave in a migrated database and send tablets out that come back full."""
    now, version = clock.now(), _form()
    with database.writing() as session:
        fields: dict[str, Any] = {"code": name, "title": name, "year": now.year}
        wave = Wave(**fields, source="self-selected", opened_at=now)
        unit = Unit(code=name, name=name, level="commune", valid_from=date(2025, 7, 1))
        session.add_all((wave, unit))
        session.flush()
        point = add_point(session, wave, unit, "Tổ 1", add_form(session, wave, FORM, Catalogue()))
        key = make_public_key(session, wave.id, SECRET)
        place = {"wave": wave.code, "collection_point": point.code}
        areas = {}
        for number in range(tablets):
            token = f"token of {name}, tablet {number}"
            device = enrol_device(session, token.removeprefix("token of "), token, now)
            area = Planned(f"{name}-{number}", point.id, device.id, KISH, interviews, 0)
            areas[token] = add_assignment(session, wave, area).code
    chance = random.Random(name)
    held = {
        token: [interview(version, place, area, chance) for _ in range(interviews)]
        for token, area in areas.items()
    }
    return Field(database, key, place, held)


def interview(
    version: QuestionnaireVersion, place: Mapping[str, str], area: str, chance: random.Random
) -> Interview:
    """An interview in which everything was answered."""
    eligible = chance.randrange(1, 6)
    return {
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "questionnaire": version.code,
        "version": version.version,
        **place,
        "mode": "tablet",
        "locale": "vi",
        "started_at": "2026-11-20T09:30:00+07:00",
        "submitted_at": "2026-11-20T10:00:00+07:00",
        "answers": {i.code: _answer(i, chance) for i in version.items if i.kind != "note"},
        "assignment": area,
        "interview": {
            "selection": KISH,
            "eligible": eligible,
            "chosen": chance.randrange(1, eligible + 1),
            "presence": [],
            "interpreter": "nobody",
        },
        "paradata": {"seconds": chance.randrange(600, 3600)},
    }


def serve_field(database: Database, instance: Path) -> Served:
    """The real supervisor on a database with fields."""
    url = database.url.render_as_string(hide_password=False)
    return Served(instance, DATABASE_URL=url, SECRET_KEY=SECRET, ACCESS_LOG="")


def sync(
    field: Field, served: Served, trouble: Trouble, seconds: float, by: Tablets | None = None
) -> Day:
    """Let all tablets sync at once through a bad network, for so long at most.

    `by` are other tablets than those of `bench.outbox`: field, port, trouble and seconds to a
    report like theirs.
    """
    chance, over, killed = random.Random(trouble.seed), threading.Event(), [0]
    with BadNetwork(served.port, trouble.weather, trouble.seed) as network:

        def kill() -> None:
            while not over.is_set():
                while not network.under_way and not over.wait(0.002):
                    pass  # strike in the middle of a request
                over.wait(chance.random() / 20)
                killed[0] += not over.is_set() and served.kill_worker(chance)
                over.wait(trouble.kill_every)

        killer = threading.Thread(target=kill)
        if trouble.kill_every:
            killer.start()
        try:
            told = (by or _sync_elsewhere)(field, network.port, trouble, seconds)
        finally:
            over.set()
            if trouble.kill_every:
                killer.join()
    return Day(
        told["seconds"],
        told["tablets"],
        network.receipts,
        network.statuses,
        network.fates,
        killed[0],
    )


def faults_of(field: Field, *days: Day) -> list[str]:
    """What the promise «nothing lost, nothing doubled» was broken by; empty when it holds.

    The last day is the one after which nothing may wait any more.
    """
    stored = _stored(field)
    expected = field.interviews
    found = [f"lost: {name}" for name in expected if name not in stored]
    found += [f"doubled, or of nobody: {name}" for name in stored if name not in expected]
    for name, row in stored.items():
        if name in expected:
            found += _differences(name, row, expected[name])
    with field.database.reading() as session:
        held = {str(name) for name in session.scalars(select(HeldResponse.response_id))}
    found += [f"kept aside: {name}" for name in held & set(expected)]
    for day in days:
        found += _false_receipts(stored, [*day.given, *day.heard])
        found += [
            f"answered with {status}: {n} times"
            for status, n in day.statuses.items()
            if status not in (200, BUSY)
        ]
        found += [f"needs help: {what}" for t in day.tablets for what in t["help"].items()]
    first = Counter(r["id"] for day in days for r in day.given if r["status"] == "accepted")
    found += [f"accepted {n} times: {name}" for name, n in first.items() if n > 1]
    found += [f"still waiting: {name}" for t in days[-1].tablets for name in t["waiting"]]
    received = {receipt["id"] for receipt in days[-1].heard}
    return found + [f"without a receipt: {name}" for name in expected if name not in received]


@dataclass(frozen=True)
class _Row:
    content_hash: str
    receipt: str | None
    received_at: datetime
    answers: int
    interviews: int


@cache
def _form() -> QuestionnaireVersion:
    return Catalogue().questionnaire(FORM).definition


def _answer(item: Item, chance: random.Random) -> str | list[str]:
    if item.kind == "text":
        return f"Ý kiến {chance.randrange(10**6)}"
    if item.kind == "number":
        return str(int(item.min or 1))
    code = chance.choice(item.option).code
    return [code] if item.kind == "multiple" else code


def _sync_elsewhere(field: Field, port: int, trouble: Trouble, seconds: float) -> dict[str, Any]:
    """Sync in a process of its own, so that tablets and server do not wait for each other."""
    job = {
        "port": port,
        "pace": trouble.pace,
        "batch": trouble.batch,
        "seconds": seconds,
        "key": receipt_key(SECRET),
        "tablets": [
            {"token": token, "items": as_sent(field, held, trouble.seed)}
            for token, held in field.tablets.items()
        ],
    }
    command = [sys.executable, "-m", "bench.outbox"]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(job), capture_output=True, text=True, check=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def as_sent(field: Field, held: Iterable[Interview], parity: int) -> list[dict[str, Any]]:
    """The interviews as they go out: every other one sealed, which ones by `parity`."""
    return [
        {"id": one["id"], "sealed": seal(field.key, one["id"], json.dumps(one).encode())}
        if (number + parity) % 2
        else one
        for number, one in enumerate(held)
    ]


def _stored(field: Field) -> dict[str, _Row]:
    answers, interviews = (
        select(func.count())
        .where(table.response_id == Response.id)
        .correlate(Response)
        .scalar_subquery()
        for table in (Answer, Interviewed)
    )
    columns = (Response.content_hash, Response.receipt, Response.received_at, answers, interviews)
    query = select(Response.id, *columns).where(Response.wave_id == field.key.wave_id)
    with field.database.reading() as session:
        return {str(name): _Row(*row) for name, *row in session.execute(query)}


def _differences(name: str, row: _Row, sent: Interview) -> list[str]:
    found = []
    if row.content_hash != content_hash_of(sent):
        found.append(f"other content: {name}")
    if row.answers != len(check_answers(_form(), sent["answers"]).answers):
        found.append(f"stored in part: {name}")
    if row.interviews != 1:
        found.append(f"without how it was held: {name}")
    return found


def _false_receipts(
    stored: Mapping[str, _Row], receipts: Iterable[Mapping[str, Any]]
) -> Iterable[str]:
    for receipt in receipts:
        row, status = stored.get(receipt["id"]), receipt["status"]
        if row is None or status not in ("accepted", "duplicate"):
            yield f"{status}: {receipt['id']}"
        elif (receipt["receipt"], receipt["received_at"]) != (
            row.receipt,
            row.received_at.isoformat(),
        ):
            yield f"another receipt than stored: {receipt['id']}"
