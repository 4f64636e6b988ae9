"""What a command may ask of the file system; only the command line itself opens files."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from analysis.dataset import Dataset, Progress
from analysis.engines.layout import CellLayout
from analysis.engines.reading import Reading
from questionnaires.load import Loaded
from questionnaires.model import IndexDefinition, QuestionnaireVersion


class Files(Protocol):
    """The files that a command reads, by the names given on the command line.

    All methods raise `Refusal` naming the file when it cannot be read.
    """

    def table(self, path: str, wanted: Sequence[str] | None = None) -> Dataset:
        """A CSV or Parquet file as a data set, only the columns `wanted`."""

    def reading(self, path: str, layout: CellLayout) -> Reading | None:
        """Totals that an engine makes of a Parquet file or a table; None when rows must be read."""

    def content(self, path: str) -> bytes | None:
        """The bytes of a file, None when there is none yet."""

    def checksum(self, path: str) -> str:
        """The sha256 of a file."""

    def keep(self, path: str, content: bytes) -> None:
        """Write a file whole or not at all."""

    def progress(self, name: str, rows: int) -> Progress | None:
        """Whom to tell how many rows of so many were read; None when nobody looks."""

    def document(self, path: str) -> Any:
        """A JSON file, its numbers as Decimal."""

    def index(self, path: str) -> Loaded[IndexDefinition]:
        """An index definition, checked."""

    def questionnaire(self, name: str) -> Loaded[QuestionnaireVersion]:
        """A questionnaire version by code/version of the catalogue or by file, checked."""

    def note(self, sentence: str) -> None:
        """Tell the person at the terminal something that is no result."""


Run = Callable[[Any, Files], str]
