"""Free text screened: numbers and addresses that name a person, and complaints that went astray."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

NUMBER_MARK: Final = "[đã che số]"
MAIL_MARK: Final = "[đã che địa chỉ thư]"
PHONE, IDENTITY, DOSSIER, NUMBER, MAIL = "phone", "identity", "dossier", "number", "mail"

# What a response says of itself; everything else in it may be somebody's own words.
ENVELOPE: Final = frozenset(
    ("id", "questionnaire", "version", "wave", "collection_point", "unit", "field", "mode")
) | frozenset(
    ("locale", "started_at", "submitted_at", "consent", "helped", "partial", "assignment")
)
COARSE: Final = 2  # decimals of a degree that are kept of a place: about one kilometre

NEAR: Final = 80  # characters before a term that may say something of it
SHORTEST: Final = 6  # characters of the shortest thing that is hidden, a@b.vn
RUN: Final = 9  # digits that are no year, no date and no everyday amount
_MAIL = re.compile(r"[\w.+\-]{1,64} ?@ ?[\w\-]{1,63}(?:\.[\w\-]{1,63})+")
_DOSSIER = re.compile(
    r"(?<!\w)(?:[A-Z0-9]{1,4}\.){0,5}[A-Z]\d{2}(?:\.\d{1,3}){0,4}-\d{6,8}-\d{2,6}(?!\d)", re.I
)
_RUN = re.compile(r"\+?\d+(?:(?:[ .\-()_·]{1,3}|,)\d+)*")
_DIGITS = re.compile(r"\d+")
_PHONE = re.compile(
    r"0(?:[35789]\d{8}|1\d{9}|2\d{8,9})|(?:00)?84(?:0?[35789]\d{8}|0?2\d{8,9}|1\d{9})"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(
    r"(?<!\d)(?<!\d[.\- ])(?:0?[1-9]|[12]\d|3[01])[./\- ](?:0?[1-9]|1[0-2])[./\- ](?:19|20)\d\d"
    r"(?!\d|[.\- ]{1,3}\d{3})"
)
_MONEY = re.compile(
    r"(?<![\d+])(?<!\d[.,\- ])[1-9](?:\d{0,2}(?:[., ]\d{3})+|\d*000)"
    r" ?(?:(?:nghìn|ngàn|triệu|tỷ|tỉ|vnđ|vnd|usd|đ)(?!\w)"
    r"|đồng(?!\w| (?:ý|chí|thời|bào|nghiệp|hồ|tình|hương|bộ|loạt)(?!\w)))",
    re.I,
)
_WIDE: Final = 0xFEE0  # from a sign to its full-width twin
_ODD_SIGNS = str.maketrans({chr(ord(sign) + _WIDE): sign for sign in "+.-@,()_"})

_TERMS = re.compile(
    r"\b(?:phan anh|kien nghi|khieu nai|khieu kien|to cao|to giac)\b(?! (?:vien|gi duoc)\b)"
)
_NONE = re.compile(
    r"\b(?:khong|chua|chang|ko|hong|khong he)(?: (?:co|can|phai|he|tung|bao gio|y kien|gi|nao|them"
    r"|de nghi|de xuat|gop y|muon|dieu|phan anh|kien nghi|khieu nai|to cao|va|hay|hoac)){0,6} $"
)
_HANDLED = re.compile(
    r"\b(?:tiep nhan|xu ly|giai quyet|tra loi|hom thu|hop thu|duong day nong|kenh)\b"
)
_PRAISE = re.compile(
    r"\b(?:tot|nhanh|kip thoi|hai long|ro rang|thoa dang|cam on|day du|chu dao|de dang|tien loi)\b"
)
_BLAME = re.compile(
    r"\b(?:khong|chua|cham|kem|lau|te|buc xuc|ngam|vo trach nhiem|sach nhieu|kho khan)\b"
)
_WISH = re.compile(r"\b(?:toi|xin|se|muon|don|viet|gui|lam|de|phai|bi|duoc|nguoi|dan)\s+$")
_OTHER_WORDS = {  # the same letters, other words
    "phan anh": {"phần ảnh", "phân ảnh", "phần anh", "phận anh", "phân anh", "phấn anh"},
    "kien nghi": {"kiên nghị", "kiên nghi"},
    "to cao": {"tơ cao", "tô cao", "tỏ cao", "tờ cao", "to cạo", "tổ cao", "to cào"},
    "to giac": {"to giấc", "tơ giác"},
}
_AMBIGUOUS = {"phan anh", "to cao"}  # without accents: a name, and something big and tall


def screen(text: str) -> str:
    """The text in NFC, with what could name a person replaced by a mark.

    Hidden are phone numbers, numbers of identity papers, of dossiers and of accounts (nine digits
    and more, however they are grouped), and addresses of mail. Dates, years, amounts of money and
    numbers of decrees stay. Screening a screened text changes nothing.
    """
    composed = unicodedata.normalize("NFC", text)
    parts, end = [], 0
    for start, stop, kind in _places(composed):
        parts += [composed[end:start], MAIL_MARK if kind == MAIL else NUMBER_MARK]
        end = stop
    return "".join([*parts, composed[end:]])


def found(text: str) -> tuple[str, ...]:
    """What would be hidden: kinds, each once, in the order in which they stand in the text."""
    kinds = (kind for _start, _stop, kind in _places(unicodedata.normalize("NFC", text)))
    return tuple(dict.fromkeys(kinds))


def screened_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """A response with every text screened in which somebody may have written of his own accord.

    A `place` is kept as roughly as it may be known, whatever the device has sent.
    """
    return {
        name: value if name in ENVELOPE else _coarse(_screened(value))
        for name, value in content.items()
    }


def is_complaint(text: str) -> bool:
    """Say whether a comment reads like a complaint: phản ánh, kiến nghị, khiếu nại, tố cáo.

    Written with accents, without, or with a few wrong. Who has nothing to complain of, and who
    praises how complaints are handled, is left in peace. Nothing is done with it but a kind note,
    so in doubt the note is shown.
    """
    composed = " ".join(re.findall(r"\w+", unicodedata.normalize("NFC", text)))
    folded = _folded(composed)
    if len(folded) != len(composed):  # a sign without a plain counterpart of one letter
        return bool(_TERMS.search(folded))
    for place in _TERMS.finditer(folded):
        before = folded[max(0, place.start() - NEAR) : place.start()]
        if _NONE.search(before) or _is_other(composed, folded, place):
            continue
        praised = _PRAISE.search(folded) and not _BLAME.search(folded)
        if praised and _HANDLED.search(before):
            continue
        return True
    return False


def _is_other(composed: str, folded: str, place: re.Match[str]) -> bool:
    """Whether the letters of a term are those of another word."""
    written = composed[place.start() : place.end()]
    if written.lower() in _OTHER_WORDS.get(place.group(), ()):
        return True
    if place.group() not in _AMBIGUOUS or written.lower() != place.group():
        return False
    if composed != folded and composed.lower() != folded:
        return True  # the rest has accents, so this word is meant without
    named = written.istitle() and not composed.isupper()
    return (named and place.start() > 0) or (
        place.group() == "to cao" and not _WISH.search(folded[: place.start()])
    )


def _folded(text: str) -> str:
    """Lower case without accents, letter for letter."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _coarse(value: Any) -> Any:
    place = value.get("place") if isinstance(value, Mapping) else None
    if not isinstance(place, Mapping):
        return value
    rough = {k: round(v, COARSE) if isinstance(v, float) else v for k, v in place.items()}
    return {**value, "place": rough}


