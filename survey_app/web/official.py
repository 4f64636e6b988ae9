"""The door for invited officials: the units to rate, and a form for each, behind a code."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, current_app, make_response, redirect, render_template, request
from flask import url_for as address_of
from sqlalchemy.orm import Session

from survey_app import clock
from survey_app.errors import Gone
from survey_app.i18n import LANGUAGES, VIETNAMESE, _, current_locale, say, use_locale
from survey_app.models.responses import Draft
from survey_app.security import ReadyPage, error_page, public
from survey_app.services.codes.invitations import Invited, invited_by, invited_door, spend, was_sent
from survey_app.services.codes.pooling import FEWEST
from survey_app.services.door.submissions import Receipt
from survey_app.services.plan.waves import Door
from survey_app.web.filling import Filling, Visit, Where

bp = Blueprint("official", __name__, url_prefix="/i")
bp.context_processor(lambda: {"fewest": FEWEST})


class Letter:
    """A letter of invitation: one form for each unit, and no receipt by which it could be found."""

    folder = "official"

    def door(self, session: Session, where: Where, now: datetime) -> Door:
        """What the letter asks about a unit."""
        return invited_door(session, where["code"], where["unit"], now)

    def sent(self, session: Session, where: Where, identity: UUID | None) -> str | None:
        """Empty once the form about the unit was sent."""
        return "" if was_sent(session, where["code"], where["unit"], identity) else None

    def submit(self, session: Session, visit: Visit, draft: Draft) -> Receipt:
        """Spend the code for the unit and put the form where it waits for others."""
        where = visit.where["code"], visit.where["unit"]
        return spend(session, where, draft, current_app.extensions["catalogue"])


Filling(bp, "/<code>/<unit>", Letter())


@bp.errorhandler(Gone)
def closed(refusal: Gone) -> ReadyPage:
    """A form that was sent, or that nobody takes any more: the letter tells how its units stand."""
    code = (request.view_args or {})["code"]
    letter = address_of(".invitation", code=code, lang=current_locale())
    return error_page(410, say(refusal), (letter, _("Xem thư mời")))


@bp.get("/<code>")
@public
def invitation(code: str) -> ReadyPage:
    """What the letter is for and the units to rate; previews of messages open it too."""
    with current_app.extensions["database"].reading() as session:
        invited = invited_by(session, code, clock.now())
    if len(invited.targets) == 1 and invited.waiting and invited.is_open:
        return redirect(address_of(".start", code=code, unit=invited.targets[0].unit), 303)
    return _page("official/invitation.html", invited, code=code)


@bp.get("/<code>/<unit>/thanks")
@public
def thanks(code: str, unit: str) -> ReadyPage:
    """Thanks for a form that was sent, and what is left to rate."""
    with current_app.extensions["database"].reading() as session:
        invited = invited_by(session, code, clock.now())
        if not was_sent(session, code, unit, None):
            return redirect(address_of(".start", code=code, unit=unit), 303)
    name = next(target.unit_name for target in invited.targets if target.unit == unit)
    return _page("official/thanks.html", invited, code=code, unit_name=name)


def _page(template: str, invited: Invited, **fields: str) -> ReadyPage:
    """A page about the letter as a whole, in a language that all its forms speak."""
    catalogue = current_app.extensions["catalogue"]
    forms = {f"{target.questionnaire}/{target.version}" for target in invited.targets}
    speak = [{one.definition.locale for one in catalogue.translations(form)} for form in forms]
    languages = tuple(
        name for name in LANGUAGES if name == VIETNAMESE or all(name in one for one in speak)
    )
    use_locale(current_locale() if current_locale() in languages else VIETNAMESE)
    names = {"unit_name": invited.wave_title} | fields
    page = render_template(template, invited=invited, languages=languages, **names)
    return make_response(page)
