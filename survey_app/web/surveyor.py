"""The door of surveyors' tablets: the app they keep to work without a network, and enrolling."""

import json
from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template

from survey_app import clock
from survey_app.i18n import VIETNAMESE, say, use_locale
from survey_app.security import ReadyPage, public
from survey_app.services.field.enrolment import enrol_tablet, wrong_tablet_code
from survey_app.web.batches import ERRORS, answer_json, answer_to, read_object
from survey_app.web.shells import TABLET, Shell, shell_of
from survey_app.web.surveyor_texts import texts

bp = Blueprint("surveyor", __name__, url_prefix="/t")
for _kind in ERRORS:
    bp.register_error_handler(_kind, answer_to)

TEMPLATE = "surveyor/app.html"
# The app notes roughly where an interview was held, when the respondent agrees.
ALLOWED = "camera=(), geolocation=(self), microphone=()"


@bp.get("/")
@public
def start() -> ReadyPage:
    """The page of the app: the same for every tablet, so that each can keep it."""
    use_locale(VIETNAMESE)
    shell = _shell()
    modules = [part for part in shell.assets if part.startswith("/static/js/field/")]
    answer = make_response(render_template(TEMPLATE, version=shell.version, modules=modules))
    answer.headers["Permissions-Policy"] = ALLOWED
    return answer


@bp.get("/sw.js")
@public
def worker() -> Response:
    """The service worker that opens the app without a network."""
    return Response(_shell().worker, mimetype="text/javascript")


@bp.get("/texts", endpoint="texts")
@public
def words() -> Response:
    """What the app says, in every language."""
    return jsonify(texts())


@bp.post("/enrol")
@public
def enrol() -> ReadyPage:
    """Enrol a tablet with the code that an administrator was given; it then holds a token."""
    given, now = read_object().get("code"), clock.now()
    code = given[:64] if isinstance(given, str) else ""
    with current_app.extensions["database"].writing() as session:
        outcome = enrol_tablet(session, code, now)
    if outcome.token is None or outcome.device is None:
        return answer_json(400, say(outcome.refusal or wrong_tablet_code()))
    return jsonify(
        token=outcome.token,
        device=outcome.device.name,
        surveyor=outcome.device.surveyor,
        server_time=now.isoformat(),
    )


def _shell() -> Shell:
    """The parts of the app; its page and its words are parts too, so they make its version."""
    page = Path(current_app.root_path, "templates", TEMPLATE)
    said = json.dumps(texts(), ensure_ascii=False, sort_keys=True)
    content = page.read_text(encoding="utf-8") + said
    return shell_of(Path(str(current_app.static_folder)), TABLET, content)
