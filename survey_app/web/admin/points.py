"""The room of counters: their list and settings, links, keys, import, and sheets to print."""

from datetime import date
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Response, current_app, g, redirect, render_template, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.days import day_of
from survey_app.errors import NotFound, status_of
from survey_app.exports.files import published
from survey_app.exports.qr import qr_drawing
from survey_app.i18n import say
from survey_app.security import ReadyPage, requires
from survey_app.services.counter import links, point_imports, points
from survey_app.services.operation import jobs
from survey_app.services.plan import procedures
from survey_app.services.plan.waves import wave_named
from survey_app.services.tables.sheets import Sheet
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import Planned, asked_for, attached, record, room_page, take_table

WAVE: Final = "/waves/<code>/points"
POINT: Final = WAVE + "/<point>"
PAPERS: Final = ("a4", "a6")
SHEET: Final = "qr.pdf"
LONGEST_WISH: Final = 500  # as long as the name of a procedure


@bp.get(WAVE)
@requires(*READERS)
def wave_points(code: str) -> str:
    """The counters of a wave, and how to add or print them."""
    return _list_page(code)


@bp.post(WAVE)
@requires("administrator")
def add_point(code: str) -> ReadyPage:
    """Add a counter; what was typed stays on the page when it cannot be added."""
    given = {name: request.form.get(name, "") for name in ("unit", "name", "form")}
    try:
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            unit = points.unit_named(points.units_on(session, _today()), given["unit"])
            form = points.form_named(session, wave, given["form"])
            point = points.add_counter(session, wave, unit, given["name"], form)
            record(session, "add_point", f"{code} {point.code}")
    except Refusal as refusal:
        return _list_page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.point", code=code, point=point.code), 303)


@bp.post(WAVE + "/last-day")
@requires("administrator")
def set_last_day(code: str) -> ReadyPage:
    """Set until when links printed from now on work."""
    try:
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            points.set_last_day(wave, request.form.get("day", ""), _today())
            record(session, "set_links_last_day", f"{code} {wave.links_expire_on or ''}".strip())
    except Refusal as refusal:
        return _list_page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.wave_points", code=code), 303)


@bp.post(WAVE + "/import")
@requires("administrator")
def import_points(code: str) -> ReadyPage:
    """Read a table of counters and answer every line; store them when asked to and all are good."""

    def plan(session: Any, wave: Any, sheet: Sheet) -> Planned:
        form = points.form_named(session, wave, request.form.get("form", ""))
        found = point_imports.plan_points(session, wave, sheet, _today())
        return found.report, partial(point_imports.store_points, session, wave, form, found)

    refused = partial(_list_page, code)
    return take_table(code, "import_points", plan, "points_import.html", refused)


@bp.get(POINT)
@requires(*READERS)
def point(code: str, point: str) -> ReadyPage:
    """A counter: its link, also the one for a procedure, its hours and agencies."""
    return _point_page(code, point)


@bp.post(POINT)
@requires("administrator")
def change_point(code: str, point: str) -> ReadyPage:
    """Change name, hours and agencies; what was typed stays when it cannot be stored."""
    given: dict[str, Any] = {
        "name": request.form.get("name", ""),
        "hours": [request.form.get(f"hours-{day}", "") for day in points.WEEK],
        "agencies": request.form.getlist("agency"),
    }
    try:
        with current_app.extensions["database"].writing() as session:
            found = points.point_in(session, wave_named(session, code), point)
            found.name = points.clean_name(given["name"])
            found.opening_hours = points.read_hours(given["hours"])
            points.set_agencies(session, found, given["agencies"], _today())
            record(session, "change_point", f"{code} {point}")
    except Refusal as refusal:
        return _point_page(code, point, refusal, given)
    return redirect(address_of("admin.point", code=code, point=point), 303)


@bp.get(POINT + "/qr.svg")
@requires(*READERS)
def point_qr(code: str, point: str) -> ReadyPage:
    """The QR code of a counter, or of a procedure there, as a picture."""
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        found = points.point_in(session, wave, point)
        procedure = procedures.procedure_named(session, request.args.get("procedure", ""), _today())
        address = _address(
            _token(session, links.link_to(session, wave, found, clock.now(), procedure))
        )
    return Response(qr_drawing(address), mimetype="image/svg+xml")


@bp.get(POINT + "/<any(renew, close, reopen):deed>")
@requires("administrator")
def ask_point(code: str, point: str, deed: str) -> str:
    """Ask before codes on a counter stop working, or the counter itself."""
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        found = points.point_in(session, wave, point)
        unit = found.unit.name
    return render_template(
        "admin/points_confirm.html", deed=deed, wave=wave, point=found, unit=unit
    )


@bp.post(POINT + "/<any(renew, close, reopen):deed>")
@requires("administrator")
def do_point(code: str, point: str, deed: str) -> ReadyPage:
    """Take back the printed links of a counter, close it, or open it again."""
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        found = points.point_in(session, wave, point)
        if deed == "renew":
            links.revoke_links(session, wave, found)
        elif deed == "close":
            points.close_point(found, clock.now())
        else:
            points.reopen_point(found)
        record(session, f"{deed}_point", f"{code} {point}")
    return redirect(address_of("admin.point", code=code, point=point), 303)


