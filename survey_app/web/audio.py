"""Spoken prompts for who would rather listen than read: served from here, never played unasked."""

from typing import Final

from flask import Blueprint, current_app, g, render_template, request, send_file
from flask import url_for as address_of
from markupsafe import Markup
from werkzeug.wrappers import Response

from questionnaires.model import QuestionnaireVersion
from survey_app.errors import NotFound
from survey_app.i18n import LANGUAGES, current_locale
from survey_app.security import public
from survey_app.services.wording.prompts import Prompts

bp = Blueprint("audio", __name__)

YEAR: Final = 365 * 24 * 3600


@bp.get("/audio/<code>/<version>/<locale>/<item>")
@public
def prompt(code: str, version: str, locale: str, item: str) -> Response:
    """One question read aloud, whole or in parts; kept for a year while it is the same file."""
    name = f"{code}/{version}"
    catalogue = current_app.extensions["catalogue"]
    if name not in catalogue.questionnaire_names or locale not in LANGUAGES:
        raise NotFound("Không có tệp âm thanh này.")
    found = _prompts().of(catalogue.questionnaire(name).definition, locale).get(item)
    if found is None:
        raise NotFound("Không có tệp âm thanh này.")
    answer = send_file(found.path, mimetype=found.mimetype, conditional=True)
    answer.headers.pop("Content-Disposition", None)
    same = request.args.get("v") == found.version
    answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if same else "no-cache"
    return answer


def prompts_of(version: QuestionnaireVersion, locale: str) -> dict[str, str]:
    """The address of the spoken prompt of each item that has one in a language."""
    return {
        item: address_of(
            "audio.prompt",
            code=version.code,
            version=version.version,
            locale=locale,
            item=item,
            v=found.version,
        )
        for item, found in _prompts().of(version, locale).items()
    }


def offer_prompts(version: QuestionnaireVersion) -> None:
    """Let the questions of this page be listened to, in the language of the page."""
    g.prompts = prompts_of(version, current_locale())


@bp.app_template_global("listen")
def _listen(item: str, number: int | None) -> Markup:
    """The player of a question; nothing where there is no prompt."""
    address = g.get("prompts", {}).get(item)
    if address is None:
        return Markup()
    return Markup(render_template("filling/prompt.html", address=address, number=number, item=item))


def _prompts() -> Prompts:
    found: Prompts = current_app.extensions["prompts"]
    return found
