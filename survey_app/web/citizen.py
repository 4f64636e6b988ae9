"""The door for citizens: the form behind a signed address, one section a page."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, current_app, make_response, redirect, render_template, request
from flask import url_for as address_of
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from questionnaires.model import QuestionnaireVersion
from questionnaires.translation import Translation
from survey_app import clock
from survey_app.db import Database
from survey_app.errors import Gone, Stale
from survey_app.forms.build import (
    Say,
    form_class,
    given_answers,
    initial,
    questions,
    revision_of,
)
from survey_app.forms.pages import Page, Route, numbers_of, route_of
from survey_app.forms.summary import summary_of
from survey_app.i18n import LANGUAGES, VIETNAMESE, _, asked_locale, current_locale, say, use_locale
from survey_app.models.responses import Draft
from survey_app.security import ReadyPage, error_page, public
from survey_app.services.drafts import (
    LIFETIME,
    answers_of,
    check_revision,
    drop_draft,
    find_draft,
    receipt_of,
    save_answers,
    start_draft,
    submit_draft,
    unit_name_of,
)
from survey_app.services.links import read_token
from survey_app.services.waves import Door, door_of

bp = Blueprint("citizen", __name__, url_prefix="/s")

COOKIE: Final = "draft"
RECEIPT_COOKIE: Final = "receipt"  # not in the address: access logs must not know the receipt
PATH: Final = "/s"
RECEIPT_SECONDS: Final = 3600
FROM_REVIEW: Final = "review"


@dataclass(frozen=True)
class Visit:
    """A person at a door: what it collects, the form begun there, and the words to speak."""

    token: str
    door: Door
    draft: Draft | None
    version: QuestionnaireVersion
    translations: Mapping[str, Translation]
    now: datetime

    @property
    def say(self) -> Say:
        """Texts of the questionnaire in the language of the page, in Vietnamese where missing."""
        translation = self.translations.get(current_locale())
        if translation is None:
            return str
        texts = translation.texts
        return lambda text: texts[text].text if text in texts else text

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages this questionnaire speaks."""
        return (VIETNAMESE, *(name for name in ("km", "en") if name in self.translations))

    @property
    def is_checked(self) -> bool:
        """Say whether a native reader has checked every text in the language of the page."""
        translation = self.translations.get(current_locale())
        return translation is None or all(entry.reviewed for entry in translation.entry)


@bp.get("/<token>")
@public
def start(token: str) -> ReadyPage:
    """What this is, for whom, in which languages; nothing is stored yet."""
    with _session() as session:
        visit = _visit(session, token)
        begun = visit.draft is not None and visit.draft.revision > 0
    return _page(visit, "start.html", begun=begun)


@bp.post("/<token>")
@public
def begin(token: str) -> ReadyPage:
    """Begin a form, or go on with the one just begun."""
    with _database().writing() as session:
        visit = _visit(session, token)
        key = request.cookies.get(COOKIE)
        if visit.draft is not None and visit.draft.revision > 0 and "anew" in request.form:
            drop_draft(session, visit.draft)
            visit = _visit(session, token)
        if visit.draft is None:
            key = start_draft(session, visit.door, current_locale(), visit.now)
            visit = _visit(session, token, key)
    answer = redirect(_newest(visit), 303)
    _set_cookie(answer, COOKIE, str(key), int(LIFETIME.total_seconds()))
    answer.delete_cookie(RECEIPT_COOKIE, path=PATH)
    return answer


@bp.get("/<token>/<int:number>")
@public
def page(token: str, number: int) -> ReadyPage:
    """One page of questions."""
    with _session() as session:
        visit = _visit(session, token)
    if visit.draft is None:
        return _lost(visit)
    route = _route(visit)
    shown = route.page(number)
    unfinished = route.unfinished
    if shown is None or (unfinished is not None and unfinished.number < number):
        return redirect(_newest(visit), 303)
    items, numbers = route.items_on(shown), numbers_of(visit.version)
    data = initial(items, answers_of(visit.draft)) | {"revision": str(visit.draft.revision)}
    form = form_class(items, numbers, visit.say)(formdata=None, data=data)
    return _questions_page(visit, route, shown, form)


