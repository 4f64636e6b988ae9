"""The room of networks: which ranges of addresses belong to offices."""

from flask import current_app, g, redirect, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.security import ReadyPage, requires
from survey_app.services.checking import networks
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import room_page


@bp.get("/networks")
@requires(*READERS)
def office_networks() -> str:
    """All ranges, and a form to add one."""
    return _page()


@bp.post("/networks")
@requires("administrator")
def add_office_network() -> ReadyPage:
    """Add a range."""
    network, note = request.form.get("network", "")[:200], request.form.get("note", "")[:500]
    try:
        with current_app.extensions["database"].writing() as session:
            networks.add_network(session, network, note, g.account.id, clock.now())
    except Refusal as refusal:
        return _page(refusal), 422
    return redirect(address_of("admin.office_networks"), 303)


@bp.post("/networks/<int:network_id>/remove")
@requires("administrator")
def remove_office_network(network_id: int) -> ReadyPage:
    """Take a range off the list."""
    with current_app.extensions["database"].writing() as session:
        networks.remove_network(session, network_id, g.account.id, clock.now())
    return redirect(address_of("admin.office_networks"), 303)


def _page(refusal: Refusal | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        found = networks.networks(session)
    return room_page("quality_networks.html", refusal, networks=found)
