"""The administration's door: signing in and out, and who may enter which room."""

from functools import partial
from typing import Final

from flask import Blueprint, current_app, g, redirect, render_template, request
from flask import url_for as address_of
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.i18n import say
from survey_app.security import STAFF_COOKIE, ReadyPage, public, requires
from survey_app.services.operation import accounts
from survey_app.web.figures import FILTERS

bp = Blueprint("admin", __name__, url_prefix="/admin")

PATH: Final = "/admin"
READERS: Final = ("administrator", "supervisor", "auditor")

for name, function in FILTERS.items():
    bp.add_app_template_filter(function, name)


@bp.record_once
def _tell_who_is_signed_in(state: BlueprintSetupState) -> None:
    config = state.app.extensions["config"]
    state.app.extensions["account_of"] = partial(accounts.account_of, demo_allowed=config.demo)


@bp.get("/sign-in")
@public
def sign_in() -> str:
    """The form to sign in."""
    return _sign_in_page()


@bp.post("/sign-in")
@public
def check_sign_in() -> ReadyPage:
    """Sign in: the slow check first, in no writer's turn, then what it means for the account."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    database, config = current_app.extensions["database"], current_app.extensions["config"]
    with database.reading() as session:
        fits = accounts.password_fits(session, name[:200], password[:1000])
    with database.writing() as session:
        attempt = accounts.sign_in(session, name[:200], fits, clock.now(), config.demo)
    if attempt.token is None or attempt.refusal is not None:
        return _sign_in_page(attempt.refusal), 401
    answer = redirect(_own_address(request.form.get("next")), 303)
    answer.set_cookie(
        STAFF_COOKIE,
        attempt.token,
        path=PATH,
        httponly=True,
        samesite="Lax",
        secure=config.secure_cookies,
    )
    return answer


@bp.post("/sign-out")
@public
def sign_out() -> ReadyPage:
    """Sign out of this browser; also when the sign-in has ended already."""
    with current_app.extensions["database"].writing() as session:
        accounts.sign_out(session, request.cookies.get(STAFF_COOKIE), clock.now())
    return _signed_out()


@bp.post("/sign-out-everywhere")
@requires(*READERS, "unit_head")
def sign_out_everywhere() -> ReadyPage:
    """Sign out of all browsers."""
    with current_app.extensions["database"].writing() as session:
        accounts.sign_out_everywhere(session, g.account.id, clock.now())
    return _signed_out()


def _sign_in_page(refusal: Refusal | None = None) -> str:
    fields = request.form if refusal else request.args
    return render_template(
        "admin/sign_in.html",
        message=say(refusal) if refusal else None,
        name=fields.get("name", "")[:64],
        target=_own_address(fields.get("next")),
    )


def _own_address(target: str | None) -> str:
    """Where to go after signing in: a page of this door, never another site."""
    if target and target.startswith(f"{PATH}/") and "\\" not in target and target.isprintable():
        return target
    return address_of("admin.waves")


def _signed_out() -> AnyResponse:
    answer = redirect(address_of("admin.sign_in"), 303)
    answer.delete_cookie(STAFF_COOKIE, path=PATH)
    return answer
