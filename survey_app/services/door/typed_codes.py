"""Codes that people type from paper: what they may have meant."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from survey_app.services.door.submissions import ALPHABET

# Signs that hands and eyes take for each other; those outside the alphabet never stand in a code.
ALIKE: Final = ("2Z", "5S", "8B", "6G", "QD0O", "VU")


def readings(typed: str, length: int) -> list[str]:
    """The codes of a length that may be meant by what was typed, the likeliest first; else none.

    Case, blanks, dashes and accents do not matter, nor does one sign taken for one that looks like
    it. A sign that stands in no code is read as the one in it that looks most like it.
    """
    signs = bare(typed)
    if len(signs) != length:
        return []
    code = "".join(_nearest(sign) for sign in signs)
    if not set(code) <= set(ALPHABET):
        return []
    return list(dict.fromkeys([code, *_one_sign_off(code)]))


def bare(typed: str) -> str:
    """The letters and digits of what was typed: no case, blanks, dashes or accents."""
    plain = unicodedata.normalize("NFKD", typed[:100]).upper().replace("Đ", "D")
    return re.sub(r"[^A-Z0-9]", "", plain)


def _nearest(sign: str) -> str:
    if sign in ALPHABET:
        return sign
    return next((group[0] for group in ALIKE if sign in group), sign)


def _one_sign_off(code: str) -> Iterator[str]:
    for place, sign in enumerate(code):
        for group in ALIKE:
            if sign in group:
                others = (other for other in group if other != sign and other in ALPHABET)
                yield from (code[:place] + other + code[place + 1 :] for other in others)
