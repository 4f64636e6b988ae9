"""The room of kiosks: preparing one for a counter, its code, its signs of life, taking it away."""

from flask import current_app, redirect, render_template, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.security import ReadyPage, requires
from survey_app.services.counter import kiosks
from survey_app.web.admin.door import bp
from survey_app.web.admin.rooms import record, room_page


@bp.get("/kiosks", endpoint="kiosks")
@requires("administrator", "supervisor")
def list_all() -> str:
    """All kiosks, and the form to prepare another."""
    return _page()


@bp.post("/kiosks", endpoint="prepare_kiosk")
@requires("administrator")
def prepare() -> ReadyPage | str:
    """Prepare a kiosk; its enrolment code is shown on the page that answers, and never again."""
    now = clock.now()
    try:
        pin_hash = kiosks.hash_pin(request.form.get("pin", ""))
        with current_app.extensions["database"].writing() as session:
            point = request.form.get("point", 0, int)
            name = request.form.get("name", "")
            device, code = kiosks.prepare_kiosk(session, point, name, pin_hash, now)
            record(session, kiosks.PREPARED, device.name)
    except Refusal as refusal:
        return _page(refusal), 400
    return _code_page(device.id, code)


@bp.post("/kiosks/<int:device_id>/code", endpoint="renew_kiosk")
@requires("administrator")
def renew(device_id: int) -> str:
    """Give a kiosk a new enrolment code, for a new browser or after it was left."""
    now = clock.now()
    with current_app.extensions["database"].writing() as session:
        device, code = kiosks.renew_code(session, device_id, now)
        record(session, kiosks.PREPARED, device.name)
    return _code_page(device_id, code)


@bp.post("/kiosks/<int:device_id>/revoke", endpoint="revoke_kiosk")
@requires("administrator")
def revoke(device_id: int) -> ReadyPage:
    """Take a kiosk's place away; what still waits on it is sent once it is enrolled again."""
    now = clock.now()
    with current_app.extensions["database"].writing() as session:
        device = kiosks.revoke_kiosk(session, device_id, now)
        record(session, kiosks.REVOKED, device.name)
    return redirect(address_of("admin.kiosks"), 303)


def _page(refusal: Refusal | None = None) -> str:
    config = current_app.extensions["config"]
    with current_app.extensions["database"].writing() as session:
        found = kiosks.list_kiosks(session, config.secret_key, clock.now())
        points = kiosks.points(session, clock.now())
    return room_page("kiosks.html", refusal, kiosks=found, points=points)


def _code_page(device_id: int, code: str) -> str:
    config = current_app.extensions["config"]
    with current_app.extensions["database"].writing() as session:
        found = kiosks.list_kiosks(session, config.secret_key, clock.now())
    kiosk = next(one for one in found if one.id == device_id)
    return render_template("admin/kiosks_code.html", kiosk=kiosk, code=code, address=config.address)
