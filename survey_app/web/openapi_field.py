"""The description of what tablets in the field use: areas, interviews, visits, signs of life."""

from typing import Final

from analysis.dispositions import OUTCOMES
from survey_app.models.fieldwork import INTERPRETERS, SELECTIONS
from survey_app.services.field.interviews import MOST_ADULTS, PRESENCE
from survey_app.web.schemas import (
    BUSY,
    CODE,
    FLAG,
    LARGEST_BATCH,
    MOMENT,
    TEXT,
    UNKNOWN_DEVICE,
    Schema,
    answer,
    list_of,
    object_of,
    or_null,
    ref,
)

SECONDS: Final[Schema] = {"type": ["integer", "number"], "minimum": 0}
ADULTS: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": MOST_ADULTS}
SIGNATURE: Final[Schema] = {
    **TEXT,
    "description": "Chữ ký ECDSA P-256/SHA-256 (r|s, base64url) của chuỗi "
    "sipas receipt 1|<id>|<status>|<receipt>|<received_at>, phần không có thì để trống; kiểm tra "
    "bằng receipt_key trong gói. Biên nhận không có chữ ký đúng thì thiết bị không được xóa phiếu.",
}
SENT_AT: Final[Schema] = {
    **TEXT,
    "description": "Giờ của thiết bị lúc gửi, ISO 8601 có múi giờ; để biết đồng hồ lệch bao nhiêu.",
}
QUEUE: Final[Schema] = {"type": ["integer", "null"], "description": "Số phiếu còn chờ trên máy."}
APP: Final[Schema] = {"type": ["string", "null"], "description": "Phiên bản ứng dụng."}
# What a device says of itself beside a batch; outside the content, so that retries hash alike.
OF_DEVICE: Final[Schema] = {"sent_at": SENT_AT, "queue": QUEUE, "app": APP}
PLACE: Final[Schema] = object_of(
    ("latitude", "longitude"),
    latitude={"type": ["number", "integer"], "minimum": -90, "maximum": 90},
    longitude={"type": ["number", "integer"], "minimum": -180, "maximum": 180},
)
CALL: Final[Schema] = {
    "household": {
        "type": "integer",
        "minimum": 1,
        "description": "Số thứ tự hộ; hộ ngoài số được giao hiện nay vẫn được nhận.",
    },
    "outcome": {"type": "string", "enum": list(OUTCOMES)},
    "day": {
        "type": "string",
        "format": "date",
        "description": "Ngày không thể có thì được đưa vào khoảng từ ngày mở đợt đến hôm nay.",
    },
}
FIELD_SCHEMAS: Final[Schema] = {
    "Interview": object_of(
        (),
        eligible={**ADULTS, "description": "Số người từ 18 tuổi trong hộ."},
        chosen={**ADULTS, "description": "Số thứ tự người được chọn (Kish); không quá eligible."},
        selection={"type": "string", "enum": list(SELECTIONS)},
        presence=list_of({"type": "string", "enum": list(PRESENCE)}),
        interpreter={"type": "string", "enum": list(INTERPRETERS)},
        handed_over={**FLAG, "description": "Người trả lời tự cầm máy ở các câu riêng tư."},
        drop_off={**FLAG, "description": "Phiếu để lại và thu sau; mode phải là paper."},
        place={**PLACE, "description": "Chỉ khi được đồng ý; lưu tròn đến 0,01 độ."},
    ),
    "Paradata": {
        **object_of(
            (),
            app=TEXT,
            device_model=TEXT,
            seconds={**SECONDS, "description": "Thời gian có người làm phiếu."},
            elapsed={**SECONDS, "description": "Từ lúc mở đến lúc gửi."},
            pages=list_of({"type": "array", "description": "[câu hỏi hoặc trang, số giây]"}),
            changes={"type": "object", "description": "Mã câu hỏi: số lần sửa."},
            pauses=list_of(SECONDS),
            clock={"type": "object", "description": '{"opened": ISO, "monotonic_ms": số}'},
            place=PLACE,
        ),
        "additionalProperties": {},
        "description": "Quá trình làm phiếu; xem docs/paradata.md. Không bao giờ làm phiếu bị từ "
        "chối.",
    },
    "Assignment": object_of(
        (
            *("code", "wave", "questionnaire", "version", "collection_point", "area"),
            *("selection", "quota", "reserve", "grid", "households"),
        ),
        code=CODE,
        wave=CODE,
        questionnaire=CODE,
        version=CODE,
        collection_point=CODE,
        area={**TEXT, "description": "Tên địa bàn."},
        selection={"type": "string", "enum": list(SELECTIONS)},
        quota={"type": "integer", "description": "Hộ chính: số thứ tự từ 1."},
        reserve={"type": "integer", "description": "Hộ dự phòng, tiếp theo hộ chính."},
        grid={"type": "integer", "description": "Vị trí bắt đầu trong 12 bảng Kish, từ 0 đến 11."},
        households=list_of(ref("Household")),
    ),
    "Household": {
        **object_of(
            ("household", "outcome", "day"),
            **CALL,
            eligible={**ADULTS, "minimum": 0},
            chosen=ADULTS,
        ),
        "description": "Hộ đã có người đến, bằng bất cứ máy nào: lần tiếp cận cuối, và số người "
        "từ 18 tuổi, người được chọn nếu đã biết. Máy mới nhận địa bàn tiếp tục từ đây.",
    },
    "VisitBatch": object_of(
        ("visits",),
        visits=list_of({"oneOf": [ref("Visit"), ref("Sealed")]}, maxItems=LARGEST_BATCH),
        **OF_DEVICE,
    ),
    "Visit": {
        **object_of(
            ("id", "assignment", "household", "outcome", "day"),
            id={"type": "string", "format": "uuid", "description": "Do thiết bị tạo."},
            assignment=CODE,
            **CALL,
            eligible=or_null({"type": "integer", "minimum": 0, "maximum": MOST_ADULTS}),
            chosen=or_null(ADULTS),
        ),
        "additionalProperties": False,
        "description": "Một lần tiếp cận hộ; không bao giờ nói đến phiếu nào.",
    },
    "Contact": {**object_of((), **OF_DEVICE), "description": "Thiết bị còn hoạt động."},
    "Time": object_of(("server_time",), server_time=MOMENT),
}


