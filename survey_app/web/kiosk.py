"""The door of kiosks: enrolling, the page they run, and what they send."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Final

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
)
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.db import Database
from survey_app.errors import Gone, status_of
from survey_app.i18n import LANGUAGES, VIETNAMESE, _, say, translate, use_locale
from survey_app.security import ReadyPage, public
from survey_app.services.counter import kiosks
from survey_app.services.counter.kiosks import Kiosk
from survey_app.services.counter.links import Link, read_token
from survey_app.services.door.consent import NOTICE, notice_of
from survey_app.services.door.sealing import find_public_key, make_public_key
from survey_app.services.door.signing import receipt_key
from survey_app.services.field.devices import touch
from survey_app.services.plan.waves import door_of
from survey_app.web.audio import prompts_of
from survey_app.web.batches import (
    ERRORS,
    answer_json,
    answer_to,
    open_batch,
    read_batch,
    read_object,
    receipts_json,
    take_batch,
)
from survey_app.web.complaints import complains
from survey_app.web.kiosk_texts import texts
from survey_app.web.shells import Shell, shell_of
from survey_app.web.spoken import notice_in_all

bp = Blueprint("kiosk", __name__, url_prefix="/k")

COOKIE: Final = "kiosk"
PATH: Final = "/k"
COOKIE_SECONDS: Final = 400 * 24 * 3600  # the longest a browser keeps one; renewed at each opening
HEADER: Final = "X-Kiosk"  # no page of another site can send it
# Tells the service worker what opens without a network, and what ends that; a page without a mark
# is of a proxy or of a server in trouble, and changes nothing.
MARK: Final = "Kiosk"
KEEP, DROP = "keep", "drop"
View = Callable[..., ReadyPage]


def for_kiosks(view: Callable[[Kiosk, str], ReadyPage]) -> View:
    """A view for an enrolled kiosk: in JSON, refused without its cookie and its header."""

    @public
    @wraps(view)
    def guarded(token: str) -> ReadyPage:
        use_locale(VIETNAMESE)  # staff read it, on a panel that is in Vietnamese
        if request.method == "POST" and HEADER not in request.headers:
            return answer_json(403, _("Yêu cầu này phải đến từ máy lấy ý kiến."))
        with _database().reading() as session:
            kiosk = kiosks.kiosk_of(session, request.cookies.get(COOKIE))
        if kiosk is None:
            return answer_json(401, _("Thiết bị chưa được đăng ký hoặc mã thiết bị không đúng."))
        try:
            return view(kiosk, token)
        except Refusal as refusal:
            return answer_json(status_of(refusal), say(refusal))
        except ERRORS as error:
            return answer_to(error)

    return guarded


@bp.after_request
def _mark(answer: Response) -> Response:
    """Whatever else this door says of a kiosk is the end of what was kept."""
    if answer.status_code < 500:
        answer.headers.setdefault(MARK, DROP)
    return answer


@bp.get("/sw.js")
@public
def worker() -> Response:
    """The service worker that opens a kiosk without a network."""
    return Response(_shell().worker, mimetype="text/javascript")


@bp.get("/<token>")
@public
def start(token: str) -> ReadyPage:
    """The kiosk's page on a browser that is enrolled, else the page that asks for the code."""
    with _database().reading() as session:
        kiosk = kiosks.kiosk_of(session, request.cookies.get(COOKIE))
        try:
            link = read_token(session, token, _secret_key())
        except Gone as gone:
            if kiosk is None:
                raise
            return _kiosk_page(token, gone)  # which still sends what waits
        if kiosk is None:
            door = door_of(session, link, clock.now())
            return _enrolment_page(token, door.point_name)
        kiosks.check_counter(session, kiosk, link.point_id)
        try:
            door_of(session, link, clock.now())
        except Gone as gone:
            return _kiosk_page(token, gone)
    return _kiosk_page(token)


@bp.post("/<token>")
@public
def enrol(token: str) -> ReadyPage:
    """Enrol this browser with the code that an administrator was given."""
    now = clock.now()
    with _database().writing() as session:
        link = read_token(session, token, _secret_key())
        door = door_of(session, link, now)
        outcome = kiosks.enrol_kiosk(session, link.point_id, request.form.get("code", "")[:64], now)
    if outcome.token is None:
        refusal = outcome.refusal or kiosks.wrong_code()
        return _enrolment_page(token, door.point_name, say(refusal))
    answer = redirect(address_of(".start", token=token), 303)
    _set_cookie(answer, outcome.token)
    return answer


@bp.get("/<token>/package", endpoint="package")
@for_kiosks
def give_package(kiosk: Kiosk, token: str) -> ReadyPage:
    """What to ask at this counter, the words to say, and the key to seal with."""
    with _database().reading() as session:
        link = _own_link(session, kiosk, token)
        key = find_public_key(session, link.wave_id)
    if key is None:
        with _database().writing() as session:
            key = make_public_key(session, link.wave_id, _secret_key())
    with _database().reading() as session:
        door = door_of(session, link, clock.now())
        catalogue = current_app.extensions["catalogue"]
        found = kiosks.kiosk_package(session, door, key, catalogue)
        version = catalogue.questionnaire(f"{door.questionnaire}/{door.version}").definition
        notice = notice_of(session, door, version)
    languages = [{"code": code, "name": name} for code, name in LANGUAGES.items()]
    said: dict[str, Any] = {"texts": texts(), "languages": languages, "notice": NOTICE}
    said["notice_points"] = notice_in_all(notice)
    said["audio"] = {language: prompts_of(version, language) for language in LANGUAGES}
    answer = jsonify(found | said)
    answer.headers[MARK] = KEEP
    return answer


