"""Static files: packed once, named by their content, kept by the browser."""

import gzip
import os

import pytest
from flask import Flask, url_for

from survey_app import assets
from survey_app.assets import FOLDER
from tests.survey_app.web.citizen_door import make_app

STYLE = "p { color: #14212b; }\n" * 40


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "site.css").write_text(STYLE, encoding="utf-8")
    (tmp_path / "sound.mp3").write_bytes(bytes(range(200)))
    (tmp_path / "build.py").write_text("x = 1", encoding="utf-8")
    return tmp_path


@pytest.fixture
def app(folder):
    app = Flask(__name__, static_folder=folder, static_url_path="/static")
    assets.init_app(app, folder)
    return app


def address(app, name):
    with app.test_request_context():
        return url_for("static", filename=name)


def test_the_address_changes_with_the_content_and_only_then(app, folder):
    first = address(app, "site.css")
    os.utime(folder / "site.css", ns=(1, 1))
    assert address(app, "site.css") == first
    (folder / "site.css").write_text("p {}", encoding="utf-8")
    os.utime(folder / "site.css", ns=(2, 2))

    assert "?v=" in first
    assert address(app, "site.css") != first


def test_a_named_version_is_kept_for_a_year_and_another_is_asked_for_again(app):
    client = app.test_client()
    named, plain = client.get(address(app, "site.css")), client.get("/static/site.css?v=old")

    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Cache-Control"] == "no-cache"
    assert client.get(address(app, "sound.mp3")).headers["Cache-Control"] == (
        "public, max-age=31536000, immutable"
    )


def test_text_is_packed_for_who_takes_it_and_the_cache_is_told(app):
    client = app.test_client()
    packed = client.get("/static/site.css", headers={"Accept-Encoding": "gzip, br"})
    plain = client.get("/static/site.css", headers={"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 5
    assert gzip.decompress(packed.data) == plain.data == STYLE.encode()
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.mimetype == plain.mimetype == "text/css"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_a_browser_has_is_not_sent_again(app, encoding):
    client, headers = app.test_client(), {"Accept-Encoding": encoding}
    etag = client.get("/static/site.css", headers=headers).headers["ETag"]

    again = client.get("/static/site.css", headers=headers | {"If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")


def test_a_part_of_a_sound_can_be_asked_for(app):
    part = app.test_client().get("/static/sound.mp3", headers={"Range": "bytes=10-19"})

    assert (part.status_code, part.data) == (206, bytes(range(10, 20)))


@pytest.mark.parametrize("name", ["build.py", "none.css", "../secret", "", "fonts/../build.py"])
def test_nothing_else_is_served(app, folder, name):
    (folder.parent / "secret").write_text("x", encoding="utf-8")

    assert app.test_client().get(f"/static/{name}").status_code == 404


def test_the_files_of_the_service_are_served_so(sqlite_database):
    app = make_app(sqlite_database)
    client = app.test_client()
    files = [p for p in FOLDER.rglob("*") if p.is_file() and p.suffix in (".css", ".svg", ".woff2")]

    assert len(files) > 8
    for path in files:
        page = client.get(address(app, path.relative_to(FOLDER).as_posix()))
        assert (page.status_code, "immutable" in page.headers["Cache-Control"]) == (200, True)
        assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_with_secrets_is_never_packed(sqlite_database):
    client = make_app(sqlite_database).test_client()
    page = client.get("/admin/sign-in", headers={"Accept-Encoding": "gzip"})

    assert 'name="csrf_token"' in page.text
    assert "Content-Encoding" not in page.headers
