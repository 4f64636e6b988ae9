"""What a surveyor's tablet says, in every language at once, without a network."""

from survey_app.i18n import _
from survey_app.web.spoken import asking, in_every_language


def texts() -> dict[str, dict[str, str]]:
    """Every text by language and key."""
    return in_every_language(lambda: _door() | asking())


def _door() -> dict[str, str]:
    return {
        "enrol_title": _("Đăng ký máy tính bảng"),
        "enrol_code": _("Mã đăng ký gồm 8 ký tự, do người quản trị cấp"),
        "enrol_button": _("Đăng ký máy này"),
        "enrol_offline": _("Chưa đăng ký được vì không có mạng. Xin thử lại khi có mạng."),
    }
