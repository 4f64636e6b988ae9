"""The room of results: waves, computations, what came out and its files."""

from typing import Final
from uuid import UUID

from flask import Response, current_app, g, redirect, render_template, request
from flask import url_for as address_of

from survey_app import clock
from survey_app.exports.files import published
from survey_app.i18n import say
from survey_app.security import ReadyPage, requires
from survey_app.services.codes.letters import SEND_LETTERS
from survey_app.services.computing import overview, results
from survey_app.services.operation import jobs
from survey_app.services.plan import units
from survey_app.services.plan.waves import index_of, wave_named
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import attached, record

DOWNLOAD: Final = "download"
CHART: Final = "chart.svg"
FILES: Final = {
    "csv": ("result.csv", "text/csv; charset=utf-8"),
    "xlsx": (
        "result.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}


@bp.get("/")
@requires(*READERS)
def waves() -> str:
    """All waves."""
    with current_app.extensions["database"].reading() as session:
        found = overview.waves(session, current_app.extensions["catalogue"])
        begun = units.has_units(session)
    return render_template("admin/waves.html", waves=found, has_units=begun, now=clock.now())


@bp.get("/waves/<code>")
@requires(*READERS)
def wave(code: str) -> str:
    """A wave: its counts, what can be computed, and what was."""
    catalogue, now = current_app.extensions["catalogue"], clock.now()
    with current_app.extensions["database"].reading() as session:
        page = overview.wave_page(session, catalogue, code, now)
    return render_template("admin/wave.html", page=page, now=now, say=say)


@bp.post("/waves/<code>/compute")
@requires("administrator")
def compute(code: str) -> ReadyPage:
    """Ask for the computation of an index."""
    index_code = request.form.get("index", "")
    with current_app.extensions["database"].writing() as session:
        index_of(session, wave_named(session, code), index_code)
        payload = {"wave": code, "index": index_code}
        job = jobs.ask_job(session, jobs.COMPUTE, payload, g.account.id, clock.now())
        subject = f"{code} {index_code}"
        record(session, "ask_compute", subject)
    return redirect(address_of("admin.job", job_id=job), 303)


@bp.get("/jobs/<uuid:job_id>")
@requires(*READERS)
def job(job_id: UUID) -> ReadyPage | str:
    """How far a computation is; leads to the result once it is there."""
    with current_app.extensions["database"].reading() as session:
        state = jobs.job_state(session, job_id)
    if state.kind == SEND_LETTERS:
        wave = state.payload["wave"]
        return redirect(address_of("admin.letters", code=wave, job_id=job_id), 303)
    if state.kind != jobs.COMPUTE:
        return redirect(address_of("admin.sheet", job_id=job_id), 303)
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
        record(session, DOWNLOAD, f"{run_id} {kind}")
    name = f"ket-qua-{run_id}.{kind}"
    if kind == "json":
        return attached(written, "application/json", name)
    file, mimetype = FILES[kind]
    content = published(current_app.extensions["config"].files, str(run_id), file)
    return attached(content, mimetype, name)
