"""The room of forms that wait: conflicts compared, others taken in or set aside."""

from typing import Any, Final
from uuid import UUID

from flask import current_app, g, redirect, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.security import ReadyPage, requires
from survey_app.services.codes import staging
from survey_app.services.door import held
from survey_app.services.door.held import Decision
from survey_app.services.plan.waves import wave_named
from survey_app.web.admin.door import bp
from survey_app.web.admin.rooms import asked_for, record, room_page

KEEPERS: Final = ("administrator", "supervisor")  # who may see single answers of a conflict
WAVE: Final = "/waves/<code>/held"
ONE: Final = WAVE + "/<uuid:response_id>/<content_hash>"


@bp.get(WAVE, endpoint="held")
@requires(*KEEPERS)
def list_all(code: str) -> str:
    """The forms of a wave that wait for a person to decide."""
    return _list_page(code)


@bp.post(WAVE + "/known")
@requires("administrator")
def accept_known(code: str) -> ReadyPage:
    """Take all forms whose version is known by now."""
    catalogue = current_app.extensions["catalogue"]
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        taken, left = held.accept_known(
            session, catalogue, wave, Decision(g.account.id, clock.now())
        )
    return redirect(address_of("admin.held", code=code, taken=taken, left=left), 303)


@bp.post(WAVE + "/staged")
@requires("administrator")
def try_staged_again(code: str) -> ReadyPage:
    """Let answers of one-time codes that were refused be tried once more by the worker."""
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        staging.try_again(session, wave)
        record(session, staging.TRIED_AGAIN, code)
    return redirect(address_of("admin.held", code=code, again=1), 303)


@bp.get(ONE)
@requires(*KEEPERS)
def held_form(code: str, response_id: UUID, content_hash: str) -> str:
    """One form, beside the one that came first under its id."""
    return _one_page(code, (response_id, content_hash))


@bp.post(ONE)
@requires("administrator")
def settle(code: str, response_id: UUID, content_hash: str) -> ReadyPage:
    """Take a form into the wave, or set it aside."""
    key = response_id, content_hash
    words, place = (request.form.get(name, "") for name in ("words", "place"))
    by = Decision(g.account.id, clock.now(), words, place)
    try:
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            catalogue, do = current_app.extensions["catalogue"], request.form.get("do")
            told: dict[str, Any] = {"done": 1}
            if do == "accept":
                held.accept_held(session, catalogue, wave, key, by)
            elif do == "alike":
                taken, left = held.accept_alike(session, catalogue, wave, key, by)
                told = {"taken": taken, "left": left}
            else:
                held.set_aside(session, wave, key, by)
    except Refusal as refusal:
        return _one_page(code, key, refusal), status_of(refusal)
    return redirect(address_of("admin.held", code=code, **told), 303)


def _list_page(code: str) -> str:
    given = request.args
    asked = asked_for((*held.REASONS, held.SETTLED))
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        found = held.held_of(session, wave, asked)
        refused = staging.refused_in(session, wave)
    taken = (given.get("taken", type=int), given.get("left", type=int))
    fields: dict[str, Any] = {name: given.get(name) == "1" for name in ("done", "again")}
    fields |= {"found": found, "asked": asked, "taken": taken, "refused": refused}
    return room_page("held.html", wave=wave, **fields)


def _one_page(code: str, key: tuple[UUID, str], refusal: Refusal | None = None) -> str:
    catalogue = current_app.extensions["catalogue"]
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        page = held.held_page(session, catalogue, wave, key)
    return room_page("held_one.html", refusal, wave=wave, page=page)
