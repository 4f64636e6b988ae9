"""What a kiosk says, in every language at once: it changes language without a network."""

from collections.abc import Sequence
from typing import Any

from flask import g

from survey_app.i18n import LANGUAGES, _, current_locale, translate, use_locale
from survey_app.services.consent import Point, Sentence
from survey_app.web.complaints import note_on_complaints


def texts() -> dict[str, dict[str, str]]:
    """Every text by language and key; the request speaks afterwards what it spoke before."""
    spoken = current_locale()
    found = {}
    for language in LANGUAGES:
        use_locale(language)
        found[language] = _asking() | _ending() | _staffs()
    g.locale = spoken
    return found


def notice_in_all(points: Sequence[Point]) -> dict[str, list[dict[str, Any]]]:
    """The consent notice by language: each point as a question and its answer."""

    def told(sentence: Sentence, language: str) -> str:
        return translate(sentence.template, language, **sentence.fields)

    return {
        language: [
            {
                "question": told(point.question, language),
                "answer": " ".join(told(sentence, language) for sentence in point.answer),
            }
            for point in points
        ]
        for language in LANGUAGES
    }


def _asking() -> dict[str, str]:
    return {
        "welcome": _("Mời Ông/Bà đánh giá sự phục vụ tại đây"),
        "anonymous": _("Phiếu không ghi tên."),
        "duration": _("{n} câu hỏi, khoảng {m} phút."),
        "consent_title": _("Ông/Bà có đồng ý trả lời không?"),
        "consent_short": _(
            "Câu trả lời chỉ dùng để tính chỉ số hài lòng. Ông/Bà dừng lúc nào cũng được."
        ),
        "consent_more": _("Đọc đầy đủ"),
        "agree": _("Tôi đồng ý"),
        "decline": _("Không, cảm ơn"),
        "agency_title": _("Cơ quan nào đã giải quyết hồ sơ của Ông/Bà?"),
        "progress": _("Câu {n} trong {total} câu"),
        "back": _("Quay lại"),
        "restart": _("Bỏ phiếu, về đầu"),
        "next": _("Tiếp tục"),
        "skip": _("Bỏ qua câu này"),
        "several": _("Ông/Bà có thể chọn nhiều câu trả lời."),
        "listen": _("Nghe câu hỏi"),
        "choose": _("Vui lòng chọn hoặc nhập câu trả lời."),
        "not_number": _("Vui lòng nhập một số."),
        "out_of_range": _("Số này nằm ngoài khoảng cho phép. Vui lòng xem lại."),
        "too_long": _("Vui lòng viết không quá {n} ký tự."),
        "bad_sign": _("Có ký tự không dùng được, vui lòng viết lại."),
        "helped_title": _("Có ai giúp Ông/Bà trả lời không?"),
        "helped_nobody": _("Không, tôi tự trả lời"),
        "helped_relative": _("Có, người thân hoặc người quen"),
        "helped_official": _("Có, cán bộ ở đây"),
        "send": _("Gửi phiếu"),
    }


def _ending() -> dict[str, str]:
    complaint = note_on_complaints()
    return {
        "complaint_title": complaint.title,
        "complaint_told": complaint.told,
        "complaint_place": complaint.place,
        "sending": _("Đang gửi phiếu…"),
        "thanks": _("Cảm ơn Ông/Bà"),
        "received": _("Phiếu đã được gửi và lưu lại."),
        "receipt": _("Mã nhận phiếu"),
        "receipt_hint": _("Ông/Bà có thể ghi lại hoặc chụp lại mã này."),
        "saved": _(
            "Phiếu đã được lưu trên máy này và sẽ được gửi khi có mạng. Ông/Bà không cần làm gì "
            "thêm."
        ),
        "kept": _("Phiếu đã được giữ trên máy này; người phụ trách sẽ xem lại để gửi."),
        "not_saved": _("Chưa lưu được phiếu. Xin bấm «Thử lại» hoặc báo người hướng dẫn."),
        "try_again": _("Thử lại"),
        "done": _("Xong"),
        "returns": _("Màn hình về trang đầu sau {n} giây."),
        "more_time": _("Tôi cần thêm thời gian"),
        "idle_title": _("Ông/Bà còn ở đây không?"),
        "idle_text": _("Màn hình sẽ về trang đầu sau {n} giây."),
    }


def _staffs() -> dict[str, str]:
    return {
        "staff": _("Dành cho người phụ trách máy"),
        "close": _("Đóng"),
        "pin_title": _("Nhập mã PIN của máy"),
        "digits": _("Đã nhập {n} chữ số"),
        "clear": _("Xóa"),
        "enter": _("Mở"),
        "pin_offline": _("Chưa kiểm tra được mã PIN vì không có mạng. Xin thử lại khi có mạng."),
        "panel_title": _("Máy lấy ý kiến"),
        "waiting": _("Phiếu đang chờ gửi: {n}"),
        "need_help": _("Phiếu bị từ chối, cần người xem lại: {n}"),
        "retry": _("Gửi lại ngay"),
        "leave": _("Rời chế độ lấy ý kiến"),
        "leave_anyway": _("Vẫn rời"),
    }
