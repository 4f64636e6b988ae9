"""The room of quality: filters in the address, voiding with a confirmation, and who may."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from survey_app.models.codes import StaffNetwork
from survey_app.models.responses import Response
from survey_app.services.door.responses import accept_response
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)
from tests.survey_app.web.citizen_door import hidden, make_app, words
from tests.survey_app.web.office import PASSWORD, browser_of

PAGE = "/admin/waves/dot/quality"
COMMENT = "Người viết câu này không được nhận ra"


@pytest.fixture
def database(sqlite_database):
    """A wave with two ordinary answers at one counter and three hurried ones at another."""
    with sqlite_database.writing() as session:
        wave = make_wave(session, code="dot")
        points = [make_point(session, wave, make_unit(session), name=f"Quầy {k}") for k in (1, 2)]
        for k, (point, took) in enumerate([(0, 60), (0, 80), (1, 1), (1, 2), (1, 3)]):
            content = response_content(
                wave="dot",
                collection_point=points[point].code,
                answers={"trips": str(1 + k % 4), "comment": COMMENT},
                started_at=(NOW - timedelta(seconds=took)).isoformat(),
                submitted_at=NOW.isoformat(),
            )
            assert accept_response(session, content, NOW, catalogue()).receipt
    return sqlite_database


def browser(database, role="supervisor"):
    with database.writing() as session:
        create_account(session, role, PASSWORD, role)
    return browser_of(make_app(database), role)


def counted(database):
    with database.reading() as session:
        query = select(func.count()).select_from(Response).where(Response.voided_at.is_(None))
        return session.scalar(query)


def links(page):
    return re.findall(rf'href="({PAGE}/[0-9a-f-]{{36}})"', page.text)


def test_signs_and_ways_are_told_in_the_language_of_the_page(database):
    client = browser(database)
    page = client.get(f"{PAGE}?lang=en")
    one = client.get(links(page)[0])

    assert "trả lời quá nhanh" not in page.text + one.text
    assert "máy tính bảng" not in page.text + one.text


def test_the_page_says_how_answers_came_and_never_what_they_say(database):
    page = browser(database).get(PAGE)

    assert page.status_code == 200
    assert len(links(page)) == 3
    assert "trả lời quá nhanh" in words(page)
    assert COMMENT not in page.text
    for link in links(page):
        assert COMMENT not in browser(database, "auditor").get(link).text
        break


def test_signals_and_ways_of_answering_are_told_in_the_language_of_the_page(database):
    client = browser(database)

    told = words(client.get(f"{PAGE}?lang=en"))

    assert "answered too fast" in told
    assert "tablet" in told
    assert "trả lời quá nhanh" not in told


def test_the_filter_stands_in_the_address_and_in_the_form(database):
    client = browser(database)
    point = re.search(r"(D\d{5}) Quầy 1", client.get(PAGE).text).group(1)

    page = client.get(f"{PAGE}?point={point}&least=0")

    assert len(links(page)) == 2
    assert f'value="{point}" selected' in page.text
    assert f"{PAGE}/void?point={point}&amp;least=0" in page.text


def test_a_filter_that_was_edited_is_read_as_far_as_it_makes_sense(database):
    page = browser(database).get(f"{PAGE}?signal=%27--&least=abc&state=x&after=%00&unit=none")

    assert page.status_code == 200
    assert links(page) == []


def test_one_response_is_voided_with_a_reason_and_restored(database):
    client = browser(database)
    page = links(client.get(PAGE))[0]

    fields = hidden(client.get(page)) | {"reason": "trial"}
    assert client.post(f"{page}/void", data=fields).location == page
    assert counted(database) == 4
    assert "Đã hủy lúc" in words(client.get(page))
    client.post(f"{page}/restore", data=hidden(client.get(page)))
    assert counted(database) == 5


def test_a_void_without_a_reason_is_told_and_keeps_what_was_written(database):
    client = browser(database)
    page = links(client.get(PAGE))[0]

    answer = client.post(f"{page}/void", data=hidden(client.get(page)) | {"words": "xem camera"})

    assert answer.status_code == 422
    assert "chọn lý do" in words(answer)
    assert 'value="xem camera"' in answer.text
    assert counted(database) == 5


def test_a_filter_is_voided_after_a_page_that_states_the_number(database):
    client = browser(database)
    page = client.get(f"{PAGE}/void")

    assert "3 phiếu sẽ không còn được tính" in words(page)
    answer = client.post(f"{PAGE}/void", data=hidden(page) | {"reason": "staff"})
    assert answer.location == f"{PAGE}?state=voided"
    assert counted(database) == 2
    assert "Cán bộ trả lời thay người dân" in words(client.get(answer.location))
    assert "Staff answered instead" in words(client.get(f"{answer.location}&lang=en"))


def test_a_number_that_has_changed_meanwhile_voids_nothing(database):
    client = browser(database)
    fields = hidden(client.get(f"{PAGE}/void")) | {"reason": "staff", "expected": "2"}

    assert client.post(f"{PAGE}/void", data=fields).status_code == 409
    assert counted(database) == 5


def test_an_auditor_looks_and_voids_nothing(database):
    client = browser(database, "auditor")
    page = client.get(PAGE)

    assert f"{PAGE}/void" not in page.text
    assert client.get(f"{PAGE}/void").status_code == 403
    fields = hidden(client.get("/admin/sign-in")) | {"reason": "trial"}
    assert client.post(f"{links(page)[0]}/void", data=fields).status_code == 403
    assert counted(database) == 5


def test_the_wave_leads_to_its_quality(database):
    assert f'href="{PAGE}"' in browser(database).get("/admin/waves/dot").text


def test_ranges_of_offices_are_added_and_removed_by_the_administrator(database):
    client, page = browser(database, "administrator"), "/admin/networks"

    fields = hidden(client.get(page)) | {"network": "10.9.0.0/16", "note": "Trung tâm"}
    assert client.post(page, data=fields).location == page
    assert "10.9.0.0/16" in words(client.get(page))
    again = client.post(page, data=fields)
    assert again.status_code == 422
    assert 'value="10.9.0.0/16"' in again.text
    with database.reading() as session:
        row = session.scalars(select(StaffNetwork.id)).one()
    client.post(f"{page}/{row}/remove", data=fields)
    assert "Chưa ghi dải địa chỉ nào" in words(client.get(page))


def test_a_supervisor_reads_the_ranges_and_changes_none(database):
    client, page = browser(database), "/admin/networks"

    assert "network" not in hidden(client.get(page))
    fields = hidden(client.get("/admin/")) | {"network": "10.9.0.0/16", "note": "x"}
    assert client.post(page, data=fields).status_code == 403
