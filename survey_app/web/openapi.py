"""The description of the collection interface for machines, in OpenAPI 3.1."""

from typing import Any, Final

from survey_app.models.responses import HELPERS
from survey_app.services.responses import LOCALES, LONGEST_CODE, LONGEST_NOTICE, MODES

LARGEST_BATCH: Final = 500
Schema = dict[str, Any]


def _object(always: tuple[str, ...], /, **properties: Schema) -> Schema:
    return {"type": "object", "required": list(always), "properties": properties}


def _list_of(schema: Schema, **limits: int) -> Schema:
    return {"type": "array", "items": schema} | limits


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"oneOf": [schema, {"type": "null"}]}


TEXT: Final[Schema] = {"type": "string"}
CODE: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": LONGEST_CODE}
FLAG: Final[Schema] = {"type": "boolean"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
MONTH: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$",
    "description": "Tháng trả kết quả, ví dụ 2026-11.",
}
DEVICE_TIME: Final[Schema] = {
    "type": "string",
    "description": "Giờ của thiết bị, dạng ISO 8601. Được lưu nguyên văn, không dùng để từ chối.",
}
BOUND: Final[Schema] = {"type": ["string", "null"], "description": "Số viết dạng văn bản."}

SUBMISSION: Final[Schema] = _object(
    ("id", "questionnaire", "version", "wave", "collection_point", "mode", "locale", "answers"),
    id={
        "type": "string",
        "format": "uuid",
        "description": "UUIDv4 do thiết bị tạo khi mở phiếu; gửi lại vẫn giữ nguyên.",
    },
    questionnaire=CODE,
    version=CODE,
    wave=CODE,
    collection_point=CODE,
    unit={
        "type": ["string", "null"],
        "maxLength": LONGEST_CODE,
        "description": "Cơ quan giải quyết hồ sơ. Ở trung tâm một cửa phải ghi một cơ quan của "
        "quầy; ở nơi khác không bắt buộc, nếu có thì phải là đơn vị của điểm lấy ý kiến.",
    },
    field=_or_null({**CODE, "description": "Mã lĩnh vực hoặc thủ tục."}),
    helped={
        "type": ["string", "null"],
        "enum": [*HELPERS, None],
        "description": "Ai giúp trả lời: không ai, người thân, cán bộ.",
    },
    consent={
        "type": ["string", "null"],
        "maxLength": LONGEST_NOTICE,
        "description": "Tên bản thông báo mà người trả lời đã đồng ý.",
    },
    partial={
        "enum": [True, None],
        "description": "Người trả lời dừng giữa chừng: được để trống câu bắt buộc, không tính.",
    },
    mode={
        "type": "string",
        "enum": list(MODES),
        "description": "Phiếu giấy (paper) được để trống câu bắt buộc; các cách khác thì không.",
    },
    locale={"type": "string", "enum": list(LOCALES)},
    started_at=DEVICE_TIME,
    submitted_at=DEVICE_TIME,
    answers={
        "type": "object",
        "description": "Mã câu hỏi và câu trả lời: một mã, danh sách mã (multiple), hoặc văn bản; "
        "số viết dạng văn bản. Câu trả lời ngoài đường đi của phiếu được bỏ qua.",
        "additionalProperties": {"oneOf": [TEXT, _list_of(TEXT), {"type": "null"}]},
    },
    paradata={"type": "object", "description": "Dữ liệu về quá trình phỏng vấn; tùy ý."},
)
SEALED: Final[Schema] = _object(
    ("id", "sealed"),
    id={"type": "string", "format": "uuid", "description": "Trùng với id bên trong phiếu."},
    sealed={
        "type": "string",
        "description": "Phiếu (Submission, dạng JSON) niêm phong bằng khóa công khai của đợt khảo "
        "sát: s1.<đợt>.<base64url>; ECDH P-256, HKDF-SHA256, AES-256-GCM. Không mở được thì "
        "rejected với mã bad_seal; id bên trong khác bên ngoài thì wrong_id.",
    },
)
RECEIPT: Final[Schema] = _object(
    ("id", "status", "problems"),
    id={**TEXT, "description": "Mã phiếu như thiết bị ghi; trống nếu không đọc được."},
    status={
        "type": "string",
        "enum": ["accepted", "duplicate", "conflict", "rejected", "quarantined"],
        "description": "accepted: đã nhận; duplicate: đã có, cùng nội dung; conflict: đã có, khác "
        "nội dung, giữ cả hai; quarantined: chưa biết phiên bản phiếu, được giữ riêng; "
        "rejected: không lưu, thiết bị phải giữ lại.",
    },
    receipt={**TEXT, "description": "Có ở mọi trạng thái trừ rejected."},
    received_at=MOMENT,
    problems=_list_of(_ref("Problem")),
)
PROBLEM: Final[Schema] = _object(
    ("item", "code", "message"),
    item={**TEXT, "description": "Mã câu hỏi; trống khi lỗi thuộc về cả phiếu."},
    code={**TEXT, "description": "Mã lỗi ổn định, ví dụ required, unknown_option, wave_closed."},
    message={**TEXT, "description": "Một câu cho người đọc."},
)
WAVE: Final[Schema] = _object(
    ("code", "questionnaire", "version", "units", "collection_points"),
    code=CODE,
    title=TEXT,
    questionnaire=CODE,
    version=CODE,
    units=_list_of(_object(("code", "name"), code=CODE, name=TEXT)),
    collection_points=_list_of(_object(("code", "unit"), code=CODE, unit=CODE)),
)
QUESTIONNAIRE: Final[Schema] = _object(
    ("code", "version", "sections"),
    code=CODE,
    version=CODE,
    checksum={**TEXT, "description": "sha256 của tệp định nghĩa."},
    title=_ref("Text"),
    sections=_list_of(
        _object(
            ("code", "title", "items"),
            code=CODE,
            title=_ref("Text"),
            intro=_or_null(_ref("Text")),
            items=_list_of(_ref("Item")),
        )
    ),
)
ITEM: Final[Schema] = _object(
    ("code", "kind", "text", "options", "required", "min", "max", "max_length", "asked_if"),
    code=CODE,
    kind={"type": "string", "enum": ["single", "multiple", "scale", "number", "text", "note"]},
    scale={
        "type": ["string", "null"],
        "description": "Thang đo của câu hỏi; satisfaction có năm mức từ rất không hài lòng.",
    },
    text=_ref("Text"),
    options=_list_of(_ref("Option")),
    required=FLAG,
    min=BOUND,
    max=BOUND,
    max_length={"type": ["integer", "null"]},
    asked_if={
        "type": ["array", "null"],
        "description": "[phép, ...] với phép là and, or, not, ==, !=, <, <=, >, >=, in, has; toán "
        'hạng là ["item", MÃ] hoặc hằng. So sánh với câu chưa trả lời là sai.',
    },
)
OPTION: Final[Schema] = _object(
    ("code", "label", "exclusive"),
    code=CODE,
    label=_ref("Text"),
    exclusive={**FLAG, "description": "Không chọn cùng phương án khác."},
    outside={
        "type": ["string", "null"],
        "enum": ["dont_know", "no_answer", "not_applicable", None],
        "description": "Phương án nằm ngoài thang đo, và vì sao.",
    },
)
SCHEMAS: Final[Schema] = {
    "Batch": _object(
        ("responses",),
        responses=_list_of({"oneOf": [_ref("Submission"), _ref("Sealed")]}, maxItems=LARGEST_BATCH),
    ),
    "Sealed": SEALED,
    "Submission": SUBMISSION,
    "Receipts": _object(("receipts",), receipts=_list_of(_ref("Receipt"))),
    "Receipt": RECEIPT,
    "Problem": PROBLEM,
    "Package": _object(
        ("waves", "questionnaires", "assignments"),
        waves=_list_of(_ref("Wave")),
        questionnaires=_list_of(_ref("Questionnaire")),
        assignments=_list_of({"type": "object"}),
    ),
    "Wave": WAVE,
    "Questionnaire": QUESTIONNAIRE,
    "Item": ITEM,
    "Option": OPTION,
    "Text": {
        **_object(("vi",), vi=TEXT, km=TEXT, en=TEXT),
        "description": "Một văn bản theo từng ngôn ngữ; tiếng Việt luôn có.",
        "additionalProperties": TEXT,
    },
    "Error": _object(("error",), error={**TEXT, "description": "Một câu cho người đọc."}),
}


