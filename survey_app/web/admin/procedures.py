"""The room of procedures: their list by fields, searched and as a file, and the import of it."""

from functools import partial
from typing import Any

from flask import current_app

from questionnaires.refusal import Refusal
from survey_app.security import ReadyPage, requires
from survey_app.services.plan import procedure_imports, procedures
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


@bp.get("/procedures", endpoint="procedures")
@requires(*READERS)
def list_all() -> str:
    """All fields and procedures, and how to bring them in."""
    return _page()


@bp.post("/procedures")
@requires("administrator")
def import_procedures() -> ReadyPage:
    """Read a table of procedures and answer every line; store it when asked to and all is good."""

    def plan(session: Any, _wave: Any, sheet: Sheet) -> Planned:
        found = procedure_imports.plan_procedures(session, sheet)
        return found.report, partial(procedure_imports.store_procedures, session, found)

    return take_table(None, "import_procedures", plan, "procedures_import.html", _page)


@bp.get("/procedures/procedures.csv")
@requires(*READERS)
def procedures_csv() -> ReadyPage:
    """All procedures as the table that is imported; who took it is recorded."""
    with current_app.extensions["database"].writing() as session:
        lines = procedures.all_procedures(session)
        record(session, "download", "procedures")
    return csv_file(partial(procedures.write_procedures, lines), "thu-tuc.csv")


@bp.get("/procedures/template.csv")
@requires(*READERS)
def procedures_template() -> ReadyPage:
    """The table to be filled in: its columns and nothing else."""
    return csv_file(partial(procedures.write_procedures, ()), "mau-thu-tuc.csv")


def _page(refusal: Refusal | None = None) -> str:
    asked = asked_for()
    with current_app.extensions["database"].reading() as session:
        found = procedures.procedures_of(session, asked)
    fields = {"found": found, "asked": asked, "columns": procedures.TITLES}
    return room_page("procedures.html", refusal, **fields)
