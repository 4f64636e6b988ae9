"""The room of plans: a wave made, changed, opened, given versions and indices, and closed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.accounts import AuditEntry, Device
from survey_app.models.responses import HeldResponse, Response
from survey_app.models.waves import Wave, WaveForm, WaveIndex, WavePoint
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import (
    make_device,
    make_unit,
    make_wave,
    response_content,
)
from tests.survey_app.version_factories import OLD_WORDS, publish, three_versions
from tests.survey_app.web.admin.test_points import actions, send
from tests.survey_app.web.citizen_door import Person, make_app
from tests.survey_app.web.office import PASSWORD, browser_of, words_of

NEW = "/admin/new-wave"
PLAN = "/admin/waves/w/plan"
GIVEN = {"code": "w", "title": "Khảo sát 2026", "year": "2026", "source": "self-selected"}
COUNTER = "sipas-counter/1"
TOKEN = "token-of-a-tablet"


@pytest.fixture
def shelf(tmp_path):
    return three_versions(tmp_path)


@pytest.fixture
def app(sqlite_database, shelf):
    with sqlite_database.writing() as session:
        for role in ("administrator", "auditor"):
            create_account(session, role, PASSWORD, role)
        make_unit(session, code="PL", name="Phường Phú Lợi")
    app = make_app(sqlite_database)
    app.extensions["catalogue"] = shelf
    return app


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


def make(client, **changes):
    return send(client, NEW, **GIVEN | {"form": [COUNTER]} | changes)


def wave_in(database):
    with database.reading() as session:
        return session.scalars(select(Wave).where(Wave.code == "w")).one()


def day(offset):
    return (clock.now() + timedelta(days=offset)).date()


def test_the_list_of_waves_leads_to_a_new_one(app, client):
    assert f'href="{NEW}"' in client.get("/admin/").text
    assert f'href="{NEW}"' not in browser_of(app, "auditor").get("/admin/").text
    assert "phiên bản 1" in words_of(client.get(NEW))


def test_a_wave_is_made_with_its_form_and_recorded(client, sqlite_database):
    answer = make(client, partial="yes", issued="1.200")

    assert (answer.status_code, answer.location) == (303, PLAN)
    wave = wave_in(sqlite_database)
    assert (wave.title, wave.keeps_partial, wave.issued) == ("Khảo sát 2026", True, 1200)
    assert wave.opened_at is None
    page = words_of(client.get(PLAN))
    assert "Chưa mở" in page
    assert "chưa có quầy nào" in page
    assert actions(sqlite_database) == ["add_wave"]


def test_a_plan_is_taken_back_after_a_question(app, client, sqlite_database):
    make(client)
    assert "Xóa đợt" in words_of(client.get(PLAN))
    assert send(browser_of(app, "auditor"), f"{PLAN}/remove", PLAN).status_code == 403
    assert "Không lấy lại được" in words_of(client.get(f"{PLAN}/remove"))
    answer = send(client, f"{PLAN}/remove")

    assert (answer.status_code, answer.location) == (303, "/admin/")
    assert client.get(PLAN).status_code == 404
    assert actions(sqlite_database) == ["add_wave", "remove_wave"]
    make(client)
    send(client, f"{PLAN}/open")
    assert send(client, f"{PLAN}/remove").status_code == 400
    assert "Xóa đợt" not in words_of(client.get(PLAN))


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(client, sqlite_database):
    page = make(client, code="đợt 1", title="Đợt hay", year="26", opens="1/1/2020", form=[])

    assert page.status_code == 400
    for name, told in (("code", "Mã đợt gồm"), ("year", "Năm phải"), ("opens", "sau hôm nay")):
        beside = re.search(f'id="{name}-problem">(.*?)<input', page.text, re.DOTALL).group(1)
        assert told in beside
        assert f'aria-describedby="{name}-hint {name}-problem" aria-invalid="true"' in page.text
    assert "ít nhất một phiếu" in words_of(page)
    for kept in ("đợt 1", "Đợt hay", "26", "1/1/2020"):
        assert f'value="{kept}"' in page.text
    assert 'name="opens" type="text"' in page.text  # a date field would show nothing of it
    assert 'name="closes" type="date"' in page.text
    assert actions(sqlite_database) == []


def test_chosen_forms_stay_chosen_when_something_else_is_wrong(client):
    page = make(client, title="")

    assert re.search(f'value="{COUNTER}" checked', page.text)
    assert not re.search('value="sipas-counter/2" checked', page.text)


def test_a_planned_wave_is_changed_and_called_otherwise(client, sqlite_database):
    make(client)
    answer = send(client, PLAN, **GIVEN | {"code": "w2", "receipts": str(day(90))})

    assert answer.location == "/admin/waves/w2/plan?done=settings"
    assert "Đã lưu" in words_of(client.get(answer.location))
    assert client.get(PLAN).status_code == 404
    with sqlite_database.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (last.action, last.subject) == ("change_wave", "w w2")


def test_an_open_wave_says_what_may_still_be_changed(client, sqlite_database):
    make(client)
    send(client, f"{PLAN}/open")
    page = client.get(PLAN)

    assert "còn đổi được tên" in words_of(page)
    assert 'name="code"' not in page.text
    refused = send(client, PLAN, title="Tên mới", year="2027")
    assert refused.status_code == 400
    assert send(client, PLAN, title="Tên mới", closes=str(day(20)), issued="").status_code == 303
    assert wave_in(sqlite_database).title == "Tên mới"


def test_opening_is_asked_for_and_done_now(client, sqlite_database):
    make(client)
    asked = client.get(f"{PLAN}/open")

    assert "nhận phiếu ngay" in words_of(asked)
    assert wave_in(sqlite_database).opened_at is None
    assert send(client, f"{PLAN}/open", closes=str(day(9))).status_code == 303
    assert "Đang mở" in words_of(client.get(PLAN))
    again = send(client, f"{PLAN}/open", PLAN)
    assert again.status_code == 400
    assert "đã mở rồi" in words_of(again)
    assert actions(sqlite_database) == ["add_wave", "open_wave"]


def test_opening_at_a_date_waits_for_it(client, sqlite_database):
    make(client)
    opens = day(30)
    wrong = send(client, f"{PLAN}/open", opens="31/02/2027")
    assert wrong.status_code == 400
    assert 'value="31/02/2027"' in wrong.text
    assert send(client, f"{PLAN}/open", opens=f"{opens:%d/%m/%Y}").status_code == 303

    page = words_of(client.get(PLAN))
    assert f"Đợt tự mở lúc {opens:%d/%m/%Y} 00:00" in page
    assert "Chưa mở" in page
    assert actions(sqlite_database) == ["add_wave", "schedule_wave"]


def test_closing_says_what_becomes_of_late_forms(client, sqlite_database):
    make(client)
    early = send(client, f"{PLAN}/close")
    assert early.status_code == 400
    assert "không mở nên không đóng được" in words_of(early)
    send(client, f"{PLAN}/open")
    assert "nhận thêm 30 ngày" in words_of(client.get(f"{PLAN}/close"))
    assert send(client, f"{PLAN}/close").status_code == 303

    page = words_of(client.get(PLAN))
    assert "Đã đóng" in page
    assert "chỉ còn ghi được số phiếu phát ra" in page
    assert "không thêm phiếu nữa" in page
    assert actions(sqlite_database)[-1] == "close_wave"


def test_a_version_is_compared_before_it_joins(client, sqlite_database):
    make(client)
    send(client, f"{PLAN}/open")
    asked = client.get(f"{PLAN}/form?form=sipas-counter/2")

    assert OLD_WORDS in words_of(asked)
    assert "Thêm vào" in words_of(asked)
    assert send(client, f"{PLAN}/form", PLAN, form="sipas-counter/2").status_code == 303
    with sqlite_database.reading() as session:
        assert session.scalars(select(WaveForm.version).order_by(WaveForm.version)).all() == [
            "1",
            "2",
        ]
    twice = send(client, f"{PLAN}/form", PLAN, form="sipas-counter/2")
    assert twice.status_code == 400
    assert actions(sqlite_database)[-1] == "add_form"


def test_a_version_that_changes_a_scale_is_refused_in_words(client, shelf, sqlite_database):
    text = (shelf.folder / "sipas-counter" / "1.toml").read_text(encoding="utf-8")
    kind = 'code = "trips"\nkind = "single"'
    assert kind in text
    changed = text.replace('version = "1"', 'version = "9"').replace(
        kind, 'code = "trips"\nkind = "multiple"'
    )
    publish(shelf.folder, "sipas-counter/9.toml", changed)
    make(client)
    asked = client.get(f"{PLAN}/form?form=sipas-counter/9")

    assert "phải mang mã mới" in words_of(asked)
    assert "đổi loại câu" in words_of(asked)
    assert 'name="points"' not in asked.text
    forced = send(client, f"{PLAN}/form", PLAN, form="sipas-counter/9")
    assert forced.status_code == 400
    assert actions(sqlite_database) == ["add_wave"]


def test_an_unused_form_is_taken_back_out(client, sqlite_database):
    make(client, form=["sipas-counter/1", "sipas-counter/2"])
    assert send(client, f"{PLAN}/form/remove", PLAN, form="sipas-counter/2").status_code == 303
    add_counter(client)
    kept = send(client, f"{PLAN}/form/remove", PLAN, form="sipas-counter/1")

    assert kept.status_code == 400
    assert "Còn 1 điểm dùng phiếu" in words_of(kept)


def test_indices_are_chosen_with_the_keys_of_the_sample(client, sqlite_database):
    make(client, source="probability")
    keys = {"stratum": "tang", "psu": "xa, ap", "weight": "w"}
    chosen = {"index": ["sipas-counter"]}
    wrong = send(client, f"{PLAN}/indices", PLAN, **chosen | keys | {"weight": "a b!"})
    assert wrong.status_code == 400
    assert 'id="weight-problem"' in wrong.text
    assert re.search('value="sipas-counter" checked', wrong.text)
    assert send(client, f"{PLAN}/indices", PLAN, **chosen | keys).status_code == 303

    with sqlite_database.reading() as session:
        row = session.scalars(select(WaveIndex)).one()
    assert (row.index_code, row.stratum, row.psu, row.fpc) == (
        "sipas-counter",
        "tang",
        "xa,ap",
        None,
    )


def test_others_see_the_plan_and_change_nothing(app, client):
    make(client)
    other = browser_of(app, "auditor")
    page = other.get(PLAN)
    assert page.status_code == 200
    assert 'name="title"' not in page.text
    for address in (NEW, f"{PLAN}/open", f"{PLAN}/form?form=sipas-counter/2"):
        assert other.get(address).status_code == 403
    assert send(other, PLAN, PLAN, title="x").status_code == 403


def test_a_wave_of_published_results_only_has_no_plan(client, sqlite_database):
    with sqlite_database.writing() as session:
        make_wave(session, code="old", source="reported")

    assert client.get("/admin/waves/old/plan").status_code == 404
    assert 'href="/admin/waves/old/plan"' not in client.get("/admin/waves/old").text


def add_counter(client, name="Quầy 1", form=COUNTER):
    fields = {"unit": "PL", "name": name, "form": form}
    return send(client, "/admin/waves/w/points", **fields)


def door_of(client, number):
    page = client.get("/admin/waves/w/points").text
    address = re.findall(r'<code class="address">[^<]+(/s/[^<]+)</code>', page)[number]
    return address


def test_a_wave_from_its_plan_to_its_late_forms(app, client, sqlite_database, shelf):
    """Made, given points, opened, answered, given a version, asked in both, closed."""
    make(client)
    for name in ("Quầy A", "Quầy B"):
        assert add_counter(client, name).status_code == 303
    first = Person(app.test_client(), door_of(client, 0))
    assert first.see().status_code == 410
    send(client, f"{PLAN}/open")
    assert first.finish().status_code == 303

    send(client, f"{PLAN}/form", PLAN, form="sipas-counter/2")
    assert offered(app, sqlite_database) == {"1": 2}
    room = "/admin/waves/w/points/move"
    with sqlite_database.reading() as session:
        codes = session.scalars(select(WavePoint).order_by(WavePoint.point_id)).all()
        one, other = (f"D{row.point_id:05d}" for row in codes)
    moved = send(client, room, to="w sipas-counter/2", point=[other], do="store")
    assert "Đã chuyển 1 điểm" in words_of(moved)
    assert offered(app, sqlite_database) == {"1": 1, "2": 1}

    begun = {"started_at": clock.now().isoformat(), "wave": "w"}
    waiting = [
        response_content(collection_point=one, version="1", **begun),
        response_content(collection_point=other, version="2", answers={"trips": "5"}, **begun),
    ]
    send(client, f"{PLAN}/close")
    assert first.see().status_code == 410
    assert offered(app, sqlite_database) == {}
    late = response_content(
        collection_point=one, wave="w", started_at=(clock.now() + timedelta(hours=1)).isoformat()
    )
    receipts = hand_in(app, [*waiting, late])

    assert [receipt["status"] for receipt in receipts] == ["accepted", "accepted", "quarantined"]
    with sqlite_database.reading() as session:
        versions = session.scalars(select(Response.version).order_by(Response.version)).all()
        held = session.scalars(select(HeldResponse.reason)).all()
    assert (versions, held) == (["1", "1", "2"], ["late"])
    page = client.get("/admin/waves/w/held")
    assert "đến sau khi đợt đã đóng" in words_of(page)
    assert actions(sqlite_database) == [
        *("add_wave", "add_point", "add_point", "open_wave", "add_form"),
        *("move_points", "close_wave"),
    ]


def offered(app, database):
    """The versions that a tablet is given, with the number of points that ask each."""
    with database.writing() as session:
        if not session.scalars(select(Device)).all():
            make_device(session, TOKEN)
    head = {"Authorization": f"Bearer {TOKEN}"}
    found = app.test_client().get("/api/v1/package", headers=head).get_json()["waves"]
    return {part["version"]: len(part["collection_points"]) for part in found}


def hand_in(app, contents):
    head = {"Authorization": f"Bearer {TOKEN}"}
    answer = app.test_client().post("/api/v1/responses", headers=head, json={"responses": contents})
    return answer.get_json()["receipts"]