@bp.post("/<token>/<int:number>")
@public
def save(token: str, number: int) -> ReadyPage:
    """Save one page and go on, back, or stay with what is to be mended."""
    with _database().writing() as session:
        visit = _visit(session, token)
        if visit.draft is None:
            return _lost(visit)
        route = _route(visit)
        shown = route.page(number)
        if shown is None:
            return redirect(_newest(visit), 303)
        items, numbers = route.items_on(shown), numbers_of(visit.version)
        form = form_class(items, numbers, visit.say)()
        going_back = request.form.get("go") == "back"
        sound = form.validate()
        try:
            if sound or going_back:
                given = given_answers(form, items)
                save_answers(visit.draft, given, revision_of(form), visit.now)
            else:
                check_revision(visit.draft, revision_of(form))
        except Stale as stale:
            return error_page(409, say(stale), (_newest(visit), _("Mở trang mới nhất")))
    if not sound and not going_back:
        return _questions_page(visit, route, shown, form)
    return redirect(_next(visit, shown, going_back), 303)


@bp.get("/<token>/review")
@public
def review(token: str) -> ReadyPage:
    """All answers by section before they are sent."""
    with _session() as session:
        visit = _visit(session, token)
    if visit.draft is None:
        return _lost(visit)
    route = _route(visit)
    if route.unfinished is not None:
        return redirect(_newest(visit), 303)
    return _page(
        visit,
        "review.html",
        sections=summary_of(route, visit.say),
        draft=visit.draft,
        form_id=_signer().dumps(str(visit.draft.response_id)),
        last=route.shown[-1].number,
    )


@bp.post("/<token>/review")
@public
def send(token: str) -> ReadyPage:
    """Send the form; however often it is sent, it is one response with one receipt."""
    identity = _form_id()
    with _database().writing() as session:
        receipt = receipt_of(session, identity) if identity else None
        if receipt is None:
            visit = _visit(session, token)
            if visit.draft is None:
                # Another sending of this form may have ended while this one waited for the draft.
                receipt = receipt_of(session, identity) if identity else None
            else:
                outcome = _send(session, visit, identity)
                if not isinstance(outcome, str):
                    return outcome
                receipt = outcome
        if receipt is None:
            return _lost(visit)
    answer = redirect(address_of(".thanks", token=token, lang=current_locale()), 303)
    _set_cookie(answer, RECEIPT_COOKIE, _signer().dumps([token, receipt]), RECEIPT_SECONDS)
    return answer


@bp.get("/<token>/thanks")
@public
def thanks(token: str) -> ReadyPage:
    """Thanks, and the receipt for as long as it is shown."""
    with _database().reading() as session:
        link = read_token(session, token, current_app.extensions["config"].secret_key)
        unit_name = unit_name_of(session, link.point_id)
    receipt = _kept_receipt(token)
    if receipt is None:
        raise Gone("Mã nhận phiếu chỉ hiện trong một giờ sau khi gửi phiếu.")
    return make_response(
        render_template(
            "citizen/thanks.html", unit_name=unit_name, receipt=receipt, languages=LANGUAGES
        )
    )


def _database() -> Database:
    found: Database = current_app.extensions["database"]
    return found


def _session() -> AbstractContextManager[Session]:
    """Showing a page only reads, unless the person changes the language, which is remembered."""
    return _database().writing() if "lang" in request.args else _database().reading()


def _visit(session: Session, token: str, key: str | None = None) -> Visit:
    now = clock.now()
    link = read_token(session, token, current_app.extensions["config"].secret_key)
    door = door_of(session, link, now)
    draft = find_draft(session, key or request.cookies.get(COOKIE), door, now)
    asking = draft or door
    name = f"{asking.questionnaire}/{asking.version}"
    catalogue = current_app.extensions["catalogue"]
    loaded = catalogue.translations(name)
    translations = {found.definition.locale: found.definition for found in loaded}
    version = catalogue.questionnaire(name).definition
    visit = Visit(token, door, draft, version, translations, now)
    _choose_language(visit)
    return visit


def _choose_language(visit: Visit) -> None:
    """The language asked for in the address, else that of the form begun, else the browser's."""
    wished = asked_locale()
    if visit.draft is not None and "lang" not in request.args:
        wished = visit.draft.locale
    locale = wished if wished in visit.languages else VIETNAMESE
    use_locale(locale)
    if visit.draft is not None and visit.draft.locale != locale:
        visit.draft.locale = locale


