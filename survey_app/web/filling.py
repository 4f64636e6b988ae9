"""Filling a form page by page: what the doors of citizens and of officials have in common."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
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
from survey_app.errors import Stale
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
from survey_app.i18n import VIETNAMESE, _, asked_locale, current_locale, say, use_locale
from survey_app.models.responses import Draft
from survey_app.security import ReadyPage, error_page, public
from survey_app.services.drafts import (
    LIFETIME,
    answers_of,
    check_revision,
    drop_draft,
    find_draft,
    save_answers,
    start_draft,
)
from survey_app.services.responses import REJECTED, Receipt
from survey_app.services.waves import Door

COOKIE: Final = "draft"
RECEIPT_COOKIE: Final = "receipt"  # not in the address: access logs must not know the receipt
RECEIPT_SECONDS: Final = 3600
FROM_REVIEW: Final = "review"
Where = dict[str, str]


class Keeper(Protocol):
    """What differs from door to door; `where` are the parts of the address that name the form."""

    folder: str

    def door(self, session: Session, where: Where, now: datetime) -> Door:
        """What is collected behind an address; raises `NotFound` or `Gone`."""
        ...

    def sent(self, session: Session, where: Where, identity: UUID | None) -> str | None:
        """The receipt of a form that was sent, empty where none is given; None before."""
        ...

    def submit(self, session: Session, visit: "Visit", draft: Draft) -> Receipt:
        """Send a form and forget its draft, in this transaction."""
        ...


@dataclass(frozen=True)
class Visit:
    """A person at a door: what it collects, the form begun there, and the words to speak."""

    where: Where
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


class Filling:
    """The pages of one door's forms, as views of its blueprint.

    The cookies of a form are sent to its own address only, so two forms on one phone do not meet.
    """

    def __init__(self, blueprint: Blueprint, rule: str, keeper: Keeper) -> None:
        """Add the pages below `rule`, the address of a form within its door."""
        self.keeper = keeper
        add = blueprint.add_url_rule
        add(rule, "start", self.start)
        add(rule, "begin", self.begin, methods=["POST"])
        add(f"{rule}/<int:number>", "page", self.page)
        add(f"{rule}/<int:number>", "save", self.save, methods=["POST"])
        add(f"{rule}/review", "review", self.review)
        add(f"{rule}/review", "send", self.send, methods=["POST"])

    @public
    def start(self, **where: str) -> ReadyPage:
        """What this is, for whom, in which languages; nothing is stored yet."""
        with _session() as session:
            visit = self._visit(session, where)
            begun = visit.draft is not None and visit.draft.revision > 0
        return self._page(visit, "start.html", begun=begun)

    @public
    def begin(self, **where: str) -> ReadyPage:
        """Begin a form, or go on with the one just begun."""
        with _database().writing() as session:
            visit = self._visit(session, where)
            key = request.cookies.get(COOKIE)
            if visit.draft is not None and visit.draft.revision > 0 and "anew" in request.form:
                drop_draft(session, visit.draft)
                visit = self._visit(session, where)
            if visit.draft is None:
                key = start_draft(session, visit.door, current_locale(), visit.now)
                visit = self._visit(session, where, key)
        answer = redirect(_newest(visit), 303)
        set_cookie(answer, where, COOKIE, str(key), int(LIFETIME.total_seconds()))
        answer.delete_cookie(RECEIPT_COOKIE, path=_home(where))
        return answer

    @public
    def page(self, number: int, **where: str) -> ReadyPage:
        """One page of questions."""
        with _session() as session:
            visit = self._visit(session, where)
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
        return self._questions_page(visit, route, shown, form)

    @public
    def save(self, number: int, **where: str) -> ReadyPage:
        """Save one page and go on, back, or stay with what is to be mended."""
        with _database().writing() as session:
            visit = self._visit(session, where)
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
            return self._questions_page(visit, route, shown, form)
        return redirect(_next(visit, shown, going_back), 303)

    @public
    def review(self, **where: str) -> ReadyPage:
        """All answers by section before they are sent."""
        with _session() as session:
            visit = self._visit(session, where)
        if visit.draft is None:
            return _lost(visit)
        route = _route(visit)
        if route.unfinished is not None:
            return redirect(_newest(visit), 303)
        return self._page(
            visit,
            "review.html",
            sections=summary_of(route, visit.say),
            draft=visit.draft,
            form_id=signer().dumps(str(visit.draft.response_id)),
            last=route.shown[-1].number,
        )

    @public
    def send(self, **where: str) -> ReadyPage:
        """Send the form; however often it is sent, it is one response with one receipt."""
        identity = _form_id()
        with _database().writing() as session:
            receipt = self.keeper.sent(session, where, identity)
            if receipt is None:
                visit = self._visit(session, where)
                if visit.draft is None:
                    # Another sending of this form may have ended while this one waited.
                    receipt = self.keeper.sent(session, where, identity)
                else:
                    outcome = self._send(session, visit, identity)
                    if not isinstance(outcome, str):
                        return outcome
                    receipt = outcome
            if receipt is None:
                return _lost(visit)
        answer = redirect(_thanks(where), 303)
        kept = signer().dumps([_home(where), receipt])
        set_cookie(answer, where, RECEIPT_COOKIE, kept, RECEIPT_SECONDS)
        return answer

    def _visit(self, session: Session, where: Where, key: str | None = None) -> Visit:
        now = clock.now()
        door = self.keeper.door(session, where, now)
        draft = find_draft(session, key or request.cookies.get(COOKIE), door, now)
        asking = draft or door
        name = f"{asking.questionnaire}/{asking.version}"
        catalogue = current_app.extensions["catalogue"]
        loaded = catalogue.translations(name)
        translations = {found.definition.locale: found.definition for found in loaded}
        version = catalogue.questionnaire(name).definition
        visit = Visit(where, door, draft, version, translations, now)
        _choose_language(visit)
        return visit

    def _questions_page(self, visit: Visit, route: Route, shown: Page, form: Any) -> ReadyPage:
        items, numbers = route.items_on(shown), numbers_of(visit.version)
        answer = self._page(
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

    def _page(self, visit: Visit, template: str, **fields: Any) -> Response:
        return make_response(
            render_template(
                [f"{self.keeper.folder}/{template}", f"filling/{template}"],
                where=visit.where,
                door=visit.door,
                unit_name=visit.door.unit_name,
                version=visit.version,
                say=visit.say,
                languages=visit.languages,
                is_checked=visit.is_checked,
                **fields,
            )
        )

    def _send(self, session: Session, visit: Visit, identity: UUID | None) -> str | ReadyPage:
        """The receipt of a form that has arrived, or the page that says what is in the way."""
        draft = visit.draft
        if draft is None or _route(visit).unfinished is not None:
            return redirect(_newest(visit), 303)
        revision = request.form.get("revision", "")
        if identity != draft.response_id or revision != str(draft.revision):
            stale = Stale(
                "Phiếu đã được sửa ở một cửa sổ khác. Xin xem lại các câu trả lời rồi gửi."
            )
            return error_page(409, say(stale), (_newest(visit), _("Mở trang mới nhất")))
        receipt = self.keeper.submit(session, visit, draft)
        if receipt.status == REJECTED:
            return error_page(400, say(receipt.problems[0].refusal))
        return receipt.receipt or ""


def kept_receipt(where: Where) -> str | None:
    """The receipt this browser keeps of the form it sent last here; None after an hour."""
    try:
        kept = signer().loads(request.cookies.get(RECEIPT_COOKIE, ""), max_age=RECEIPT_SECONDS)
    except BadSignature:
        return None
    return str(kept[1]) if isinstance(kept, list) and kept[0] == _home(where) else None


def set_cookie(answer: Response, where: Where, name: str, value: str, seconds: int) -> None:
    """Set a cookie that is sent to the pages of this form only."""
    secure = current_app.extensions["config"].secure_cookies
    path = _home(where)
    answer.set_cookie(name, value, seconds, path=path, secure=secure, httponly=True, samesite="Lax")


def signer() -> URLSafeTimedSerializer:
    """Signs what a browser keeps for this service."""
    secret = current_app.extensions["config"].secret_key
    return URLSafeTimedSerializer(secret, salt="filling")


def _address(name: str, where: Where, **more: Any) -> str:
    parts: dict[str, Any] = {**where, **more}
    return address_of(name, **parts)


def _home(where: Where) -> str:
    return _address(".start", where)


def _thanks(where: Where) -> str:
    return _address(".thanks", where, lang=current_locale())


def _database() -> Database:
    found: Database = current_app.extensions["database"]
    return found


def _session() -> AbstractContextManager[Session]:
    """Showing a page only reads, unless the person changes the language, which is remembered."""
    return _database().writing() if "lang" in request.args else _database().reading()


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
        return _at(visit, before) if before else _home(visit.where)
    return _at(visit, route.after(shown))


def _at(visit: Visit, shown: Page | None) -> str:
    if shown is None:
        return _address(".review", visit.where)
    return _address(".page", visit.where, number=shown.number)


def _lost(visit: Visit) -> ReadyPage:
    """The form is not here any more: it was sent, or it was left for a day, or never begun."""
    if kept_receipt(visit.where) is not None:
        return redirect(_thanks(visit.where), 303)
    beginning = _home(visit.where)
    if request.method == "GET" and COOKIE not in request.cookies:
        return redirect(beginning, 303)
    message = _("Phiếu làm dở này không còn: phiếu đã được gửi hoặc đã để quá 24 giờ.")
    return error_page(410, message, (beginning, _("Bắt đầu phiếu mới")))


def _form_id() -> UUID | None:
    try:
        return UUID(signer().loads(request.form.get("form", "")))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None
