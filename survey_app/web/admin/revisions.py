"""The room of corrections: a response opened with its answers, and changed under review."""

from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import UUID

from flask import current_app, g, redirect, render_template, request
from flask import url_for as address_of

from questionnaires.model import Item, QuestionnaireVersion
from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.errors import Stale
from survey_app.forms.build import (
    form_class,
    given_answers,
    initial,
    message,
    name_of,
    questions,
    revision_of,
    saying,
)
from survey_app.forms.pages import numbers_of
from survey_app.i18n import current_locale, say
from survey_app.security import ReadyPage, requires
from survey_app.services.checking.revisions import (
    LONGEST_REASON,
    Correction,
    OpenedResponse,
    open_response,
    revise_response,
)
from survey_app.services.plan.waves import wave_named
from survey_app.web.admin.door import bp
from survey_app.web.admin.quality import JUDGES, mode_names

FORM: Final = "revision"


@bp.get("/waves/<code>/quality/<uuid:response_id>/answers")
@requires(*JUDGES)
def answers(code: str, response_id: UUID) -> str:
    """What a response says, read-only, and its corrections; opening it is recorded."""
    opened = _open(code, response_id)
    speak, numbers = _say(opened.version), numbers_of(opened.version)
    sections = [
        (speak(part.title), [_line(opened, item, numbers, speak) for item in _asked(part.item)])
        for part in opened.version.section
    ]
    return render_template(
        "admin/response_answers.html",
        code=code,
        opened=opened,
        sections=[(title, lines) for title, lines in sections if lines],
        history=[
            (revision, [_change(change, numbers, speak) for change in revision.changes])
            for revision in opened.history
        ],
        closed=say(opened.closed) if opened.closed else None,
        mode_names=mode_names(),
    )


@bp.get("/waves/<code>/quality/<uuid:response_id>/revise")
@requires(*JUDGES)
def revise(code: str, response_id: UUID) -> str:
    """The form of a response as it reads now, to be corrected; opening it is recorded."""
    opened = _open(code, response_id)
    if opened.closed:
        raise opened.closed
    data = initial(opened.version.items, opened.answers) | {FORM: str(opened.revision)}
    return _form_page(code, opened, _form(opened, formdata=None, data=data))


@bp.post("/waves/<code>/quality/<uuid:response_id>/revise")
@requires(*JUDGES)
def keep_revision(code: str, response_id: UUID) -> ReadyPage:
    """Keep a correction, or show what is still wrong with it."""
    opened = _open(code, response_id)
    form = _form(opened)
    if not form.validate():
        return _form_page(code, opened, form), 422
    given = given_answers(form, _loose(opened))
    correction = Correction(
        id=response_id,
        revision=revision_of(form),
        version=request.form.get("version", ""),
        answers={item: value for item, value in given.items() if value is not None},
        reason=request.form.get("reason", ""),
    )
    catalogue = current_app.extensions["catalogue"]
    try:
        correction.text()
        with current_app.extensions["database"].writing() as session:
            wave, by = wave_named(session, code), (g.account.id, clock.now())
            problems = revise_response(session, catalogue, wave, correction, by)
    except Stale:
        raise
    except Refusal as refusal:
        return _form_page(code, opened, form, say(refusal)), 422
    if not problems:
        return redirect(address_of(".answers", code=code, response_id=response_id), 303)
    items = {item.code: item for item in opened.version.items}
    numbers, speak = numbers_of(opened.version), _say(opened.version)
    for problem in problems:
        item = items[problem.item]
        told = message(item, numbers[item.code], problem.refusal, speak)
        form[name_of(item)].errors = [told]
    return _form_page(code, opened, form), 422


def _open(code: str, response_id: UUID) -> OpenedResponse:
    catalogue = current_app.extensions["catalogue"]
    with current_app.extensions["database"].writing() as session:
        by = (g.account.id, clock.now())
        return open_response(session, catalogue, wave_named(session, code), response_id, by)


def _form(opened: OpenedResponse, **filled: Any) -> Any:
    numbers, speak = numbers_of(opened.version), _say(opened.version)
    return form_class(_loose(opened), numbers, speak)(**filled)


def _loose(opened: OpenedResponse) -> list[Item]:
    """The items to be corrected; what is required shows only on the way that all answers take."""
    seen = (item for item in opened.version.items if item.code not in opened.secret)
    return [item.model_copy(update={"required": False}) for item in seen]


def _form_page(code: str, opened: OpenedResponse, form: Any, alert: str = "") -> str:
    speak, numbers = _say(opened.version), numbers_of(opened.version)
    seen = [item for item in opened.version.items if item.code not in opened.secret]
    shown = {asked.item.code: asked for asked in questions(form, seen, numbers, speak)}
    sections = [
        (speak(part.title), [(numbers.get(item.code), shown.get(item.code)) for item in part.item])
        for part in opened.version.section
    ]
    wrong = [
        (asked.first_id, asked.field.errors[0])
        for asked in shown.values()
        if asked.field and asked.field.errors
    ]
    return render_template(
        "admin/response_revise.html",
        code=code,
        opened=opened,
        sections=sections,
        wrong=wrong,
        message=alert,
        revision=form.revision.data,
        reason=request.form.get("reason", ""),
        longest=LONGEST_REASON,
    )


def _line(
    opened: OpenedResponse, item: Item, numbers: dict[str, int], speak: Callable[[str], str]
) -> dict[str, Any]:
    words = item.words(opened.answers.get(item.code))
    return {
        "number": numbers[item.code],
        "text": speak(item.text),
        "words": [speak(part) for part in words],
        "secret": item.code in opened.secret,
    }


def _change(change: Any, numbers: dict[str, int], speak: Callable[[str], str]) -> dict[str, Any]:
    return {
        "number": numbers[change.item.code],
        "text": speak(change.item.text),
        "before": [speak(part) for part in change.before],
        "after": [speak(part) for part in change.after],
        "secret": change.secret,
    }


def _asked(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.kind != "note"]


def _say(version: QuestionnaireVersion) -> Callable[[str], str]:
    """The words of the form in the language of the page."""
    found = current_app.extensions["catalogue"].translations(version.name)
    languages = {one.definition.locale: one.definition for one in found}
    return saying(languages.get(current_locale()))
