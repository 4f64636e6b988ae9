"""The room of counters: adding, changing, renewing, printing, and who may do so."""

import io
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from survey_app import create_app, worker
from survey_app.config import Config
from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import Response
from survey_app.models.runs import Job
from survey_app.models.waves import CollectionPoint, Procedure, Wave
from survey_app.services.counter.links import read_token
from survey_app.services.operation.accounts import create_account
from tests.survey_app.exports.qr_reader import text_of
from tests.survey_app.exports.test_qr import modules_of
from tests.survey_app.factories import catalogue, make_form, make_point, make_unit, make_wave
from tests.survey_app.web.citizen_door import ANSWERS, Person, hidden
from tests.survey_app.web.office import PASSWORD, browser_of, words_of
from tests.survey_app.web.served import served

SECRET = "k" * 40
PAGE = "/admin/waves/w/points"


@pytest.fixture
def app(sqlite_database, tmp_path):
    """The application with one wave `w`, and a unit that has no counter yet."""
    with sqlite_database.writing() as session:
        for role in ("administrator", "auditor"):
            create_account(session, role, PASSWORD, role)
        wave = make_wave(session, code="w")
        make_form(session, wave)
        make_unit(session, code="PL", name="Phường Phú Lợi")
        make_unit(session, code="STC", name="Sở Tài chính", level="department")
    url = sqlite_database.url.render_as_string(hide_password=False)
    app = create_app(Config(url, SECRET, tmp_path, public_url="https://khaosat.example.vn"))
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture
def client(app):
    return browser_of(app, "administrator")


@pytest.fixture
def point(sqlite_database):
    """The code of a counter of the wave."""
    with sqlite_database.writing() as session:
        wave = session.scalars(select(Wave).where(Wave.code == "w")).one()
        unit = make_unit(session, name="Phường Mỹ Xuyên")
        return make_point(session, wave, unit, name="Quầy Đất đai").code


def send(client, address, page=None, **fields):
    token = {"csrf_token": hidden(client.get(page or address))["csrf_token"]}
    return client.post(address, data=token | fields)


def actions(database):
    with database.reading() as session:
        found = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    return [action for action in found if action != "sign_in"]


def stored(database, code):
    with database.reading() as session:
        point = session.scalars(select(CollectionPoint).where(CollectionPoint.code == code)).one()
        return point, [unit.code for unit in point.units]


def address_on(answer):
    return re.search(r'<code class="address">([^<]+)</code>', answer.text).group(1)


def test_an_empty_wave_says_what_to_do(client):
    assert "chưa có quầy nào. Xin thêm" in words_of(client.get(PAGE))


def test_a_counter_is_added_and_stands_in_the_list(client, sqlite_database):
    answer = send(client, PAGE, unit="PL", name="Quầy 1", form="sipas-counter/1")
    listed = client.get(PAGE)

    assert answer.status_code == 303
    assert client.get(answer.location).status_code == 200
    assert "Quầy 1" in words_of(listed)
    assert address_on(listed).startswith("https://khaosat.example.vn/s/")
    assert actions(sqlite_database) == ["add_point"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"unit": "XX", "name": "Quầy 1", "form": "sipas-counter/1"}, "Không có đơn vị «XX»"),
        ({"unit": "PL", "name": " ", "form": "sipas-counter/1"}, "Tên quầy phải có"),
        ({"unit": "PL", "name": "Quầy 1", "form": "sipas-citizen/2022"}, "không dùng phiếu"),
        ({}, "Không có đơn vị"),
    ],
)
def test_what_cannot_be_added_is_told_and_what_was_typed_stays(
    client, sqlite_database, fields, told
):
    answer = send(client, PAGE, **fields)

    assert answer.status_code == 400
    assert told in words_of(answer)
    assert f'value="{fields.get("unit", "")}"' in answer.text
    assert actions(sqlite_database) == []


def test_the_list_is_searched_in_the_address_bar(client, point):
    assert "Quầy Đất đai" in words_of(client.get(f"{PAGE}?q=dat+dai"))
    assert "Không có quầy nào khớp" in words_of(client.get(f"{PAGE}?q=xyz"))
    assert client.get(f"{PAGE}?q=&page=nonsense").status_code == 200