def _path(name: str, summary: str, body: str, **answers: Schema) -> Schema:
    """How one thing is posted; `answers` by their status, as `s200`, beside the usual refusals."""
    refused = {
        "400": answer("Không phải JSON hợp lệ đúng dạng.", "Error"),
        "401": UNKNOWN_DEVICE,
        "413": answer(f"Quá {LARGEST_BATCH} mục hoặc nội dung quá lớn.", "Error"),
        "503": BUSY,
    }
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": ref(body)}}},
        "responses": {status.removeprefix("s"): told for status, told in answers.items()} | refused,
    }


VISITS_TAKEN: Final = answer(
    "Một biên nhận cho mỗi lần tiếp cận, không có received_at để không nói giờ nào; conflict: giữ "
    "cả hai bản, tính bản đầu.",
    "Receipts",
)
FIELD_PATHS: Final[Schema] = {
    "/api/v1/visits": {
        "post": _path(
            "submitVisits",
            "Gửi các lần tiếp cận hộ",
            "VisitBatch",
            s200=VISITS_TAKEN,
            s403=answer("Thiết bị không phải máy tính bảng.", "Error"),
        )
    },
    "/api/v1/contact": {
        "post": _path(
            "contact",
            "Báo thiết bị còn hoạt động và hỏi giờ máy chủ",
            "Contact",
            s200=answer("Giờ của máy chủ.", "Time"),
        )
    },
}
