"""A submission and the answer to it: what may be said, in one spelling, and receipts."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from questionnaires.refusal import Refusal
from survey_app.models.responses import HELPERS
from survey_app.services.door.content import hash_of, spelled, written
from survey_app.services.door.screening import screened_content

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without signs that look alike
RECEIPT_LENGTH = 10
ACCEPTED, DUPLICATE, CONFLICT = "accepted", "duplicate", "conflict"
REJECTED, QUARANTINED = "rejected", "quarantined"
MODES = ("web", "kiosk", "tablet", "paper", "phone")
CODE, INVITATION = "code", "invitation"
CODED = (CODE, INVITATION)  # by a one-time code; no device may say so of itself
PAPER = "paper"
LOCALES = ("vi", "km", "en")
TEXTS = ("questionnaire", "version", "wave", "collection_point", "mode", "locale")
LONGEST_CODE = 64
LONGEST_NOTICE = 16  # characters of what names a consent notice


@dataclass(frozen=True)
class ProblemFound:
    """What is wrong: the item (empty for the response itself), a code, a sentence."""

    item: str
    code: str
    refusal: Refusal


@dataclass(frozen=True)
class Receipt:
    """The answer to a submission; `receipt` and `received_at` are empty when it was rejected."""

    id: str
    status: str
    receipt: str | None = None
    received_at: datetime | None = None
    problems: tuple[ProblemFound, ...] = ()


@dataclass(frozen=True)
class Placed:
    """Where a person says that a held form belongs: the codes of a point and of the rated unit."""

    point: str
    unit: str


@dataclass(frozen=True)
class Arrival:
    """What is known of a response beside its content.

    `frame` is what the sampling frame says of the respondent's place. `in_office` says that it came
    from a network of an office, and `sender_mark` by which mark a phone is counted today
    (`sender_rates`); the address itself is never handed on. `from_draft` says that it was filled in
    here, page by page. `device_id` is the enrolled device that sent it, `clock_offset` by how many
    seconds its clock was behind ours. `by_code` says that a one-time code was spent for it, at a
    moment when the wave was open: such a response comes in later, among others, and nobody holds a
    receipt of it. `rater_group` is that of the invited official who gave it. `modes` are those its
    sender may tell, `stands_at` the code of the point that the sender stands at, `fields` the codes
    of the procedures it may name (None: any). `admitted` is the receipt under which a form was
    held: a person decided that it is to be taken now, open wave or not, and perhaps where it is
    `placed`.
    """

    frame: Mapping[str, str] | None = None
    in_office: bool = False
    sender_mark: int | None = None
    from_draft: bool = False
    device_id: int | None = None
    clock_offset: int | None = None
    by_code: bool = False
    rater_group: str | None = None
    modes: Sequence[str] = MODES
    stands_at: str | None = None
    fields: Sequence[str] | None = None
    admitted: str | None = None
    placed: Placed | None = None

    @property
    def may_wait(self) -> bool:
        """Say whether a person may decide on what contradicts how things are here now.

        A device was told how they were when it began, and cannot be told otherwise afterwards.
        """
        return self.device_id is not None and self.admitted is None


class Rejected(Exception):  # noqa: N818 - an answer, no error
    """A submission is not taken, for the problems told."""

    def __init__(self, *problems: ProblemFound) -> None:
        self.problems = problems


@dataclass(frozen=True)
class Incoming:
    """A submission: who it says it is, its content in one spelling, and when it came."""

    identity: UUID
    content: Mapping[str, Any]
    document: str
    content_hash: str
    now: datetime


def read_submission(content: Any, now: datetime, modes: Sequence[str]) -> Incoming:
    """Bring a submission into one spelling and see that it says what it is; raises `Rejected`."""
    if not isinstance(content, Mapping):
        raise reject("bad_shape", "Mỗi phiếu phải là một đối tượng JSON.")
    identity = identity_of(content)
    if identity is None:
        raise reject("bad_id", "Phiếu thiếu mã «id» dạng UUID.")
    try:
        composed = spelled(content) | {"id": str(identity)}
        written(composed)
        document = written(screened_content(composed))
    except (ValueError, TypeError):
        raise reject("bad_content", "Phiếu có nội dung không hợp lệ.") from None
    for name in TEXTS:
        if not is_code(composed.get(name)):
            template = "Phiếu thiếu thông tin «{field}» hoặc ghi sai."
            raise reject("missing_field", template, field=name)
    if composed["mode"] in MODES and composed["mode"] not in modes:
        template = "Thiết bị này không gửi phiếu có cách trả lời «{mode}»."
        raise reject("wrong_mode", template, mode=composed["mode"])
    for name, known in (("mode", modes), ("locale", LOCALES)):
        if composed[name] not in known:
            template = "Giá trị «{value}» của «{field}» không được dùng."
            raise reject("unknown_value", template, field=name, value=composed[name])
    _check_optional(composed)
    if not isinstance(composed.get("answers"), dict):
        raise reject("missing_field", "Phiếu thiếu phần trả lời «answers».")
    return Incoming(identity, composed, document, hash_of(document), now)


def _check_optional(composed: Mapping[str, Any]) -> None:
    sound: dict[str, Callable[[Any], bool]] = {
        "unit": is_code,
        "field": is_code,
        "helped": lambda value: value in HELPERS,
        "consent": lambda value: is_code(value) and len(value) <= LONGEST_NOTICE,
        "partial": lambda value: value is True,
    }
    for name, fits in sound.items():
        if composed.get(name) is not None and not fits(composed[name]):
            raise reject("missing_field", "Phiếu ghi sai thông tin «{field}».", field=name)


def identity_of(content: Mapping[str, Any]) -> UUID | None:
    """The id of a submission: a UUID as it is usually written; None for anything else."""
    given: Any = content.get("id")
    try:
        identity = UUID(given)
    except (ValueError, TypeError, AttributeError):
        return None
    return identity if str(identity) == given.lower() else None  # UUID() reads braces and urn: too


def is_code(value: Any) -> bool:
    """Say whether a value can be the code of something: a short text of one line."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_CODE and value.isprintable()


def name_given(content: Any) -> str:
    """What a submission calls itself, if that can be said back."""
    name = content.get("id") if isinstance(content, Mapping) else None
    return str(name) if is_code(name) else ""


def reject(code: str, template: str, **fields: object) -> Rejected:
    """The refusal of a submission as a whole, to be raised."""
    return Rejected(ProblemFound("", code, Refusal(template, **fields)))


def new_receipt() -> str:
    """A random receipt code that is easy to read out."""
    return "".join(secrets.choice(ALPHABET) for _ in range(RECEIPT_LENGTH))


def moment(value: Any) -> str | None:
    """What the device says of time: its clock may be wrong, so it is kept as text, unjudged."""
    if not isinstance(value, str) or not value.isprintable():
        return None
    return value[:40]
