"""The room of invitations: the list, who rates whom, letters, and how many have answered."""

import hashlib
import io
from typing import Any, Final
from uuid import UUID

from flask import current_app, redirect, render_template, request
from flask import url_for as address_of
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.days import day_of
from survey_app.errors import NotFound
from survey_app.exports.letters import write_letters
from survey_app.i18n import say
from survey_app.models.waves import Wave
from survey_app.security import ReadyPage, requires
from survey_app.services.codes.invitation_lists import counts_of_list, import_list, list_of
from survey_app.services.codes.letters import FIRST, KINDS, SEND_LETTERS, letters_for_all, mark_sent
from survey_app.services.codes.pooling import FEWEST
from survey_app.services.codes.raters import (
    Matrix,
    assign_targets,
    matrix_of,
    response_rates,
    save_matrix,
)
from survey_app.services.operation import jobs
from survey_app.services.plan.waves import wave_named
from survey_app.services.tables.sheets import read_sheet
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import CSV, attached, record

SHOWN_PROBLEMS: Final = 100
IMPORTED, RATERS, ASSIGNED = "import_invitations", "rater_matrix", "assign_invitations"
EXPORTED, SENT = "export_letters", "send_letters"


@bp.get("/waves/<code>/invitations")
@requires(*READERS)
def invitations(code: str) -> str:
    """How many are invited and have answered, and what can be done next."""
    with current_app.extensions["database"].reading() as session:
        return _overview(session, wave_named(session, code))


@bp.post("/waves/<code>/invitations/import")
@requires("administrator")
def import_invitations(code: str) -> ReadyPage:
    """Import a list of people, or only check it; nothing is stored unless every line is sound."""
    given = request.files.get("list")
    content, name = (given.read(), given.filename or "") if given else (b"", "")
    dry_run = "check" in request.form
    config, now = current_app.extensions["config"], clock.now()
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        try:
            sheet = read_sheet(content, name or "–")
            report = import_list(session, wave, sheet, now, None if dry_run else config.secret_key)
        except Refusal as refusal:
            return _overview(session, wave, message=say(refusal)), 422
        if report.stored:
            subject = f"{code} +{report.added}"
            record(session, IMPORTED, subject)
        page = _overview(session, wave, report=report, shown=SHOWN_PROBLEMS)
    return page, 422 if report.problems else 200


@bp.get("/waves/<code>/invitations/people")
@requires("administrator")
def invited_people(code: str) -> str:
    """The list of invited people: who was written to, never who has answered."""
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        people = list_of(session, wave)
    return render_template("admin/invitations_people.html", wave=wave, people=people)


@bp.get("/waves/<code>/invitations/matrix")
@requires(*READERS)
def matrix(code: str) -> str:
    """Which group rates which unit."""
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        return _matrix_page(wave, matrix_of(session, wave))


@bp.post("/waves/<code>/invitations/matrix")
@requires("administrator")
def save_raters(code: str) -> ReadyPage:
    """Keep the matrix: single cells, and all units of a level where that is ticked."""
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        found = matrix_of(session, wave)
        groups = {_short(group): group for group in found.groups}
        cells = set(request.form.getlist("cell"))
        levels = set(request.form.getlist("level"))
        chosen = [
            (group, unit.id)
            for short, group in groups.items()
            for unit in found.units
            if f"{unit.id}:{short}" in cells or f"{unit.level}:{short}" in levels
        ]
        save_matrix(session, wave, chosen)
        subject = f"{code} {len(chosen)}"
        record(session, RATERS, subject)
    return redirect(address_of("admin.invitations", code=code) + "#assign", 303)


@bp.post("/waves/<code>/invitations/assign")
@requires("administrator")
def assign_invitations(code: str) -> ReadyPage:
    """Give everybody the units to rate; what was used stays."""
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        assigned = assign_targets(session, wave, request.form.get("form", ""))
        subject = f"{code} +{assigned.added} -{assigned.removed}"
        record(session, ASSIGNED, subject)
        return _overview(session, wave, assigned=assigned), 200


@bp.post("/waves/<code>/invitations/letters.csv")
@requires("administrator")
def export_letters(code: str) -> ReadyPage:
    """The letters for mail merge; who took them is recorded, the codes are not."""
    config, now = current_app.extensions["config"], clock.now()
    stream = io.StringIO()
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        only_new = "only_new" in request.form
        letters = list(letters_for_all(session, wave, config.secret_key, config.address, only_new))
        n = write_letters(letters, stream)
        if "mark" in request.form:
            for letter in letters:
                mark_sent(session, letter.invitation_id, day_of(now))
        record(session, EXPORTED, f"{code} {n}")
    return attached(stream.getvalue(), CSV, f"thu-moi-{code}.csv")


@bp.post("/waves/<code>/invitations/send")
@requires("administrator")
def send_letters(code: str) -> ReadyPage:
    """Ask for letters or reminders to be sent by mail."""
    kind = request.form.get("letter", "")
    if kind not in KINDS:
        raise NotFound("Không có loại thư này.")
    with current_app.extensions["database"].writing() as session:
        payload = {"wave": wave_named(session, code).code, "letter": kind}
        # Asked for in nobody's name: two who ask at once get one job, and nobody gets two letters.
        job = jobs.ask_job(session, SEND_LETTERS, payload, None, clock.now())
        record(session, SENT, f"{code} {kind}")
    return redirect(address_of("admin.letters", code=code, job_id=job), 303)


@bp.get("/waves/<code>/invitations/letters/<uuid:job_id>")
@requires("administrator")
def letters(code: str, job_id: UUID) -> str:
    """How far the sending of letters is, and which addresses did not take theirs."""
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        state = jobs.job_state(session, job_id)
        if state.kind != SEND_LETTERS or state.payload["wave"] != code:
            raise NotFound("Không có công việc này.")
        refused = set((state.outcome or {}).get("invitations", ()))
        people = [one for one in list_of(session, wave) if one.id in refused] if refused else []
    message = say(state.refusal) if state.refusal else None
    return render_template(
        "admin/invitations_letters.html",
        wave=wave,
        job=state,
        is_first=state.payload["letter"] == FIRST,
        people=people,
        message=message,
    )


def _overview(session: Session, wave: Wave, **fields: Any) -> str:
    config = current_app.extensions["config"]
    people = list_of(session, wave)
    found = matrix_of(session, wave)
    return render_template(
        "admin/invitations.html",
        wave=wave,
        counts=counts_of_list(people),
        matrix=found,
        forms=[form.name for form in wave.forms],
        rates=response_rates(session, wave),
        fewest=FEWEST,
        can_mail=bool(config.mail_url and config.mail_from),
        **fields,
    )


def _matrix_page(wave: Wave, found: Matrix) -> str:
    levels: dict[str, list[Any]] = {}
    for unit in found.units:
        levels.setdefault(unit.level, []).append(unit)
    shorts = {group: _short(group) for group in found.groups}
    return render_template(
        "admin/invitations_matrix.html", wave=wave, matrix=found, levels=levels, shorts=shorts
    )


def _short(group: str) -> str:
    """A short name of a group for the fields of the matrix, which are many."""
    return hashlib.sha256(group.encode()).hexdigest()[:8]
