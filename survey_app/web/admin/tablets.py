"""The room of tablets: preparing one for a surveyor, its code, signs of life, taking it away."""

from typing import Any, Final

from flask import current_app, redirect, render_template, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.security import ReadyPage, requires
from survey_app.services.field import tablets
from survey_app.web.admin.door import bp
from survey_app.web.admin.rooms import asked_for, record, room_page

KEEPERS: Final = ("administrator", "supervisor")
TABLET: Final = "/tablets/<int:device_id>"
DEEDS: Final = "any(renew, retire, resume, revoke)"


@bp.get("/tablets", endpoint="tablets")
@requires(*KEEPERS)
def list_all() -> str:
    """All tablets, and the form to prepare another."""
    return _list_page()


@bp.post("/tablets", endpoint="prepare_tablet")
@requires("administrator")
def prepare() -> ReadyPage | str:
    """Prepare a tablet; its enrolment code is shown on the page that answers, and never again."""
    now = clock.now()
    name, surveyor = request.form.get("name", ""), request.form.get("surveyor", "")
    try:
        with current_app.extensions["database"].writing() as session:
            device, code = tablets.prepare_tablet(session, name, surveyor, now)
            _record(session, "prepare", device.name)
            shown = device.name, device.surveyor
    except Refusal as refusal:
        return _list_page(refusal), status_of(refusal)
    return _code_page(*shown, code)


@bp.get(TABLET, endpoint="tablet")
@requires(*KEEPERS)
def see(device_id: int) -> str:
    """One tablet: what it last said, and what is given to it."""
    return _tablet_page(device_id)


@bp.post(TABLET, endpoint="give_tablet")
@requires("administrator")
def give(device_id: int) -> ReadyPage:
    """Write down that another surveyor works with a tablet."""
    try:
        with current_app.extensions["database"].writing() as session:
            device = tablets.give_to(session, device_id, request.form.get("surveyor", ""))
            _record(session, "rename", device.name)
    except Refusal as refusal:
        return _tablet_page(device_id, refusal), status_of(refusal)
    return redirect(address_of("admin.tablet", device_id=device_id), 303)


@bp.get(f"{TABLET}/<{DEEDS}:deed>")
@requires("administrator")
def ask_tablet(device_id: int, deed: str) -> str:
    """Ask before something is done to a tablet, saying what becomes of what waits on it."""
    with current_app.extensions["database"].reading() as session:
        page = tablets.tablet_page(session, device_id, clock.now())
    return render_template("admin/tablets_confirm.html", deed=deed, tablet=page.tablet)


@bp.post(f"{TABLET}/<{DEEDS}:deed>")
@requires("administrator")
def do_tablet(device_id: int, deed: str) -> ReadyPage | str:
    """Give a new code, retire a tablet, take it back into use, or revoke it."""
    now, code = clock.now(), None
    with current_app.extensions["database"].writing() as session:
        if deed == "renew":
            device, code = tablets.renew_code(session, device_id, now)
        elif deed == "resume":
            device = tablets.resume(session, device_id)
        else:
            device = (tablets.retire if deed == "retire" else tablets.revoke)(
                session, device_id, now
            )
        _record(session, deed, device.name)
        shown = device.name, device.surveyor
    if code is not None:
        return _code_page(*shown, code)
    return redirect(address_of("admin.tablet", device_id=device_id), 303)


def _list_page(refusal: Refusal | None = None) -> str:
    asked = asked_for((*tablets.STATES, tablets.SILENT))
    now = clock.now()
    with current_app.extensions["database"].reading() as session:
        found = tablets.tablets(session, asked, now)
        silent = tablets.silent_count(session, now)
    return room_page("tablets.html", refusal, found=found, asked=asked, silent=silent)


def _tablet_page(device_id: int, refusal: Refusal | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        page = tablets.tablet_page(session, device_id, clock.now())
    return room_page("tablets_one.html", refusal, page=page)


def _code_page(name: str, surveyor: str | None, code: str) -> str:
    address = current_app.extensions["config"].address
    return render_template(
        "admin/tablets_code.html", name=name, surveyor=surveyor, code=code, address=f"{address}/t/"
    )


def _record(session: Any, deed: str, name: str) -> None:
    record(session, tablets.DEEDS[deed], name)