def test_name_hours_and_agencies_are_changed(client, sqlite_database, point):
    page = f"{PAGE}/{point}"
    hours = {"hours-1": "07:30-11:30, 13:30-17:00"}
    assert send(client, page, name="Quầy 2", agency=["STC"], **hours).status_code == 303
    shown = client.get(page)
    found, agencies = stored(sqlite_database, point)

    assert (found.name, agencies) == ("Quầy 2", ["STC"])
    assert 'value="07:30-11:30, 13:30-17:00"' in shown.text
    assert re.search(r'value="STC" checked', shown.text)
    assert actions(sqlite_database) == ["change_point"]


def test_wrong_hours_change_nothing_and_stay_on_the_page(client, sqlite_database, point):
    answer = send(client, f"{PAGE}/{point}", name="Mới", agency=["STC"], **{"hours-3": "sáng"})
    found, agencies = stored(sqlite_database, point)

    assert answer.status_code == 400
    assert "Giờ làm việc Thứ Tư chưa đúng: «sáng»" in words_of(answer)
    assert 'value="sáng"' in answer.text
    assert (found.name, agencies) == ("Quầy Đất đai", [])


def test_renewing_asks_first_and_then_the_old_link_is_gone(client, app, point):
    page = f"{PAGE}/{point}"
    before = address_on(client.get(page))
    asked = client.get(f"{page}/renew")
    assert "ngừng hoạt động ngay" in words_of(asked)
    assert address_on(client.get(page)) == before
    assert send(client, f"{page}/renew").status_code == 303
    after = address_on(client.get(page))

    phone = app.test_client()
    assert before != after
    assert phone.get(before.removeprefix("https://khaosat.example.vn")).status_code == 410


def test_a_counter_is_closed_and_opened_again(client, sqlite_database, point):
    page = f"{PAGE}/{point}"
    send(client, f"{page}/close")
    assert "Đã đóng" in words_of(client.get(page))
    send(client, f"{page}/reopen")

    assert "Đang nhận phiếu" in words_of(client.get(page))
    assert actions(sqlite_database) == ["close_point", "reopen_point"]


def test_rotating_says_which_printed_codes_stop(client, app, point):
    first = address_on(client.get(f"{PAGE}/{point}"))
    page = "/admin/links/rotate"
    assert "Không mã nào đã in ngừng" in words_of(client.get(page))
    send(client, page)
    assert re.search(r"Mọi mã in từ \d\d/\d\d/\d{4} \d\d:\d\d đến", words_of(client.get(page)))
    token = first.rpartition("/")[2]
    with app.extensions["database"].reading() as session:
        assert read_token(session, token, SECRET)
    send(client, page)

    assert app.test_client().get(f"/s/{token}").status_code == 410


def test_the_last_day_is_set_or_refused(client, sqlite_database, point):
    address = f"{PAGE}/last-day"
    assert send(client, address, PAGE, day="2029-12-31").status_code == 303
    assert "31/12/2029" in words_of(client.get(PAGE))
    refused = send(client, address, PAGE, day="31/12/2029")

    assert refused.status_code == 400
    assert "chưa đúng" in words_of(refused)
    assert actions(sqlite_database) == ["set_links_last_day"]


def upload(client, text, do, page=PAGE, **fields):
    return send(
        client,
        f"{page}/import",
        page,
        file=(io.BytesIO(text.encode()), "quay.csv"),
        do=do,
        **fields,
    )


def test_a_table_is_tried_then_stored(client, sqlite_database):
    text = "đơn vị;tên quầy;cơ quan\nPL;Quầy 1;\nPL;Quầy 2;STC\n"
    tried = upload(client, text, "try", form="sipas-counter/1")
    assert "chưa lưu gì" in words_of(tried)
    assert "chưa có quầy nào" in words_of(client.get(PAGE))
    done = upload(client, text, "store", form="sipas-counter/1")

    assert (tried.status_code, done.status_code) == (200, 200)
    assert "Đã nhập quầy" in words_of(done)
    assert "(2)" in words_of(client.get(PAGE))
    assert actions(sqlite_database) == ["import_points"]


