"""The room of quality: how answers came in, which to look at again, and voiding with a reason."""

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from flask import current_app, g, redirect, render_template, request
from flask import url_for as address_of

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.i18n import _, say, spoken
from survey_app.security import ReadyPage, requires
from survey_app.services.checking import review
from survey_app.services.checking.quality import FLAGGED, POINTS
from survey_app.services.checking.review import BEFORE_WORDS, OTHER, Choice, Sweep, Void
from survey_app.services.checking.sensitivity import sensitivity_of
from survey_app.services.plan.waves import wave_named
from survey_app.web.admin.door import READERS, bp

JUDGES: Final = ("administrator", "supervisor")
VOID_REASONS: Final = {
    "staff": _("Cán bộ trả lời thay người dân"),
    "repeated": _("Một người trả lời nhiều lần"),
    "careless": _("Trả lời qua loa, không đọc câu hỏi"),
    "trial": _("Phiếu thử máy"),
    OTHER: _("Lý do khác"),
}


@bp.get("/waves/<code>/quality")
@requires(*READERS)
def quality(code: str) -> str:
    """How the answers of a wave came in, and those to look at again; the address is the filter."""
    choice = _choice()
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        page = review.review_page(session, wave, choice, request.args.get("after", ""))
        compared = sensitivity_of(session, current_app.extensions["catalogue"], wave)
    highest = max((n for _score, n in page.scores), default=0)
    return _page("quality.html", page=page, compared=compared, choice=choice, highest=highest)


@bp.get("/waves/<code>/quality/void")
@requires(*JUDGES)
def confirm_void(code: str) -> str:
    """Say how many responses a filter holds before all of them are voided."""
    return _confirmation(code, _choice())


@bp.post("/waves/<code>/quality/void")
@requires(*JUDGES)
def void_all(code: str) -> ReadyPage:
    """Void all responses of a filter."""
    choice = _choice()
    try:
        void, expected = _void(), _number(request.form.get("expected"), -1)
    except Refusal as refusal:
        return _confirmation(code, choice, refusal), 422
    with current_app.extensions["database"].writing() as session:
        wave = wave_named(session, code)
        by = (g.account.id, clock.now())
        review.void_chosen(session, wave, Sweep(choice, void, expected), by)
    filters: dict[str, Any] = _filters(choice) | {"state": "voided"}
    return redirect(address_of("admin.quality", code=code, **filters), 303)


@bp.get("/waves/<code>/quality/<uuid:response_id>")
@requires(*READERS)
def reviewed(code: str, response_id: UUID) -> str:
    """One response without its answers: what was noticed, and whether it counts."""
    return _response_page(code, response_id)


@bp.post("/waves/<code>/quality/<uuid:response_id>/void")
@requires(*JUDGES)
def void_one(code: str, response_id: UUID) -> ReadyPage:
    """Take one response out of the count."""
    try:
        void = _void()
    except Refusal as refusal:
        return _response_page(code, response_id, refusal), 422
    with current_app.extensions["database"].writing() as session:
        by = (g.account.id, clock.now())
        review.void_response(session, wave_named(session, code), response_id, void, by)
    return redirect(address_of("admin.reviewed", code=code, response_id=response_id), 303)


@bp.post("/waves/<code>/quality/<uuid:response_id>/restore")
@requires(*JUDGES)
def restore_one(code: str, response_id: UUID) -> ReadyPage:
    """Count a voided response again."""
    with current_app.extensions["database"].writing() as session:
        by = (g.account.id, clock.now())
        review.restore_response(session, wave_named(session, code), response_id, by)
    return redirect(address_of("admin.reviewed", code=code, response_id=response_id), 303)


@bp.app_template_filter("void_reason")
def void_reason(kept: str) -> str:
    """A reason for a reader: what was chosen in their language, words as they were written."""
    label, sign, words = kept.partition(BEFORE_WORDS)
    said = spoken({name: name for name in VOID_REASONS.values()})
    return f"{said.get(label, label)}{sign}{words}"


def _signal_names() -> dict[str, str]:
    """What a sign of misuse is called, in the language of the page."""
    return {
        "too_fast": _("trả lời quá nhanh"),
        "kiosk_after_hours": _("máy tại quầy, ngoài giờ làm việc"),
        "burst": _("dồn dập tại một điểm"),
        "device_burst": _("dồn dập từ một máy"),
        "sender_burst": _("nhiều phiếu trong ngày từ một điện thoại hoặc một mạng"),
        "sender_flood": _("rất nhiều phiếu trong ngày từ một điện thoại hoặc một mạng"),
        "selection": _("người được hỏi không theo quy tắc chọn"),
        "same_words": _("lời góp ý chép giống hệt nhau"),
        "identical": _("giống hệt nhiều phiếu cùng điểm"),
        "office_network": _("gửi từ mạng của cơ quan"),
        "helped_by_official": _("cán bộ giúp trả lời"),
        "after_hours": _("ngoài giờ làm việc"),
        "straight_line": _("mọi câu cùng một mức"),
        "clock": _("đồng hồ của máy không đúng"),
    }


def mode_names() -> dict[str, str]:
    """By what an answer came, in the language of the page."""
    return {
        "web": _("điện thoại riêng"),
        "kiosk": _("máy tại quầy"),
        "tablet": _("máy tính bảng"),
        "paper": _("phiếu giấy"),
        "phone": _("gọi điện"),
        "code": _("mã trên giấy biên nhận"),
        "invitation": _("thư mời"),
    }


def _confirmation(code: str, choice: Choice, refusal: Refusal | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        wave = wave_named(session, code)
        found = review.chosen_count(session, wave, choice)
        page = review.review_page(session, wave, choice)
    message = say(refusal) if refusal else None
    return _page("quality_void.html", page=page, choice=choice, found=found, message=message)


def _response_page(code: str, response_id: UUID, refusal: Refusal | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        line = review.review_line(session, wave_named(session, code), response_id)
    message = say(refusal) if refusal else None
    return _page("quality_response.html", code=code, line=line, message=message)


def _page(template: str, **fields: Any) -> str:
    return render_template(
        f"admin/{template}",
        signal_names=_signal_names(),
        mode_names=mode_names(),
        void_reasons=spoken(VOID_REASONS),
        given=request.form,
        may_judge=g.account.role in JUDGES,
        filters=_filters(_choice()),
        from_score=FLAGGED,
        **fields,
    )


def _void() -> Void:
    """The reason as it was filled in; raises `Refusal` when it will not do."""
    reason = request.form.get("reason", "")
    void = Void(reason, VOID_REASONS.get(reason), request.form.get("words", ""))
    void.text()
    return void


def _choice() -> Choice:
    given = request.args
    signal = given.get("signal", "")
    return Choice(
        signal=signal if signal in POINTS else "",
        point=given.get("point", "")[:64],
        unit=given.get("unit", "")[:64],
        least=_number(given.get("least"), FLAGGED),
        voided=given.get("state") == "voided",
    )


def _filters(choice: Choice) -> dict[str, str]:
    """A choice as it stands in an address; what is usual is left out."""
    found = {k: str(v) for k, v in asdict(choice).items() if k in ("signal", "point", "unit") and v}
    if choice.least != FLAGGED:
        found["least"] = str(choice.least)
    return found | ({"state": "voided"} if choice.voided else {})


def _number(text: str | None, otherwise: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return otherwise
    return int(text)
