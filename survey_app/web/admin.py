"""The door for the administration: waves, computations, results and their files."""

from functools import partial
from typing import Final
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    redirect,
    render_template,
    request,
)
from flask import url_for as address_of
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.exports.files import published
from survey_app.i18n import say
from survey_app.security import STAFF_COOKIE, ReadyPage, public, requires
from survey_app.services import accounts, jobs, results
from survey_app.services.waves import index_of
from survey_app.web.figures import FILTERS

bp = Blueprint("admin", __name__, url_prefix="/admin")

PATH: Final = "/admin"
READERS: Final = ("administrator", "supervisor", "auditor")
DOWNLOAD: Final = "download"
CHART: Final = "chart.svg"
FILES: Final = {
    "csv": ("result.csv", "text/csv; charset=utf-8"),
    "xlsx": (
        "result.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}

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


@bp.get("/")
@requires(*READERS)
def waves() -> str:
    """All waves."""
    with current_app.extensions["database"].reading() as session:
        found = results.waves(session, current_app.extensions["catalogue"])
    return render_template("admin/waves.html", waves=found, now=clock.now())


@bp.get("/waves/<code>")
@requires(*READERS)
def wave(code: str) -> str:
    """A wave: its counts, what can be computed, and what was."""
    with current_app.extensions["database"].reading() as session:
        page = results.wave_page(session, current_app.extensions["catalogue"], code)
    return render_template("admin/wave.html", page=page, now=clock.now())


@bp.post("/waves/<code>/compute")
@requires("administrator")
def compute(code: str) -> ReadyPage:
    """Ask for the computation of an index."""
    index_code = request.form.get("index", "")
    with current_app.extensions["database"].writing() as session:
        index_of(session, results.wave_named(session, code), index_code)
        payload = {"wave": code, "index": index_code}
        job = jobs.ask_job(session, jobs.COMPUTE, payload, g.account.id, clock.now())
        subject = f"{code} {index_code}"
        accounts.record(session, g.account.id, "ask_compute", subject, clock.now())
    return redirect(address_of("admin.job", job_id=job), 303)


@bp.get("/jobs/<uuid:job_id>")
@requires(*READERS)
def job(job_id: UUID) -> ReadyPage | str:
    """How far a computation is; leads to the result once it is there."""
    with current_app.extensions["database"].reading() as session:
        state = jobs.job_state(session, job_id)
    if state.outcome is not None:
        return redirect(address_of("admin.run", run_id=state.outcome["run"]), 303)
    message = say(state.refusal) if state.refusal else None
    return render_template("admin/job.html", job=state, message=message)


@bp.get("/runs/<uuid:run_id>")
@requires(*READERS)
def run(run_id: UUID) -> str:
    """The results of a Run."""
    with current_app.extensions["database"].reading() as session:
        page = results.results_page(session, current_app.extensions["catalogue"], run_id)
    return render_template("admin/run.html", page=page)


@bp.get("/runs/<uuid:run_id>/chart.svg")
@requires(*READERS)
def chart(run_id: UUID) -> ReadyPage:
    """The chart of a Run, drawn by the job that computed it."""
    drawn = published(current_app.extensions["config"].files, str(run_id), CHART)
    return Response(drawn, mimetype="image/svg+xml")


@bp.get("/runs/<uuid:run_id>/<any(csv, xlsx, json):kind>")
@requires(*READERS)
def download(run_id: UUID, kind: str) -> ReadyPage:
    """A Run as a file; who took it is recorded."""
    with current_app.extensions["database"].writing() as session:
        written = results.result_json(session, run_id)
        accounts.record(session, g.account.id, DOWNLOAD, f"{run_id} {kind}", clock.now())
    name = f"ket-qua-{run_id}.{kind}"
    if kind == "json":
        return _attached(Response(written, mimetype="application/json"), name)
    file, mimetype = FILES[kind]
    content = published(current_app.extensions["config"].files, str(run_id), file)
    return _attached(Response(content, content_type=mimetype), name)


def _attached(answer: Response, name: str) -> Response:
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


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
