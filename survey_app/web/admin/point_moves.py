"""The room of moves: counters chosen, a dry look, and then they go to another wave or version."""

from typing import Any, Final

from flask import current_app, render_template, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.i18n import _, say
from survey_app.security import ReadyPage, requires
from survey_app.services.counter import point_moves
from survey_app.services.plan import planning
from survey_app.services.plan.waves import OPEN, state_of
from survey_app.services.tables.paging import Asked
from survey_app.web.admin.door import bp
from survey_app.web.admin.plans import problems_of
from survey_app.web.admin.rooms import record, room_page

MOVE: Final = "/waves/<code>/points/move"
ALL: Final = "all"


@bp.get(MOVE, endpoint="move_points")
@requires("administrator")
def choose(code: str) -> str:
    """The points of a wave to choose from, and where they can go."""
    return _choice_page(code)


@bp.post(MOVE, endpoint="do_move_points")
@requires("administrator")
def move(code: str) -> ReadyPage | str:
    """Show what moving the chosen points would do, and do it when that was seen."""
    key, which = request.form.get("to", ""), request.form.get("which", "")
    do = request.form.get("do") == "store"
    try:
        with current_app.extensions["database"].writing() as session:
            wave = planning.plannable(session, code)
            codes = request.form.getlist("point")
            if which == ALL:
                codes = point_moves.codes_found(session, wave, _asked())
            now = clock.now()
            found = (point_moves.move if do else point_moves.look)(session, wave, key, codes, now)
            if do:
                target = f"{found.target.wave} {found.target.form}"
                subject = f"{code} > {target} {found.moving}"
                record(session, point_moves.MOVED, subject)
    except Refusal as refusal:
        return _choice_page(code, refusal), status_of(refusal)
    return render_template(
        "admin/point_moves_look.html",
        wave=wave,
        look=found,
        stored=do,
        asked=_asked(),
        say=say,
        which=which,
    )


def _asked() -> Asked:
    given: Any = request.values
    page = given.get("page", 1, type=int)
    return Asked(given.get("q", "")[:80], page, given.get("only", "")[:80])


def _choice_page(code: str, refusal: Refusal | None = None) -> str:
    asked, now = _asked(), clock.now()
    with current_app.extensions["database"].reading() as session:
        wave = planning.plannable(session, code)
        found = point_moves.movers_of(session, wave, asked)
        targets = point_moves.targets_of(session, wave, now)
        forms = sorted(form.name for form in wave.forms)
    return room_page(
        "point_moves.html",
        refusal,
        wave=wave,
        found=found,
        targets=targets,
        destinations=[(one.key, _destination(one)) for one in targets],
        named=[(form, form) for form in forms],
        asked=asked,
        problems=problems_of(refusal),
        chosen=request.form.getlist("point"),
        is_open=state_of(wave, now) == OPEN,
    )


def _destination(target: point_moves.Target) -> str:
    if target.here:
        return _("Trong đợt này: {form}", form=target.form)
    return f"{target.title} ({target.wave}): {target.form}"
