"""The administrator's door: signing in, computing, reading results, taking files."""

import json
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from survey_app import create_app, worker
from survey_app.config import Config
from survey_app.models.accounts import AuditEntry
from survey_app.models.runs import Job, Run
from survey_app.models.waves import WaveIndex
from survey_app.security import access_of
from survey_app.services.operation.accounts import create_account
from survey_app.web.admin import bp
from tests.survey_app.factories import catalogue, make_point, make_unit
from tests.survey_app.invitation_factories import answer, make_officials
from tests.survey_app.results_factories import INDEX, make_answers, make_computable, make_run

ROOT = Path(__file__).parents[3]
PASSWORD = "mật khẩu đủ dài"
NOTICE = "minh họa, không phải sai số của cuộc khảo sát thật"


@pytest.fixture
def app(sqlite_database, tmp_path):
    """The application on an empty database."""
    url = sqlite_database.url.render_as_string(hide_password=False)
    app = create_app(Config(database_url=url, secret_key="k" * 40, instance=tmp_path))
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture
def database(app):
    return app.extensions["database"]


def account(database, name="lan", role="administrator", **options):
    with database.writing() as session:
        create_account(session, name, PASSWORD, role, **options)


def token_in(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True)).group(1)


def post(client, address, page, **fields):
    token = token_in(client.get(page))
    return client.post(address, data={"csrf_token": token, **fields})


def sign_in(app, name="lan", password=PASSWORD, **fields):
    client = app.test_client()
    page = "/admin/sign-in"
    return client, post(client, page, page, name=name, password=password, **fields)


@pytest.fixture
def client(app, database):
    """A browser of the administrator."""
    account(database)
    return sign_in(app)[0]


def stored(database, make, **options):
    with database.writing() as session:
        return make(session, **options)


def computed(database, **options):
    with database.writing() as session:
        wave = make_computable(session, **options)
        return wave.code, make_run(session, wave).id


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def actions(database):
    with database.reading() as session:
        return session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()


def test_signing_in_sets_a_cookie_for_this_door_only(app, database):
    account(database)
    _, answer = sign_in(app)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("staff="))

    assert (answer.status_code, answer.location) == (303, "/admin/")
    for attribute in ("Path=/admin", "HttpOnly", "SameSite=Lax"):
        assert attribute in cookie


def test_a_wrong_password_is_told_kindly_and_does_not_sign_in(app, database):
    account(database)
    client, answer = sign_in(app, password="wrong")

    assert answer.status_code == 401
    assert "chưa đúng" in text_of(answer)
    assert 'value="lan"' in answer.get_data(as_text=True)
    assert client.get("/admin/").status_code == 303


