"""Text as it is kept: composed (NFC), and without signs that nobody sees."""

import re
import unicodedata
from typing import Final

# Soft hyphens, joiners, marks of direction, the byte order mark: they come along when somebody
# pastes, and make two equal texts differ.
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+")
_KHMER: Final = range(0x1780, 0x1800)
_SPELLED: Final = frozenset("\u200b\u200c\u200d")


def tidy(text: str) -> str:
    """A text in NFC without invisible signs; line ends and blanks stay as they are.

    Between two Khmer letters a zero-width space (the boundary of words there) or a joiner is
    spelling, and one is kept.
    """
    if text.isascii():
        return text
    return _UNSEEN.sub(_kept, unicodedata.normalize("NFC", text))


def _kept(found: re.Match[str]) -> str:
    start, end = found.span()
    around = found.string[max(0, start - 1) : start], found.string[end : end + 1]
    if not all(sign and ord(sign) in _KHMER for sign in around):
        return ""
    return next((sign for sign in found.group() if sign in _SPELLED), "")
