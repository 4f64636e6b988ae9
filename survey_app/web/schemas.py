"""The words in which the interface is described: the kinds of values, objects, lists, answers."""

from typing import Any, Final

from survey_app.services.door.submissions import LONGEST_CODE

Schema = dict[str, Any]
LARGEST_BATCH: Final = 500


def object_of(always: tuple[str, ...], /, **properties: Schema) -> Schema:
    """An object that always has some of its properties, by their names."""
    return {"type": "object", "required": list(always), "properties": properties}


def list_of(schema: Schema, **limits: int) -> Schema:
    """An array of things of one kind."""
    return {"type": "array", "items": schema} | limits


def ref(name: str) -> Schema:
    """What stands among the schemas under a name."""
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(schema: Schema) -> Schema:
    """A schema, or null."""
    return {"oneOf": [schema, {"type": "null"}]}


TEXT: Final[Schema] = {"type": "string"}
CODE: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": LONGEST_CODE}
FLAG: Final[Schema] = {"type": "boolean"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
DEVICE_TIME: Final[Schema] = {
    "type": "string",
    "description": "Giờ của thiết bị, dạng ISO 8601. Được lưu nguyên văn, không dùng để từ chối.",
}


def answer(description: str, schema: str, **headers: Schema) -> Schema:
    """An answer of a path: what it means and the schema of its body."""
    found: Schema = {
        "description": description,
        "content": {"application/json": {"schema": ref(schema)}},
    }
    named = {name.replace("_", "-"): {"schema": schema} for name, schema in headers.items()}
    return found | ({"headers": named} if named else {})


UNKNOWN_DEVICE: Final = answer(
    "Thiếu mã thiết bị, mã không đúng hoặc đã bị thu hồi.", "Error", WWW_Authenticate=TEXT
)
BUSY: Final = answer(
    "Hệ thống đang bận; chưa có gì được lưu. Gửi lại sau số giây của Retry-After.",
    "Error",
    Retry_After={"type": "integer"},
)