@bp.get("/links/rotate")
@requires("administrator")
def ask_rotation() -> str:
    """Ask before the signing key is changed, saying which printed codes stop working."""
    with current_app.extensions["database"].reading() as session:
        effect = points.rotation(session)
    return render_template("admin/points_rotate.html", effect=effect)


@bp.post("/links/rotate")
@requires("administrator")
def rotate() -> ReadyPage:
    """Change the signing key."""
    with current_app.extensions["database"].writing() as session:
        key = links.rotate_keys(session, clock.now())
        record(session, "rotate_link_key", str(key.id))
    return redirect(address_of("admin.ask_rotation"), 303)


@bp.post(WAVE + "/sheet")
@requires("administrator")
def ask_sheet(code: str) -> ReadyPage:
    """Ask for a sheet of QR codes: of all open counters or of one, perhaps for a procedure."""
    paper = request.form.get("paper", "")
    only = request.form.get("point") or None
    if paper not in PAPERS:
        raise Refusal("Xin chọn khổ giấy A4 hoặc A6.")
    try:
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            if only:
                points.point_in(session, wave, only)
            found = procedures.procedure_named(session, request.form.get("procedure", ""), _today())
            procedure = found.code if found else None
            payload = {"wave": code, "point": only, "paper": paper, "procedure": procedure}
            job = jobs.ask_job(session, jobs.QR_SHEET, payload, g.account.id, clock.now())
            record(
                session, "ask_qr_sheet", f"{code} {only or '*'} {paper} {procedure or ''}".strip()
            )
    except Refusal as refusal:
        return _list_page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.sheet", job_id=job), 303)


@bp.get("/sheets/<uuid:job_id>")
@requires(*READERS)
def sheet(job_id: UUID) -> str:
    """How far a sheet is, and where to take it."""
    state = _sheet_job(job_id)
    message = say(state.refusal) if state.refusal else None
    return render_template("admin/points_sheet.html", job=state, message=message)


@bp.get("/sheets/<uuid:job_id>/qr.pdf")
@requires(*READERS)
def sheet_file(job_id: UUID) -> ReadyPage:
    """The finished sheet."""
    state = _sheet_job(job_id)
    content = published(current_app.extensions["config"].files, str(job_id), SHEET)
    name = f"ma-qr-{state.payload['wave']}-{state.payload['paper']}.pdf"
    return attached(content, "application/pdf", name)


def _sheet_job(job_id: UUID) -> jobs.JobState:
    with current_app.extensions["database"].reading() as session:
        state = jobs.job_state(session, job_id)
    if state.kind != jobs.QR_SHEET:
        raise NotFound("Không có công việc này.")
    return state


def _list_page(code: str, refusal: Refusal | None = None) -> str:
    config, asked = current_app.extensions["config"], asked_for()
    # Writing, since the very first link of an installation makes the key that signs it.
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        found = points.points_of(session, wave, asked, config.secret_key, clock.now())
        units = points.units_on(session, _today())
        forms = [form.name for form in wave.forms]
        choices = procedures.choices(session, _today())
    fields = {"found": found, "wave": wave, "asked": asked, "units": units, "forms": forms}
    fields["procedures"] = choices
    return room_page("points.html", refusal, address=_address, **fields)


def _point_page(
    code: str, name: str, refusal: Refusal | None = None, given: dict[str, Any] | None = None
) -> ReadyPage:
    wished, procedure = request.args.get("procedure", "")[:LONGEST_WISH], None
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        found = points.point_in(session, wave, name)
        try:
            procedure = procedures.procedure_named(session, wished, _today())
        except Refusal as unknown:
            refusal = refusal or unknown
        link = links.link_to(session, wave, found, clock.now(), procedure)
        token = _token(session, link)
        choices = procedures.choices(session, _today())
        served = list(found.units)
        known = {unit.code: unit for unit in [*served, *points.units_on(session, _today())]}
        known.pop(found.unit.code, None)
    shown = {
        "name": found.name,
        "hours": points.hours_as_text(found.opening_hours),
        "agencies": [unit.code for unit in served],
    } | (given or {})
    page = room_page(
        "points_one.html",
        refusal,
        wave=wave,
        point=found,
        address=_address(token),
        kiosk_address=_address(token, "k"),
        last_day=link.last_day,
        week=points.WEEK,
        agencies=list(known.values()),
        shown=shown,
        is_closed=found.closed_at is not None and found.closed_at <= clock.now(),
        procedure=procedure,
        procedures=choices,
        wished=wished,
    )
    return page, status_of(refusal) if refusal else 200


def _token(session: Any, link: links.Link) -> str:
    secret = current_app.extensions["config"].secret_key
    return links.token_of(session, link, secret, clock.now())


def _address(token: str, door: str = "s") -> str:
    """Where a link leads: the door of citizens' own phones, or `k`, that of kiosks."""
    return f"{current_app.extensions['config'].address}/{door}/{token}"


def _today() -> date:
    return day_of(clock.now())
