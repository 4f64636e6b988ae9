"""The room of units: their list, searched and as a file, and the import of it."""

from datetime import date
from functools import partial
from typing import Any, Final

from flask import current_app

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.days import day_of
from survey_app.security import ReadyPage, requires
from survey_app.services.plan import unit_imports, units
from survey_app.services.tables.sheets import Sheet
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import (
    Planned,
    asked_for,
    csv_file,
    record,
    room_page,
    take_table,
)

KINDS: Final = (units.LIVING, units.ENDED)


@bp.get("/units", endpoint="units")
@requires(*READERS)
def list_all() -> str:
    """All units, and how to bring them in."""
    return _page()


@bp.post("/units")
@requires("administrator")
def import_units() -> ReadyPage:
    """Read a table of units and answer every line; store it when asked to and all is good."""

    def plan(session: Any, _wave: Any, sheet: Sheet) -> Planned:
        found = unit_imports.plan_units(session, sheet, _today())
        return found.report, partial(unit_imports.store_units, session, found)

    return take_table(None, "import_units", plan, "units_import.html", _page)


@bp.get("/units/units.csv")
@requires(*READERS)
def units_csv() -> ReadyPage:
    """All units as the table that is imported; who took it is recorded."""
    with current_app.extensions["database"].writing() as session:
        lines = units.all_units(session, _today())
        record(session, "download", "units")
    return csv_file(partial(units.write_units, lines), "don-vi.csv")


@bp.get("/units/template.csv")
@requires(*READERS)
def units_template() -> ReadyPage:
    """The table to be filled in: its columns and nothing else."""
    return csv_file(partial(units.write_units, ()), "mau-don-vi.csv")


def _page(refusal: Refusal | None = None) -> str:
    asked = asked_for(KINDS)
    with current_app.extensions["database"].reading() as session:
        found = units.units_of(session, asked, _today())
    words = {"columns": units.TITLES, "levels": ", ".join(units.LEVEL_WORDS.values())}
    return room_page("units.html", refusal, found=found, asked=asked, **words)


def _today() -> date:
    return day_of(clock.now())
