"""Who may open which page, what every answer carries in its head, and how a refusal is shown."""

import logging
import re
import traceback
from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, Response, current_app, g, jsonify, redirect, render_template, request
from flask import url_for as address_of
from flask_wtf.csrf import CSRFError, CSRFProtect, same_origin
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response as AnyResponse

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.db import Busy
from survey_app.errors import NotAllowed, status_of
from survey_app.i18n import LANGUAGES, OPEN_DOORS, _, say
from survey_app.models.accounts import ROLES

View = TypeVar("View", bound=Callable[..., Any])
ReadyPage = Response | AnyResponse | tuple[Any, int] | tuple[Any, int, dict[str, str]]

STAFF_COOKIE: Final = "staff"
API: Final = "/api/"
# Doors of which no log may tell who came by which link or code: first words of their addresses.
UNTRACED: Final = frozenset(("s", "k", "i", "receipt"))
PUBLIC: Final[frozenset[str]] = frozenset()
# Between two sentences in any of our languages; after capitals it shortens a name, as in «TP. Huế».
SENTENCE_END: Final = re.compile(r"(?<=[.?\u17d4])(?<![A-Z\u0110]\.)\s+")
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
MIB: Final = 1024 * 1024
FORM: Final = 16 * 1024  # bytes of a form around the file in it
csrf = CSRFProtect()


def public(view: View) -> View:
    """Mark a view as open to everybody; whatever else it asks for, it checks itself."""
    view.__dict__["access"] = PUBLIC
    return view


def requires(*roles: str) -> Callable[[View], View]:
    """Mark a view as open to staff signed in with one of the roles."""
    unknown = set(roles) - set(ROLES)
    if unknown or not roles:
        raise ValueError(f"unknown or missing roles: {sorted(unknown)}")

    def mark(view: View) -> View:
        view.__dict__["access"] = frozenset(roles)
        return view

    return mark


def takes_file(largest: int) -> Callable[[View], View]:
    """Let staff send a view a file of so many bytes, more than a body may have elsewhere."""

    def mark(view: View) -> View:
        view.__dict__["largest"] = largest
        return view

    return mark


def access_of(view: Callable[..., Any]) -> frozenset[str] | None:
    """The roles a view asks for; empty for a public one, None for one that is not marked."""
    marked: frozenset[str] | None = getattr(view, "access", None)
    return marked


def leaves_no_trace() -> bool:
    """Say whether the request came to a door of which no log may tell who came, and how."""
    return request.path.split("/", 2)[1] in UNTRACED


def init_app(app: Flask) -> None:
    """Guard every endpoint, set the headers, and show refusals as one clear page or as JSON."""
    app.config["WTF_CSRF_SSL_STRICT"] = False  # `_check_sender` looks instead
    app.before_request(_widen)  # the next reads the form, for the token in it
    csrf.init_app(app)
    public(app.view_functions["static"])
    app.before_request(_guard)
    app.after_request(_headers)
    app.register_error_handler(Refusal, _on_refusal)
    for busy in (Busy, InterfaceError, OperationalError, PoolTimeout):
        app.register_error_handler(busy, _on_busy)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_exception)


def trace_of(error: BaseException) -> str:
    """Where an error came from, without its message, which may quote a code or an answer."""
    lines = []
    found: BaseException | None = error
    while found is not None:
        lines += [type(found).__name__, *traceback.format_tb(found.__traceback__)]
        found = found.__cause__ or found.__context__
    return "\n".join(line.rstrip("\n") for line in lines)


def _widen() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    largest: int | None = getattr(view, "largest", None)
    if largest is not None and _signed_in() is not None:
        g.largest, request.max_content_length = largest, largest + FORM


def _guard() -> ReadyPage | None:
    g.account = None
    if request.endpoint is None:
        return None  # the error handlers speak
    _check_sender()
    roles = access_of(current_app.view_functions[request.endpoint])
    if roles is None:
        raise RuntimeError(f"endpoint {request.endpoint} says nothing of who may open it")
    if not roles:
        return None
    g.account = _signed_in()
    if g.account is None:
        return _to_sign_in()
    if g.account.role not in roles:
        raise NotAllowed("Tài khoản của Ông/Bà không được mở trang này.")
    return None


