"""The catalogue of a running service: every definition is read once, review marks as they come."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from questionnaires.load import Catalogue, Loaded
from questionnaires.model import IndexDefinition, QuestionnaireVersion
from questionnaires.translation import Translation
from survey_app.services.wording.reviews import Reviews


@dataclass(frozen=True)
class KeptCatalogue(Catalogue):
    """A catalogue that keeps what it has read; new definitions arrive with a restart.

    A translation carries its own marks and those in `reviews`; its checksum is that of its file.
    """

    reviews: Reviews | None = None

    def questionnaire(self, name: str) -> Loaded[QuestionnaireVersion]:
        """The questionnaire version `code/version`; raises `Refusal` when there is none."""
        if ("questionnaire", name) not in self._kept:
            self._kept["questionnaire", name] = super().questionnaire(name)
        loaded: Loaded[QuestionnaireVersion] = self._kept["questionnaire", name]
        return loaded

    def index(self, code: str) -> Loaded[IndexDefinition]:
        """The index `code`; raises `Refusal` when there is none."""
        if ("index", code) not in self._kept:
            self._kept["index", code] = super().index(code)
        loaded: Loaded[IndexDefinition] = self._kept["index", code]
        return loaded

    def translations(self, name: str) -> tuple[Loaded[Translation], ...]:
        """Every translation of the questionnaire version `code/version`, by locale."""
        if ("translations", name) not in self._kept:
            self._kept["translations", name] = super().translations(name)
        loaded: tuple[Loaded[Translation], ...] = self._kept["translations", name]
        if self.reviews is None:
            return loaded
        return tuple(self._marked(name, translation, self.reviews) for translation in loaded)

    @cached_property
    def questionnaire_names(self) -> tuple[str, ...]:
        """The names `code/version` of all versions."""
        return super().questionnaire_names

    @cached_property
    def index_codes(self) -> tuple[str, ...]:
        """The codes of all indices."""
        return super().index_codes

    def _marked(
        self, name: str, loaded: Loaded[Translation], reviews: Reviews
    ) -> Loaded[Translation]:
        """A translation with the marks of this moment, put together anew when they change."""
        locale = loaded.definition.locale
        marks = reviews.marks(locale)
        if not marks:
            return loaded
        key = ("marked", name, locale)
        if key not in self._kept or self._kept[key][0] is not marks:
            self._kept[key] = marks, replace(loaded, definition=loaded.definition.with_marks(marks))
        marked: Loaded[Translation] = self._kept[key][1]
        return marked

    @cached_property
    def _kept(self) -> dict[tuple[str, ...], Any]:
        return {}