def test_a_demo_account_needs_the_demo(app, database):
    account(database, demo=True)

    assert sign_in(app)[1].status_code == 401


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/admin/waves/x", "/admin/waves/x"),
        ("https://evil.example/", "/admin/"),
        ("//evil.example/admin/", "/admin/"),
        ("/admin/\\evil", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_after_signing_in_one_stays_in_this_house(app, database, target, location):
    account(database)

    assert sign_in(app, next=target)[1].location == location


def test_signing_out_ends_the_sign_in_on_the_server(client):
    cookie = client.get_cookie("staff", path="/admin").value
    assert post(client, "/admin/sign-out", "/admin/").status_code == 303
    client.set_cookie("staff", cookie, path="/admin")

    assert client.get("/admin/").status_code == 303


def test_signing_out_everywhere_ends_the_other_browsers(app, client):
    other, _ = sign_in(app)
    post(client, "/admin/sign-out-everywhere", "/admin/")

    assert other.get("/admin/").status_code == 303


@pytest.mark.parametrize("address", ["/admin/", "/admin/waves/x", "/admin/runs/x"])
def test_nobody_reads_without_signing_in(app, address):
    assert app.test_client().get(address).status_code in (303, 404)


def test_every_endpoint_says_who_may_open_it(app):
    views = {name: view for name, view in app.view_functions.items() if name.startswith(bp.name)}

    assert len(views) > 8
    assert [name for name, view in views.items() if access_of(view) is None] == []


def test_an_auditor_reads_and_does_not_compute(app, database):
    account(database, "kiem", "auditor")
    client, _ = sign_in(app, "kiem")
    code, run = computed(database)
    page = f"/admin/waves/{code}"

    assert client.get(f"/admin/runs/{run}").status_code == 200
    assert "Tính chỉ số" not in text_of(client.get(page))
    assert post(client, f"{page}/compute", page, index=INDEX).status_code == 403


def test_a_head_of_a_unit_sees_nothing_of_the_others(app, database):
    account(database, "truong", "unit_head")
    client, _ = sign_in(app, "truong")

    assert client.get("/admin/").status_code == 403


def test_the_wave_page_counts_the_forms(client, database):
    code = stored(database, make_computable, n=12, issued=48).code
    text = text_of(client.get(f"/admin/waves/{code}"))

    assert "Phiếu phát ra 48" in text
    assert "Phiếu thu về 12 25,00 %" in text
    assert "Phiếu hợp lệ 12 100,00 %" in text


def test_what_officials_answer_is_computed_after_the_close_and_the_page_says_so(
    app, client, database
):
    with database.writing() as session:
        unit = make_unit(session)
        officials = make_officials(session, {"A": 12}, [unit])
        session.add(WaveIndex(wave_id=officials.wave.id, index_code=INDEX))
        for code in officials.codes:
            answer(session, code, unit)
        page = f"/admin/waves/{officials.wave.code}"
    shown = text_of(client.get(page))
    job = post(client, f"{page}/compute", page, index=INDEX).location
    worker.work_once(database, catalogue(), app.extensions["config"].files)

    assert "chỉ số chỉ tính được sau khi đợt khảo sát đóng" in shown
    assert "Tính chỉ số" not in shown
    assert "chỉ số chỉ tính được sau khi đợt khảo sát đóng" in text_of(client.get(job))


def test_from_the_button_to_the_result(app, client, database):
    code = stored(database, make_computable).code
    page = f"/admin/waves/{code}"

    job = post(client, f"{page}/compute", page, index=INDEX)
    waiting = client.get(job.location)
    worker.work_once(database, catalogue(), app.extensions["config"].files)
    done = client.get(job.location)

    assert job.status_code == 303
    assert "Đang chờ" in text_of(waiting)
    assert "js/job.js" in waiting.get_data(as_text=True)
    assert "Xem lại" in text_of(waiting)
    assert client.get(done.location).status_code == 200
    assert actions(database) == ["sign_in", "ask_compute", "compute"]


def test_a_second_click_asks_for_nothing_more(client, database):
    code = stored(database, make_computable).code
    page = f"/admin/waves/{code}"
    jobs = {post(client, f"{page}/compute", page, index=INDEX).location for _ in range(2)}

    with database.reading() as session:
        assert len(session.scalars(select(Job.id)).all()) == len(jobs) == 1


def test_a_computation_that_fails_says_why(app, client, database):
    code = stored(database, make_computable, n=0).code
    page = f"/admin/waves/{code}"
    job = post(client, f"{page}/compute", page, index=INDEX).location
    worker.work_once(database, catalogue(), app.extensions["config"].files)

    answer = client.get(job)
    assert "chưa có phiếu" in text_of(answer)
    assert "js/job.js" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("index", ["", "sipas-2022", "../x"])
def test_an_index_that_is_not_of_the_wave_is_not_computed(client, database, index):
    code = stored(database, make_computable).code
    page = f"/admin/waves/{code}"

    assert post(client, f"{page}/compute", page, index=index).status_code == 404


def test_a_form_without_its_token_changes_nothing(client, database):
    code = stored(database, make_computable).code

    assert client.post(f"/admin/waves/{code}/compute", data={"index": INDEX}).status_code == 400
    with database.reading() as session:
        assert session.scalars(select(Job.id)).all() == []


def test_the_result_is_shown_in_words_and_as_a_tree(client, database):
    _, run = computed(database, source="probability")
    text = text_of(client.get(f"/admin/runs/{run}"))

    assert re.search(r"75,00 % Khoảng tin cậy 95 %: \d\d,\d\d – \d\d,\d\d %", text)
    assert "S1 Mức độ hài lòng đối với tiếp cận dịch vụ 75,00" in text


def test_intervals_of_reconstructed_answers_say_what_they_are(client, database):
    _, run = computed(database, source="probability", provenance="reconstructed")
    answer = client.get(f"/admin/runs/{run}").get_data(as_text=True)

    assert answer.count(NOTICE) >= 3
    assert answer.count('class="interval"') == len(
        re.findall(r'class="interval">[^<]*</span> <span class="mark">minh họa</span>', answer)
    )


def test_people_who_chose_to_answer_get_no_interval_and_no_rank(client, database):
    _, run = computed(database, units=3)
    answer = client.get(f"/admin/runs/{run}")

    assert 'class="interval"' not in answer.get_data(as_text=True)
    assert ">Hạng<" not in answer.get_data(as_text=True)
    assert "không có khoảng tin cậy và không xếp hạng" in text_of(answer)


def test_a_hidden_cell_prints_how_few_there_are(client, database):
    with database.writing() as session:
        wave = make_computable(session, n=20, units=2)
        point = make_point(session, wave, make_unit(session, name="Phường nhỏ"))
        make_answers(session, wave, point, [{}] * 9)
        run = make_run(session, wave).id
    text = text_of(client.get(f"/admin/runs/{run}"))

    assert "Phường nhỏ dưới 10 phiếu" in text
    assert "ẩn để giữ kín ô ít phiếu" in text


@pytest.fixture
def result(app, client, database):
    """The address of a Run that the worker computed, with its files."""
    code = stored(database, make_computable, source="probability").code
    page = f"/admin/waves/{code}"
    job = post(client, f"{page}/compute", page, index=INDEX).location
    worker.work_once(database, catalogue(), app.extensions["config"].files)
    return client.get(job).location


def test_the_page_the_files_and_the_stored_run_say_the_same(client, database, result, tmp_path):
    with database.reading() as session:
        written = session.scalar(select(Run.result))
    figure = f"{100 * json.loads(written)['results'][0]['estimate']:.2f}".replace(".", ",")
    (tmp_path / "book.xlsx").write_bytes(client.get(f"{result}/xlsx").data)
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")

    assert client.get(f"{result}/json").get_data(as_text=True) == written
    assert f";{figure};" in client.get(f"{result}/csv").get_data(as_text=True)
    assert f"{figure} %" in text_of(client.get(result))
    assert f"{book['Chỉ số']['E2'].value:.2f}".replace(".", ",") == figure


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_a_download_is_recorded_and_is_a_file(client, database, result, kind):
    answer = client.get(f"{result}/{kind}")

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert actions(database)[-1] == "download"


def test_the_chart_is_a_picture(client, result):
    answer = client.get(f"{result}/chart.svg")

    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert f'src="{result}/chart.svg"' in client.get(result).get_data(as_text=True)


def test_files_that_are_gone_are_told_clearly(client, database):
    _, run = computed(database)

    answer = client.get(f"/admin/runs/{run}/csv")
    assert answer.status_code == 404
    assert "tính lại" in text_of(answer)
    assert client.get(f"/admin/runs/{run}/json").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/admin/waves/none",
        "/admin/jobs/01a1f8ef-0d7f-7d0c-b464-65fc3731524e",
        "/admin/runs/01a1f8ef-0d7f-7d0c-b464-65fc3731524e",
        "/admin/runs/01a1f8ef-0d7f-7d0c-b464-65fc3731524e/json",
        "/admin/runs/x/../../secret_key",
    ],
)
def test_what_is_not_there_is_not_found(client, address):
    assert client.get(address).status_code == 404


def test_every_page_has_one_heading_a_title_and_a_language(client, database):
    code, run = computed(database)
    for address in ("/admin/", f"/admin/waves/{code}", f"/admin/runs/{run}"):
        page = client.get(address).get_data(as_text=True)
        assert page.count("<h1") == 1
        assert re.search(r"<title>[^<]+</title>", page)
        assert 'lang="vi"' in page
        assert "style=" not in page
        assert "<script" not in page


def test_the_web_loads_no_mathematics():
    heavy = "numpy scipy pandas matplotlib duckdb typst"
    program = (
        "import sys, survey_app; "
        f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
