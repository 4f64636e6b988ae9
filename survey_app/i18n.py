"""The language of a page: Vietnamese is written in the code, the others stand in catalogues."""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po
from flask import Flask, g, has_request_context, request

from questionnaires.refusal import Refusal

FOLDER: Final = Path(__file__).parent / "translations"
VIETNAMESE: Final = "vi"
LANGUAGES: Final = {"vi": "Tiếng Việt", "km": "ខ្មែរ", "en": "English"}
OFFICE: Final = "/admin"  # speaks the language of record
ALPHABET: Final = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
TONES: Final = "\u0300\u0309\u0303\u0301\u0323"  # huyền, hỏi, ngã, sắc, nặng
# Only here a browser's own wish counts.
OPEN_DOORS: Final = ("/s/", "/k/", "/i/", "/receipt", "/privacy")


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
    """The language a person asks for: by the address, else by the browser at an open door."""
    if request.path.startswith(OFFICE):
        return None
    wished = request.args.get("lang")
    if wished in LANGUAGES:
        return wished
    if request.path.startswith(OPEN_DOORS):
        # Werkzeug's own choice prefers «en» to «vi-VN» whatever their order.
        tags = (tag.split("-")[0].lower() for tag in request.accept_languages.values())
        return next((tag for tag in tags if tag in LANGUAGES), None)
    return None


def sort_key(text: str) -> tuple[list[int], list[int]]:
    """Where a Vietnamese reader looks for a name: by letters (đ follows d), then by tones."""
    letters, tones = [], []
    for sign in unicodedata.normalize("NFC", text).lower():
        parts = unicodedata.normalize("NFD", sign)
        tone = next((part for part in parts if part in TONES), "")
        bare = unicodedata.normalize("NFC", parts.replace(tone, "") if tone else parts)
        letters.append(1000 + ALPHABET.index(bare) if bare in ALPHABET else ord(bare[0]))
        tones.append(TONES.index(tone) + 1 if tone else 0)
    return letters, tones


def init_app(app: Flask) -> None:
    """Give templates `_`, the language of the page and the names of the languages."""
    app.jinja_env.globals["_"] = _
    app.jinja_env.globals["language_names"] = LANGUAGES
    app.context_processor(lambda: {"locale": current_locale()})
