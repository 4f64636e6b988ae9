"""The catalogue of a running service: every definition is read once."""

from functools import cached_property
from typing import Any

from questionnaires.load import Catalogue, Loaded
from questionnaires.model import IndexDefinition, QuestionnaireVersion
from questionnaires.translation import Translation


class KeptCatalogue(Catalogue):
    """A catalogue that keeps what it has read; new definitions arrive with a restart."""

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
        return loaded

    @cached_property
    def questionnaire_names(self) -> tuple[str, ...]:
        """The names `code/version` of all versions."""
        return super().questionnaire_names

    @cached_property
    def index_codes(self) -> tuple[str, ...]:
        """The codes of all indices."""
        return super().index_codes

    @cached_property
    def _kept(self) -> dict[tuple[str, str], Any]:
        return {}
