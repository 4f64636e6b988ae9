"""Vietnamese order and search: a sort key that is the same on every database, and plain letters.

SQLite has no Vietnamese collation and PostgreSQL has it only where it was built with ICU, so lists
are put in order here. The order is that of Vietnamese dictionaries and of CLDR: a ă â b c d đ e ê
g ..., whole syllables by their letters first, then by tone (ngang, huyền, hỏi, ngã, sắc, nặng),
then small before capital; signs before numbers before letters, and numbers by their value.
"""

import unicodedata
from collections.abc import Iterator
from itertools import dropwhile, groupby
from operator import itemgetter
from typing import Final

BREVE, CIRCUMFLEX, HORN = "\u0306", "\u0302", "\u031b"
TONES: Final = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
# Letters of their own right, by the letter they follow and their place after it.
OWN_LETTERS: Final = {
    ("a", BREVE): 1,
    ("a", CIRCUMFLEX): 2,
    ("e", CIRCUMFLEX): 1,
    ("o", CIRCUMFLEX): 1,
    ("o", HORN): 2,
    ("u", HORN): 1,
}
STROKED_D: Final = "đ"
# As CLDR orders them; what is not here comes after it, by its code.
SIGNS: Final = " _‾-–—,;:!¡?¿.…·'‘’‚‹›\"“”„«»()[]{}§¶@*/\\&#%‰†‡•`´˜^¨°©®+±÷×<=>|¦~¤¢$£¥"  # noqa: RUF001 - as they are
SIGN, NUMBER, LETTER = range(3)
ACCENTS = range(0x0300, 0x0370)
Key = tuple[tuple[tuple[int, int, int], ...], tuple[int, ...], tuple[int, ...], str]


def vietnamese(text: str) -> Key:
    """The sort key of a text: letters, then tones, then capitals, then the text as it stands."""
    first: list[tuple[int, int, int]] = []
    tones: list[int] = []
    capitals: list[int] = []
    normal = " ".join(unicodedata.normalize("NFC", text).split())
    for sign, accents in _signs(normal):
        for place, part in enumerate(sign.lower()):
            marks = accents if place == 0 else ""
            first.append(_letter(part, marks))
            tones.append(_tone(part, marks))
            capitals.append(int(sign != sign.lower()))
    return tuple(_by_value(first)), tuple(tones), tuple(capitals), normal


def plain(text: str) -> str:
    """A text as people type it in a search box: small letters, no accents, single spaces.

    Signs that other scripts write below and above their letters stay: without them a Khmer word
    is another word.
    """
    decomposed = unicodedata.normalize("NFD", text).casefold().replace(STROKED_D, "d")
    letters = "".join(sign for sign in decomposed if ord(sign) not in ACCENTS)
    return " ".join(unicodedata.normalize("NFC", letters).split())


def holds(text: str, wanted: str) -> bool:
    """Say whether every word that is looked for stands in a text, accents or not."""
    within = plain(text)
    return all(word in within for word in plain(wanted).split())


def _signs(text: str) -> Iterator[tuple[str, str]]:
    """Each letter or sign with the accents that belong to it."""
    base, accents = "", ""
    for sign in unicodedata.normalize("NFD", text):
        if ord(sign) in ACCENTS and base:
            accents += sign
            continue
        if base:
            yield base, accents
        base, accents = sign, ""
    if base:
        yield base, accents


def _letter(sign: str, accents: str) -> tuple[int, int, int]:
    if sign.isdecimal():
        return NUMBER, 0, unicodedata.decimal(sign)
    if sign == STROKED_D:
        return LETTER, ord("d"), 1
    if sign in SIGNS:
        return SIGN, 0, SIGNS.index(sign)
    if unicodedata.category(sign)[0] in "LM":
        own = max((OWN_LETTERS.get((sign, mark), 0) for mark in accents), default=0)
        return LETTER, ord(sign), own
    return SIGN, 1, ord(sign)


def _tone(sign: str, accents: str) -> int:
    """The tone of a letter; accents of other languages come after all tones."""
    rest = [mark for mark in accents if (sign, mark) not in OWN_LETTERS]
    return max((TONES.get(mark, 6) for mark in rest), default=0)


def _by_value(letters: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Digits that stand together are one number: first how long it is, then its digits."""
    for kind, together in groupby(letters, key=itemgetter(0)):
        if kind != NUMBER:
            yield from together
            continue
        digits = tuple(dropwhile(lambda digit: digit[2] == 0, together))
        yield NUMBER, len(digits), 0
        yield from digits
