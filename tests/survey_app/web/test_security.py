"""Who may open what, the heads of every answer, and one clear page for what goes wrong."""

from types import SimpleNamespace

import pytest

from questionnaires.refusal import Refusal
from survey_app.db import Busy
from survey_app.errors import Gone, NotAllowed, NotFound, Stale
from survey_app.security import access_of, public, requires
from tests.survey_app.web.citizen_door import make_app


@pytest.fixture
def app(sqlite_database):
    return make_app(sqlite_database)


def add(app, view, path="/thu", **options):
    app.add_url_rule(path, view_func=view, **options)
    return app.test_client()


def raising(error):
    def thing():
        raise error

    return public(thing)


def test_every_endpoint_says_who_may_open_it(app):
    silent = [name for name, view in app.view_functions.items() if access_of(view) is None]

    assert silent == []


def test_an_endpoint_that_says_nothing_is_opened_by_nobody(app):
    client = add(app, lambda: "secret", endpoint="thing")

    page = client.get("/thu")

    assert page.status_code == 500
    assert "secret" not in page.text


def test_only_known_roles_can_be_asked_for():
    with pytest.raises(ValueError, match="roles"):
        requires("king")
    with pytest.raises(ValueError, match="roles"):
        requires()


@pytest.mark.parametrize(
    ("role", "status"), [(None, (303, 401)), ("auditor", (403,)), ("administrator", (200,))]
)
def test_staff_pages_open_to_their_roles_only(app, role, status):
    account = SimpleNamespace(role=role) if role else None
    app.extensions["account_of"] = lambda _session, token, _now: token == "key" and account
    client = add(app, requires("administrator")(lambda: "figures"), endpoint="thing")
    client.set_cookie("staff", "key")

    page = client.get("/thu")

    assert page.status_code in status
    assert ("figures" in page.text) == (role == "administrator")


def test_without_a_cookie_nobody_is_asked(app):
    app.extensions["account_of"] = lambda *_: pytest.fail("asked")
    client = add(app, requires("administrator")(lambda: "figures"), endpoint="thing")

    assert client.get("/thu").status_code in (303, 401)


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/s/x", "/static/css/site.css"])
def test_every_answer_carries_the_strict_heads(app, path):
    with app.test_client().get(path) as page:
        headers = page.headers

    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_https_is_remembered_where_cookies_are_secure(sqlite_database):
    client = make_app(sqlite_database, secure_cookies=True).test_client()

    assert "max-age" in client.get("/healthz").headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refusal("Sai {what}.", what="rồi"), 400),
        (NotAllowed("Sai {what}.", what="rồi"), 403),
        (NotFound("Sai {what}.", what="rồi"), 404),
        (Stale("Sai {what}.", what="rồi"), 409),
        (Gone("Sai {what}.", what="rồi"), 410),
    ],
)
def test_a_refusal_is_one_clear_sentence(app, error, status):
    page = add(app, raising(error)).get("/thu")

    assert page.status_code == status
    assert "<h1>Sai rồi.</h1>" in page.text


def test_a_refusal_escapes_what_somebody_typed(app):
    page = add(app, raising(Refusal("Sai «{what}».", what="<b>"))).get("/thu")

    assert "<b>" not in page.text


def test_a_refusal_to_a_device_is_json(app):
    page = add(app, raising(NotFound("Không có.")), "/api/thu").get("/api/thu")

    assert page.status_code == 404
    assert page.json == {"error": "Không có."}


def test_a_busy_database_asks_to_come_back(app):
    page = add(app, raising(Busy())).get("/thu")

    assert page.status_code == 503
    assert page.headers["Retry-After"] == "2"


def test_what_nobody_foresaw_is_logged_and_not_shown(app, caplog):
    page = add(app, raising(RuntimeError("inner secret"))).get("/thu")

    assert page.status_code == 500
    assert "inner secret" not in page.text
    assert "inner secret" in caplog.text


@pytest.mark.parametrize(("method", "status"), [("get", 404), ("post", 404)])
def test_an_unknown_page_is_said_to_be_unknown(app, method, status):
    page = getattr(app.test_client(), method)("/nowhere")

    assert page.status_code == status
    assert "Không tìm thấy trang này." in page.text


def test_a_wrong_method_names_the_right_ones(app):
    page = app.test_client().put("/healthz")

    assert page.status_code in (400, 405)
