"""Spoken prompts: an audio file for a question and a language, for people who read with effort.

Files are given with a questionnaire, `<version>.<locale>.audio/<item>.<ending>` beside its texts,
or recorded by the office in `<folder>/<code>/<version>/<locale>/`, which counts first. What a file
is, is seen in its first bytes; what it is called, is the question.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal
from survey_app.errors import NotFound

LIMIT: Final = 1024 * 1024  # two minutes of speech, which nobody listens to
MIMETYPES: Final = {
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
}


@dataclass(frozen=True)
class Prompt:
    """A file to listen to; `version` changes when another is put in its place."""

    path: Path
    version: str
    ours: bool

    @property
    def mimetype(self) -> str:
        """The type that a browser is told."""
        return MIMETYPES[self.path.suffix[1:]]


@dataclass(frozen=True)
class Prompts:
    """The prompts of an installation: `given` with the definitions, and those of its `folder`."""

    given: Path
    folder: Path

    def of(self, version: QuestionnaireVersion, locale: str) -> Mapping[str, Prompt]:
        """The prompts of a questionnaire version in a language, by item."""
        beside = self.given / version.code / f"{version.version}.{locale}.audio"
        found: dict[str, Prompt] = {}
        for place, ours in ((beside, False), (self._place(version, locale), True)):
            for entry in _entries(place):
                item, _, ending = entry.name.rpartition(".")
                if ending in MIMETYPES:
                    status = entry.stat()
                    tag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
                    found[item] = Prompt(Path(entry.path), tag, ours)
        known = {item.code for item in version.items}
        return {item: prompt for item, prompt in found.items() if item in known}

    def keep(self, version: QuestionnaireVersion, locale: str, item: str, content: bytes) -> None:
        """Put a recording in place of the one there was; raises `Refusal` when it cannot be one."""
        if len(content) > LIMIT:
            raise Refusal("Tệp âm thanh lớn hơn {limit} KB.", limit=LIMIT // 1024)
        ending = kind_of(content)
        if ending is None:
            raise Refusal("Tệp này không phải âm thanh MP3, OGG, M4A hoặc WAV.")
        place = self._place(version, locale)
        _check_item(version, item)
        place.mkdir(parents=True, exist_ok=True)
        part = place / f"{item}.{secrets.token_hex(4)}.part"
        part.write_bytes(content)
        part.replace(place / f"{item}.{ending}")
        _remove(place, item, set(MIMETYPES) - {ending})

    def remove(self, version: QuestionnaireVersion, locale: str, item: str) -> None:
        """Take a recording of this office away; one given with the questionnaire stays."""
        _check_item(version, item)
        _remove(self._place(version, locale), item, set(MIMETYPES))

    def _place(self, version: QuestionnaireVersion, locale: str) -> Path:
        return self.folder / version.code / version.version / locale


def kind_of(content: bytes) -> str | None:
    """The ending that fits the first bytes of an audio file; None when it is none we know."""
    if content.startswith(b"ID3") or _is_mpeg_frame(content):
        return "mp3"
    if content.startswith(b"OggS"):
        return "ogg"
    if content[4:8] == b"ftyp" and content[8:12] in (b"M4A ", b"mp42", b"mp41", b"isom", b"iso2"):
        return "m4a"
    if content.startswith(b"RIFF") and content[8:12] == b"WAVE":
        return "wav"
    return None


def _is_mpeg_frame(content: bytes) -> bool:
    """The head of a frame of MPEG audio, layer III: eleven bits set, then what it is."""
    if len(content) < 4 or content[0] != 0xFF or content[1] & 0xE0 != 0xE0:
        return False
    layer, bitrate, rate = content[1] >> 1 & 3, content[2] >> 4, content[2] >> 2 & 3
    return layer == 1 and bitrate not in (0, 15) and rate != 3


def _entries(place: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as entries:
            return [entry for entry in entries if entry.is_file()]
    except OSError:
        return []


def _check_item(version: QuestionnaireVersion, item: str) -> None:
    if item not in {one.code for one in version.items}:
        template = "Phiếu {version} không có câu hỏi «{item}»."
        raise NotFound(template, version=version.name, item=item)


def _remove(place: Path, item: str, endings: set[str]) -> None:
    for ending in endings:
        (place / f"{item}.{ending}").unlink(missing_ok=True)
