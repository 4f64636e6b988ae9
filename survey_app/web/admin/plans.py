"""The room of plans: a wave is made, changed, opened, given forms and indices, and closed."""

from typing import Any, Final

from flask import current_app, g, redirect, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.i18n import say
from survey_app.security import ReadyPage, requires
from survey_app.services.operation.retention import DAYS
from survey_app.services.plan import planning, wave_forms, wave_indices, waves
from survey_app.services.plan.versions import versions_of
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import record, room_page
from survey_app.web.admin.versions import in_words, told

NEW: Final = "/new-wave"
PLAN: Final = "/waves/<code>/plan"
DEEDS: Final = "any(open, close, remove)"
MOVE: Final = "move"
CHOOSING: Final = "admin.choose_indices"


@bp.get(NEW, endpoint="new_wave")
@requires("administrator")
def ask_new() -> str:
    """The form of a new wave."""
    return _new_page()


@bp.post(NEW, endpoint="add_wave")
@requires("administrator")
def add() -> ReadyPage:
    """Plan a wave; what was typed stays on the page when it cannot be."""
    catalogue = current_app.extensions["catalogue"]
    try:
        with current_app.extensions["database"].writing() as session:
            forms = request.form.getlist("form")
            wave = planning.make_wave(session, catalogue, _typed(), forms)
            code = wave.code
            record(session, planning.ADDED, f"{code} {' '.join(forms)}")
    except Refusal as refusal:
        return _new_page(refusal), status_of(refusal)
    return redirect(address_of("admin.plan", code=code), 303)


@bp.get(PLAN, endpoint="plan")
@requires(*READERS)
def see(code: str) -> str:
    """The plan of a wave: its state, forms, settings and indices."""
    return _plan_page(code)


@bp.post(PLAN, endpoint="change_plan")
@requires("administrator")
def change(code: str) -> ReadyPage:
    """Change the settings that the state of the wave still lets change."""
    try:
        with current_app.extensions["database"].writing() as session:
            wave = planning.plannable(session, code)
            planning.change_wave(session, wave, _typed())
            now_called = wave.code
            changed = f"{code} {now_called}" if now_called != code else code
            record(session, planning.CHANGED_PLAN, changed)
    except Refusal as refusal:
        return _plan_page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.plan", code=now_called, done="settings"), 303)


@bp.post(f"{PLAN}/indices")
@requires("administrator")
def choose_indices(code: str) -> ReadyPage:
    """Say which indices the wave is computed into, and by which keys of its sample."""
    chosen = request.form.getlist(wave_indices.INDEX)
    design = {name: request.form.get(name, "") for name in wave_indices.DESIGN}
    catalogue = current_app.extensions["catalogue"]
    try:
        with current_app.extensions["database"].writing() as session:
            wave = planning.plannable(session, code)
            wave_indices.choose_indices(session, catalogue, wave, chosen, design)
            record(session, wave_indices.CHOSEN, f"{code} {' '.join(chosen)}".strip())
    except Refusal as refusal:
        return _plan_page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.plan", code=code, done="indices"), 303)


@bp.get(f"{PLAN}/<{DEEDS}:deed>")
@requires("administrator")
def ask_plan(code: str, deed: str) -> str:
    """Ask before a wave is opened, closed or deleted, saying what that means."""
    return _confirm_page(code, deed)


@bp.post(f"{PLAN}/<{DEEDS}:deed>")
@requires("administrator")
def do_plan(code: str, deed: str) -> ReadyPage:
    """Open a wave, now or at a date, close it now, or delete what was only planned."""
    done = address_of("admin.plan", code=code)
    try:
        with current_app.extensions["database"].writing() as session:
            wave = planning.plannable(session, code)
            if deed == "open":
                catalogue = current_app.extensions["catalogue"]
                action = planning.begin(session, catalogue, wave, _typed())
            elif deed == "close":
                waves.close_wave(wave, clock.now())
                action = planning.ENDED
            else:
                planning.remove(session, wave, clock.now())
                action, done = planning.REMOVED, address_of("admin.waves")
            record(session, action, code)
    except Refusal as refusal:
        return _confirm_page(code, deed, refusal), status_of(refusal)
    return redirect(done, 303)


@bp.get(f"{PLAN}/form")
@requires("administrator")
def ask_form(code: str) -> str:
    """A form of the catalogue held against what the wave asks, before it joins."""
    return _form_page(code, request.args.get("form", ""))


