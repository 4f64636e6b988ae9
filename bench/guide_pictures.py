"""The pictures of the surveyors' guide, taken anew from the app: python -m bench.guide_pictures."""

import io
import logging
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from bench.chromium import CHROMIUM, launching
from survey_app import clock
from survey_app.db import Database
from survey_app.migrate import upgrade
from survey_app.models.accounts import Device
from survey_app.models.waves import Wave
from survey_app.services.operation.accounts import create_account
from tests.survey_app.web.tablet_field import PIN, Area, Surveyor, make_area, serving_field

FOLDER = Path(__file__).parents[1] / "docs" / "img"
TABLET = {"width": 800, "height": 1280}  # pixels
COLOURS = 48
INSTALLED = "navigator.storage.persisted = async () => true"  # what browsers tell installed apps
PRIVATE = "harassment payment"  # of the household form
NAME, PASSWORD = "giamsat", "mật khẩu của giám sát"
CONTENT = """() => Math.max(...[...document.querySelectorAll("main, main *")]
  .filter((one) => one.checkVisibility() && !one.matches("main"))
  .map((one) => one.getBoundingClientRect().bottom))"""  # where the last thing on the page ends


@dataclass
class _Album(Surveyor):
    """A surveyor who keeps a picture of a screen now and then."""

    def keep(self, name: str) -> None:
        """The screen as it is, without the emptiness below, in few colours."""
        self.page.evaluate("scrollTo(0, 0)")
        self.page.evaluate("document.activeElement.blur()")
        height = min(TABLET["height"], int(self.page.evaluate(CONTENT)) + 32)
        clip = {"x": 0, "y": 0, "width": TABLET["width"], "height": height}
        taken = Image.open(io.BytesIO(self.page.screenshot(clip=clip, animations="disabled")))
        few = taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(FOLDER / f"{name}.png", optimize=True)

    def to_household(self, serial: int) -> None:
        """From anywhere among the lists to a household."""
        while self.page.locator("h1", has_text="Việc của Anh/Chị").count() == 0:
            self.page.locator("#bar > .key").first.click()
        self.open_household(serial)


def main() -> int:
    """Take every picture; needs Chromium."""
    if CHROMIUM is None:
        print("no pictures: chromium is not installed")
        return 1
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        database = Database(f"sqlite:///{home}/guide.sqlite3")
        upgrade(database)
        area = _prepare(database)
        with serving_field(database) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(**launching(CHROMIUM))
            options: Any = {
                "viewport": TABLET,
                "locale": "vi-VN",
                "timezone_id": "Asia/Ho_Chi_Minh",
            }
            page = browser.new_context(**options).new_page()
            page.set_default_timeout(15_000)
            page.add_init_script(INSTALLED)
            _in_the_field(_Album(page, site, area))
            page = browser.new_context(**options).new_page()
            _in_the_office(_Album(page, site, area))
            browser.close()
        database.engine.dispose()
    return 0


def _prepare(database: Database) -> Area:
    """An area of eight households with four substitutes, names as a province gives them."""
    area = make_area(database, private=PRIVATE, quota=8, reserve=4)
    with database.writing() as session:
        create_account(session, NAME, PASSWORD, "administrator")
        session.query(Wave).one().title = "Khảo sát hộ gia đình"
        device = session.get_one(Device, area.device_id)
        device.name, device.surveyor = "Máy 07", "Lan"
    return area


