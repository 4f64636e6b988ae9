"""The access log: a JSON line for each request, which tells of no citizen who came, and by what."""

import json
import logging
import time
from logging.handlers import WatchedFileHandler
from typing import Any, Final

from flask import Flask, Response, current_app, g, request

from survey_app import clock

STANDARD_ERROR: Final = "-"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STAFF: Final = "/admin"


def init_app(app: Flask, target: str) -> None:
    """Log every request to a file, to the standard error (`-`), or not at all (empty).

    The address asked for is never written, only the pattern of the route: it holds no token and no
    code. Neither are browsers. The network address stands in the lines of the administration only,
    whose accounts it protects: beside the moment of an answer it could say whose answer that was.
    """
    if not target:
        return
    app.extensions["access_log"] = _handler(target)
    app.before_request(_begin)
    app.after_request(_write)  # the first registered is the last to be called


def _handler(target: str) -> logging.Handler:
    """What writes the lines; a file that was rotated away is opened anew."""
    if target == STANDARD_ERROR:
        return logging.StreamHandler()
    return WatchedFileHandler(target, encoding="utf-8")


def _begin() -> None:
    g.began = time.perf_counter()


def _write(response: Response) -> Response:
    handler: logging.Handler = current_app.extensions["access_log"]
    line = json.dumps(_line(response), ensure_ascii=False)
    handler.handle(logging.makeLogRecord({"msg": line}))
    return response


def _line(response: Response) -> dict[str, Any]:
    route = request.url_rule.rule if request.url_rule else None
    line = {
        "at": clock.now().isoformat(timespec="seconds"),
        "method": request.method if request.method in METHODS else None,
        "route": route,
        "status": response.status_code,
        "ms": round(1000 * (time.perf_counter() - g.began), 1) if "began" in g else None,
        "bytes": response.calculate_content_length() or response.content_length,
    }
    if route is not None and route.startswith(STAFF):
        line["address"] = request.remote_addr
    return line
