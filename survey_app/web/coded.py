"""The door for citizens with a code on the receipt of their dossier, or in a message about it."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, current_app, make_response, redirect, render_template, request
from flask import url_for as address_of
from sqlalchemy.orm import Session

from survey_app import clock
from survey_app.errors import NotFound
from survey_app.i18n import LANGUAGES, _, current_locale, say
from survey_app.models.responses import Draft
from survey_app.security import ReadyPage, error_page, public
from survey_app.services.codes.dossier_codes import (
    CODE_LENGTH,
    Reply,
    find_code,
    meant,
    spend_code,
    unit_of_code,
    was_used,
)
from survey_app.services.door.drafts import answers_of, context_of, drop_draft
from survey_app.services.door.submissions import ACCEPTED, Receipt
from survey_app.services.plan.waves import Door
from survey_app.web.complaints import note_on_complaints
from survey_app.web.filling import Filling, Visit
from survey_app.web.keepsakes import Where, forget, kept_sent

bp = Blueprint("coded", __name__, url_prefix="/s/c")


class Slip:
    """A slip with a one-time code: the answer cannot be found again, so there is no receipt."""

    folder = "coded"

    def door(self, session: Session, where: Where, now: datetime) -> Door:
        """What the code is for."""
        found = find_code(session, where["code"], now)
        if found is None:
            raise NotFound("Không có mã này. Xin xem lại mã in trên giấy biên nhận.")
        return found

    def sent(self, session: Session, where: Where, identity: UUID | None) -> str | None:
        """Empty once the code was spent."""
        return "" if was_used(session, where["code"]) else None

    def submit(self, session: Session, visit: Visit, draft: Draft) -> Receipt:
        """Spend the code and put the form where it waits for others."""
        context = context_of(draft)
        reply = Reply(
            f"{draft.questionnaire}/{draft.version}",
            answers_of(draft),
            draft.locale,
            context.get("helped"),
            context.get("consent"),
        )
        catalogue = current_app.extensions["catalogue"]
        spend_code(session, visit.where["code"], reply, visit.now, catalogue)
        drop_draft(session, draft)
        return Receipt(str(draft.response_id), ACCEPTED)


Filling(bp, "/<code>", Slip())


@bp.before_request
def lead_to_one_spelling() -> ReadyPage | None:
    """A code has one address, on which the cookies of its form hang."""
    named = request.view_args or {}
    if request.method != "GET" or "code" not in named:
        return None
    with current_app.extensions["database"].reading() as session:
        known = meant(session, named["code"])
    if known in (None, named["code"]):
        return None
    # What is asked behind the address is handed on as it is: a name in it is no field of ours.
    asked = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    return redirect(address_of(str(request.endpoint), **named | {"code": known}) + asked)


@bp.errorhandler(NotFound)
def unknown(refusal: NotFound) -> ReadyPage:
    """A code in an address that is not one: it can be typed from the paper."""
    return error_page(404, say(refusal), (address_of(".ask", lang=current_locale()), _("Nhập mã")))


@bp.get("")
@public
def ask() -> str:
    """Where a code is typed in."""
    return render_template("coded/ask.html", languages=LANGUAGES, length=CODE_LENGTH, code="")


@bp.post("")
@public
def look() -> ReadyPage:
    """Lead to the form of a code."""
    code = request.form.get("code", "")[:64]
    with current_app.extensions["database"].reading() as session:
        known = meant(session, code)
        if known:
            find_code(session, known, clock.now())  # which says so when it was used
    if known:
        return redirect(address_of(".start", code=known, lang=current_locale()), 303)
    error = _("Không có mã này. Xin xem lại mã in trên giấy biên nhận.")
    page = render_template(
        "coded/ask.html", languages=LANGUAGES, length=CODE_LENGTH, code=code, error=error
    )
    return page, 404


@bp.get("/<code>/thanks")
@public
def thanks(code: str) -> ReadyPage:
    """Thanks for an answer that now waits among others; the browser keeps nothing of it."""
    with current_app.extensions["database"].reading() as session:
        if not was_used(session, code):
            return redirect(address_of(".start", code=code), 303)
        unit_name = unit_of_code(session, code)
    where = {"code": code}
    sent = kept_sent(where)
    complaint = note_on_complaints() if sent and sent.complaint else None
    page = render_template(
        "coded/thanks.html", unit_name=unit_name, complaint=complaint, languages=LANGUAGES
    )
    answer = make_response(page)
    forget(answer, where)
    return answer
