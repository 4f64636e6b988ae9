"""The description of the collection interface for machines, in OpenAPI 3.1."""

from typing import Final

from survey_app.models.responses import HELPERS
from survey_app.services.door.submissions import LOCALES, LONGEST_CODE, LONGEST_NOTICE, MODES
from survey_app.web.openapi_field import FIELD_PATHS, FIELD_SCHEMAS, OF_DEVICE, SIGNATURE
from survey_app.web.schemas import (
    BUSY,
    CODE,
    DEVICE_TIME,
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

MONTH: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$",
    "description": "Tháng trả kết quả, ví dụ 2026-11.",
}
BOUND: Final[Schema] = {"type": ["string", "null"], "description": "Số viết dạng văn bản."}

SUBMISSION: Final[Schema] = object_of(
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
    field=or_null(
        {
            **CODE,
            "description": "Mã lĩnh vực hoặc thủ tục. Máy tại quầy chỉ được ghi thủ tục của liên "
            "kết đã mở; cửa này không biết liên kết đó nên giữ lại phiếu: quarantined.",
        }
    ),
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
        "description": "Người trả lời dừng giữa chừng: được để trống câu bắt buộc, không tính. Với "
        "mode web và kiosk chỉ nhận khi đợt cho phép; không thì rejected, mã partial_not_kept.",
    },
    mode={
        "type": "string",
        "enum": list(MODES),
        "description": "Máy tính bảng gửi tablet, phone, paper; máy tại quầy gửi kiosk; cách khác "
        "thì rejected, mã wrong_mode. Phiếu giấy (paper) được để trống câu bắt buộc.",
    },
    locale={"type": "string", "enum": list(LOCALES)},
    started_at=DEVICE_TIME,
    submitted_at=DEVICE_TIME,
    answers={
        "type": "object",
        "description": "Mã câu hỏi và câu trả lời: một mã, danh sách mã (multiple), hoặc văn bản; "
        "số viết dạng văn bản. Câu trả lời ngoài đường đi của phiếu được bỏ qua.",
        "additionalProperties": {"oneOf": [TEXT, list_of(TEXT), {"type": "null"}]},
    },
    paradata=ref("Paradata"),
    assignment=or_null({**CODE, "description": "Phân công mà cuộc phỏng vấn thuộc về."}),
    interview=or_null(ref("Interview")),
)
SEALED: Final[Schema] = object_of(
    ("id", "sealed"),
    id={"type": "string", "format": "uuid", "description": "Trùng với id bên trong phiếu."},
    sealed={
        "type": "string",
        "description": "Phiếu (Submission, dạng JSON) niêm phong bằng khóa công khai của đợt khảo "
        "sát: s1.<đợt>.<base64url>; ECDH P-256, HKDF-SHA256, AES-256-GCM. Không mở được thì "
        "rejected với mã bad_seal; id bên trong khác bên ngoài thì wrong_id.",
    },
)
RECEIPT: Final[Schema] = object_of(
    ("id", "status", "problems"),
    id={**TEXT, "description": "Mã phiếu như thiết bị ghi; trống nếu không đọc được."},
    status={
        "type": "string",
        "enum": ["accepted", "duplicate", "conflict", "rejected", "quarantined"],
        "description": "accepted: đã nhận; duplicate: đã có, cùng nội dung; conflict: đã có, khác "
        "nội dung, giữ cả hai; quarantined: chưa biết phiên bản phiếu, đợt đã đóng, hoặc phân "
        "công, cơ quan của điểm, chỗ đặt máy đã đổi, được giữ riêng chờ người xử lý; "
        "rejected: không lưu, thiết bị phải giữ lại.",
    },
    receipt={**TEXT, "description": "Có ở mọi trạng thái trừ rejected."},
    received_at={**MOMENT, "description": "Giờ nhận phiếu, như lần đầu; lần tiếp cận không có."},
    signature=SIGNATURE,
    problems=list_of(ref("Problem")),
)
PROBLEM: Final[Schema] = object_of(
    ("item", "code", "message"),
    item={**TEXT, "description": "Mã câu hỏi; trống khi lỗi thuộc về cả phiếu."},
    code={**TEXT, "description": "Mã lỗi ổn định, ví dụ required, unknown_option, wave_closed."},
    message={**TEXT, "description": "Một câu cho người đọc."},
)
WAVE: Final[Schema] = object_of(
    ("code", "questionnaire", "version", "units", "collection_points"),
    code=CODE,
    title=TEXT,
    questionnaire=CODE,
    version=CODE,
    units=list_of(object_of(("code", "name"), code=CODE, name=TEXT)),
    collection_points=list_of(object_of(("code", "unit"), code=CODE, unit=CODE)),
    closes_at=or_null(MOMENT),
    private_items=list_of(
        {
            **CODE,
            "description": "Câu người trả lời tự điền khi cầm máy, và ghi chú hiện tùy các câu ấy.",
        }
    ),
    notice={**TEXT, "description": "Tên bản thông báo; ghi vào consent khi được đồng ý."},
    notice_points={
        "type": "object",
        "description": "Bản thông báo theo ngôn ngữ: danh sách {question, answer}.",
    },
    key=or_null(
        {
            **object_of(("wave_id", "point"), wave_id={"type": "integer"}, point=TEXT),
            "description": "Khóa công khai để niêm phong phiếu của đợt.",
        }
    ),
)
QUESTIONNAIRE: Final[Schema] = object_of(
    ("code", "version", "sections"),
    code=CODE,
    version=CODE,
    checksum={**TEXT, "description": "sha256 của tệp định nghĩa."},
    title=ref("Text"),
    sections=list_of(
        object_of(
            ("code", "title", "items"),
            code=CODE,
            title=ref("Text"),
            intro=or_null(ref("Text")),
            items=list_of(ref("Item")),
        )
    ),
)
ITEM: Final[Schema] = object_of(
    ("code", "kind", "text", "options", "required", "min", "max", "max_length", "asked_if"),
    code=CODE,
    kind={"type": "string", "enum": ["single", "multiple", "scale", "number", "text", "note"]},
    scale={
        "type": ["string", "null"],
        "description": "Thang đo của câu hỏi; satisfaction có năm mức từ rất không hài lòng.",
    },
    text=ref("Text"),
    options=list_of(ref("Option")),
    sensitive={**FLAG, "description": "Dữ liệu cá nhân nhạy cảm."},
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
OPTION: Final[Schema] = object_of(
    ("code", "label", "exclusive"),
    code=CODE,
    label=ref("Text"),
    exclusive={**FLAG, "description": "Không chọn cùng phương án khác."},
    outside={
        "type": ["string", "null"],
        "enum": ["dont_know", "no_answer", "not_applicable", None],
        "description": "Phương án nằm ngoài thang đo, và vì sao.",
    },
)
SCHEMAS: Final[Schema] = {
    "Batch": object_of(
        ("responses",),
        responses=list_of({"oneOf": [ref("Submission"), ref("Sealed")]}, maxItems=LARGEST_BATCH),
        **OF_DEVICE,
    ),
    "Sealed": SEALED,
    "Submission": SUBMISSION,
    "Receipts": object_of(("receipts",), receipts=list_of(ref("Receipt"))),
    "Receipt": RECEIPT,
    "Problem": PROBLEM,
    "Package": object_of(
        ("waves", "questionnaires", "assignments"),
        waves=list_of(ref("Wave")),
        questionnaires=list_of(ref("Questionnaire")),
        assignments=list_of(ref("Assignment")),
        device=object_of(("name", "surveyor"), name=TEXT, surveyor=or_null(TEXT)),
        server_time=MOMENT,
        receipt_key={
            **TEXT,
            "description": "Khóa công khai để kiểm tra biên nhận: điểm P-256 không nén, base64url.",
        },
    ),
    "Wave": WAVE,
    "Questionnaire": QUESTIONNAIRE,
    "Item": ITEM,
    "Option": OPTION,
    "Text": {
        **object_of(("vi",), vi=TEXT, km=TEXT, en=TEXT),
        "description": "Một văn bản theo từng ngôn ngữ; tiếng Việt luôn có.",
        "additionalProperties": TEXT,
    },
    "Error": object_of(("error",), error={**TEXT, "description": "Một câu cho người đọc."}),
}
SCHEMAS.update(FIELD_SCHEMAS)
SUBMIT: Final[Schema] = {
    "operationId": "submitResponses",
    "summary": "Gửi một lô phiếu trả lời",
    "description": "Một lô là một giao dịch, mỗi phiếu một điểm lưu. Biên nhận theo đúng thứ tự và "
    "chỉ được trả sau khi đã lưu bền vững. Gửi lại cùng một lô là an toàn.",
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ref("Batch")}},
    },
    "responses": {
        "200": answer("Một biên nhận cho mỗi phiếu, theo thứ tự.", "Receipts"),
        "400": answer('Không phải JSON hợp lệ dạng {"responses": [...]}.', "Error"),
        "401": UNKNOWN_DEVICE,
        "403": answer("Thiết bị không phải máy tính bảng hay máy lấy ý kiến tại quầy.", "Error"),
        "413": answer(f"Quá {LARGEST_BATCH} phiếu hoặc nội dung quá lớn.", "Error"),
        "503": BUSY,
    },
}
PACKAGE: Final[Schema] = {
    "operationId": "getPackage",
    "summary": "Những gì thiết bị được thu thập lúc này",
    "responses": {
        "200": answer("Đợt khảo sát đang mở, phiếu và điểm lấy ý kiến.", "Package", ETag=TEXT),
        "304": {"description": "Gói không đổi so với ETag đã gửi trong If-None-Match."},
        "403": answer("Thiết bị đã thôi dùng; phiếu còn trên máy vẫn gửi được.", "Error"),
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
        "content": {"application/json": {"schema": ref("CodeOrder")}},
    },
    "responses": {
        "200": answer("Một mã cho mỗi mục, theo thứ tự.", "Codes"),
        "400": answer("Sai dạng, hoặc có trường không được nhận.", "Error"),
        "401": UNKNOWN_DEVICE,
        "403": answer("Thiết bị không phải là hệ thống một cửa.", "Error"),
        "404": answer("Không có đợt khảo sát này.", "Error"),
        "410": answer("Đợt khảo sát đã đóng.", "Error"),
        "413": answer("Quá nhiều mục trong một lần xin hoặc nội dung quá lớn.", "Error"),
        "503": BUSY,
    },
}
SCHEMAS["CodeOrder"] = {
    **object_of(
        ("wave", "items"),
        wave=CODE,
        items=list_of(
            {
                **object_of(
                    ("unit",),
                    unit={**CODE, "description": "Mã đơn vị giải quyết hồ sơ."},
                    field=or_null({**CODE, "description": "Mã lĩnh vực hoặc thủ tục."}),
                    month=or_null(MONTH),
                ),
                "additionalProperties": False,
            },
            maxItems=LARGEST_BATCH,
        ),
    ),
    "additionalProperties": False,
}
SCHEMAS["Codes"] = object_of(
    ("codes",),
    codes=list_of(
        {
            **object_of(("code", "url"), code=or_null(TEXT), url=or_null(TEXT)),
            "description": "null khi quá ít hồ sơ nên mã sẽ lộ người trả lời: không cấp.",
        }
    ),
)

