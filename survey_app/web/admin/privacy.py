"""The room of data protection: until when things of a wave are kept, and what has been deleted."""

from flask import current_app, g, redirect, render_template, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.i18n import say
from survey_app.security import ReadyPage, requires
from survey_app.services.door import receipts
from survey_app.services.operation import retention
from survey_app.services.plan.planning import read_day
from survey_app.services.plan.waves import wave_named
from survey_app.web.admin.door import READERS, bp


@bp.get("/waves/<code>/privacy")
@requires(*READERS)
def privacy(code: str) -> str:
    """The days in force, and what was deleted when."""
    return _page(code)


@bp.post("/waves/<code>/privacy/days")
@requires("administrator")
def set_retention(code: str) -> ReadyPage:
    """Set until when things of a wave are kept; an empty day goes by the rule."""
    try:
        days = {kind: read_day(request.form.get(kind, "")) for kind in retention.DAYS}
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            retention.set_days(session, wave, days, g.account.id, clock.now())
    except Refusal as refusal:
        return _page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.privacy", code=code), 303)


@bp.post("/waves/<code>/privacy/delete")
@requires("administrator")
def delete_response(code: str) -> ReadyPage:
    """Delete one form at the request of the person who shows its receipt."""
    typed = request.form.get("receipt", "")
    try:
        if "sure" not in request.form:
            raise Refusal("Vui lòng xác nhận đã kiểm tra mã với người yêu cầu.")
        with current_app.extensions["database"].writing() as session:
            wave = wave_named(session, code)
            receipts.delete_for_person(session, wave, typed, g.account.id, clock.now())
    except Refusal as refusal:
        return _page(code, refusal), status_of(refusal)
    return redirect(address_of("admin.privacy", code=code, done="deleted"), 303)


def _page(code: str, refusal: Refusal | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        return render_template(
            "admin/privacy.html",
            wave=wave,
            periods=retention.periods(wave),
            purges=retention.purges(session, wave),
            message=say(refusal) if refusal else None,
            deleted=request.args.get("done") == "deleted",
            now=clock.now(),
        )
