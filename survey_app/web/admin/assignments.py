"""The room of assignments: who interviews where, import, and what is answered alone."""

from functools import partial
from typing import Any, Final

from flask import current_app, redirect, render_template, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.security import ReadyPage, requires
from survey_app.services.checking import doubtful_calls
from survey_app.services.field import (
    assignment_imports,
    assignments,
    private_items,
    progress,
    tablets,
)
from survey_app.services.plan.waves import wave_named
from survey_app.services.tables.sheets import Sheet
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import Planned, asked_for, record, room_page, take_table

WAVE: Final = "/waves/<code>/assignments"
ONE: Final = WAVE + "/of/<name>"
KINDS: Final = (assignments.OPEN, assignments.CLOSED, assignments.FREE)


@bp.get(WAVE, endpoint="assignments")
@requires(*READERS)
def list_all(code: str) -> str:
    """The assignments of a wave, and how to add or import them."""
    return _list_page(code)


@bp.post(WAVE)
@requires("administrator")
def add_assignment(code: str) -> ReadyPage:
    """Add an assignment; what was typed stays on the page when it cannot be added."""
    given = {part: request.form.get(part, "") for part in assignments.PARTS}
    try:
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            reader = assignments.Reader(session, wave)
            frame = {key: request.form.get(f"frame-{key}", "") for key in reader.frame}
            added = assignments.add_assignment(session, wave, reader.read(given, frame))
            record(session, assignments.ADDED, f"{code} {added.code}")
            name = added.code
    except Refusal as refusal:
        return _list_page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.assignment", code=code, name=name), 303)


@bp.post(WAVE + "/import")
@requires("administrator")
def import_assignments(code: str) -> ReadyPage:
    """Read a table of assignments and answer every line; store it when asked to and all is good."""

    def plan(session: Any, wave: Any, sheet: Sheet) -> Planned:
        found = assignment_imports.plan_assignments(session, wave, sheet)
        return found.report, partial(assignment_imports.store_assignments, session, wave, found)

    refused = partial(_list_page, code)
    return take_table(code, assignments.IMPORTED, plan, "assignments_import.html", refused)


@bp.get(ONE, endpoint="assignment")
@requires(*READERS)
def see(code: str, name: str) -> str:
    """One assignment: its tablet, its households, what came of them."""
    return _one_page(code, name)


@bp.post(ONE)
@requires("administrator")
def change_assignment(code: str, name: str) -> ReadyPage:
    """Give an assignment to another tablet, or change how many households it has."""
    try:
        with current_app.extensions["database"].writing() as session:
            found = assignments.assignment_in(session, wave_named(session, code), name)
            assignments.reassign(session, found, request.form.get("tablet", type=int))
            quota, reserve = request.form.get("quota", ""), request.form.get("reserve", "")
            assignments.set_households(found, quota, reserve)
            record(session, assignments.CHANGED_ONE, f"{code} {name}")
    except Refusal as refusal:
        return _one_page(code, name, refusal), status_of(refusal)
    return redirect(address_of("admin.assignment", code=code, name=name), 303)


@bp.get(ONE + "/<any(close, reopen):deed>")
@requires("administrator")
def ask_assignment(code: str, name: str, deed: str) -> str:
    """Ask before the work on an assignment is ended, or taken up again."""
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        line = assignments.assignment_line(session, wave, name)
    return render_template("admin/assignments_confirm.html", deed=deed, wave=wave, line=line)


@bp.post(ONE + "/<any(close, reopen):deed>")
@requires("administrator")
def do_assignment(code: str, name: str, deed: str) -> ReadyPage:
    """End the work on an assignment, or take it up again."""
    with current_app.extensions["database"].writing() as session:
        found = assignments.assignment_in(session, wave_named(session, code), name)
        if deed == "close":
            assignments.close_assignment(found, clock.now())
        else:
            assignments.reopen_assignment(found)
        action = assignments.CLOSED_ONE if deed == "close" else assignments.REOPENED
        record(session, action, f"{code} {name}")
    return redirect(address_of("admin.assignment", code=code, name=name), 303)


@bp.get(WAVE + "/private/<path:form>", endpoint="private_items")
@requires(*READERS)
def see_private(code: str, form: str) -> str:
    """Which questions of a form a respondent answers alone."""
    return _private_page(code, form)


@bp.post(WAVE + "/private/<path:form>")
@requires("administrator")
def choose_private(code: str, form: str) -> ReadyPage:
    """Choose the questions that a respondent answers alone."""
    given = request.form.getlist("item")
    catalogue = current_app.extensions["catalogue"]
    try:
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            chosen = private_items.choose_private(session, catalogue, wave, form, given)
            subject = f"{code} {form} {' '.join(chosen)}".strip()
            record(session, private_items.CHOSEN, subject)
    except Refusal as refusal:
        return _private_page(code, form, refusal), status_of(refusal)
    return redirect(address_of("admin.private_items", code=code, form=form, done=1), 303)


def _list_page(code: str, refusal: Refusal | None = None) -> str:
    asked = asked_for(KINDS)
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        found = assignments.assignments_of(session, wave, asked)
        choices = assignments.choices_of(session, wave)
    return room_page(
        "assignments.html", refusal, wave=wave, found=found, asked=asked, choices=choices
    )


def _one_page(code: str, name: str, refusal: Refusal | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        line = assignments.assignment_line(session, wave, name)
        choices = tablets.working_tablets(session)
        tally = progress.progress_of(session, wave, only=name).total
        doubts = doubtful_calls.doubts_at(session, line.id)
    fields = {"wave": wave, "line": line, "tally": tally, "tablets": choices, "doubts": doubts}
    return room_page("assignments_one.html", refusal, **fields)


def _private_page(code: str, form: str, refusal: Refusal | None = None) -> str:
    catalogue = current_app.extensions["catalogue"]
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        choices = private_items.choices_of(session, catalogue, wave, form)
    chosen = request.form.getlist("item") if refusal else None
    done = request.args.get("done") == "1"
    return room_page(
        "assignments_private.html", refusal, wave=wave, choices=choices, chosen=chosen, done=done
    )
