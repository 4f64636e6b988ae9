"""Review marks of translations: what a native reader has confirmed, who it was and when.

Translations are files of the program, marks are of the installation: `<folder>/<locale>/*.json`,
one file for each reading and never changed, so that a running service takes them, two people can
hand in theirs at once, and it stays known who confirmed what. A mark belongs to a pair of texts
(`mark_of`): when either is written anew, it holds no longer.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from questionnaires.refusal import Refusal

LONGEST_NAME: Final = 100
Pair = tuple[str, str]


@dataclass(frozen=True)
class Mark:
    """A confirmation: the reader's name, the moment, and the texts as they were read."""

    by: str
    at: datetime
    pair: Pair


@dataclass(frozen=True)
class Reading:
    """What a native reader hands in: pairs that are right, by their marks, and marks taken back."""

    by: str
    confirmed: Mapping[str, Pair]
    withdrawn: frozenset[str] = frozenset()


class Reviews:
    """The marks kept in a folder, which need not exist."""

    def __init__(self, folder: Path) -> None:
        """Keep marks in a folder; every process that reads it sees new ones at once."""
        self.folder = folder
        self._kept: dict[str, tuple[list[str], dict[str, Mark]]] = {}

    def marks(self, locale: str) -> Mapping[str, Mark]:
        """The marks of a language that hold now."""
        place = self.folder / locale
        try:
            names = sorted(path.name for path in place.iterdir() if path.suffix == ".json")
        except OSError:
            return {}
        kept = self._kept.get(locale)
        if kept is None or kept[0] != names:
            found: dict[str, Mark] = {}
            for name in names:
                _apply(place / name, found)
            kept = self._kept[locale] = names, found
        return kept[1]

    def keep(self, locale: str, reading: Reading, now: datetime) -> None:
        """Keep what a native reader handed in; raises `Refusal` when nobody is named."""
        by = reading.by
        if not by or len(by) > LONGEST_NAME or not by.isprintable():
            raise Refusal("Xin ghi tên người đọc soát, không quá {n} ký tự.", n=LONGEST_NAME)
        written = {
            "by": by,
            "at": now.isoformat(),
            "confirmed": dict(reading.confirmed),
            "withdrawn": sorted(reading.withdrawn),
        }
        place = self.folder / locale
        place.mkdir(parents=True, exist_ok=True)
        name = f"{now.astimezone(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
        part = place / f"{name}.part"
        with part.open("w", encoding="utf-8") as stream:
            json.dump(written, stream, ensure_ascii=False, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        part.rename(part.with_suffix(".json"))


def _apply(path: Path, marks: dict[str, Mark]) -> None:
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        by, at = str(raw["by"]), datetime.fromisoformat(raw["at"])
        for mark, (vi, text) in raw["confirmed"].items():
            marks[mark] = Mark(by, at, (vi, text))
        for mark in raw["withdrawn"]:
            marks.pop(mark, None)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refusal("Không đọc được tệp dấu soát {file}.", file=path.name) from error
