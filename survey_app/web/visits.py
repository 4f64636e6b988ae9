"""A person at a door: what it collects, the form begun there, and where they go on."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from flask import current_app, make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.translation import Translation
from survey_app import clock
from survey_app.db import Database
from survey_app.forms.build import Say, saying
from survey_app.forms.pages import Page, Route, route_of
from survey_app.i18n import VIETNAMESE, _, asked_locale, current_locale, use_locale
from survey_app.models.responses import Draft
from survey_app.security import ReadyPage, error_page
from survey_app.services.door.drafts import (
    answers_of,
    context_of,
    find_draft,
    language_of,
    values_sent,
)
from survey_app.services.door.submissions import Receipt
from survey_app.services.plan.waves import Door
from survey_app.web.complaints import complains
from survey_app.web.keepsakes import (
    Begun,
    Sent,
    Where,
    address,
    home,
    keep_receipt,
    kept_draft,
    kept_sent,
)
from survey_app.web.spoken import rated_label

RECOVERED: Final = 25 * 3600  # seconds after its beginning in which a lost receipt is shown again


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
    sent: Sent | None = None

    @property
    def say(self) -> Say:
        """Texts of the questionnaire in the language of the page, in Vietnamese where missing."""
        return saying(self.translations.get(current_locale()))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages this questionnaire speaks."""
        return (VIETNAMESE, *(name for name in ("km", "en") if name in self.translations))

    @property
    def is_checked(self) -> bool:
        """Say whether a native reader has checked every text in the language of the page."""
        translation = self.translations.get(current_locale())
        return translation is None or all(entry.reviewed for entry in translation.entry)

    @property
    def context(self) -> dict[str, str]:
        """What the form carries beside its answers."""
        return context_of(self.draft) if self.draft else {}

    def measured(self, page: str) -> str | None:
        """What a page is called in the paradata; who came by a one-time code leaves none."""
        return page if self.door.for_citizens and not self.door.by_code else None

    @property
    def route(self) -> Route:
        """The way that the answers so far lead to."""
        return route_of(self.version, answers_of(self.draft) if self.draft else {})

    @property
    def agencies(self) -> tuple[tuple[str, str], ...]:
        """At a one-stop centre: the agencies to choose from, the centre itself last; else none."""
        door = self.door
        return (*door.agencies, (door.unit, door.unit_name)) if door.agencies else ()

    @property
    def rated(self) -> tuple[str, str] | None:
        """The procedure or field that the link names, after what it is called; else None."""
        door = self.door
        return (rated_label(door.is_procedure), door.field_name) if door.field_name else None

    @property
    def wants_agency(self) -> bool:
        """Say whether it is still to be said which agency resolved the dossier."""
        return bool(self.agencies) and self.context.get("unit") not in dict(self.agencies)

    @property
    def newest(self) -> str:
        """Where the person goes on: the agency, the first unfinished page, else the review."""
        return (
            address(".about", self.where) if self.wants_agency else self.at(self.route.unfinished)
        )

    def at(self, shown: Page | None) -> str:
        """The address of a page of questions; that of the review after the last one."""
        if shown is None:
            return address(".review", self.where)
        return address(".page", self.where, number=shown.number)

    def before(self, shown: Page) -> str:
        """Where «back» leads from a page of questions."""
        earlier = self.route.before(shown)
        if earlier is not None:
            return self.at(earlier)
        return address(".about", self.where) if self.agencies else home(self.where)


class Doorway:
    """A door with its keeper: who comes, and in which frame its pages are shown."""

    def __init__(self, keeper: Keeper) -> None:
        """Stand at the door that `keeper` knows."""
        self.keeper = keeper

    def visit(self, session: Session, where: Where, key: str | None = None) -> Visit:
        """Who comes to an address with which form; the page speaks their language."""
        now = clock.now()
        begun = kept_draft()
        try:
            door = self.keeper.door(session, where, now)
        except Refusal:
            _speak_as_begun(session, begun)
            raise
        draft = find_draft(session, key or (begun.key if begun else None), door, now)
        asking = draft or door
        name = f"{asking.questionnaire}/{asking.version}"
        catalogue = current_app.extensions["catalogue"]
        loaded = catalogue.translations(name)
        translations = {found.definition.locale: found.definition for found in loaded}
        version = catalogue.questionnaire(name).definition
        sent = kept_sent(where)
        if draft is None and sent is None and begun is not None and begun.age < RECOVERED:
            sent = self.sent(session, where, begun.identity)
        visit = Visit(where, door, draft, version, translations, now, sent)
        _choose_language(visit)
        return visit

    def sent(
        self, session: Session, where: Where, identity: UUID | None, words: Iterable[object] = ()
    ) -> Sent | None:
        """What is to be told of a form that has arrived; None for one that has not.

        `words` are its answers while they are at hand: one behind a code is not found again.
        """
        receipt = self.keeper.sent(session, where, identity)
        if receipt is None:
            return None
        found = values_sent(session, identity) if identity else ()
        return Sent(receipt, complains((*words, *found)))

    def show(self, visit: Visit, template: str, status: int = 200, **fields: Any) -> Response:
        """A page of the door, its own where it has one."""
        page = make_response(
            render_template(
                [f"{self.keeper.folder}/{template}", f"filling/{template}"],
                where=visit.where,
                door=visit.door,
                unit_name=visit.door.unit_name,
                rated=visit.rated,
                version=visit.version,
                say=visit.say,
                languages=visit.languages,
                is_checked=visit.is_checked,
                **fields,
            )
        )
        page.status_code = status
        return page


def writing() -> AbstractContextManager[Session]:
    """A transaction that writes."""
    found: Database = current_app.extensions["database"]
    return found.writing()


def reading() -> AbstractContextManager[Session]:
    """Showing a page only reads, unless the person changes the language, which is remembered."""
    found: Database = current_app.extensions["database"]
    return found.writing() if "lang" in request.args else found.reading()


def lost(visit: Visit) -> ReadyPage:
    """The form is not here any more: it was sent, or it was left for a day, or never begun."""
    if visit.sent is not None:
        return thank(visit.where, visit.sent)
    beginning = home(visit.where)
    if request.method == "GET" and kept_draft() is None:
        return redirect(beginning, 303)
    message = _("Phiếu làm dở này không còn: phiếu đã được gửi hoặc đã để quá 24 giờ.")
    return error_page(410, message, (beginning, _("Bắt đầu phiếu mới")))


def thank(where: Where, sent: Sent) -> ReadyPage:
    """Lead to the thanks, in the language of the page; the receipt travels in a cookie."""
    answer = redirect(address(".thanks", where, lang=current_locale()), 303)
    kept = kept_sent(where)
    # Of a form sent twice, the first answer knows more: that behind a code is not found again.
    if kept is None or kept.receipt != sent.receipt:
        keep_receipt(answer, where, sent)
    return answer


def _speak_as_begun(session: Session, begun: Begun | None) -> None:
    """Who is turned away with a form in hand is told so in the language of that form."""
    locale = language_of(session, begun.key) if begun else None
    if locale is not None and "lang" not in request.args:
        use_locale(locale)


def _choose_language(visit: Visit) -> None:
    """The language asked for in the address, else that of the form begun, else the browser's."""
    wished = asked_locale()
    if visit.draft is not None and "lang" not in request.args:
        wished = visit.draft.locale
    locale = wished if wished in visit.languages else VIETNAMESE
    use_locale(locale)
    if visit.draft is not None and visit.draft.locale != locale:
        visit.draft.locale = locale
