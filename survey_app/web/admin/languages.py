"""The room of languages: what native readers have confirmed, and questions read aloud."""

from io import BytesIO
from typing import Final

from flask import current_app, redirect, render_template, request
from flask import url_for as address_of

from questionnaires.model import QuestionnaireVersion
from survey_app import clock
from survey_app.errors import NotFound
from survey_app.exports.review_sheet import write_review_sheet
from survey_app.i18n import LANGUAGES, VIETNAMESE, catalogue
from survey_app.security import ReadyPage, requires
from survey_app.services.wording.languages import (
    SHOWS,
    Asked,
    TextFile,
    file_named,
    files_of,
    reading_of,
    search,
)
from survey_app.services.wording.prompts import Prompts
from survey_app.web.admin.door import READERS, bp
from survey_app.web.admin.rooms import CSV, attached, record
from survey_app.web.audio import prompts_of

TRANSLATED: Final = tuple(code for code in LANGUAGES if code != VIETNAMESE)
COUNTS: Final = ("confirmed", "withdrawn", "changed", "gone")
REVIEWED, RECORDED, ERASED = "review_texts", "keep_prompt", "remove_prompt"


@bp.get("/languages")
@requires(*READERS)
def languages() -> str:
    """Every language with its files: how much is there, how much is confirmed."""
    names = current_app.extensions["catalogue"].questionnaire_names
    versions = [_version(name) for name in names]
    spoken = {
        version.name: {code: len(_prompts().of(version, code)) for code in LANGUAGES}
        for version in versions
    }
    files = {locale: _files(locale) for locale in TRANSLATED}
    return render_template("admin/languages.html", files=files, versions=versions, spoken=spoken)


@bp.get("/languages/<locale>")
@requires(*READERS)
def texts(locale: str) -> str:
    """The texts of a language beside the Vietnamese ones; what is looked for is in the address."""
    files = _files(locale)
    show = request.args.get("show", "")
    asked = Asked(
        file=request.args.get("file", ""),
        words=request.args.get("q", "")[:200].strip(),
        show=show if show in SHOWS else SHOWS[0],
        page=request.args.get("page", 1, type=int),
    )
    outcome = {name: request.args.get(name, 0, type=int) for name in COUNTS}
    return render_template(
        "admin/languages_texts.html",
        of=locale,
        files=files,
        asked=asked,
        found=search(files, asked),
        outcome=outcome if "confirmed" in request.args else None,
    )


@bp.get("/languages/<locale>/texts.csv")
@requires(*READERS)
def texts_sheet(locale: str) -> ReadyPage:
    """The texts of a language as a sheet for a native reader."""
    files, name = _files(locale), request.args.get("file", "")
    chosen = [file_named(files, name)] if name else files
    stream = BytesIO()
    write_review_sheet((line for file in chosen for line in file.lines), stream)
    return attached(stream.getvalue(), CSV, f"doc-soat-{locale}.csv")


@bp.post("/languages/<locale>/readings")
@requires("administrator")
def take_reading(locale: str) -> ReadyPage:
    """Take the sheet of a native reader: who confirmed what, and when."""
    files, now = _files(locale), clock.now()
    by = " ".join(request.form.get("reader", "").split())
    sent = request.files.get("sheet")
    content = sent.read() if sent else b""
    outcome = reading_of(content, (sent.filename if sent else None) or "CSV", files, by)
    reading = outcome.reading
    with current_app.extensions["database"].writing() as session:
        current_app.extensions["reviews"].keep(locale, reading, now)
        subject = f"{locale} +{len(reading.confirmed)} -{len(reading.withdrawn)}"
        record(session, REVIEWED, subject)
    counts = (len(reading.confirmed), len(reading.withdrawn), outcome.changed, outcome.gone)
    told = "&".join(f"{name}={n}" for name, n in zip(COUNTS, counts, strict=True))
    return redirect(f"{address_of('admin.texts', locale=locale)}?{told}", 303)


@bp.get("/languages/prompts/<code>/<version>")
@requires(*READERS)
def prompts(code: str, version: str) -> str:
    """The questions of a form that can be listened to, in one language."""
    asked, of = _version(f"{code}/{version}"), request.args.get("of", VIETNAMESE)
    _check_language(of)
    ours = {item for item, found in _prompts().of(asked, of).items() if found.ours}
    return render_template(
        "admin/languages_prompts.html",
        version=asked,
        of=of,
        addresses=prompts_of(asked, of),
        ours=ours,
    )


@bp.post("/languages/prompts/<code>/<version>")
@requires("administrator")
def keep_prompt(code: str, version: str) -> ReadyPage:
    """Put a recording in place of what there is for a question, or take ours away."""
    asked, of = _version(f"{code}/{version}"), request.form.get("of", "")
    item = request.form.get("item", "")
    _check_language(of)
    sent = request.files.get("sound")
    with current_app.extensions["database"].writing() as session:
        if "remove" in request.form:
            _prompts().remove(asked, of, item)
        else:
            _prompts().keep(asked, of, item, sent.read() if sent else b"")
        action = ERASED if "remove" in request.form else RECORDED
        record(session, action, f"{asked.name} {of} {item}")
    return redirect(address_of("admin.prompts", code=code, version=version, of=of), 303)


def _files(locale: str) -> tuple[TextFile, ...]:
    if locale not in TRANSLATED:
        raise NotFound("Không có ngôn ngữ này.")
    found, reviews = current_app.extensions["catalogue"], current_app.extensions["reviews"]
    return files_of(found, catalogue(locale), reviews, locale)


def _version(name: str) -> QuestionnaireVersion:
    loaded = current_app.extensions["catalogue"]
    if name not in loaded.questionnaire_names:
        raise NotFound("Không có phiếu «{name}» trong danh mục.", name=name)
    version: QuestionnaireVersion = loaded.questionnaire(name).definition
    return version


def _check_language(locale: str) -> None:
    if locale not in LANGUAGES:
        raise NotFound("Không có ngôn ngữ này.")


def _prompts() -> Prompts:
    found: Prompts = current_app.extensions["prompts"]
    return found
