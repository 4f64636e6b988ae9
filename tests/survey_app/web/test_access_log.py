"""The access log tells what happened, and nobody who came, by which link, with which code."""

import json
import re
import shutil
import socket
import sys
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from tests.survey_app.test_serve import PATIENCE, Running
from tests.survey_app.web.citizen_door import ANSWERS, make_app, make_door

AGENT = "Browser-of-Lan/9"
KEYS = {"at", "method", "route", "status", "ms", "bytes"}


@pytest.fixture
def log(tmp_path):
    return tmp_path / "access.jsonl"


@pytest.fixture
def client(sqlite_database, log):
    app = make_app(sqlite_database, access_log=str(log))
    yield app.test_client()
    app.extensions["access_log"].close()


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_what_happened_by_the_pattern_of_the_route(client, sqlite_database, log):
    door = make_door(sqlite_database)
    client.get(door)
    client.get("/healthz")
    client.get("/s/edited/2?lang=en")
    client.get("/S/miscased")
    client.open("/s/x", method="PROPFIND-x")
    client.get("/static/css/site.css").close()

    found = lines(log)

    assert [line["route"] for line in found] == [
        "/s/<token>",
        "/healthz",
        "/s/<token>/<int:number>",
        None,
        None,
        "/static/<path:filename>",
    ]
    assert {frozenset(line) for line in found} == {frozenset(KEYS)}
    assert found[4]["method"] is None
    assert found[1]["status"] == 200
    assert all(line["ms"] >= 0 and line["bytes"] > 0 for line in found)


def test_an_address_stands_beside_the_doings_of_staff_only(client, log):
    for path in ("/admin/sign-in", "/admin/nowhere/x", "/api/v1/package", "/privacy", "/receipt"):
        client.get(path, environ_base={"REMOTE_ADDR": "203.0.113.9"})

    found = lines(log)

    assert [line.get("address") for line in found] == ["203.0.113.9", None, None, None, None]


def test_without_a_target_nothing_is_logged(sqlite_database, capfd):
    make_app(sqlite_database).test_client().get("/healthz")

    assert capfd.readouterr().err == ""


def test_a_file_that_was_rotated_away_is_begun_anew(client, log):
    client.get("/healthz")
    log.rename(log.with_suffix(".1"))
    client.get("/healthz")

    assert len(lines(log)) == 1


class Visitor:
    """A browser that keeps cookies and fills in forms, over a real connection."""

    def __init__(self, address):
        self.address = address
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def open(self, path, fields=None):
        data = urlencode(fields).encode() if fields is not None else None
        request = Request(self.address + path, data, {"User-Agent": AGENT})
        try:
            with self.opener.open(request, timeout=PATIENCE) as page:
                return page.status, page.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def send(self, path, **fields):
        _status, page = self.open(path)
        return self.open(path, dict(HIDDEN.findall(page)) | fields)


HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


def raw(port, sent):
    """Send bytes that are no good request; returns what came back."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as stream:
        stream.sendall(sent)
        return stream.recv(65536)


@pytest.mark.skipif(sys.platform == "win32", reason="the processes are those of Unix")
def test_after_a_full_visit_no_log_knows_who_came(demo_template, tmp_path, capfd):
    shutil.copyfile(demo_template, tmp_path / "sipas.sqlite3")
    with Running(tmp_path, DEMO="1") as running:
        door = running.said("form").removeprefix(running.said("address"))
        visitor = Visitor(running.said("address"))
        visitor.send(door)
        assert visitor.send(f"{door}/1", **ANSWERS)[0] == 200
        page = visitor.send(f"{door}/review", helped="nobody")[1]
        receipt = re.search(r'class="code"[^>]*>([^<]+)<', page).group(1)
        assert visitor.send("/receipt", code=receipt)[0] == 200
        page = visitor.send("/receipt", code=receipt, step="ask")[1]
        assert visitor.open("/receipt", dict(HIDDEN.findall(page)) | {"step": "delete"})[0] == 200
        visitor.open(f"{door}x")
        visitor.open(f"/i/{receipt}")
        visitor.open(f"/k/{door.rpartition('/')[2]}")
        token = door.rpartition("/")[2].encode()
        answers = [
            raw(running.port, b"GET /s/" + token + b" oh no HTTP/9.9\r\n\r\n"),
            raw(running.port, b"GET /s/" + token + b"\r\n\r\n"),
            raw(
                running.port, b"GET /s/" + token + b" HTTP/1.1\r\nBad Header " + token + b"\r\n\r\n"
            ),
            raw(running.port, b"GET /s/" + token * 200 + b" HTTP/1.1\r\n\r\n"),
        ]
        assert all(b"400" in answer[:20] or b"414" in answer[:20] for answer in answers)

    logged = capfd.readouterr().err
    secrets = [token.decode(), receipt, "127.0.0.1", "Browser-of-Lan", ANSWERS["q-comment"]]
    assert '"route": "/receipt"' in logged
    assert '"route": "/s/<token>/review"' in logged
    assert "Invalid request" in logged
    assert [word for word in secrets if word in logged] == []
