"""What the rooms of the administration have in common."""

from typing import Final

from flask import Response

CSV: Final = "text/csv; charset=utf-8"


def attached(content: bytes | str, kind: str, name: str) -> Response:
    """A file of a content type that the browser keeps under this name."""
    answer = Response(content, content_type=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
