"""Who sends to the interface for machines: a device or a system, known by the token it carries."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, current_app, request

from survey_app.errors import NotAllowed
from survey_app.i18n import _, say
from survey_app.services.field.devices import device_of
from survey_app.services.field.enrolment import TABLET
from survey_app.web.batches import NotUnderstood, TooMuch, answer_json, answer_to, drain

SYSTEM: Final = "system"  # the kind of device that may say what the one-stop system knows


class NoToken(Exception):  # noqa: N818 - an answer, no error
    """The request carries no token of an enrolled device."""


@dataclass(frozen=True)
class Sender:
    """An enrolled device, and the surveyor who works with it."""

    id: int
    kind: str
    name: str
    surveyor: str | None
    is_retired: bool


def machine_door(name: str) -> Blueprint:
    """A part of the interface for machines, which says in JSON why it takes nothing."""
    door = Blueprint(name, name, url_prefix="/api/v1")
    door.register_error_handler(NoToken, _on_no_token)
    door.register_error_handler(NotAllowed, _on_not_allowed)
    for kind in (NotUnderstood, TooMuch):
        door.register_error_handler(kind, answer_to)
    return door


def sender() -> Sender:
    """The device whose token the request carries; raises `NoToken`."""
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise NoToken
    with current_app.extensions["database"].reading() as session:
        device = device_of(session, given.token)
        if device is None:
            raise NoToken
        retired = device.retired_at is not None
        return Sender(device.id, device.kind, device.name, device.surveyor, retired)


def check_system() -> None:
    """Raise `NoToken` or `NotAllowed` unless a one-stop system sends."""
    if sender().kind != SYSTEM:
        raise NotAllowed("Chỉ hệ thống một cửa đã đăng ký được dùng; máy này là thiết bị khác.")


def tablet() -> Sender:
    """The tablet whose token the request carries; raises `NoToken`, or `NotAllowed` for another."""
    found = sender()
    if found.kind != TABLET:
        raise NotAllowed("Chỉ máy tính bảng của điều tra viên được gửi các lần tiếp cận hộ.")
    return found


def _on_not_allowed(refusal: NotAllowed) -> Response:
    drain()
    return answer_json(403, say(refusal))


def _on_no_token(_error: NoToken) -> Response:
    drain()
    message = _("Thiết bị chưa được đăng ký hoặc mã thiết bị không đúng.")
    return answer_json(401, message, WWW_Authenticate="Bearer")
