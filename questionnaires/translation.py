"""Translations of a questionnaire version: files of their own, keyed by the Vietnamese text."""

import hashlib
import unicodedata
from collections.abc import Container
from functools import cached_property

from questionnaires.model import Code, Frozen, QuestionnaireVersion, Text


class Entry(Frozen):
    """One text in another language; `reviewed` once a native reader has checked it."""

    vi: Text
    text: Text
    reviewed: bool = False


class Translation(Frozen):
    """All texts of one questionnaire version in one language, with their review marks."""

    questionnaire: str
    locale: Code
    entry: tuple[Entry, ...]

    @cached_property
    def texts(self) -> dict[str, Entry]:
        """The entries under the Vietnamese text they translate."""
        return {entry.vi: entry for entry in self.entry}

    def with_marks(self, marks: Container[str]) -> "Translation":
        """The same texts, those reviewed too whose mark a native reader has given since."""
        entries = tuple(
            Entry(
                vi=entry.vi,
                text=entry.text,
                reviewed=entry.reviewed or mark_of(entry.vi, entry.text) in marks,
            )
            for entry in self.entry
        )
        return Translation(questionnaire=self.questionnaire, locale=self.locale, entry=entries)

    def missing_from(self, version: QuestionnaireVersion) -> tuple[str, ...]:
        """The Vietnamese texts of a version that have no translation here."""
        return tuple(text for text in texts_of(version) if text not in self.texts)

    def unused_in(self, version: QuestionnaireVersion) -> tuple[str, ...]:
        """The entries whose Vietnamese text the version no longer contains."""
        known = set(texts_of(version))
        return tuple(entry.vi for entry in self.entry if entry.vi not in known)


def mark_of(vi: str, text: str) -> str:
    """What a native reader confirms: this text for that Vietnamese one, and no later wording."""
    pair = unicodedata.normalize("NFC", f"{vi}\0{text}")
    return hashlib.sha256(pair.encode("utf-8")).hexdigest()[:32]


def texts_of(version: QuestionnaireVersion) -> tuple[str, ...]:
    """Every text a respondent may read, once each, in the order of the form."""
    texts: dict[str, None] = {version.title: None}
    for section in version.section:
        texts[section.title] = None
        if section.intro:
            texts[section.intro] = None
        for item in section.item:
            texts[item.text] = None
            texts.update(dict.fromkeys(option.label for option in item.option))
    return tuple(texts)
