"""The language of a page: Vietnamese is written in the code, the others stand in catalogues.

Every page and message speaks every language, the administration too, where staff choose one for
their browser. Official documents do not: charts, tables, printed sheets and reports are of the
language of record whoever asks for them, so their texts go through `of_record` and no catalogue.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from babel.messages.pofile import read_po
from flask import Flask, Response, current_app, g, has_request_context, request, url_for
from werkzeug.exceptions import HTTPException

from questionnaires.refusal import Refusal

FOLDER: Final = Path(__file__).parent / "translations"
VIETNAMESE: Final = "vi"
LANGUAGES: Final = {"vi": "Tiếng Việt", "km": "ខ្មែរ", "en": "English"}
OFFICE: Final = "/admin"  # speaks what its staff chose, whatever their browser wishes
CHOICE: Final = "language"  # the cookie of that choice, and nothing else, sent to the office only
CHOICE_SECONDS: Final = 365 * 24 * 3600
# Only here a browser's own wish counts.
OPEN_DOORS: Final = ("/s/", "/k/", "/i/", "/receipt", "/privacy", "/accessibility")


@cache
def catalogue(locale: str) -> dict[str, str]:
    """The translated interface texts of a language, by their Vietnamese text."""
    path = FOLDER / locale / "LC_MESSAGES" / "messages.po"
    if locale not in LANGUAGES or not path.exists():
        return {}
    with path.open("rb") as stream:
        messages = read_po(stream, locale=locale)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}


def translate(template: str, locale: str, **fields: object) -> str:
    """Translate a Vietnamese template, then fill it."""
    text = catalogue(locale).get(template, template)
    return text.format(**fields) if fields else text


def _(template: str, **fields: object) -> str:
    """Translate a Vietnamese template into the language of the request, then fill it."""
    return translate(template, current_locale(), **fields)


def spoken(names: Mapping[str, str]) -> dict[str, str]:
    """Names that stand in a table of the program, in the language of the request."""
    return {key: translate(name, current_locale()) for key, name in names.items()}


def of_record(template: str, **fields: object) -> str:
    """Fill a template of an official document, which is in Vietnamese whatever the page speaks."""
    return template.format(**fields) if fields else template


def say(refusal: Refusal) -> str:
    """A refusal in the language of the request."""
    text = catalogue(current_locale()).get(refusal.template, refusal.template)
    return text.format(**refusal.fields)


def current_locale() -> str:
    """The language of the request; Vietnamese outside of one."""
    if not has_request_context():
        return VIETNAMESE
    if "locale" not in g:
        g.locale = asked_locale() or VIETNAMESE
    return str(g.locale)


def use_locale(locale: str) -> None:
    """Let the rest of the request speak a language."""
    g.locale = locale if locale in LANGUAGES else VIETNAMESE


def asked_locale() -> str | None:
    """The language a person asks for: by the address, else as staff chose, or as a browser wishes.

    The wish of a browser counts at the open doors only.
    """
    wished = request.args.get("lang")
    if wished in LANGUAGES:
        return wished
    if is_office():
        chosen = request.cookies.get(CHOICE)
        return chosen if chosen in LANGUAGES else None
    if request.path.startswith(OPEN_DOORS):
        # Werkzeug's own choice prefers «en» to «vi-VN» whatever their order.
        tags = (tag.split("-")[0].lower() for tag in request.accept_languages.values())
        return next((tag for tag in tags if tag in LANGUAGES), None)
    return None


def is_office() -> bool:
    """Say whether the request is for a page of staff."""
    return request.path == OFFICE or request.path.startswith(f"{OFFICE}/")


def address_in(locale: str) -> str:
    """The address of the page that is shown, in another language.

    A page that answers what was sent has no address of its own: the form it came from is shown
    again, or the first page where there is none.
    """
    path, asked = request.path, request.args.to_dict(flat=False)
    if request.method not in ("GET", "HEAD"):
        asked = {}
        try:
            current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]
        except HTTPException:
            path = url_for("admin.waves")
    return f"{path}?{urlencode(asked | {'lang': [locale]}, doseq=True)}"


def init_app(app: Flask) -> None:
    """Give templates `_`, the language of the page and the names of the languages."""
    app.jinja_env.globals["_"] = _
    app.jinja_env.globals["language_names"] = LANGUAGES
    app.jinja_env.globals["address_in"] = address_in
    app.context_processor(lambda: {"locale": current_locale()})
    app.after_request(_remember_choice)


def _remember_choice(answer: Response) -> Response:
    """Let a browser of staff keep the language that was chosen from the menu."""
    chosen = request.args.get("lang")
    if is_office() and chosen in LANGUAGES and chosen != request.cookies.get(CHOICE):
        answer.set_cookie(
            CHOICE,
            chosen,
            CHOICE_SECONDS,
            path=OFFICE,
            httponly=True,
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
    return answer