def test_a_table_with_a_wrong_line_stores_nothing(client, sqlite_database):
    answer = upload(client, "unit,name\nPL,Quầy 1\nXX,Quầy 2\n", "store", form="sipas-counter/1")

    assert answer.status_code == 422
    assert "«XX»" in words_of(answer)
    assert "chưa có quầy nào" in words_of(client.get(PAGE))
    assert actions(sqlite_database) == []


@pytest.mark.parametrize("text", ["", "PK\x03\x04", "unit\nPL\n", "a,b\n1,2\n"])
def test_a_file_that_is_no_table_of_counters_is_told(client, text):
    assert upload(client, text, "store", form="sipas-counter/1").status_code == 400


def test_the_picture_of_a_code_says_the_address(client, point):
    picture = client.get(f"{PAGE}/{point}/qr.svg")

    assert picture.mimetype == "image/svg+xml"
    address = address_on(client.get(f"{PAGE}/{point}"))
    assert text_of(modules_of(picture.data)[4:-4, 4:-4]) == address


@pytest.fixture
def procedure(sqlite_database):
    """A field with a procedure, of which the code is returned."""
    with sqlite_database.writing() as session:
        field = Procedure(code="ho-tich", name="Hộ tịch")
        session.add(field)
        session.flush()
        session.add(Procedure(code="HT.1", name="Đăng ký khai sinh", parent_id=field.id))
    return "HT.1"


def procedures_answered(database):
    with database.reading() as session:
        query = select(Procedure.code).join(Response, Response.procedure_id == Procedure.id)
        return session.scalars(query).all()


def test_without_procedures_none_is_offered(client, point):
    assert 'name="procedure"' not in client.get(f"{PAGE}/{point}").text
    assert 'name="procedure"' not in client.get(PAGE).text


@pytest.mark.parametrize("wished", ["HT.1", "Đăng ký khai sinh"])
def test_a_code_for_a_procedure_is_kept_by_the_answer_and_ends_with_the_counters(
    app, client, sqlite_database, point, procedure, wished
):
    page = f"{PAGE}/{point}"
    usual = address_on(client.get(page))
    shown = client.get(page, query_string={"procedure": wished})
    assert "Mã QR cho «Đăng ký khai sinh»" in words_of(shown)
    address = address_on(shown)
    picture = client.get(f"{page}/qr.svg?procedure=HT.1")
    assert text_of(modules_of(picture.data)[4:-4, 4:-4]) == address != usual

    phone = Person(app.test_client(), address.removeprefix("https://khaosat.example.vn"))
    phone.send("", phone.see())
    phone.send("/1", **ANSWERS)
    phone.send("/review")
    assert procedures_answered(sqlite_database) == ["HT.1"]
    send(client, f"{page}/renew")
    assert phone.see().status_code == 410


def test_an_administrator_takes_the_address_for_a_kiosk_with_or_without_a_procedure(
    app, client, sqlite_database, point, procedure
):
    def kiosk_link(query):
        page = client.get(f"{PAGE}/{point}{query}")
        address = re.search(r"https://khaosat\.example\.vn(/k/[\w=-]+)<", page.text).group(1)
        with sqlite_database.reading() as session:
            return address, read_token(session, address.removeprefix("/k/"), SECRET)

    address, link = kiosk_link("?procedure=HT.1")
    with sqlite_database.reading() as session:
        named = session.get_one(Procedure, link.procedure_id)
        assert (named.code, link.point_id) == (
            "HT.1",
            session.scalars(select(CollectionPoint.id)).one(),
        )
    assert kiosk_link("")[1].procedure_id is None
    assert app.test_client().get(address).status_code == 200


def test_forms_begun_by_codes_for_two_procedures_are_two_forms(
    app, client, sqlite_database, point, procedure
):
    page, browser = f"{PAGE}/{point}", app.test_client()
    for wished in ("ho-tich", "HT.1"):
        address = address_on(client.get(f"{page}?procedure={wished}"))
        phone = Person(browser, address.removeprefix("https://khaosat.example.vn"))
        phone.send("", phone.see())
    phone.send("/1", **ANSWERS)
    phone.send("/review")

    assert procedures_answered(sqlite_database) == ["HT.1"]


