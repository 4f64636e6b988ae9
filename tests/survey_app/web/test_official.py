"""The door of invited officials: what opens it, what spends a code, and what never does."""

import json
import logging

import pytest
from sqlalchemy import func, select

from survey_app import clock
from survey_app.models.codes import InvitationTarget
from survey_app.models.responses import Draft, Response, StagedResponse
from survey_app.services.door.consent import NOTICE
from tests.survey_app.factories import NOW, make_unit
from tests.survey_app.invitation_factories import make_officials
from tests.survey_app.web.citizen_door import ANSWERS, Person, hidden, make_app, words

PREVIEWS = [
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; Zalo)",
    "TelegramBot (like TwitterBot)",
    "Microsoft Office/16.0 (Microsoft Outlook Mail; SafeLinks)",
]


@pytest.fixture(autouse=True)
def still(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def officials(database):
    with database.writing() as session:
        units = [make_unit(session, code=f"S{k}", name=f"Sở {k}") for k in (1, 2)]
        return make_officials(session, {"Lãnh đạo xã": 2}, units)


@pytest.fixture
def app(database):
    return make_app(database)


@pytest.fixture
def person(app, officials):
    return Person(app.test_client(), f"/i/{officials.codes[0]}/S1")


@pytest.fixture
def one_target(database):
    with database.writing() as session:
        unit = make_unit(session, code="T1", name="Ủy ban nhân dân tỉnh")
        return make_officials(session, {"A": 1}, [unit])


def state(database):
    """How many targets are used, and how many forms are staged, stored and half filled."""
    with database.reading() as session:
        used = select(func.count()).select_from(InvitationTarget).where(InvitationTarget.used)
        tables = (StagedResponse, Response, Draft)
        return [
            session.scalar(used),
            *(session.scalar(select(func.count()).select_from(table)) for table in tables),
        ]


def test_the_letter_lists_the_units_and_says_how_the_form_is_kept_secret(person, officials):
    page = person.client.get(f"/i/{officials.codes[0]}")

    text = words(page)
    assert page.status_code == 200
    assert "«Lãnh đạo xã»" in text
    assert "Sở 1 Chưa gửi" in text
    assert "không ghi phiếu nào là của ai" in text
    assert "Khi có từ 20 phiếu của cùng nhóm về cùng đơn vị" in text
    assert "Nếu cả đợt có dưới 10 người trả lời" in text
    assert "không sửa và không rút lại được" in text


def test_a_form_is_filled_and_sent_for_each_unit(person, officials, database):
    sent = person.finish()

    assert sent.location.startswith(f"{person.door}/thanks")
    thanks = person.client.get(sent.location)
    assert "Còn 1 đơn vị chưa đánh giá." in words(thanks)
    assert "Mã nhận phiếu" not in words(thanks)
    assert state(database) == [1, 1, 0, 0]
    assert "Sở 1 Đã gửi Sở 2 Chưa gửi" in words(person.client.get(f"/i/{officials.codes[0]}"))
    other = Person(person.client, f"/i/{officials.codes[0]}/S2")
    assert "Mọi phiếu của thư mời này đã được gửi" in words(
        person.client.get(other.finish().location)
    )
    assert state(database) == [2, 2, 0, 0]


def test_an_official_agrees_to_the_notice_and_the_proof_is_kept(person, database):
    page = words(person.see())
    refused = person.client.post(person.door, data=hidden(person.see()) | {"consent": ""})
    begun = state(database)
    person.finish()

    assert "Dữ liệu của Ông/Bà" in page
    assert "kèm đơn vị đánh giá, nhóm được mời và ngôn ngữ" in page
    assert "Họ tên và liên hệ trong danh sách mời, giữ riêng: 30 ngày sau khi" in page
    assert "Mã dùng một lần, không nối được với phiếu" in page
    assert "hồ sơ." not in page.partition("Quyền của Ông/Bà")[2].partition("Tôi đồng ý")[0]
    assert (refused.status_code, begun) == (400, [0, 0, 0, 0])
    with database.reading() as session:
        staged = session.scalars(select(StagedResponse)).one()
    assert json.loads(staged.content)["consent"] == NOTICE


def test_a_letter_asks_to_choose_only_while_there_is_something_to_choose(
    person, officials, database
):
    letter = f"/i/{officials.codes[0]}"
    open_letter = words(person.client.get(letter))
    person.finish()
    Person(person.client, f"{letter}/S2").finish()
    done = words(person.client.get(letter))
    with database.writing() as session:
        session.merge(officials.wave).closed_at = NOW
    closed = words(person.client.get(f"/i/{officials.codes[1]}"))

    asks = [("Xin chọn từng đơn vị" in text) for text in (open_letter, done, closed)]
    assert asks == [True, False, False]
    assert "Mọi phiếu của thư mời này đã được gửi" in done
    assert "hiện không nhận phiếu" in closed


def test_a_letter_with_one_unit_leads_straight_to_its_form(app, one_target, database):
    client = app.test_client()
    door = f"/i/{one_target.codes[0]}"
    led = client.get(door)

    assert (led.status_code, led.location) == (303, f"{door}/T1")
    Person(client, f"{door}/T1").finish()
    assert "Ủy ban nhân dân tỉnh Đã gửi" in words(client.get(door))


@pytest.mark.parametrize("agent", PREVIEWS)
def test_previews_of_messages_spend_nothing(app, officials, database, agent):
    """They fetch a link again and again, with GET and HEAD, and follow what it leads to."""
    door = f"/i/{officials.codes[0]}"
    for path in ("", "", "/S1", "/S1?lang=en", "/S1/1", "/S1/review", "/S1/thanks"):
        client = app.test_client()
        for ask in (client.get, client.head):
            answered = ask(door + path, headers={"User-Agent": agent})
            assert answered.status_code < 500

    assert state(database) == [0, 0, 0, 0]


def test_a_used_code_says_that_the_form_was_sent(person, database):
    person.finish()
    for path in ("", "/1", "/review"):
        page = person.see(path)
        assert page.status_code == 410
        assert "Phiếu đánh giá Sở 1 đã được gửi" in words(page)
        assert f'href="{person.door[:-3]}?lang=vi"' in page.text  # to the units left to rate
    assert state(database) == [1, 1, 0, 0]


def test_a_double_click_sends_one_form(person, database):
    person.fill()
    review = person.see("/review")
    answers = [person.client.post(f"{person.door}/review", data=hidden(review)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert state(database) == [1, 1, 0, 0]


def test_of_two_tabs_the_second_finds_its_form_sent(person, database):
    person.fill()
    first, second = person.see("/review"), person.see("/review")
    person.client.post(f"{person.door}/review", data=hidden(first))
    again = person.client.post(f"{person.door}/review", data=hidden(second))

    assert again.status_code == 303
    assert state(database) == [1, 1, 0, 0]


def test_a_form_of_a_second_device_is_told_that_it_did_not_arrive(person, app, database):
    other = Person(app.test_client(), person.door)
    person.fill()
    other.fill(**{"q-overall": "1"})
    review = other.see("/review")
    person.send("/review")
    late = other.client.post(f"{other.door}/review", data=hidden(review))

    assert late.status_code == 410
    assert "Phiếu đánh giá Sở 1 đã được gửi" in words(late)
    assert state(database)[:2] == [1, 1]


def test_the_code_may_be_typed_in_small_letters_and_with_dashes(app, officials, database):
    code = officials.codes[1].lower()
    typed = "-".join(code[k : k + 4] for k in range(0, 16, 4))
    Person(app.test_client(), f"/i/{typed}/S1").finish()

    assert state(database) == [1, 1, 0, 0]


@pytest.mark.parametrize(
    "path", ["/i/2222222222222222", "/i/2222222222222222/S1", "/i/{code}/S3", "/i/{code}x"]
)
def test_what_is_not_in_the_letter_is_not_found(app, officials, path):
    page = app.test_client().get(path.format(code=officials.codes[0]))

    assert page.status_code == 404


def test_thanks_come_only_after_sending(person):
    assert person.see("/thanks").location == person.door


def test_errors_are_told_as_at_every_door(person, database):
    person.begin()
    page = person.send("/1", **ANSWERS | {"q-access": ""})

    assert page.status_code == 422
    assert state(database)[:2] == [0, 0]


def test_no_log_and_no_cookie_of_another_path_knows_the_code(person, officials, caplog):
    caplog.set_level(logging.DEBUG)
    person.finish()
    person.client.get("/i/2222222222222222")

    assert officials.codes[0] not in caplog.text
    assert "2222222222222222" not in caplog.text


def test_the_cookies_of_a_form_are_sent_to_its_own_address_only(person):
    answered = person.begin()
    cookies = [one for one in answered.headers.getlist("Set-Cookie") if one.startswith("draft=")]

    assert len(cookies) == 1
    assert f"Path={person.door}" in cookies[0]
    assert "HttpOnly" in cookies[0]


def test_nothing_of_the_letter_stays_in_a_shared_memory(person, officials):
    page = person.client.get(f"/i/{officials.codes[0]}")

    assert page.headers["Cache-Control"] == "no-store"
