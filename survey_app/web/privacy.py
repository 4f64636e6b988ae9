"""What everybody may know of his data: the page on data protection, and the receipt of a form."""

from typing import Final

from flask import Blueprint, current_app, render_template, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import status_of
from survey_app.i18n import LANGUAGES, say
from survey_app.security import ReadyPage, public
from survey_app.services.door import receipts
from survey_app.services.door.drafts import LIFETIME
from survey_app.services.operation import retention

bp = Blueprint("privacy", __name__)

ASK: Final = "ask"
DELETE: Final = "delete"


@bp.get("/privacy")
@public
def privacy() -> str:
    """What is collected, by whom, what for and how long, and what one may ask for."""
    complaints = current_app.extensions["config"].complaints
    hours = int(LIFETIME.total_seconds() // 3600)
    return _page("privacy.html", days=retention.DAYS, hours=hours, complaints=complaints)


@bp.get("/receipt")
@public
def receipt() -> str:
    """Where to type the code of a receipt."""
    return _page("receipt.html", typed="", message=None)


@bp.post("/receipt")
@public
def look_up() -> ReadyPage | str:
    """What became of the form behind a code; asks before it is deleted, then deletes it.

    The code comes in the body only: an address stands in logs, histories and bookmarks.
    """
    typed, step = request.form.get("code", ""), request.form.get("step", "")
    database = current_app.extensions["database"]
    try:
        if step == DELETE:
            with database.writing() as session:
                receipts.delete_by_receipt(session, typed, clock.now())
            return _page("receipt_deleted.html")
        with database.reading() as session:
            found = receipts.find(session, typed)
    except Refusal as refusal:
        shown = _page("receipt.html", typed=typed[:40], message=say(refusal))
        return shown, status_of(refusal)
    return _page("receipt_ask.html" if step == ASK else "receipt_found.html", found=found)


def _page(template: str, **fields: object) -> str:
    return render_template(f"citizen/{template}", languages=LANGUAGES, **fields)
