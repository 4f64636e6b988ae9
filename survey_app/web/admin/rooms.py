"""What rooms of the administration have in common: lists, refusals, imports, files, the record."""

import io
from collections.abc import Callable, Collection
from typing import Any, Final, TextIO

from flask import Response, current_app, g, render_template, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.i18n import say
from survey_app.security import ReadyPage
from survey_app.services.operation import accounts
from survey_app.services.plan.waves import wave_named
from survey_app.services.tables.line_reports import LineReport, read_table
from survey_app.services.tables.paging import Asked
from survey_app.services.tables.sheets import Sheet

CSV: Final = "text/csv; charset=utf-8"
LONGEST_SEARCH: Final = 80
Planned = tuple[LineReport, Callable[[], int]]


def room_page(template: str, refusal: Refusal | None = None, **fields: Any) -> str:
    """A page of a room, with what could not be done and what was typed for it."""
    return render_template(
        f"admin/{template}",
        message=say(refusal) if refusal else None,
        may_change=g.account.role == "administrator",
        **{"given": request.form} | fields,
    )


def asked_for(kinds: Collection[str] = ()) -> Asked:
    """Which part of a list the address asks for; `only` one of these kinds of lines."""
    given = request.args
    only = given.get("only", "")
    search, number = given.get("q", "")[:LONGEST_SEARCH], given.get("page", 1, type=int)
    return Asked(search, number, only if only in kinds else "")


def record(session: Any, action: str, subject: str) -> None:
    """Record what whoever is signed in does now."""
    accounts.record(session, g.account.id, action, subject, clock.now())


def take_table(
    code: str | None,
    action: str,
    plan: Callable[[Any, Any, Sheet], Planned],
    template: str,
    refused: Callable[[Refusal], str],
) -> ReadyPage:
    """Answer every line of a table that was sent; store it when asked to and all is good.

    `code` is the wave that it is for, None for a list that outlives waves. `plan` reads it and
    returns what becomes of its lines, and the function that stores them and tells how many.
    `refused` is the page for a table that cannot be read.
    """
    sent = request.files.get("file")
    trial = request.form.get("do") != "store"
    try:
        sheet = read_table(sent.read() if sent else b"", (sent.filename if sent else "") or "CSV")
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code) if code else None
            report, store = plan(session, wave, sheet)
            stored = not trial and report.is_clean
            if stored:
                record(session, action, f"{code or ''} {store()}".strip())
    except Refusal as refusal:
        return refused(refusal), status_of(refusal)
    shown = render_template(f"admin/{template}", wave=wave, report=report, stored=stored, say=say)
    return shown, 200 if report.is_clean else 422


def csv_file(write: Callable[[TextIO], None], name: str) -> Response:
    """A table that `write` writes, as a file that the browser keeps under this name."""
    stream = io.StringIO()
    write(stream)
    return attached(stream.getvalue(), CSV, name)


def attached(content: bytes | str, kind: str, name: str) -> Response:
    """A file of a content type that the browser keeps under this name."""
    answer = Response(content, content_type=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