# What a one-stop system says of dossiers; see `web.api_dossiers`.
COUNTED: Final[Schema] = object_of(
    ("collection_point", "day", "returned"),
    collection_point=CODE,
    day={**TEXT, "description": "Ngày trả kết quả, dạng 2026-11-20 hoặc 20/11/2026."},
    unit={"type": ["string", "null"], "description": "Cơ quan giải quyết; trống: đơn vị của quầy."},
    field={"type": ["string", "null"], "description": "Mã lĩnh vực hoặc thủ tục; có thể trống."},
    returned={"type": "integer", "minimum": 0, "description": "Số hồ sơ đã trả trong ngày."},
)
SCHEMAS.update(
    DossierCounts=object_of(("counts",), counts=list_of(ref("DossierCount"), maxItems=500)),
    DossierCount=COUNTED,
    DossierReceipt=object_of(
        ("received", "changed"),
        received={"type": "integer"},
        changed={"type": "integer", "description": "Số dòng mới hoặc có số khác trước."},
    ),
    DossierProblems=object_of(
        ("error", "problems"),
        error=TEXT,
        problems=list_of(object_of(("row", "message"), row={"type": "integer"}, message=TEXT)),
    ),
)
PUT_DOSSIERS: Final[Schema] = {
    "operationId": "putDossierCounts",
    "summary": "Ghi số hồ sơ đã trả theo quầy và ngày",
    "description": "Dành cho hệ thống một cửa. Lưu tất cả các dòng hoặc không dòng nào. Khóa là "
    "quầy, ngày, cơ quan, lĩnh vực: gửi lại cùng số thì không đổi gì, số mới thay số cũ.",
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ref("DossierCounts")}},
    },
    "responses": {
        "200": answer("Đã lưu bền vững.", "DossierReceipt"),
        "400": answer("Không phải JSON hợp lệ.", "Error"),
        "401": UNKNOWN_DEVICE,
        "403": answer("Thiết bị không phải hệ thống một cửa.", "Error"),
        "413": answer("Quá nhiều dòng trong một lần gửi hoặc nội dung quá lớn.", "Error"),
        "422": answer("Có dòng sai; chưa lưu gì.", "DossierProblems"),
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
        **FIELD_PATHS,
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