@bp.post(f"{PLAN}/form")
@requires("administrator")
def add_form(code: str) -> ReadyPage:
    """Let a form join the wave, and perhaps all points that ask its questionnaire ask it."""
    name, catalogue = request.form.get("form", ""), current_app.extensions["catalogue"]
    try:
        with current_app.extensions["database"].writing() as session:
            wave = planning.plannable(session, code)
            form = wave_forms.join(session, catalogue, wave, name, clock.now())
            moving = request.form.get("points") == MOVE
            if moving:
                waves.move_points(session, wave, form)
            record(session, wave_forms.ADDED, f"{code} {name}{' *' if moving else ''}")
    except Refusal as refusal:
        return _form_page(code, name, refusal), status_of(refusal)
    return redirect(address_of("admin.plan", code=code, done="form"), 303)


@bp.post(f"{PLAN}/form/remove")
@requires("administrator")
def remove_form(code: str) -> ReadyPage:
    """Take a form that no point asks back out of a planned wave."""
    name = request.form.get("form", "")
    try:
        with current_app.extensions["database"].writing() as session:
            wave_forms.leave(session, planning.plannable(session, code), name, clock.now())
            record(session, wave_forms.LEFT, f"{code} {name}")
    except Refusal as refusal:
        return _plan_page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.plan", code=code), 303)


def problems_of(refusal: Refusal | None) -> dict[str, str]:
    """What stands beside the fields of a form that was refused, in the language of the page."""
    found = refusal.problems if isinstance(refusal, planning.Unfit) else {}
    return {name: say(problem) for name, problem in found.items()}


def _typed() -> planning.Typed:
    names = (*planning.FIELDS, *DAYS)
    given = {name: request.form[name] for name in names if name in request.form}
    return planning.Typed(given, g.account.id, clock.now())


def _new_page(refusal: Refusal | None = None) -> str:
    catalogue, now = current_app.extensions["catalogue"], clock.now()
    with current_app.extensions["database"].reading() as session:
        questionnaires = versions_of(session, catalogue)
    return _page(
        "plan_new.html",
        refusal,
        questionnaires=questionnaires,
        shown=planning.untyped(now) | _given(refusal),
        chosen=request.form.getlist("form"),
        changeable=planning.CHANGEABLE[waves.PLANNED],
    )


def _plan_page(code: str, refusal: Refusal | None = None) -> str:
    catalogue, now = current_app.extensions["catalogue"], clock.now()
    with current_app.extensions["database"].reading() as session:
        wave = planning.plannable(session, code)
        state = waves.state_of(wave, now)
        fields: dict[str, Any] = {
            "wave": wave,
            "shown": planning.typed_of(wave) | _given(refusal),
            "last_day": planning.last_day_of(wave.closed_at) if wave.closed_at else None,
            "late_until": wave.closed_at + waves.LATE if wave.closed_at else None,
            "points": planning.open_points(session, wave),
            "forms": wave_forms.forms_of(session, catalogue, wave),
            "joinable": wave_forms.may_join(catalogue, wave, now),
            "indices": wave_indices.indices_of(session, catalogue, wave),
        }
    chosen = [one.code for one in fields["indices"].choices if one.chosen]
    refused_indices = isinstance(refusal, planning.Unfit) and request.endpoint == CHOOSING
    return _page(
        "plan.html",
        refusal,
        chosen=request.form.getlist(wave_indices.INDEX) if refused_indices else chosen,
        design=fields["indices"].design | _given(refusal),
        state=state,
        changeable=planning.CHANGEABLE[state],
        done=request.args.get("done", ""),
        now=now,
        **fields,
    )


def _confirm_page(code: str, deed: str, refusal: Refusal | None = None) -> str:
    catalogue, now = current_app.extensions["catalogue"], clock.now()
    with current_app.extensions["database"].reading() as session:
        wave = planning.plannable(session, code)
        shown = planning.typed_of(wave) | _given(refusal)
        points = planning.open_points(session, wave)
        forms = wave_forms.forms_of(session, catalogue, wave)
    return _page(
        "plan_confirm.html",
        refusal,
        deed=deed,
        wave=wave,
        shown=shown,
        points=points,
        forms=forms,
        late=waves.LATE.days,
        state=waves.state_of(wave, now),
    )


def _form_page(code: str, name: str, refusal: Refusal | None = None) -> str:
    catalogue = current_app.extensions["catalogue"]
    with current_app.extensions["database"].reading() as session:
        wave = planning.plannable(session, code)
        joining = wave_forms.joining(session, catalogue, wave, name, clock.now())
    words = in_words(joining.comparison) if joining.comparison else {}
    why_not = joining.refusal or refusal
    return _page("plan_form.html", why_not and told(why_not), wave=wave, joining=joining, **words)


def _given(refusal: Refusal | None) -> dict[str, str]:
    """What was typed, when it was refused."""
    return {name: request.form[name] for name in request.form} if refusal else {}


def _page(template: str, refusal: Refusal | None, **fields: Any) -> str:
    return room_page(template, refusal, problems=problems_of(refusal), days=DAYS, **fields)
