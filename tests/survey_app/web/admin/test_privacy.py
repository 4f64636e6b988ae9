"""The room of data protection: days in force, days changed, one form deleted on request."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from survey_app import clock, worker
from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import Response
from survey_app.models.waves import Wave
from survey_app.services.door.responses import accept_response
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import catalogue, make_point, make_wave, response_content
from tests.survey_app.web.citizen_door import hidden, make_app, words
from tests.survey_app.web.office import PASSWORD, browser_of

PAGE = "/admin/waves/dot-1/privacy"


@pytest.fixture
def receipt(sqlite_database):
    with sqlite_database.writing() as session:
        wave = make_wave(session, code="dot-1", opened_at=clock.now() - timedelta(days=9))
        door = {"wave": wave.code, "collection_point": make_point(session, wave).code}
        found = accept_response(session, response_content(**door), clock.now(), catalogue())
        return found.receipt


@pytest.fixture
def browser(sqlite_database, receipt):
    """Sign in with a role."""

    def open_as(role="administrator"):
        with sqlite_database.writing() as session:
            create_account(session, role, PASSWORD, role)
        return browser_of(make_app(sqlite_database), role)

    return open_as


def post(client, what, **fields):
    return client.post(f"{PAGE}/{what}", data=hidden(client.get(PAGE)) | fields)


def count(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Response))


def test_the_page_of_a_wave_leads_to_it_and_it_tells_the_rule(browser):
    client = browser()

    assert PAGE in client.get("/admin/waves/dot-1").text
    said = words(client.get(PAGE))
    for days in (30, 90, 365):
        assert f"{days} ngày sau khi đóng" in said
    assert "Chưa có gì hết hạn để xóa." in said


def test_a_day_is_set_and_then_moves_to_earlier_only(browser, sqlite_database):
    client = browser()
    later, sooner = ((clock.now() + timedelta(days=n)).date() for n in (60, 50))

    assert post(client, "days", receipts=f"{later:%d/%m/%Y}").status_code == 303
    assert post(client, "days", receipts=f"{sooner}").status_code == 303
    refused = post(client, "days", receipts=f"{later}")
    assert refused.status_code == 400
    assert "chỉ được rút ngắn" in words(refused)
    with sqlite_database.reading() as session:
        assert session.scalars(select(Wave)).one().receipts_until == sooner
    assert f"{sooner:%d/%m/%Y}" in words(client.get(PAGE))


@pytest.mark.parametrize("typed", ["mai", "31/02/2027", "2027-13-01", "1/2", "//", "0/0/0"])
def test_what_is_no_day_is_said_so(browser, typed):
    refused = post(browser(), "days", contacts=typed)

    assert refused.status_code == 400
    assert "không đúng" in words(refused)


def test_a_form_is_deleted_at_a_persons_request_and_the_code_not_written_down(
    browser, sqlite_database, receipt
):
    client = browser()
    assert post(client, "delete", receipt=receipt).status_code == 400
    assert post(client, "delete", receipt="ABCDE23456", sure="1").status_code == 404
    assert count(sqlite_database) == 1

    done = post(client, "delete", receipt=receipt.lower(), sure="1")

    assert done.status_code == 303
    assert receipt not in done.location
    assert "Phiếu đã được xóa." in words(client.get(done.location))
    assert count(sqlite_database) == 0
    with sqlite_database.reading() as session:
        rows = session.scalars(select(AuditEntry)).all()
    assert "delete_response" in {row.action for row in rows}
    assert not any(receipt in f"{row.subject} {row.detail}" for row in rows)


@pytest.mark.parametrize(("role", "seen"), [("supervisor", 200), ("auditor", 200)])
def test_others_read_and_change_nothing(browser, sqlite_database, receipt, role, seen):
    client = browser(role)
    page = client.get(PAGE)

    assert page.status_code == seen
    assert "/privacy/" not in page.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
    for what in ("days", "delete"):
        fields = {"csrf_token": token, "receipt": receipt, "sure": "1"}
        assert client.post(f"{PAGE}/{what}", data=fields).status_code == 403
    assert count(sqlite_database) == 1


def test_a_head_of_a_unit_does_not_enter(browser):
    assert browser("unit_head").get(PAGE).status_code == 403


def test_what_was_deleted_is_told_by_day(browser, sqlite_database):
    with sqlite_database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        wave.opened_at = clock.now() - timedelta(days=500)
        wave.closed_at = clock.now() - timedelta(days=400)

    worker.tidy(sqlite_database, catalogue())

    said = words(browser().get(PAGE))
    assert "1 phiếu đã tách khỏi mã" in said
    assert "1 phiếu đã xóa bản gốc" in said
