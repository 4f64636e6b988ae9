"""A batch of responses on its way in: the body read strictly, sealed forms opened, receipts."""

import json
import logging
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from flask import Response, current_app, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.i18n import _, say
from survey_app.services.door.responses import SEND_AGAIN, accept_batch
from survey_app.services.door.sealing import open_sealed
from survey_app.services.door.signing import sign_receipt
from survey_app.services.door.submissions import (
    LONGEST_CODE,
    REJECTED,
    ProblemFound,
    Receipt,
    name_given,
)
from survey_app.services.field.devices import arrival_from, clock_offset
from survey_app.services.field.fieldwork import record_visits
from survey_app.web.schemas import LARGEST_BATCH

RETRY_AFTER = 2  # seconds
MOST_DRAINED = 64 * 1024 * 1024
PIECE = 64 * 1024
CODE = re.compile(rf"[\w.:/-]{{1,{LONGEST_CODE}}}")  # what an item may be called and said back
SEALED: Final = {"id", "sealed"}
SHAPE: Final = '{"responses": [...]}'


class NotUnderstood(Exception):  # noqa: N818 - an answer, no error
    """The body is not what the interface describes: JSON of this shape."""

    def __init__(self, shape: str = SHAPE) -> None:
        super().__init__(shape)
        self.shape = shape


class TooMuch(Exception):  # noqa: N818 - an answer, no error
    """The body is larger, or the batch longer, than one request may be, which `told` says."""

    def __init__(self, told: str = "") -> None:
        super().__init__(told)
        self.told = told


ERRORS: Final = (NotUnderstood, TooMuch, *SEND_AGAIN)


@dataclass(frozen=True)
class Batch:
    """What a device sends at once, and what it says of itself meanwhile.

    `sent_at` is its clock at sending, `queue` how many forms wait on it, `app` what it runs.
    """

    items: list[Any]
    sent_at: object = None
    queue: object = None
    app: object = None


def open_batch(session: Session, given: Sequence[Any]) -> list[Any]:
    """Plain and sealed items alike, opened; what cannot be opened, as its receipt already."""
    return [_open_one(session, one) for one in given]


def take_batch(
    session: Session,
    opened: Sequence[Any],
    device_id: int,
    sent_at: object = None,
    field: str | None = None,
) -> list[Receipt]:
    """Accept what `open_batch` opened; receipts in its order.

    `sent_at` is the device's clock at sending, `field` what its link is for. Raises
    `NotAllowed` when it may send no responses.
    """
    now, catalogue = clock.now(), current_app.extensions["catalogue"]
    arrival = arrival_from(session, device_id, sent_at, now, field)
    contents = [one for one in opened if not isinstance(one, Receipt)]
    taken = accept_batch(session, contents, now, catalogue, arrival)
    return _in_order(opened, taken)


def take_visits(
    session: Session, opened: Sequence[Any], device_id: int, sent_at: object = None
) -> list[Receipt]:
    """Keep the visits that `open_batch` opened; receipts in its order."""
    now = clock.now()
    contents = [one for one in opened if not isinstance(one, Receipt)]
    offset = clock_offset(sent_at, now)
    return _in_order(opened, record_visits(session, contents, device_id, now, offset))


def read_batch(kind: str = "responses") -> Batch:
    """The batch in the request's body; raises `NotUnderstood` or `TooMuch`."""
    said = read_object()
    items = said.get(kind)
    if not isinstance(items, list):
        raise NotUnderstood
    if len(items) > LARGEST_BATCH:
        raise TooMuch
    return Batch(items, said.get("sent_at"), said.get("queue"), said.get("app"))


def read_object(shape: str = SHAPE) -> dict[str, Any]:
    """The JSON object in the request's body; raises `NotUnderstood` or `TooMuch`."""
    try:
        found = read_json(_body())
    except ValueError:
        raise NotUnderstood(shape) from None
    if not isinstance(found, dict):
        raise NotUnderstood(shape)
    return found


