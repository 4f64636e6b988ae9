"""Filling a form page by page: what the doors of citizens and of officials have in common."""

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, redirect, request
from sqlalchemy.orm import Session

from survey_app.days import HANOI
from survey_app.errors import Stale
from survey_app.forms.build import form_class, given_answers, initial, questions, revision_of
from survey_app.forms.pages import Page, numbers_of
from survey_app.forms.summary import summary_of
from survey_app.i18n import _, current_locale, say, translate
from survey_app.models.responses import HELPERS, Draft
from survey_app.security import ReadyPage, error_page, public
from survey_app.services.door.consent import NOTICE, Point, Sentence, is_sensitive, notice_of
from survey_app.services.door.drafts import (
    LIFETIME,
    answers_of,
    check_revision,
    drop_draft,
    save_answers,
    save_context,
    start_draft,
)
from survey_app.services.door.paradata import REVIEW
from survey_app.services.door.screening import found
from survey_app.services.door.submissions import REJECTED
from survey_app.services.plan.waves import fields_of_work
from survey_app.web.aside import FROM_REVIEW, Aside, Choices, dossier_of, in_order
from survey_app.web.audio import offer_prompts
from survey_app.web.keepsakes import (
    Where,
    address,
    keep_draft,
    keep_receipt,
    kept_draft,
    kept_receipt,
    kept_sent,
    posted_id,
    signed_id,
)
from survey_app.web.visits import Doorway, Keeper, Visit, lost, reading, thank, writing

__all__ = ["Filling", "Keeper", "Visit", "Where", "kept_receipt"]
GIVING_UP: Final = "leave"