@bp.post("/<token>/responses", endpoint="submit")
@for_kiosks
def submit(kiosk: Kiosk, token: str) -> ReadyPage:
    """Take what waited on the kiosk; its link may have ended meanwhile, the device counts."""
    batch = read_batch()
    with _database().writing() as session:
        opened = open_batch(session, batch.items)
        field = kiosks.field_named(session, kiosk, token, _secret_key())
        receipts = take_batch(session, opened, kiosk.id, batch.sent_at, field)
    return receipts_json(receipts, _complaints(opened))


@bp.post("/<token>/contact", endpoint="contact")
@for_kiosks
def contact(kiosk: Kiosk, token: str) -> ReadyPage:
    """Hear that a kiosk is alive; tell it which version it should be, and whether it is open."""
    said = read_object()
    with _database().writing() as session:
        touch(session, kiosk.id, said.get("queue"), said.get("version"), clock.now())
    is_open = True
    with _database().reading() as session:
        try:
            door_of(session, _own_link(session, kiosk, token), clock.now())
        except Refusal:
            is_open = False
    return jsonify(version=_shell().version, open=is_open)


@bp.post("/<token>/unlock", endpoint="unlock")
@for_kiosks
def unlock(kiosk: Kiosk, _token: str) -> ReadyPage:
    """Check the PIN that opens the panel of staff."""
    refusal = _use_pin(kiosk, read_object())
    return answer_json(403, say(refusal)) if refusal else jsonify(unlocked=True)


@bp.post("/<token>/leave", endpoint="leave")
@for_kiosks
def leave(kiosk: Kiosk, _token: str) -> ReadyPage:
    """Leave kiosk mode; while forms wait, only when that is said to be meant."""
    said = read_object()
    refusal = _use_pin(kiosk, said)
    if refusal is not None:
        return answer_json(403, say(refusal))
    waiting = said.get("waiting")
    if waiting != 0 and said.get("anyway") is not True:
        message = _(
            "Còn {n} phiếu trên máy chưa gửi được. Nếu rời bây giờ, các phiếu này vẫn nằm trên máy "
            "và được gửi khi máy được đăng ký lại.",
            n=waiting if isinstance(waiting, int) else "?",
        )
        return answer_json(409, message)
    with _database().writing() as session:
        kiosks.leave(session, kiosk, clock.now())
    answer = jsonify(left=True)
    answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Strict")
    return answer


def _complaints(opened: Sequence[Any]) -> set[str]:
    """The ids of the forms in a batch that read like complaints."""
    forms = [
        one for one in opened if isinstance(one, dict) and isinstance(one.get("answers"), dict)
    ]
    return {str(form.get("id")).lower() for form in forms if complains(form["answers"].values())}


def _use_pin(kiosk: Kiosk, said: dict[str, Any]) -> Refusal | None:
    """Check a PIN: the slow part first, in no writer's turn."""
    pin = said.get("pin")
    with _database().reading() as session:
        fits = kiosks.pin_fits(session, kiosk, pin[:64] if isinstance(pin, str) else "")
    with _database().writing() as session:
        return kiosks.use_pin(session, kiosk, fits, clock.now())


def _own_link(session: Any, kiosk: Kiosk, token: str) -> Link:
    link = read_token(session, token, _secret_key())
    kiosks.check_counter(session, kiosk, link.point_id)
    return link


def _kiosk_page(token: str, gone: Gone | None = None) -> ReadyPage:
    """The page a kiosk runs; when nothing is collected, it says so and still sends what waits."""
    use_locale(VIETNAMESE)  # whatever the browser prefers, the next person begins in Vietnamese
    closed = [(name, translate(gone.template, name, **gone.fields)) for name in LANGUAGES if gone]
    known = {"version": _shell().version, "receipt_key": receipt_key(_secret_key())}
    page = render_template("kiosk/kiosk.html", token=token, closed=closed, **known)
    answer = make_response(page, 410 if closed else 200)
    if not closed:
        answer.headers[MARK] = KEEP
    _set_cookie(answer, request.cookies[COOKIE])
    return answer


def _enrolment_page(token: str, point_name: str, message: str | None = None) -> Response:
    page = render_template("kiosk/enrol.html", token=token, point_name=point_name, message=message)
    return make_response(page, 400 if message else 200)


def _set_cookie(answer: Any, token: str) -> None:
    answer.set_cookie(
        COOKIE,
        token,
        COOKIE_SECONDS,
        path=PATH,
        httponly=True,
        samesite="Strict",
        secure=current_app.extensions["config"].secure_cookies,
    )


def _shell() -> Shell:
    return shell_of(Path(str(current_app.static_folder)))


def _secret_key() -> str:
    key: str = current_app.extensions["config"].secret_key
    return key


def _database() -> Database:
    found: Database = current_app.extensions["database"]
    return found
