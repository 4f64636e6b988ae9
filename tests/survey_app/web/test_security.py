"""Who may open what, the heads of every answer, and one clear page for what goes wrong."""

import re
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.db import Busy
from survey_app.errors import Gone, NotAllowed, NotFound, Stale
from survey_app.models.waves import Wave
from survey_app.security import access_of, public, requires
from tests.survey_app.web.citizen_door import Person, make_app, make_door, receipt_on


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
    assert headers["Referrer-Policy"] == ("no-referrer" if path == "/s/x" else "same-origin")
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


def test_a_refusal_says_what_is_the_matter_and_then_what_to_do(app):
    refusal = Gone("Phiếu của {unit} đã gửi. Xin cảm ơn. Có thể đóng trang.", unit="UBND TP. Huế")
    page = add(app, raising(refusal)).get("/thu")

    assert "<h1>Phiếu của UBND TP. Huế đã gửi.</h1>" in page.text
    assert '<p class="lead">Xin cảm ơn. Có thể đóng trang.</p>' in page.text


def test_a_number_is_told_only_where_the_fault_is_ours(app):
    add(app, raising(Busy()), "/ban", endpoint="busy")
    client = add(app, raising(Gone("Đã đóng.")))
    refused, broken = client.get("/thu"), client.get("/ban")

    assert (refused.status_code, "Mã lỗi" in refused.text) == (410, False)
    assert (broken.status_code, "Mã lỗi 503" in broken.text) == (503, True)


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


@pytest.mark.parametrize("path", ["/s/x", "/s/x/1", "/k/x", "/i/x", "/receipt", "/receipt?lang=en"])
def test_from_the_doors_no_browser_tells_where_it_came_from(app, path):
    page = app.test_client().get(path)

    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert 'name="referrer"' not in page.text  # a page's own wish would count more than the head


@pytest.fixture
def https(app):
    """Send a form over HTTPS as a browser does; returns the answer."""
    client = app.test_client()

    def send(path, shown, **headers):
        page = client.get(shown, base_url="https://sipas.example")
        fields = {"csrf_token": re.search(r'csrf_token" value="([^"]+)', page.text).group(1)}
        fields |= {"code": "ABCDE23456", "name": "lan", "password": "x"}
        return client.post(path, data=fields, base_url="https://sipas.example", headers=headers)

    return send


def test_over_https_a_door_takes_a_form_of_a_page_that_tells_nothing_of_itself(https):
    page = https("/receipt", "/receipt", Origin="null", **{"Sec-Fetch-Site": "same-origin"})

    assert page.status_code == 404  # the code is unknown: the form was read


def test_a_whole_form_is_filled_over_https_without_a_referrer(sqlite_database):
    app = make_app(sqlite_database, secure_cookies=True)
    door = make_door(sqlite_database)
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().opened_at = clock.now() - timedelta(days=1)
    client = app.test_client()
    for name in ("get", "post"):
        plain = getattr(client, name)
        setattr(client, name, partial(plain, base_url="https://sipas.example"))
    person = Person(client, door)

    assert person.finish().status_code == 303
    assert receipt_on(person.see("/thanks"))


@pytest.mark.parametrize(
    ("path", "shown"), [("/receipt", "/receipt"), ("/admin/sign-in", "/admin/sign-in")]
)
def test_a_form_sent_from_another_site_is_refused(https, path, shown):
    page = https(path, shown, Referer="https://sipas.example/", **{"Sec-Fetch-Site": "cross-site"})

    assert page.status_code == 400


@pytest.mark.parametrize(
    ("referrer", "status"),
    [
        (None, 400),
        ("https://other.example/", 400),
        ("http://sipas.example/", 400),
        ("https://sipas.example/admin/sign-in", 401),
    ],
)
def test_the_administration_still_asks_for_the_referrer_over_https(https, referrer, status):
    headers = {"Referer": referrer} if referrer else {}

    assert https("/admin/sign-in", "/admin/sign-in", **headers).status_code == status


def add_at_a_door(app, path, secret):
    def thing():
        raise ValueError(secret)

    return add(app, public(thing), path)


@pytest.mark.parametrize("path", ["/i/code-of-lan", "/s/token-of-lan/x/y", "/api/v9/thing"])
def test_an_error_at_a_door_is_logged_without_its_words(app, caplog, path):
    secret = "code" + "-of-" + "lan"

    page = add_at_a_door(app, path, secret).get(path)

    assert page.status_code == 500
    assert "ValueError" in caplog.text
    assert "add_at_a_door" in caplog.text or "in thing" in caplog.text
    assert secret not in caplog.text
    assert path not in caplog.text