def _answer(description: str, schema: str, **headers: Schema) -> Schema:
    found: Schema = {
        "description": description,
        "content": {"application/json": {"schema": _ref(schema)}},
    }
    named = {name.replace("_", "-"): {"schema": schema} for name, schema in headers.items()}
    return found | ({"headers": named} if named else {})


UNKNOWN_DEVICE: Final = _answer(
    "Thiếu mã thiết bị, mã không đúng hoặc đã bị thu hồi.", "Error", WWW_Authenticate=TEXT
)
BUSY: Final = _answer(
    "Hệ thống đang bận; chưa có gì được lưu. Gửi lại sau số giây của Retry-After.",
    "Error",
    Retry_After={"type": "integer"},
)
SUBMIT: Final[Schema] = {
    "operationId": "submitResponses",
    "summary": "Gửi một lô phiếu trả lời",
    "description": "Một lô là một giao dịch, mỗi phiếu một điểm lưu. Biên nhận theo đúng thứ tự và "
    "chỉ được trả sau khi đã lưu bền vững. Gửi lại cùng một lô là an toàn.",
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _ref("Batch")}},
    },
    "responses": {
        "200": _answer("Một biên nhận cho mỗi phiếu, theo thứ tự.", "Receipts"),
        "400": _answer('Không phải JSON hợp lệ dạng {"responses": [...]}.', "Error"),
        "401": UNKNOWN_DEVICE,
        "413": _answer(f"Quá {LARGEST_BATCH} phiếu hoặc nội dung quá lớn.", "Error"),
        "503": BUSY,
    },
}
PACKAGE: Final[Schema] = {
    "operationId": "getPackage",
    "summary": "Những gì thiết bị được thu thập lúc này",
    "responses": {
        "200": _answer("Đợt khảo sát đang mở, phiếu và điểm lấy ý kiến.", "Package"),
        "401": UNKNOWN_DEVICE,
        "503": BUSY,
    },
}
DESCRIBE: Final[Schema] = {
    "operationId": "getDescription",
    "summary": "Tài liệu này",
    "security": [],
    "responses": {
        "200": {
            "description": "Mô tả giao diện theo OpenAPI 3.1.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
}
ISSUE_CODES: Final[Schema] = {
    "operationId": "issueDossierCodes",
    "summary": "Xin mã lấy ý kiến dùng một lần khi trả kết quả hồ sơ",
    "description": "Chỉ dành cho hệ thống một cửa đã đăng ký. Mã in trên giấy biên nhận hoặc gửi "
    "cùng tin nhắn báo kết quả. Không nhận số hồ sơ, họ tên hay bất cứ gì khác; không ghi lại.",
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _ref("CodeOrder")}},
    },
    "responses": {
        "200": _answer("Một mã cho mỗi mục, theo thứ tự.", "Codes"),
        "400": _answer("Sai dạng, hoặc có trường không được nhận.", "Error"),
        "401": UNKNOWN_DEVICE,
        "403": _answer("Thiết bị không phải là hệ thống một cửa.", "Error"),
        "404": _answer("Không có đợt khảo sát này.", "Error"),
        "410": _answer("Đợt khảo sát đã đóng.", "Error"),
        "413": _answer("Quá nhiều mục trong một lần xin hoặc nội dung quá lớn.", "Error"),
        "503": BUSY,
    },
}
SCHEMAS["CodeOrder"] = {
    **_object(
        ("wave", "items"),
        wave=CODE,
        items=_list_of(
            {
                **_object(
                    ("unit",),
                    unit={**CODE, "description": "Mã đơn vị giải quyết hồ sơ."},
                    field=_or_null({**CODE, "description": "Mã lĩnh vực hoặc thủ tục."}),
                    month=_or_null(MONTH),
                ),
                "additionalProperties": False,
            },
            maxItems=LARGEST_BATCH,
        ),
    ),
    "additionalProperties": False,
}
SCHEMAS["Codes"] = _object(
    ("codes",),
    codes=_list_of(
        {
            **_object(("code", "url"), code=_or_null(TEXT), url=_or_null(TEXT)),
            "description": "null khi quá ít hồ sơ nên mã sẽ lộ người trả lời: không cấp.",
        }
    ),
)