def _screened(value: Any) -> Any:
    if isinstance(value, str):
        return screen(value) if len(value) >= SHORTEST else value
    if isinstance(value, Mapping):
        return {name: _screened(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_screened(part) for part in value]
    return value


def _places(text: str) -> list[tuple[int, int, str]]:
    """Where something is hidden, and what kind it is; `text` is in NFC."""
    plain = _plain(text)
    if "@" not in plain and sum(map(str.isdigit, plain)) < RUN:
        return []
    places = []
    for kind, pattern in ((MAIL, _MAIL), (DOSSIER, _DOSSIER)):
        for match in pattern.finditer(plain):
            places.append((*match.span(), kind))
        plain = pattern.sub(_blank, plain)
    plain = _MONEY.sub(_blank_amount, _DATE.sub(_blank, plain))
    for run in _RUN.finditer(plain):
        places += _numbers_in(run)
    return sorted(places)


def _plain(text: str) -> str:
    """The text with ASCII digits, blanks and dashes, each sign still in its place."""
    if text.isascii():
        return text
    return "".join(sign if sign.isascii() else _plain_sign(sign) for sign in text)


def _plain_sign(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    match unicodedata.category(sign):
        case "Zs" | "Cf":
            return " "
        case "Pd":
            return "-"
    return sign.translate(_ODD_SIGNS)


def _blank(match: re.Match[str]) -> str:
    return "x" * len(match.group())


def _blank_amount(match: re.Match[str]) -> str:
    """An amount blanked, unless it could as well be a phone: «84912345678 đ» is hidden."""
    phone = _PHONE.fullmatch("".join(_DIGITS.findall(match.group())))
    return match.group() if phone else _blank(match)


def _numbers_in(run: re.Match[str]) -> Iterator[tuple[int, int, str]]:
    """The numbers in a run of groups of digits: from each group on, the longest that is one."""
    groups = list(_DIGITS.finditer(run.group()))
    first = 0
    while first < len(groups):
        for last in range(min(len(groups), first + 12), first, -1):
            kind = _kind([group.group() for group in groups[first:last]])
            if kind:
                start = 0 if first == 0 else groups[first].start()
                yield run.start() + start, run.start() + groups[last - 1].end(), kind
                first = last - 1
                break
        first += 1


def _kind(groups: list[str]) -> str | None:
    """What groups of digits are together; None for what is no number of a person."""
    digits = "".join(groups)
    if _PHONE.fullmatch(digits):
        return PHONE
    if len(digits) < RUN or any(len(group) < 3 for group in groups):
        return None
    if all(_YEAR.fullmatch(group) for group in groups):
        return None
    return IDENTITY if len(digits) in (9, 12) else NUMBER