def read_json(body: bytes) -> Any:
    """Read a JSON text strictly; raises `ValueError` for anything that is not one.

    Refused too: another encoding than UTF-8, NaN and numbers too large to be held, a name that
    stands twice in an object, and nesting without end.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_number,
            parse_float=_float,
        )
    except RecursionError:
        raise ValueError("too deep") from None


def drain() -> None:
    """Read on, so that a client that is still sending hears the answer; within bounds."""
    stream = request.environ["wsgi.input"]
    left = MOST_DRAINED
    if not request.environ.get("wsgi.input_terminated"):
        left = min(left, request.content_length or 0)
    while left > 0:
        piece = stream.read(min(PIECE, left))
        if not piece:
            return
        left -= len(piece)


def receipts_json(receipts: Sequence[Receipt], complaints: Container[str] = ()) -> Response:
    """The answer to a batch; `complaints` are the ids of forms whose giver is told a kind note."""
    told = [_receipt(receipt) for receipt in receipts]
    return jsonify(
        receipts=[one | ({"complaint": True} if one["id"] in complaints else {}) for one in told]
    )


def answer_json(status: int, message: str, **headers: str) -> Response:
    """One clear sentence to a device."""
    response = jsonify(error=message)
    response.status_code = status
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def answer_to(error: Exception) -> Response:
    """What a device hears when its body could not be taken: one of `ERRORS`."""
    if isinstance(error, NotUnderstood):
        message = _("Nội dung gửi lên phải là JSON hợp lệ dạng {shape}.", shape=error.shape)
        return answer_json(400, message)
    if isinstance(error, TooMuch):
        message = error.told or _(
            "Nội dung gửi lên quá lớn: mỗi lần gửi tối đa {count} phiếu và {size} byte.",
            count=LARGEST_BATCH,
            size=current_app.extensions["config"].max_body,
        )
        return answer_json(413, message)
    # Its own words are not logged: they repeat the parameters, which are answers.
    logging.getLogger(__name__).warning("no turn at the database: %s", type(error).__name__)
    message = _("Hệ thống đang bận. Xin gửi lại sau vài giây; phiếu vẫn nằm trên thiết bị.")
    return answer_json(503, message, Retry_After=str(RETRY_AFTER))


def _in_order(opened: Sequence[Any], taken: Sequence[Receipt]) -> list[Receipt]:
    left = iter(taken)
    return [one if isinstance(one, Receipt) else next(left) for one in opened]


def _open_one(session: Session, one: Any) -> Any:
    try:
        return _opened(session, one) if _is_sealed(one) else one
    except Refusal as refusal:
        problem = ProblemFound("", str(refusal.fields["code"]), refusal)
        return Receipt(name_given(one), REJECTED, problems=(problem,))


def _is_sealed(one: Any) -> bool:
    return isinstance(one, Mapping) and set(one) == SEALED


def _opened(session: Session, one: Mapping[str, Any]) -> Any:
    """The response object in a sealed form, which must carry the id that stands outside."""
    identity, secret = name_given(one), current_app.extensions["config"].secret_key
    try:
        written = open_sealed(session, secret, identity, one["sealed"])
    except Refusal as refusal:
        raise Refusal(refusal.template, code="bad_seal") from None
    try:
        content = read_json(written)
    except ValueError:
        content = None
    inside = content.get("id") if isinstance(content, dict) else None
    if not isinstance(inside, str) or inside.lower() != identity.lower():
        raise Refusal("Mã phiếu bên trong khác mã ghi bên ngoài niêm phong.", code="wrong_id")
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("one name twice")
    return found


def _refuse_number(_text: str) -> NoReturn:
    raise ValueError("not a number")


def _float(text: str) -> float:
    found = float(text)
    if found in (float("inf"), float("-inf")):
        raise ValueError("too large")
    return found


def _body() -> bytes:
    most = current_app.extensions["config"].max_body
    request.max_content_length = most + 1  # a body in chunks is cut there without a word
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        body = None
    if body is None or len(body) > most:
        drain()
        raise TooMuch
    return body


def _receipt(receipt: Receipt) -> dict[str, Any]:
    """A receipt as devices read it; all but refusals are signed, also once a code is forgotten."""
    found: dict[str, Any] = {"id": receipt.id, "status": receipt.status}
    if receipt.receipt is not None:
        found["receipt"] = receipt.receipt
    if receipt.receipt is not None and receipt.received_at is not None:
        found["received_at"] = receipt.received_at.isoformat()
    if receipt.status != REJECTED:
        parts = (found.get(name, "") for name in ("id", "status", "receipt", "received_at"))
        found["signature"] = sign_receipt(current_app.extensions["config"].secret_key, *parts)
    return found | {"problems": [told_of(problem) for problem in receipt.problems]}


def told_of(problem: ProblemFound) -> dict[str, str]:
    """A problem with its sentence, in which nothing that the citizen entered is repeated."""
    fields = problem.refusal.fields
    item = problem.item if CODE.fullmatch(problem.item) else ""
    hidden = {name: "…" for name in ("value",) if name in fields}
    if problem.code == "unknown_item":
        hidden["item"] = item or "…"
    told = Refusal(problem.refusal.template, **fields | hidden)
    return {"item": item, "code": problem.code, "message": say(told)}
