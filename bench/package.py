"""How large the package of a wave is on its way to a tablet, against the 60 kB asked for."""

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

from analysis.dispositions import OUTCOMES
from bench.measure import verdict
from survey_app import clock, create_app
from survey_app.catalogue import KeptCatalogue
from survey_app.config import Config
from survey_app.db import Database
from survey_app.migrate import upgrade
from survey_app.models.fieldwork import Assignment, Visit
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from survey_app.services.field.devices import enrol_device
from survey_app.services.plan.waves import add_form, add_point

FORM, WARDS, AREAS, QUOTA, RESERVE = "sipas-citizen/2022", 31, 5, 12, 6
MOST = 60_000  # bytes
TOKEN = "token-of-the-bench-with-32-signs"


def run(_large: bool = False) -> None:
    """Print the bytes of the household form in three languages, with 31 wards and five areas."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/package.sqlite3"
        database = Database(url)
        upgrade(database)
        _fill(database)
        app = create_app(Config(url, "a-secret-of-the-bench-with-32-signs!", Path(folder)))
        sizes = []
        for coding in ("identity", "gzip"):
            headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": coding}
            sizes.append(len(app.test_client().get("/api/v1/package", headers=headers).data))
        app.extensions["database"].engine.dispose()
        database.engine.dispose()
    plain, packed = sizes
    print(
        f"package: {packed:,} bytes packed, {plain / packed:.1f} times smaller than plain; "
        f"{packed / MOST:.2f} of the {MOST:,} asked for: {verdict(packed < MOST)}"
    )


def _fill(database: Database) -> None:
    now = clock.now()
    with database.writing() as session:
        wave = Wave(code="w", title="Đợt khảo sát", year=2026, source="probability", opened_at=now)
        session.add(wave)
        session.flush()
        form = add_form(session, wave, FORM, KeptCatalogue())
        device = enrol_device(session, "Máy tính bảng 1", TOKEN, now)
        for number in range(WARDS):
            unit = Unit(code=f"P{number}", name=f"Phường {number}", level="commune")
            unit.valid_from = date(2025, 7, 1)
            session.add(unit)
            session.flush()
            point = add_point(session, wave, unit, "Khảo sát tại nhà", form)
            if number < AREAS:
                area = Assignment(code=f"A{number}", wave_id=wave.id, point_id=point.id)
                area.device_id, area.selection = device.id, "kish"
                area.quota, area.reserve = QUOTA, RESERVE
                session.add(area)
                session.flush()
                session.add_all(_calls(area))


def _calls(area: Assignment) -> Iterator[Visit]:
    """Every household of an area was called at on three days, each another way."""
    for household in range(1, QUOTA + RESERVE + 1):
        for day in range(3):
            outcome = list(OUTCOMES)[(area.id + 5 * household + day) % len(OUTCOMES)]
            eligible = 1 + (household + day) % 6
            fields = {"eligible": eligible, "chosen": 1 + day % eligible, "content_hash": "0" * 64}
            when = date(2026, 11, 1) + timedelta(days=(household + area.id) % 25 + day)
            told = {"household": household, "outcome": outcome, "day": when}
            yield Visit(id=uuid4(), assignment_id=area.id, **told, **fields)