def _check_sender() -> None:
    """Refuse a form sent from a page of another site; the token in the form is checked before.

    Browsers that know the head say so themselves. A page under `no-referrer` sends no Referer and
    the origin `null`, so only elsewhere is the Referer asked for, and only over HTTPS.
    """
    if request.method in ("GET", "HEAD", "OPTIONS") or request.path.startswith(API):
        return
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise CSRFError
    if request.is_secure and not leaves_no_trace():
        own = f"https://{request.host}/"
        if not request.referrer or not same_origin(request.referrer, own):
            raise CSRFError


def _signed_in() -> Any:
    account_of = current_app.extensions.get("account_of")
    token = request.cookies.get(STAFF_COOKIE)
    if account_of is None or not token:
        return None
    with current_app.extensions["database"].writing() as session:
        return account_of(session, token, clock.now())


def _to_sign_in() -> ReadyPage:
    try:
        target = address_of("admin.sign_in", next=request.full_path.rstrip("?"))
    except BuildError:
        target = None
    if target is None or request.path.startswith(API):
        return error_page(401, _("Vui lòng đăng nhập để mở trang này."))
    return redirect(target, 303)


def _headers(response: Response) -> Response:
    if leaves_no_trace():
        response.headers["Referrer-Policy"] = "no-referrer"
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def error_page(status: int, message: str, link: tuple[str, str] | None = None) -> ReadyPage:
    """What is the matter and then what to do, as a page or as JSON; `link` is an address and words.

    Only where the fault is ours a number is told: whoever looks after the service asks for it.
    """
    if request.path.startswith(API):
        return jsonify(error=message), status
    by_link = request.method == "GET" and request.path.startswith(OPEN_DOORS)
    matter, *advice = SENTENCE_END.split(message, maxsplit=1)
    page = render_template(
        "error.html",
        fault=status if status >= 500 else None,
        matter=matter,
        advice=advice,
        link=link,
        languages=LANGUAGES if by_link else (),
    )
    return page, status


def _on_refusal(refusal: Refusal) -> ReadyPage:
    return error_page(status_of(refusal), say(refusal))


def _on_busy(busy: Exception) -> ReadyPage:
    # Only the kind: the message of a database may quote an answer.
    logging.getLogger(__name__).warning("busy at %s: %s", request.endpoint, type(busy).__name__)
    message = _("Hệ thống đang bận. Xin thử lại sau vài giây; chưa có gì bị mất.")
    page = current_app.make_response(error_page(503, message))
    page.headers["Retry-After"] = "2"
    return page


def _on_csrf(_error: CSRFError) -> ReadyPage:
    message = _("Trang này đã quá cũ hoặc trình duyệt chặn cookie. Xin mở lại trang rồi gửi lại.")
    return error_page(400, message)


def _on_http(error: HTTPException) -> ReadyPage | HTTPException:
    code = error.code or 500
    if code < 400:
        return error  # a redirect
    page = current_app.make_response(error_page(code, _message_of(code)))
    allowed = getattr(error, "valid_methods", None)
    if code == 405 and allowed:
        page.headers["Allow"] = ", ".join(sorted(allowed))
    return page


def _message_of(code: int) -> str:
    if code == 404:
        return _("Không tìm thấy trang này. Xin kiểm tra lại địa chỉ.")
    if code == 405:
        return _("Không mở được trang này theo cách đó.")
    if code == 413 and "largest" in g:
        return _(
            "Tệp lớn hơn {size} MiB nên không nhận. Xin cho máy tính bảng nối mạng để tự gửi; "
            "phiếu vẫn nằm trên máy.",
            size=g.largest // MIB,
        )
    if code == 413:
        return _("Nội dung gửi lên quá lớn.")
    if code < 500:
        return _("Máy chủ không hiểu được yêu cầu này. Xin quay lại và thử lần nữa.")
    return _("Hệ thống gặp lỗi. Lỗi đã được ghi lại; xin thử lại sau ít phút.")


def _on_exception(error: Exception) -> ReadyPage:
    # The path is left out: the address of a door names a counter, a code names a person.
    log = logging.getLogger(__name__)
    if leaves_no_trace() or request.path.startswith(API):
        log.error("unhandled at %s\n%s", request.endpoint, trace_of(error))
    else:
        log.error("unhandled at %s", request.endpoint, exc_info=error)
    if current_app.config["PROPAGATE_EXCEPTIONS"]:
        raise error
    return error_page(500, _message_of(InternalServerError.code))
