"""A surveyor who gets another tablet, or the same one emptied, goes on where the work stood."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app import clock
from survey_app.models.accounts import Device
from survey_app.models.fieldwork import Assignment
from survey_app.services.field.devices import give_code, prepare_device
from tests.survey_app.web.tablet_field import (
    COUNTER,
    Surveyor,
    fieldwork_in,
    make_area,
    serving_field,
)


@pytest.fixture
def hands(browser, sqlite_database):
    """Give somebody an empty tablet, enrolled with a code."""
    contexts = []
    with serving_field(sqlite_database) as address:

        def give(area):
            size = {"width": 360, "height": 740}
            contexts.append(browser.new_context(locale="vi-VN", viewport=size))
            page = contexts[-1].new_page()
            page.set_default_timeout(15_000)
            surveyor = Surveyor(page, address, area)
            surveyor.enrol()
            return surveyor

        yield give
        for context in contexts:
            context.close()


def note(surveyor, serial, outcome):
    """From the list of an area: what came of a call."""
    surveyor.press_line(f"Hộ {serial}")
    surveyor.press("Ghi kết quả lần đến")
    surveyor.press(outcome)
    surveyor.press("Ghi kết quả")


def states(surveyor):
    lines = surveyor.page.locator("button.line")
    return {
        line.inner_text().split("\n")[0]: line.get_attribute("data-state") for line in lines.all()
    }


@pytest.mark.parametrize("is_same", [True, False], ids=["emptied", "another"])
def test_an_empty_tablet_goes_on_where_the_work_stood(hands, sqlite_database, is_same):
    area = make_area(sqlite_database, COUNTER)
    old = hands(area)
    old.begin(3, adults=2)
    old.answer_all()
    old.press("Nộp phiếu")
    old.see("Đã nộp phiếu")
    old.press("Về danh sách hộ")
    note(old, 1, "Nhà bỏ trống")
    old.press_line("Hộ 2")
    old.press("Để lại phiếu giấy, thu sau")
    old.press("4")
    old.press("Đã để lại phiếu cho người này")
    old.see("Ấp Phú Hòa")
    stood = states(old)
    old.wait_until_sent()
    with sqlite_database.writing() as session:
        device = session.get_one(Device, area.device_id)
        if not is_same:
            device = prepare_device(session, "Máy mới", "tablet", clock.now())
            session.flush()
            session.scalars(select(Assignment)).one().device_id = device.id
        code = give_code(device, clock.now() + timedelta(days=1))

    new = hands(replace(area, code=code))
    new.page.context.set_offline(True)
    new.page.reload()
    new.unlock()
    assert "Hộ 2" in new.page.locator("section", has_text="Hẹn và phiếu đã phát").first.inner_text()
    new.page.locator("button.line:has(progress)").first.click()
    assert states(new) == stood
    assert stood == {
        "Hộ 1": "lost", "Hộ 2": "pending", "Hộ 3": "done", "Hộ 4": "todo", "Hộ 5": "todo",
        "Hộ 6": "locked",
    }  # fmt: skip
    new.press_line("Hộ 2")
    new.press("Đã thu phiếu: nhập phiếu giấy")
    new.see("Phiếu giấy viết bằng tiếng nào?")  # who was chosen is known, nobody asks again
    new.press("Tiếng Việt")
    new.press("Có đánh dấu")
    new.page.locator(".item").wait_for()
    new.answer_all()
    new.press("Nộp phiếu")
    new.see("Đã nộp phiếu")
    new.page.context.set_offline(False)
    new.wait_until_sent()

    responses, interviews, visits = fieldwork_in(sqlite_database)
    assert len(responses) == 2
    assert sorted((i.drop_off, i.eligible) for i in interviews) == [(False, 2), (True, 4)]
    found = sorted((visit.household, visit.outcome, visit.eligible) for visit in visits)
    assert found == [
        (1, "vacant", None), (2, "complete", 4), (2, "given_out", 4), (3, "complete", 2),
    ]  # fmt: skip