def test_a_procedure_nobody_knows_is_told_on_the_page(client, point, procedure):
    shown = client.get(f"{PAGE}/{point}", query_string={"procedure": "khai sinh"})
    sheet = send(client, f"{PAGE}/sheet", PAGE, paper="a4", procedure="khai sinh")

    for answer in (shown, sheet):
        assert answer.status_code == 400
        assert "Không có thủ tục hoặc lĩnh vực «khai sinh»" in words_of(answer)
        assert 'value="khai sinh"' in answer.text


def print_sheet(app, client, **fields):
    asked = send(client, f"{PAGE}/sheet", PAGE, **fields)
    config = app.extensions["config"]
    database = app.extensions["database"]
    waiting = client.get(asked.location)
    worker.work_once(database, catalogue(), config.files, worker.work_of(config))
    return waiting, asked.location


@pytest.mark.parametrize("paper", ["a4", "a6"])
def test_a_sheet_is_asked_for_made_and_taken(app, client, sqlite_database, point, paper):
    waiting, address = print_sheet(app, client, paper=paper)
    done = client.get(address)
    taken = client.get(f"{address}/qr.pdf")

    assert "Đang chờ" in words_of(waiting)
    assert "đã sẵn sàng" in words_of(done)
    assert (taken.status_code, taken.mimetype) == (200, "application/pdf")
    assert taken.data.startswith(b"%PDF")
    assert f"ma-qr-w-{paper}.pdf" in taken.headers["Content-Disposition"]
    assert actions(sqlite_database) == ["ask_qr_sheet"]


def test_a_sheet_is_printed_for_a_procedure(app, client, sqlite_database, point, procedure):
    _, address = print_sheet(app, client, paper="a6", point=point, procedure="Đăng ký khai sinh")
    with sqlite_database.reading() as session:
        subject = session.scalars(select(AuditEntry.subject).order_by(AuditEntry.id.desc())).first()

    assert client.get(f"{address}/qr.pdf").status_code == 200
    assert subject == f"w {point} a6 HT.1"


def test_a_sheet_without_an_open_counter_says_so(app, client, point):
    send(client, f"{PAGE}/{point}/close")
    _, address = print_sheet(app, client, paper="a4")

    assert "Không có quầy nào đang mở" in words_of(client.get(address))
    assert client.get(f"{address}/qr.pdf").status_code == 404


def test_no_token_stands_in_what_a_job_or_the_audit_keeps(app, client, sqlite_database, point):
    token = address_on(client.get(f"{PAGE}/{point}")).rpartition("/")[2]
    print_sheet(app, client, paper="a4", point=point)
    with sqlite_database.reading() as session:
        kept = [job.payload + (job.outcome or "") for job in session.scalars(select(Job))]
        kept += [entry.subject for entry in session.scalars(select(AuditEntry))]

    assert len(kept) >= 2
    assert not any(token in text for text in kept)


@pytest.mark.parametrize("fields", [{}, {"paper": "a3"}])
def test_another_paper_is_refused(client, point, fields):
    assert send(client, f"{PAGE}/sheet", PAGE, **fields).status_code == 400


def test_an_auditor_looks_and_changes_nothing(app, client, point):
    other = browser_of(app, "auditor")
    page = other.get(f"{PAGE}/{point}")

    assert page.status_code == 200
    assert "Thu hồi" not in words_of(page)
    for address in (PAGE, f"{PAGE}/{point}", f"{PAGE}/{point}/renew", "/admin/links/rotate"):
        assert send(other, address, PAGE).status_code == 403


@pytest.mark.parametrize(
    "address",
    [f"{PAGE}/D99999", "/admin/waves/none/points", f"{PAGE}/D99999/qr.svg", f"{PAGE}/import"],
)
def test_what_is_not_there_is_not_found(client, address):
    assert client.get(address).status_code == 404


def test_the_printed_code_opens_the_form_of_its_counter_in_a_browser(browser, app, client, point):
    with served(app) as here:
        config = replace(app.extensions["config"], public_url=here)
        app.extensions["config"] = config
        picture = client.get(f"{PAGE}/{point}/qr.svg").data
        page = browser.new_page(locale="vi-VN")
        page.goto(text_of(modules_of(picture)[4:-4, 4:-4]))
        assert "Phường Mỹ Xuyên" in page.locator("body").inner_text()
        assert page.get_by_role("button", name="Tôi đồng ý và bắt đầu").is_visible()
        page.close()
