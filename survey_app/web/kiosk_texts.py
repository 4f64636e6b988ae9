"""What a kiosk says, in every language at once: it changes language without a network."""

from survey_app.i18n import _
from survey_app.web.complaints import note_on_complaints
from survey_app.web.spoken import asking, in_every_language, rated_label


def texts() -> dict[str, dict[str, str]]:
    """Every text by language and key."""
    return in_every_language(lambda: _beginning() | asking() | _ending() | _staffs())


def _beginning() -> dict[str, str]:
    return {
        "welcome": _("Mời Ông/Bà đánh giá sự phục vụ tại đây"),
        "rated_procedure": rated_label(is_procedure=True),
        "rated_field": rated_label(is_procedure=False),
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
        "restart": _("Bỏ phiếu, về đầu"),
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
        "not_saved": _("Chưa lưu được phiếu"),
        "not_saved_so": _("Xin bấm «Thử lại» hoặc báo người hướng dẫn."),
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