def _in_the_field(album: _Album) -> None:
    """A day of a surveyor, from the code to the lock."""
    page = album.page
    page.goto(f"{album.address}/t/")
    page.locator("#code").wait_for()
    album.keep("dang-ky")
    album.enrol()
    _interview(album)
    _calls(album)
    album.to_household(5)
    album.press("Quay lại")
    album.keep("danh-sach-ho")
    album.press("Quay lại")
    album.see("Việc của Anh/Chị")
    album.wait_until_sent()
    page.get_by_text("Mọi thứ đã gửi").wait_for()
    album.keep("viec")
    page.context.set_offline(True)
    album.to_household(6)
    album.press("Quay lại")
    album.press("Quay lại")
    album.begin(6, adults=2)
    _answer_all(album)
    album.press("Nộp phiếu")
    album.see("Đã nộp phiếu")
    album.press("Về danh sách hộ")
    album.press("Quay lại")
    album.press("Xem hộp gửi")
    page.get_by_text("đã lưu, chờ gửi").wait_for()
    album.keep("hop-gui")
    album.press("Khóa máy")
    album.see("Mở khóa")
    album.keep("mo-khoa")
    page.context.set_offline(False)
    album.unlock(PIN)
    album.wait_until_sent()
    album.press("Xem hộp gửi")
    album.press("Gửi ngay")  # tells the service that nothing waits any more
    page.get_by_text("Đã liên lạc với hệ thống").wait_for()


def _interview(album: _Album) -> None:
    """The interview at the first household, with its screens."""
    album.open_household(1)
    album.press("Bắt đầu phỏng vấn")
    album.press("3")
    album.see("Hỏi ai trong hộ?")
    album.keep("chon-nguoi")
    album.press("Gặp được người này")
    album.press("Tiếng Việt")
    album.press("Không có ai khác")
    album.press("Không cần phiên dịch")
    album.page.locator(".consent .main").wait_for()
    album.keep("dong-y")
    album.page.locator(".consent .main").click()
    album.page.locator(".item").wait_for()
    album.keep("cau-hoi")
    _answer_all(album, keeping=True)
    album.keep("xem-lai")
    album.press("Nộp phiếu")
    album.see("Đã nộp phiếu")
    album.press("Về danh sách hộ")


def _answer_all(album: _Album, keeping: bool = False) -> None:
    """Up to the review, the tablet handed over for the private questions."""
    album.answer_all("Xin đưa máy cho Ông/Bà tự trả lời")
    if keeping:
        album.keep("dua-may")
    album.press("Tôi đang cầm máy, bắt đầu")
    album.answer_all("Cảm ơn Ông/Bà. Xin trả máy lại cho điều tra viên")
    album.press("Tôi là điều tra viên, làm tiếp")
    album.answer_all()


def _calls(album: _Album) -> None:
    """An appointment, a refusal, a form left on paper, an interview broken off for now."""
    album.to_household(2)
    album.press("Ghi kết quả lần đến")
    album.keep("ket-qua")
    album.press("Hẹn lại hoặc sẽ đến lại")
    tomorrow = clock.now() + timedelta(days=1)
    album.page.locator("#when").fill(f"{tomorrow:%Y-%m-%d}T08:30")
    album.press("Ghi kết quả")
    album.to_household(3)
    album.press("Ghi kết quả lần đến")
    album.press("Hộ từ chối")
    album.press("Ghi kết quả")
    album.to_household(4)
    album.press("Để lại phiếu giấy, thu sau")
    album.press("2")
    album.press("Đã để lại phiếu cho người này")
    album.to_household(5)
    album.press("Quay lại")
    album.press("Quay lại")
    album.begin(5, adults=4)
    album.answer()
    album.press("Lưu và ra")
    album.see("Hộ 5")


def _in_the_office(album: _Album) -> None:
    """What a supervisor sees of that day."""
    page = album.page
    page.goto(f"{album.address}/admin/")
    page.get_by_label("Tên đăng nhập").fill(NAME)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    album.press("Đăng nhập")
    page.wait_for_url("**/admin/")
    page.goto(f"{album.address}/admin/tablets")
    album.see("Máy tính bảng")
    album.keep("may-tinh-bang")
    page.goto(f"{album.address}/admin/waves/{album.area.wave}/progress")
    album.see("Tiến độ thực địa")
    album.keep("tien-do")


if __name__ == "__main__":
    sys.exit(main())