def _route(visit: Visit) -> Route:
    return route_of(visit.version, answers_of(visit.draft) if visit.draft else {})


def _newest(visit: Visit) -> str:
    """The address where the person goes on: the first unfinished page, else the review."""
    return _at(visit, _route(visit).unfinished)


def _next(visit: Visit, shown: Page, going_back: bool) -> str:
    route = _route(visit)
    if request.args.get("from") == FROM_REVIEW:
        return _newest(visit)
    if going_back:
        before = route.before(shown)
        return _at(visit, before) if before else address_of(".start", token=visit.token)
    return _at(visit, route.after(shown))


def _at(visit: Visit, shown: Page | None) -> str:
    if shown is None:
        return address_of(".review", token=visit.token)
    return address_of(".page", token=visit.token, number=shown.number)


def _questions_page(visit: Visit, route: Route, shown: Page, form: Any) -> ReadyPage:
    items, numbers = route.items_on(shown), numbers_of(visit.version)
    answer = _page(
        visit,
        "page.html",
        form=form,
        shown=shown,
        questions=questions(form, items, numbers, visit.say),
        pages=len(route.pages),
        is_first_of_section=shown.items[0] is shown.section.item[0],
        editing=request.args.get("from") == FROM_REVIEW,
    )
    answer.status_code = 422 if form.errors else 200
    return answer


def _page(visit: Visit, template: str, **fields: Any) -> Response:
    return make_response(
        render_template(
            f"citizen/{template}",
            token=visit.token,
            door=visit.door,
            unit_name=visit.door.unit_name,
            version=visit.version,
            say=visit.say,
            languages=visit.languages,
            is_checked=visit.is_checked,
            **fields,
        )
    )


def _lost(visit: Visit) -> ReadyPage:
    """The form is not here any more: it was sent, or it was left for a day, or never begun."""
    if _kept_receipt(visit.token) is not None:
        return redirect(address_of(".thanks", token=visit.token, lang=current_locale()), 303)
    beginning = address_of(".start", token=visit.token)
    if request.method == "GET" and COOKIE not in request.cookies:
        return redirect(beginning, 303)
    message = _("Phiếu làm dở này không còn: phiếu đã được gửi hoặc đã để quá 24 giờ.")
    return error_page(410, message, (beginning, _("Bắt đầu phiếu mới")))


def _send(session: Session, visit: Visit, identity: UUID | None) -> str | ReadyPage:
    """The receipt of a form that has arrived, or the page that says what is in the way."""
    draft = visit.draft
    if draft is None or _route(visit).unfinished is not None:
        return redirect(_newest(visit), 303)
    revision = request.form.get("revision", "")
    if identity != draft.response_id or revision != str(draft.revision):
        stale = Stale("Phiếu đã được sửa ở một cửa sổ khác. Xin xem lại các câu trả lời rồi gửi.")
        return error_page(409, say(stale), (_newest(visit), _("Mở trang mới nhất")))
    catalogue = current_app.extensions["catalogue"]
    receipt = submit_draft(session, draft, visit.door, visit.now, catalogue)
    if receipt.receipt is None:
        return error_page(400, say(receipt.problems[0].refusal))
    return receipt.receipt


def _form_id() -> UUID | None:
    try:
        return UUID(_signer().loads(request.form.get("form", "")))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None


def _kept_receipt(token: str) -> str | None:
    try:
        kept = _signer().loads(request.cookies.get(RECEIPT_COOKIE, ""), max_age=RECEIPT_SECONDS)
    except BadSignature:
        return None
    return kept[1] if isinstance(kept, list) and kept[0] == token else None


def _signer() -> URLSafeTimedSerializer:
    secret = current_app.extensions["config"].secret_key
    return URLSafeTimedSerializer(secret, salt="citizen")


def _set_cookie(answer: Response, name: str, value: str, seconds: int) -> None:
    secure = current_app.extensions["config"].secure_cookies
    answer.set_cookie(name, value, seconds, path=PATH, secure=secure, httponly=True, samesite="Lax")