class Filling(Doorway):
    """The pages of one door's forms, as views of its blueprint.

    The cookies of a form are sent to its own address only, so two forms on one phone do not meet.
    """

    def __init__(self, blueprint: Blueprint, rule: str, keeper: Keeper) -> None:
        """Add the pages below `rule`, the address of a form within its door."""
        super().__init__(keeper)
        add = blueprint.add_url_rule
        add(rule, "start", self.start)
        add(rule, "begin", self.begin, methods=["POST"])
        add(f"{rule}/<int:number>", "page", self.page)
        add(f"{rule}/<int:number>", "save", self.save, methods=["POST"])
        add(f"{rule}/review", "review", self.review)
        add(f"{rule}/review", "send", self.send, methods=["POST"])
        Aside(blueprint, rule, keeper)

    @public
    def start(self, **where: str) -> ReadyPage:
        """What this is, for whom, in which languages, and what happens with the data.

        Nothing is stored yet. A form begun or sent from this device before is told of.
        """
        with reading() as session:
            visit = self.visit(session, where)
            notice = notice_of(session, visit.door, visit.version)
        draft = visit.draft
        kept = (draft.saved_at + LIFETIME).astimezone(HANOI) if draft else None
        page = self.show(
            visit,
            "start.html",
            begun=draft is not None and draft.revision > 0,
            kept_hour=f"{kept:%H:%M}" if kept else "",
            kept_day=f"{kept:%d/%m/%Y}" if kept else "",
            is_sent=visit.sent is not None and draft is None,
            is_gone=draft is None and visit.sent is None and kept_draft() is not None,
            form_id=signed_id(draft.response_id) if draft else "",
            notice_code=NOTICE,
            notice=[_told(point) for point in notice],
        )
        if draft is None and visit.sent is not None and kept_sent(where) is None:
            keep_receipt(page, where, visit.sent)
        return page

    @public
    def begin(self, **where: str) -> ReadyPage:
        """Begin a form, or go on with the one just begun; or drop it, to begin anew."""
        with writing() as session:
            visit = self.visit(session, where)
            begun = kept_draft()
            key = begun.key if begun else ""
            if "anew" in request.form:
                if visit.draft is not None and visit.draft.response_id == posted_id():
                    drop_draft(session, visit.draft)
                return redirect(_start(where), 303)
            if visit.draft is None or "continue" not in request.form:
                if request.form.get("consent") != NOTICE:
                    message = _("Trang này đã cũ. Xin đọc lại trang đầu rồi bấm đồng ý.")
                    return error_page(400, message, (_start(where), _("Về trang đầu")))
                if visit.draft is None:
                    key = start_draft(session, visit.door, current_locale(), visit.now)
                    visit = self.visit(session, where, key)
                if visit.draft is not None:
                    save_context(visit.draft, {"consent": NOTICE}, visit.now)
            if visit.draft is None:
                return redirect(_start(where), 303)
            identity = visit.draft.response_id
        answer = redirect(visit.newest, 303)
        keep_draft(answer, where, key, identity)
        return answer

    @public
    def page(self, number: int, **where: str) -> ReadyPage:
        """One page of questions."""
        with reading() as session:
            visit = self.visit(session, where)
        if visit.draft is None:
            return lost(visit)
        route = visit.route
        shown, unfinished = route.page(number), route.unfinished
        skipped = unfinished is not None and unfinished.number < number
        if shown is None or skipped or visit.wants_agency:
            return redirect(visit.newest, 303)
        items, numbers = route.items_on(shown), numbers_of(visit.version)
        data = initial(items, answers_of(visit.draft)) | {"revision": str(visit.draft.revision)}
        form = form_class(items, numbers, visit.say)(formdata=None, data=data)
        return self._questions_page(visit, shown, form)

    @public
    def save(self, number: int, **where: str) -> ReadyPage:
        """Save one page and go on, back, away, or stay with what is to be mended."""
        with writing() as session:
            visit = self.visit(session, where)
            if visit.draft is None:
                return lost(visit)
            shown = visit.route.page(number)
            if shown is None or visit.wants_agency:
                return redirect(visit.newest, 303)
            items, numbers = visit.route.items_on(shown), numbers_of(visit.version)
            form = form_class(items, numbers, visit.say)()
            go = request.form.get("go")
            leaving, sound = go in ("back", GIVING_UP), form.validate()
            try:
                _check_form(visit.draft)
                if sound or leaving:
                    given = given_answers(form, items)
                    name = visit.measured(f"page-{number}")
                    save_answers(visit.draft, given, revision_of(form), visit.now, name)
                else:
                    check_revision(visit.draft, revision_of(form))
            except Stale as stale:
                return error_page(409, say(stale), (visit.newest, _("Mở trang mới nhất")))
        if not sound and not leaving:
            return self._questions_page(visit, shown, form)
        return redirect(_next(visit, shown, go), 303)

    @public
    def review(self, **where: str) -> ReadyPage:
        """All answers by section before they are sent."""
        with reading() as session:
            visit = self.visit(session, where)
            fields = in_order(fields_of_work(session))
        if visit.draft is None:
            return lost(visit)
        if visit.route.unfinished is not None or visit.wants_agency:
            return redirect(visit.newest, 303)
        return self._review_page(visit, fields)

    @public
    def send(self, **where: str) -> ReadyPage:
        """Send the form; however often it is sent, it is one response with one receipt."""
        identity = posted_id()
        with writing() as session:
            sent = self.sent(session, where, identity)
            if sent is None:
                visit = self.visit(session, where)
                words = visit.route.checked.answers.values() if _asks(visit) else ()
                if visit.draft is not None:
                    refused = self._send(session, visit, visit.draft, identity)
                    if refused is not None:
                        return refused
                # Without a draft, another sending may have ended while this one waited.
                sent = self.sent(session, where, identity, words)
                if sent is None:
                    return lost(visit)
        return thank(where, sent)

    def _questions_page(self, visit: Visit, shown: Page, form: Any) -> ReadyPage:
        items = visit.route.items_on(shown)
        asked = questions(form, items, numbers_of(visit.version), visit.say)
        offer_prompts(visit.version)
        return self.show(
            visit,
            "page.html",
            422 if form.errors else 200,
            form=form,
            form_id=signed_id(visit.draft.response_id) if visit.draft else "",
            shown=shown,
            questions=asked,
            wrong=[(q.first_id, q.field.errors[0]) for q in asked if q.field and q.field.errors],
            sensitive={item.code for item in items if is_sensitive(item)},
            pages=len(visit.route.pages),
            is_first_of_section=shown.items[0] is shown.section.item[0],
            editing=request.args.get("from") == FROM_REVIEW,
        )

    def _review_page(self, visit: Visit, fields: Choices, error: str = "") -> ReadyPage:
        route, draft = visit.route, visit.draft
        texts = (item for item in visit.version.items if item.kind == "text")
        return self.show(
            visit,
            "review.html",
            422 if error else 200,
            sections=summary_of(route, visit.say),
            dossier=dossier_of(visit, fields),
            hides=any(found(str(route.checked.answers.get(item.code, ""))) for item in texts),
            asks_helper=_asks(visit),
            error=error,
            draft=draft,
            form_id=signed_id(draft.response_id) if draft else "",
            last=route.shown[-1].number,
        )

    def _send(
        self, session: Session, visit: Visit, draft: Draft, identity: UUID | None
    ) -> ReadyPage | None:
        """Send the form; returns the page that says what is in the way, None for nothing."""
        if visit.route.unfinished is not None or visit.wants_agency:
            return redirect(visit.newest, 303)
        revision = request.form.get("revision", "")
        if identity != draft.response_id or revision != str(draft.revision):
            stale = Stale(
                "Phiếu đã được sửa ở một cửa sổ khác. Xin xem lại các câu trả lời rồi gửi."
            )
            return error_page(409, say(stale), (visit.newest, _("Mở trang mới nhất")))
        if _asks(visit):
            helper = request.form.get("helped")
            if helper not in HELPERS:
                message = _("Vui lòng cho biết có ai giúp Ông/Bà trả lời không.")
                return self._review_page(visit, in_order(fields_of_work(session)), message)
            save_context(draft, {"helped": helper}, visit.now, visit.measured(REVIEW))
        receipt = self.keeper.submit(session, visit, draft)
        if receipt.status == REJECTED:
            return error_page(400, say(receipt.problems[0].refusal))
        return None


def _asks(visit: Visit) -> bool:
    """Whether a citizen answers, who says whether somebody helped."""
    return visit.door.for_citizens


def _told(point: Point) -> tuple[str, str]:
    """A point of the notice in the language of the page."""
    return _words(point.question), " ".join(_words(sentence) for sentence in point.answer)


def _words(sentence: Sentence) -> str:
    return translate(sentence.template, current_locale(), **sentence.fields)


def _check_form(draft: Draft) -> None:
    """Raise `Stale` when a page belongs to another form than the one this browser fills now."""
    if draft.response_id != posted_id():
        raise Stale("Trang này thuộc về một phiếu khác, đã gửi hoặc đã xóa, nên không lưu được.")


def _start(where: Where) -> str:
    return address(".start", where, lang=current_locale())


def _next(visit: Visit, shown: Page, go: str | None) -> str:
    if go == GIVING_UP:
        return address(".leave", visit.where)
    if request.args.get("from") == FROM_REVIEW:
        return visit.newest
    return visit.before(shown) if go == "back" else visit.at(visit.route.after(shown))