# What a one-stop system says of dossiers; see `web.api_dossiers`.
COUNTED: Final[Schema] = _object(
    ("collection_point", "day", "returned"),
    collection_point=CODE,
    day={**TEXT, "description": "Ngày trả kết quả, dạng 2026-11-20 hoặc 20/11/2026."},
    unit={"type": ["string", "null"], "description": "Cơ quan giải quyết; trống: đơn vị của quầy."},
    field={"type": ["string", "null"], "description": "Mã lĩnh vực hoặc thủ tục; có thể trống."},
    returned={"type": "integer", "minimum": 0, "description": "Số hồ sơ đã trả trong ngày."},
)
SCHEMAS.update(
    DossierCounts=_object(("counts",), counts=_list_of(_ref("DossierCount"), maxItems=500)),
    DossierCount=COUNTED,
    DossierReceipt=_object(
        ("received", "changed"),
        received={"type": "integer"},
        changed={"type": "integer", "description": "Số dòng mới hoặc có số khác trước."},
    ),
    DossierProblems=_object(
        ("error", "problems"),
        error=TEXT,
        problems=_list_of(_object(("row", "message"), row={"type": "integer"}, message=TEXT)),
    ),
)
PUT_DOSSIERS: Final[Schema] = {
    "operationId": "putDossierCounts",
    "summary": "Ghi số hồ sơ đã trả theo quầy và ngày",
    "description": "Dành cho hệ thống một cửa. Lưu tất cả các dòng hoặc không dòng nào. Khóa là "
    "quầy, ngày, cơ quan, lĩnh vực: gửi lại cùng số thì không đổi gì, số mới thay số cũ.",
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _ref("DossierCounts")}},
    },
    "responses": {
        "200": _answer("Đã lưu bền vững.", "DossierReceipt"),
        "400": _answer("Không phải JSON hợp lệ.", "Error"),
        "401": UNKNOWN_DEVICE,
        "403": _answer("Thiết bị không phải hệ thống một cửa.", "Error"),
        "413": _answer("Quá nhiều dòng trong một lần gửi hoặc nội dung quá lớn.", "Error"),
        "422": _answer("Có dòng sai; chưa lưu gì.", "DossierProblems"),
        "503": BUSY,
    },
}

DOCUMENT: Final[Schema] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Giao diện thu thập phiếu khảo sát",
        "version": "1",
        "description": "Dành cho máy tính bảng đã đăng ký: lấy phiếu về và gửi phiếu trả lời.",
    },
    "security": [{"device": []}],
    "paths": {
        "/api/v1/responses": {"post": SUBMIT},
        "/api/v1/package": {"get": PACKAGE},
        "/api/v1/dossier-codes": {"post": ISSUE_CODES},
        "/api/v1/dossier-counts": {"put": PUT_DOSSIERS},
        "/api/v1/openapi.json": {"get": DESCRIBE},
    },
    "components": {
        "securitySchemes": {
            "device": {
                "type": "http",
                "scheme": "bearer",
                "description": "Mã của thiết bị đã đăng ký.",
            }
        },
        "schemas": SCHEMAS,
    },
}
