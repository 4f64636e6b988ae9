"""The content of a response in one spelling, and the hash by which it is known again."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from survey_app.services.door.screening import screened_content

DEEPEST: Final = 16  # levels of lists and objects inside one response


def content_hash_of(content: Mapping[str, Any]) -> str:
    """The hash by which a response is known again: of its canonical JSON as it is kept."""
    return hash_of(written(screened_content(spelled(content))))


def canonical(content: Any) -> str:
    """The canonical JSON of a response: NFC, sorted keys, no spaces.

    Raises `ValueError` for what has no such form: half a surrogate pair, a number without value,
    two names that differ only in how they are composed, or lists in lists without end.
    """
    return written(spelled(content))


def spelled(value: Any, depth: int = 0) -> Any:
    """The same JSON with every text in NFC."""
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        if depth == DEEPEST:
            raise ValueError("too deep")
        composed = {spelled(k): spelled(v, depth + 1) for k, v in value.items()}
        if len(composed) < len(value):
            raise ValueError("one name twice")
        return composed
    if isinstance(value, list | tuple):
        if depth == DEEPEST:
            raise ValueError("too deep")
        return [spelled(part, depth + 1) for part in value]
    return value


def written(content: Any) -> str:
    """JSON with sorted keys and no spaces; raises `ValueError` for what has no such form."""
    text = json.dumps(
        content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    text.encode("utf-8")
    return text


def hash_of(document: str) -> str:
    """The sha256 of a document."""
    return hashlib.sha256(document.encode("utf-8")).hexdigest()
