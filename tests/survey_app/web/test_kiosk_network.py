"""What comes between a kiosk and its server: portals, revocation, new versions, a closed wave."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Error
from sqlalchemy import select

from survey_app import clock
from survey_app.config import ROOT
from survey_app.models.waves import Wave
from survey_app.services.counter.kiosks import revoke_kiosk
from survey_app.web import kiosk
from survey_app.web.shells import Shell
from tests.survey_app.web.kiosk_counter import (
    OUTBOX,
    START,
    wait_for_outbox,
)


def finish(person):
    person.begin()
    person.rate(4)
    person.send()
    person.see("Cảm ơn Ông/Bà")
    assert person.receipt


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "403 Forbidden", "511 Sign in"])
def test_a_page_of_the_network_itself_takes_no_kiosk_away(open_kiosk, monkeypatch, status):
    def portal(_app, _environ, start_response):
        start_response(status, [("Content-Type", "text/html"), ("Location", "/wifi")])
        return [b"<h1>Wi-Fi</h1>"]

    person = open_kiosk()
    with monkeypatch.context() as network:
        network.setattr(Flask, "wsgi_app", portal)
        person.page.reload()
        person.see(START)
        person.begin()
        person.rate(4)
        person.send()
        person.page.get_by_text("sẽ được gửi khi có mạng").wait_for()
        assert [form["state"] for form in person.page.evaluate(OUTBOX)] == ["saved"]
        person.page.reload()
        person.see(START)
    person.page.reload()
    wait_for_outbox(person.page)


def test_a_kiosk_that_was_taken_away_is_not_opened_from_what_it_kept(open_kiosk, sqlite_database):
    person = open_kiosk()
    with sqlite_database.writing() as session:
        revoke_kiosk(session, person.counter.device_id, clock.now())
    person.page.reload()
    person.see("Đăng ký máy lấy ý kiến")
    person.page.context.set_offline(True)
    with pytest.raises(Error):
        person.page.reload()


def new_shell(monkeypatch):
    """The service is started anew with other parts."""
    shell = kiosk.shell_of(ROOT / "static")
    worker = shell.worker.replace(shell.version, "0123456789ab")
    monkeypatch.setattr(kiosk, "shell_of", lambda _: Shell("0123456789ab", shell.assets, worker))


def test_parts_of_an_older_version_do_not_stay_under_a_newer_page(open_kiosk, monkeypatch):
    person = open_kiosk()
    new_shell(monkeypatch)
    loads = []
    person.page.on("load", lambda _page: loads.append(1))
    person.page.reload()  # a new page, with the parts the worker kept of the old version
    for _turn in range(100):
        if len(loads) < 2:
            person.page.wait_for_timeout(100)
    assert len(loads) == 2
    person.see(START)
    person.page.wait_for_function(
        "async () => String(await caches.keys()).includes('kiosk-0123456789ab')"
    )


def test_a_wave_that_closes_takes_nobody_the_receipt_from_the_screen(open_kiosk, sqlite_database):
    person = open_kiosk(clock=datetime.now(UTC))
    person.page.clock.run_for(290_000)
    finish(person)
    with sqlite_database.writing() as session:
        session.scalars(select(Wave)).one().closed_at = clock.now()
    for _turn in range(2):
        person.tap("Tôi cần thêm thời gian")
    person.page.clock.run_for(20_000)  # past the moment at which a kiosk asks for news
    person.page.wait_for_timeout(1_500)
    assert person.page.locator(".code").count() == 1
