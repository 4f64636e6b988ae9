"""Which questions a respondent answers alone: the tablet is handed over for them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from questionnaires.load import Catalogue
from questionnaires.model import Item, QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.rules import items_named
from survey_app.models.waves import Wave, WaveForm
from survey_app.services.counter.points import form_named
from survey_app.services.door.consent import is_sensitive

CHOSEN = "private_items"  # what is recorded


@dataclass(frozen=True)
class Choice:
    """A question that may be asked in hand-over mode, in the words of the form."""

    code: str
    text: str
    private: bool


@dataclass(frozen=True)
class FormChoices:
    """The questions of a form by section: title and questions."""

    form: str
    title: str
    sections: tuple[tuple[str, tuple[Choice, ...]], ...]
    count: int


def choices_of(session: Session, catalogue: Catalogue, wave: Wave, name: str) -> FormChoices:
    """The questions of a form of a wave; raises `Refusal` when the wave does not use it."""
    form = form_named(session, wave, name)
    version = catalogue.questionnaire(name).definition
    chosen = private_items(form)
    sections = []
    for section in version.section:
        items = (item for item in section.item if item.kind != "note")
        found = tuple(Choice(item.code, item.text, item.code in chosen) for item in items)
        if found:
            sections.append((section.title, found))
    return FormChoices(name, version.title, tuple(sections), len(chosen))


def private_items(form: WaveForm) -> tuple[str, ...]:
    """The codes of the questions a respondent answers alone, in the order of the form."""
    return tuple((form.private_items or "").split())


def shown_alone(version: QuestionnaireVersion, chosen: Collection[str]) -> list[str]:
    """The codes of what only the respondent sees: what was chosen, and notes that hang on it.

    A note that is shown after a certain answer tells that answer to whoever sees it.
    """
    return [item.code for item in version.items if item.code in chosen or _tells(item, chosen)]


def secret_items(session: Session, wave_id: int, version: QuestionnaireVersion) -> frozenset[str]:
    """What no member of staff reads: sensitive questions, and those a respondent answers alone."""
    form = session.get(WaveForm, (wave_id, version.code, version.version))
    private = private_items(form) if form else ()
    return frozenset([*private, *(item.code for item in version.items if is_sensitive(item))])


def choose_private(
    session: Session, catalogue: Catalogue, wave: Wave, name: str, codes: Collection[str]
) -> tuple[str, ...]:
    """Say which questions of a form are answered alone; returns their codes.

    A question that is asked only after a certain answer to a private one would give that answer
    away, so it has to be private too. Raises `Refusal` naming both.
    """
    form = form_named(session, wave, name)
    version = catalogue.questionnaire(name).definition
    chosen = tuple(
        item.code for item in version.items if item.kind != "note" and item.code in codes
    )
    _refuse_telling(version, chosen)
    form.private_items = " ".join(chosen) or None
    session.flush()
    return chosen


def keep_private(
    session: Session, catalogue: Catalogue, wave: Wave, older: str, newer: str
) -> None:
    """Let a version of a form that has just joined a wave ask alone what an older one asks alone.

    Questions that would give a private answer away in the newer version are asked alone as well.
    """
    version = catalogue.questionnaire(newer).definition
    codes = set(private_items(form_named(session, wave, older)))
    for item in version.items:  # rules name earlier items only
        if item.kind != "note" and _tells(item, codes):
            codes.add(item.code)
    choose_private(session, catalogue, wave, newer, codes)


def _refuse_telling(version: QuestionnaireVersion, chosen: Collection[str]) -> None:
    for item in version.items:
        if item.kind == "note" or item.code in chosen:
            continue  # a note goes along: `shown_alone`
        for code in _tells(item, chosen):
            template = (
                "Câu «{item}» được hỏi tùy câu trả lời của câu «{private}», nên để lộ câu đó. "
                "Xin chọn cả hai câu."
            )
            raise Refusal(template, item=item.code, private=code)


def _tells(item: Item, chosen: Collection[str]) -> list[str]:
    """The questions, of those chosen, whose answers decide whether an item is shown."""
    return [code for code in items_named(item.asked_if or ()) if code in chosen]
