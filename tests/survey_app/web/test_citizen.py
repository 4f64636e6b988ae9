"""The citizen's form behind a printed address."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from survey_app import clock, worker
from survey_app.models.responses import Answer, Draft, Response, ResponseQuality, SenderCount
from survey_app.models.waves import CollectionPoint, Wave
from survey_app.services.checking.sender_rates import MANY
from survey_app.services.counter.links import revoke_links
from tests.survey_app.factories import NOW, catalogue
from tests.survey_app.web.citizen_door import (
    ANSWERS,
    Person,
    hidden,
    make_app,
    make_door,
    receipt_on,
    stored,
    words,
)

ROUTED = "sipas-citizen/2022-routed"


@pytest.fixture(autouse=True)
def moment(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def person(sqlite_database):
    return Person(make_app(sqlite_database).test_client(), make_door(sqlite_database))


def test_how_a_form_was_filled_in_is_measured_by_our_own_clock(
    person, sqlite_database, monkeypatch
):
    def later(seconds):
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=seconds))

    person.begin()
    for moment, staff in ((40, "5"), (70, "4")):  # sent, seen again, and changed
        later(moment)
        person.send("/1", **ANSWERS | {"q-staff": staff})
    later(75)
    person.send("/review")

    with sqlite_database.reading() as session:
        response = session.scalars(select(Response)).one()
        quality = session.get_one(ResponseQuality, response.id)
    assert json.loads(response.document)["paradata"] == {
        "app": "web",
        "seconds": 75,
        "elapsed": 75,
        "pages": [["page-1", 70], ["review", 5]],
        "changes": {"staff": 1},
        "pauses": [],
        "clock": {"opened": NOW.isoformat(), "monotonic_ms": 75_000},
    }
    assert quality.seconds == 75


def test_a_form_becomes_one_response_with_a_receipt(database):
    person = Person(make_app(database).test_client(), make_door(database))

    thanks = person.client.get(person.finish().location)

    with database.reading() as session:
        response = session.scalars(select(Response)).one()
        answers = dict(session.execute(select(Answer.item, Answer.value)).all())
    assert receipt_on(thanks) == response.receipt
    assert (response.mode, response.locale) == ("web", "vi")
    assert answers == {name.removeprefix("q-"): value for name, value in ANSWERS.items()}
    assert json.loads(response.document)["submitted_at"] == NOW.isoformat()
    assert stored(database) == (1, 8, 0)


def test_the_start_page_says_what_this_is_and_stores_nothing(person, sqlite_database):
    page = person.see()

    assert "Phường Phú Lợi" in words(page)
    assert "Phiếu không ghi tên." in words(page)
    assert "1 phần, 8 câu hỏi" in words(page)
    assert stored(sqlite_database) == (0, 0, 0)


def test_the_draft_cookie_stays_behind_the_door_and_is_stored_as_a_hash(person, sqlite_database):
    cookie = next(c for c in person.begin().headers.getlist("Set-Cookie") if "draft=" in c)

    assert "HttpOnly" in cookie
    assert f"Path={person.door};" in f"{cookie};"
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    with sqlite_database.reading() as session:
        key = session.scalars(select(Draft.key_hash)).one()
    assert cookie.split("=", 1)[1].split(";")[0] != key
    assert len(key) == 64


def test_cookies_are_secure_behind_https(sqlite_database):
    app = make_app(sqlite_database, secure_cookies=True)
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    client.environ_base["HTTP_REFERER"] = "https://localhost/"
    person = Person(client, make_door(sqlite_database))
    seen = client.get(person.door, base_url="https://localhost")
    sent = client.post(person.door, base_url="https://localhost", data=hidden(seen))

    cookies = seen.headers.getlist("Set-Cookie") + sent.headers.getlist("Set-Cookie")
    assert sent.status_code == 303
    assert cookies
    assert all("Secure" in cookie for cookie in cookies if "Max-Age=0" not in cookie)


@pytest.mark.parametrize("path", ["", "/1", "/review", "/thanks"])
def test_no_page_is_kept_by_a_browser_or_a_proxy(person, path):
    person.fill()

    assert person.see(path).headers["Cache-Control"] == "no-store"


def test_missing_answers_are_named_at_the_top_and_beside_the_question(person, sqlite_database):
    person.begin()

    page = person.send("/1", **ANSWERS | {"q-staff": "", "q-comment": "x" * 501})

    assert page.status_code == 422
    assert '<a href="#q-staff-1">Vui lòng chọn một câu trả lời cho câu 3.</a>' in page.text
    assert '<a href="#q-comment-box">Câu 8: vui lòng viết không quá 500 ký tự.</a>' in page.text
    assert 'aria-describedby="q-staff-error"' in page.text
    assert 'aria-describedby="q-comment-hint q-comment-error"' in page.text
    assert page.text.index("<h1>") < page.text.index('id="summary"')
    assert page.text.count(" checked") == 6
    assert stored(sqlite_database) == (0, 0, 1)


def test_an_answer_outside_the_scale_is_refused(person):
    person.begin()

    page = person.send("/1", **ANSWERS | {"q-staff": "6"})

    assert page.status_code == 422
    assert "Câu 3: vui lòng chọn trong các phương án có sẵn." in words(page)


def test_what_is_typed_is_shown_and_never_run(person):
    person.begin()

    page = person.send("/1", **{"q-comment": "</textarea><script>alert(1)</script>"})

    assert "<script" not in page.text


def test_the_review_shows_every_answer_and_leads_back_to_each(person):
    review = person.client.get(person.fill().location)

    assert "Hài lòng" in words(review)
    assert "Tôi chưa cần đến" in words(review)
    assert "Cán bộ tận tình." in words(review)
    assert f"{person.door}/1?from=review#q-staff" in review.text


def test_an_answer_mended_from_the_review_leads_back_there(person, sqlite_database):
    person.fill()
    page = person.see("/1?from=review")

    mended = person.send("/1?from=review", page, **ANSWERS | {"q-staff": "1"})
    person.send("/review")

    assert mended.location == f"{person.door}/review"
    with sqlite_database.reading() as session:
        assert session.get(Answer, (session.scalars(select(Response.id)).one(), "staff")).value == (
            "1"
        )


def test_the_same_form_sent_twice_is_one_response(person, sqlite_database):
    person.fill()
    review = person.see("/review")

    receipts = [
        receipt_on(person.client.get(person.send("/review", review).location)) for _ in range(3)
    ]

    assert len(set(receipts)) == 1
    assert stored(sqlite_database)[0] == 1


def test_two_sendings_at_the_same_moment_are_one_response(database):
    app, door = make_app(database), make_door(database)
    person = Person(app.test_client(), door)
    person.fill()
    review = person.see("/review")
    cookies = [person.client.get_cookie(n, path=p) for n, p in (("draft", door), ("csrf", "/"))]

    def send_again(_turn):
        other = Person(app.test_client(), door)
        for cookie in cookies:
            other.client.set_cookie(cookie.key, cookie.value, path=cookie.path)
        return receipt_on(other.client.get(other.send("/review", review).location))

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(send_again, range(4)))

    assert len(set(receipts)) == 1
    assert stored(database) == (1, 8, 0)


def test_after_sending_going_back_shows_the_receipt_again(person):
    thanks = person.client.get(person.finish().location)

    for path in ("/1", "/review"):
        again = person.see(path, follow_redirects=True)
        assert receipt_on(again) == receipt_on(thanks)


def test_the_receipt_is_in_no_address_and_shown_for_an_hour_only(person, monkeypatch):
    sent = person.finish()
    receipt = receipt_on(person.client.get(sent.location))

    person.client.delete_cookie("receipt", path=person.door)

    assert receipt not in sent.location
    assert person.client.get(sent.location).status_code == 410


def test_a_stale_tab_is_told_so_and_changes_nothing(person, sqlite_database):
    person.begin()
    old_tab = person.see("/1")
    person.send("/1", **ANSWERS)

    page = person.send("/1", old_tab, **ANSWERS | {"q-staff": "1"})

    assert page.status_code == 409
    assert "Trang này đã cũ" in words(page)
    assert f'href="{person.door}/review"' in page.text
    with sqlite_database.reading() as session:
        assert json.loads(session.scalars(select(Draft.answers)).one())["staff"] == "5"


def test_a_double_click_on_continue_is_no_conflict(person):
    person.begin()
    page = person.see("/1")

    sent = [person.send("/1", page, **ANSWERS) for _ in range(2)]

    assert [answer.location for answer in sent] == [f"{person.door}/review"] * 2


def test_a_review_from_before_a_change_is_not_sent(person, sqlite_database):
    person.fill()
    old_review = person.see("/review")
    person.send("/1", **ANSWERS | {"q-staff": "1"})

    page = person.send("/review", old_review)

    assert page.status_code == 409
    assert stored(sqlite_database)[0] == 0


def test_going_back_in_the_browser_and_saving_again_works(person):
    person.fill()

    again = person.send("/1", **ANSWERS | {"q-staff": "2"})

    assert again.location == f"{person.door}/review"
    assert "Không hài lòng" in words(person.see("/review"))


def test_the_back_button_keeps_what_was_answered_and_asks_for_nothing(sqlite_database):
    person = Person(make_app(sqlite_database).test_client(), make_door(sqlite_database, ROUTED))
    person.begin()

    left = person.send("/1", **{"q-sex": "1", "go": "back"})

    assert left.location == person.door
    with sqlite_database.reading() as session:
        assert json.loads(session.scalars(select(Draft.answers)).one()) == {"sex": "1"}


def test_a_restart_in_mid_form_loses_nothing(sqlite_database):
    door = make_door(sqlite_database)
    before = Person(make_app(sqlite_database).test_client(), door)
    before.begin()
    seen = before.see("/1")

    after = Person(make_app(sqlite_database).test_client(), door)
    for name, path in (("draft", door), ("csrf", "/")):
        after.client.set_cookie(name, before.client.get_cookie(name, path=path).value, path=path)
    after.send("/1", seen, **ANSWERS)
    thanks = after.client.get(after.send("/review").location)

    assert receipt_on(thanks)
    assert stored(sqlite_database)[0] == 1


def test_an_unfinished_form_can_be_gone_on_with_or_begun_anew(person, sqlite_database):
    person.fill()
    start = person.see()

    went_on = person.send("", start, **{"continue": "1"})
    anew = person.send("", start, anew="1")

    assert went_on.location == f"{person.door}/review"
    assert anew.location == f"{person.door}?lang=vi"  # where the next person is told, and agrees
    assert stored(sqlite_database) == (0, 0, 0)
    assert person.begin().location == f"{person.door}/1"


def test_nobody_skips_a_page(sqlite_database):
    person = Person(make_app(sqlite_database).test_client(), make_door(sqlite_database, ROUTED))
    person.begin()

    assert person.see("/5").location == f"{person.door}/1"
    assert person.see("/review").location == f"{person.door}/1"
    assert person.see("/99").location == f"{person.door}/1"
    assert person.send("/review", person.see("/1")).location == f"{person.door}/1"


def test_an_edited_address_is_not_found(person):
    page = person.client.get(person.door + "x")

    assert page.status_code == 404
    assert "Liên kết này không đúng." in words(page)


def test_an_edited_address_is_said_in_the_language_of_the_browser(person):
    page = person.client.get(person.door + "x", headers={"Accept-Language": "en-GB,en"})

    assert "This link is not right." in words(page)


@pytest.mark.parametrize("path", ["", "/1", "/review"])
def test_a_closed_wave_takes_nothing_that_was_not_begun(person, sqlite_database, path):
    seen = person.see()
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().closed_at = NOW

    answers = [person.see(path), person.send(path, seen, **ANSWERS)]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert "hiện không nhận phiếu" in words(answers[0])
    assert stored(sqlite_database)[0] == 0


def test_a_form_sent_before_the_wave_closed_still_shows_its_receipt(person, sqlite_database):
    person.fill()
    review = person.see("/review")
    receipt = receipt_on(person.client.get(person.send("/review", review).location))
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().closed_at = NOW

    again = person.client.get(person.send("/review", review).location)

    assert receipt_on(again) == receipt


def test_a_form_left_for_a_day_is_gone(person, monkeypatch):
    person.fill()
    seen = person.see("/1")
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=24))

    page = person.send("/1", seen, **ANSWERS)

    assert page.status_code == 410
    assert "quá 24 giờ" in words(page)


def test_without_a_draft_a_page_leads_to_the_start(person):
    assert person.see("/1").location == person.door


def test_the_form_of_another_counter_is_not_taken_along(person, sqlite_database):
    person.fill()
    elsewhere = Person(person.client, make_door(sqlite_database))

    assert elsewhere.see("/review").location == elsewhere.door


def test_the_language_is_remembered_and_stored_with_the_response(person, sqlite_database):
    person.begin()
    page = person.see("/1?lang=en")
    later = person.send("/1")
    person.send("/1", **ANSWERS)
    thanks = person.client.get(person.send("/review").location)

    assert '<html lang="en">' in page.text
    assert "Please choose an answer to question 3." in words(later)
    assert "Thank you" in words(thanks)
    with sqlite_database.reading() as session:
        assert session.scalars(select(Response.locale)).one() == "en"


def test_a_language_nobody_has_checked_says_so(person):
    page = person.see("?lang=km")

    assert '<html lang="km">' in page.text
    assert "យោបល់របស់លោកអ្នកអំពីការបម្រើសេវានៅទីនេះ" in words(page)
    assert "មិនទាន់ត្រូវបានអ្នកនិយាយភាសាដើមពិនិត្យ" in words(page)


def test_an_unknown_language_is_vietnamese(person):
    assert '<html lang="vi">' in person.see("?lang=xx").text


def test_a_form_without_csrf_token_is_refused(person, sqlite_database):
    page = person.client.post(person.door)

    assert page.status_code == 400
    assert "Xin mở lại trang" in words(page)
    assert stored(sqlite_database) == (0, 0, 0)


def test_a_body_of_ten_megabytes_is_refused(person):
    person.begin()

    page = person.send("/1", **{"q-comment": "x" * 10_000_000})

    assert page.status_code == 413
    assert "Nội dung gửi lên quá lớn." in words(page)


def test_who_drops_cookies_to_send_again_and_again_is_counted_all_the_same(
    sqlite_database, monkeypatch
):
    """Ten from one phone are nothing, the next ones are noticed; another phone is not."""
    app, door = make_app(sqlite_database), make_door(sqlite_database)
    for minute in range(MANY + 2):
        monkeypatch.setattr(clock, "now", lambda k=minute: NOW + timedelta(minutes=3 * k))
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = "203.0.113.7" if minute else "203.0.113.99"
        Person(client, door).finish()
    with sqlite_database.reading() as session:
        rows = session.execute(
            select(ResponseQuality.signals)
            .join(Response, Response.id == ResponseQuality.response_id)
            .order_by(Response.received_at)
        ).scalars()
        told = ["sender_burst" in json.loads(signals) for signals in rows]
        assert session.scalar(select(func.sum(SenderCount.n))) == MANY + 2

    assert told == [False] * (MANY + 1) + [True]
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))
    worker.tidy(sqlite_database, catalogue())
    with sqlite_database.reading() as session:
        assert session.scalars(select(SenderCount)).all() == []


@pytest.mark.parametrize("end", ["wave", "point", "link"])
def test_who_is_filling_a_form_when_its_door_closes_may_end_it(
    person, sqlite_database, monkeypatch, end
):
    person.fill()
    with sqlite_database.writing() as session:
        wave, point = (
            session.scalars(select(Wave)).one(),
            session.scalars(select(CollectionPoint)).one(),
        )
        if end == "link":
            revoke_links(session, wave, point)
        else:
            (wave if end == "wave" else point).closed_at = NOW + timedelta(seconds=30)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=2))
    other = Person(person.client.application.test_client(), person.door)
    refused = other.see()
    sent = person.send("/review")

    assert refused.status_code == 410
    assert sent.status_code == 303
    assert receipt_on(person.client.get(sent.location))
    assert stored(sqlite_database)[0::2] == (1, 0)
    assert person.see().status_code == 410


def test_a_form_left_for_a_day_is_not_ended_after_the_close(person, sqlite_database, monkeypatch):
    person.fill()
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().closed_at = NOW + timedelta(seconds=30)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=23))
    person.send("/1", **ANSWERS)  # what is saved anew is not begun anew
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=25))

    assert person.see("/review").status_code == 410


def test_who_is_turned_away_with_a_form_in_hand_is_told_so_in_its_language(
    person, sqlite_database, monkeypatch
):
    person.client.post(f"{person.door}?lang=en", data=hidden(person.see("?lang=en")))
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().closed_at = NOW + timedelta(seconds=30)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=25))

    assert '<html lang="en"' in person.see("/1").text
