"""The door for citizens: the form behind a signed address, on their own phone."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, current_app, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from survey_app.errors import Gone
from survey_app.i18n import LANGUAGES, current_locale
from survey_app.models.responses import Draft
from survey_app.security import ReadyPage, public
from survey_app.services.checking.networks import is_office
from survey_app.services.checking.sender_rates import mark_of
from survey_app.services.counter.links import read_token
from survey_app.services.door.drafts import (
    Sending,
    has_begun,
    receipt_of,
    submit_draft,
    unit_name_of,
)
from survey_app.services.door.submissions import Receipt
from survey_app.services.plan.waves import Door, door_of
from survey_app.web.complaints import note_on_complaints
from survey_app.web.filling import Filling, Visit
from survey_app.web.keepsakes import Where, address, forget, kept_draft, kept_sent

bp = Blueprint("citizen", __name__, url_prefix="/s")


class Counter:
    """A counter with a printed code: whoever scans it may answer, and gets a receipt."""

    folder = "citizen"

    def door(self, session: Session, where: Where, now: datetime) -> Door:
        """What the counter collects now."""
        link, kept = read_token(session, where["token"], _secret()), kept_draft()
        begun = has_begun(session, kept.key if kept else None, link, now)
        return door_of(session, link, now, has_begun=begun)

    def sent(self, session: Session, where: Where, identity: UUID | None) -> str | None:
        """The receipt of a form that has arrived."""
        return receipt_of(session, identity) if identity else None

    def submit(self, session: Session, visit: Visit, draft: Draft) -> Receipt:
        """Send the form through the one door of answers."""
        catalogue = current_app.extensions["catalogue"]
        address, browser = request.remote_addr, request.user_agent.string
        mark = mark_of(_secret(), address, browser, visit.door.point, visit.now)
        sending = Sending(visit.now, is_office(session, address), mark)
        return submit_draft(session, draft, visit.door, catalogue, sending)


Filling(bp, "/<token>", Counter())


@bp.get("/<token>/thanks")
@public
def thanks(token: str) -> ReadyPage:
    """Thanks, and the receipt for as long as it is shown; where to send a complaint, if one is."""
    with current_app.extensions["database"].reading() as session:
        link = read_token(session, token, _secret())
        unit_name = unit_name_of(session, link.point_id)
    sent = kept_sent({"token": token})
    if sent is None:
        raise Gone("Mã nhận phiếu chỉ hiện trong một giờ sau khi gửi phiếu.")
    return make_response(
        render_template(
            "citizen/thanks.html",
            unit_name=unit_name,
            receipt=sent.receipt,
            complaint=note_on_complaints() if sent.complaint else None,
            token=token,
            languages=LANGUAGES,
        )
    )


@bp.post("/<token>/thanks")
@public
def clear(token: str) -> ReadyPage:
    """On a shared device: keep nothing more of the form there."""
    where = {"token": token}
    answer = redirect(address(".goodbye", where, lang=current_locale()), 303)
    forget(answer, where)
    return answer


def _secret() -> str:
    return str(current_app.extensions["config"].secret_key)
