import csv
import io
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import func, select

from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from survey_app.models.responses import Answer, HeldResponse, Response
from survey_app.models.waves import WaveIndex
from survey_app.services.door.columns import ColumnMapping, read_mapping
from survey_app.services.door.imports import (
    ImportRequest,
    form_id,
    plan_import,
    write_problems,
)
from survey_app.services.plan.waves import add_form, add_point
from survey_app.services.tables.sheets import read_sheet
from tests.survey_app.factories import catalogue, make_point, make_unit, make_wave

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
OPENED = datetime(2022, 1, 1, tzinfo=UTC)
DATA = Path(__file__).parents[3] / "questionnaires" / "data"
DEMO = Path(__file__).parents[4] / "survey_app" / "demo"
ITEMS = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall", "comment")
HEADER = ("số phiếu", *ITEMS)
GOOD = ("4", "4", "5", "4", "3", "2", "4", "")


def csv_of(*rows, header=HEADER):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def xlsx_of(*rows, header=HEADER):
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def prepared(database, code="giay", form="sipas-counter/1", shelf=None):
    """An open wave with one point that collects one form; the code of the point."""
    with database.writing() as session:
        wave = make_wave(session, code=code, opened_at=OPENED)
        if shelf is None:
            return make_point(session, wave, form=form).code
        used = add_form(session, wave, form, shelf)
        return add_point(session, wave, make_unit(session), "Quầy", used).code


def imported(database, content, shelf=None, size=500, name="f.csv", **request):
    """Import in batches, as the command does; the report."""
    given = {"wave": "giay", "questionnaire": "sipas-counter/1"} | request
    ask = ImportRequest(**given)
    sheet = read_sheet(content, name, ask.mapping.sheet)
    with database.reading() as session:
        job = plan_import(session, ask, sheet, NOW, shelf or catalogue())
    for rows in job.batches(size):
        with database.writing() as session:
            outcomes = job.take(session, rows, NOW)
        job.report.add(outcomes)
    return job.report


def count(database, table=Response):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def answers_of(database, point, number, wave="giay"):
    with database.reading() as session:
        rows = session.scalars(
            select(Answer).where(Answer.response_id == form_id(wave, point, number))
        )
        return {row.item: row.value for row in rows}


def said(report):
    return [(p.row, p.column, p.item, p.status, str(p.refusal)) for p in report.problems]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_row_becomes_a_paper_form(database, kind):
    point = prepared(database)
    row = ("1", *GOOD[:-1], "Bàn ghế cũ")
    rows = [row, ("2", *GOOD)]
    if kind == "csv":
        content = csv_of(*rows)
    else:
        content = xlsx_of(*([float(c) if c.isdigit() else c for c in cells] for cells in rows))

    report = imported(database, content, point=point, name=f"f.{kind}")

    assert report.counts == {"accepted": 2}
    assert report.is_clean
    assert said(report) == []
    assert answers_of(database, point, "1") == dict(zip(ITEMS, row[1:], strict=True))
    with database.reading() as session:
        stored = session.get_one(Response, form_id("giay", point, "2"))
        assert (stored.mode, stored.locale, stored.frame) == ("paper", "vi", None)
        assert stored.received_at == NOW
        assert "số phiếu" not in stored.document


def test_labels_stand_for_codes_and_empty_cells_stay_empty(sqlite_database):
    point = prepared(sqlite_database)
    content = csv_of(("1", "Rất hài lòng", "hài lòng", "", "Bỏ qua", "", "1 lần", "", ""))

    report = imported(sqlite_database, content, point=point)

    assert report.counts == {"accepted": 1}
    assert answers_of(sqlite_database, point, "1") == {
        "access": "5",
        "procedure_clear": "4",
        "result": "99",
        "trips": "1",
    }


def test_item_texts_and_a_point_column(sqlite_database):
    point = prepared(sqlite_database)
    version = catalogue().questionnaire("sipas-counter/1").definition
    header = ("Điểm lấy ý kiến", "Số phiếu", *(item.text for item in version.items))
    content = csv_of((point, "1", *GOOD), ("D99999", "2", *GOOD), ("", "3", *GOOD), header=header)

    report = imported(sqlite_database, content)

    assert report.counts == {"accepted": 1, "rejected": 2}
    assert said(report) == [
        (
            3,
            "Điểm lấy ý kiến",
            "",
            "rejected",
            "Điểm lấy ý kiến «D99999» không thuộc đợt khảo sát.",
        ),
        (4, "Điểm lấy ý kiến", "", "rejected", "Dòng này thiếu mã điểm lấy ý kiến."),
    ]


@pytest.fixture
def shelf(tmp_path):
    """A catalogue with one questionnaire that has a multiple choice."""
    (tmp_path / "multiple-choice").mkdir()
    shutil.copy(DATA / "multiple_choice.toml", tmp_path / "multiple-choice" / "1.toml")
    return Catalogue(tmp_path)


def test_multiple_choice_in_both_layouts_is_the_same_answer(sqlite_database, shelf):
    point = prepared(sqlite_database, form="multiple-choice/1", shelf=shelf)
    asked = {"shelf": shelf, "point": point, "questionnaire": "multiple-choice/1"}
    one = csv_of(("1", "2; 1", "báo tỉnh"), header=("số phiếu", "channel", "site"))
    header = ("số phiếu", "channel.10", "channel.2", "channel.1", "channel.0", "site")
    many = csv_of(("1", "", "x", "1", "0", "báo tỉnh"), ("2", *"1000", ""), header=header)

    first = imported(sqlite_database, one, **asked)
    second = imported(sqlite_database, many, **asked)

    assert first.counts == {"accepted": 1}
    assert answers_of(sqlite_database, point, "1") == {"channel": "2 1", "site": "báo tỉnh"}
    assert second.counts == {"duplicate": 1, "accepted": 1}
    assert answers_of(sqlite_database, point, "2") == {"channel": "10"}


def test_answers_outside_the_scale_are_named_by_row_column_and_item(database):
    point = prepared(database)
    bad = ("2", "9", *GOOD[1:5], "Hai lần", *GOOD[6:])

    report = imported(database, csv_of(("1", *GOOD), bad, ("3", *GOOD)), point=point)

    assert report.counts == {"accepted": 2, "rejected": 1}
    assert not report.is_clean
    assert [(p.row, p.column, p.item) for p in report.problems] == [
        (3, "access", "access"),
        (3, "trips", "trips"),
    ]
    assert "không có phương án «9»" in str(report.problems[0].refusal)
    assert count(database) == 2


def test_a_dry_run_says_the_same_and_stores_nothing(database):
    point = prepared(database)
    imported(database, csv_of(("1", *GOOD)), point=point)
    other = ("5", *GOOD[1:])
    content = csv_of(
        ("1", *GOOD),
        ("2", *GOOD),
        ("2", *GOOD),
        ("2", *other),
        ("1", *other),
        ("3", "9", *GOOD[1:]),
    )

    dry = imported(database, content, point=point, dry_run=True, size=2)
    stored = count(database), count(database, Answer), count(database, HeldResponse)
    real = imported(database, content, point=point, size=2)

    assert stored == (1, 7, 0)
    assert dry.counts == {"duplicate": 2, "accepted": 1, "conflict": 2, "rejected": 1}
    assert (dry.counts, said(dry)) == (real.counts, said(real))
    assert (count(database), count(database, HeldResponse)) == (2, 2)


def test_the_same_file_again_doubles_nothing(database):
    point = prepared(database)
    rows = [(str(n), *GOOD) for n in range(1, 8)]
    first = imported(database, csv_of(*rows), point=point, size=3)

    again = imported(database, csv_of(*rows), point=point, size=3)
    as_xlsx = imported(
        database,
        xlsx_of(*((int(r[0]), *map(str, r[1:])) for r in rows)),
        point=point,
        name="b.xlsx",
    )

    assert first.counts == {"accepted": 7}
    assert again.counts == as_xlsx.counts == {"duplicate": 7}
    assert said(again) == []
    assert count(database) == 7


def test_the_id_is_made_of_wave_point_and_number_alone():
    assert form_id("w", "D1", "7") == form_id("w", "D1", "7")
    assert form_id("w", "D1", "7") != form_id("w", "D17", "")
    # Never to change: forms imported before would be imported twice.
    assert form_id("sipas-2022", "D00001", "7") == UUID("88f3ee5b-d33b-5631-970f-f9a67e406bb0")


def test_the_same_number_at_another_point_is_another_form(sqlite_database):
    with sqlite_database.writing() as session:
        wave = make_wave(session, code="giay", opened_at=OPENED)
        codes = [make_point(session, wave).code for _ in range(2)]

    content = csv_of(*((code, "1", *GOOD) for code in codes), header=("Phòng", *HEADER))
    report = imported(sqlite_database, content, mapping=ColumnMapping(point="Phòng"))

    assert report.counts == {"accepted": 2}


def test_a_number_met_twice_with_other_answers_is_kept_apart(database):
    point = prepared(database)
    content = csv_of(("07", *GOOD), ("7", "1", *GOOD[1:]), ("7.0", *GOOD))

    report = imported(database, content, point=point)

    assert report.counts == {"accepted": 1, "conflict": 1, "duplicate": 1}
    assert [(p.row, p.column, p.status) for p in report.problems] == [
        (3, "số phiếu", "conflict"),
        (4, "số phiếu", "duplicate"),
    ]
    assert "đã có ở dòng 2 với nội dung khác" in str(report.problems[0].refusal)
    assert answers_of(database, point, "7")["access"] == "4"
    assert count(database, HeldResponse) == 1


def test_a_corrected_form_is_a_conflict_and_said_so(sqlite_database):
    point = prepared(sqlite_database)
    imported(sqlite_database, csv_of(("1", *GOOD)), point=point)

    report = imported(sqlite_database, csv_of(("1", "1", *GOOD[1:])), point=point)

    assert report.counts == {"conflict": 1}
    assert "đã được nhập trước đây với nội dung khác" in str(report.problems[0].refusal)


def test_rows_without_a_number_are_all_rejected(sqlite_database):
    point = prepared(sqlite_database)
    content = csv_of(("", *GOOD), ("", "9", *GOOD[1:]))

    report = imported(sqlite_database, content, point=point)

    assert report.counts == {"rejected": 2}
    assert [(p.row, p.column, p.item) for p in report.problems] == [
        (2, "số phiếu", ""),
        (3, "số phiếu", ""),
        (3, "access", "access"),
    ]
    assert count(sqlite_database) == 0


def test_the_sampling_frame_is_stored_with_the_response(sqlite_database):
    point = prepared(sqlite_database)
    header = (*HEADER, "stratum", "psu", "weight")
    content = csv_of(
        ("1", *GOOD, "TPST", "X1", "1500.0"), ("2", *GOOD, "", "X1", "0"), header=header
    )

    report = imported(sqlite_database, content, point=point)
    heavier = csv_of(("1", *GOOD, "TPST", "X1", "1600"), header=header)

    assert report.counts == {"accepted": 1, "rejected": 1}
    assert [(p.row, p.column) for p in report.problems] == [(3, "stratum"), (3, "weight")]
    with sqlite_database.reading() as session:
        frame = session.scalars(select(Response.frame)).one()
        assert json.loads(frame) == {"stratum": "TPST", "psu": "X1", "weight": "1500"}
    assert imported(sqlite_database, heavier, point=point).counts == {"conflict": 1}


def test_what_an_index_of_the_wave_reads_as_a_number_must_be_one(sqlite_database):
    point = prepared(sqlite_database)
    with sqlite_database.writing() as session:
        response_wave = make_wave(session, code="khac", opened_at=OPENED)
        point = make_point(session, response_wave).code
        session.add(WaveIndex(wave_id=response_wave.id, index_code="sipas-counter", fpc="xa, thon"))
    mapping = ColumnMapping(frame={"xa": "Số xã", "thon": "Số thôn"})
    content = csv_of(("1", *GOOD, "10", "năm"), header=(*HEADER, "Số xã", "Số thôn"))

    report = imported(sqlite_database, content, wave="khac", point=point, mapping=mapping)

    assert [(p.row, p.column) for p in report.problems] == [(2, "Số thôn")]


def test_a_unit_that_contradicts_the_point_is_named(sqlite_database):
    point = prepared(sqlite_database)
    content = csv_of(("1", *GOOD, "KHAC"), header=(*HEADER, "Đơn vị"))

    report = imported(sqlite_database, content, point=point, mapping=ColumnMapping(unit="Đơn vị"))

    assert [(p.row, p.column, p.item) for p in report.problems] == [(2, "Đơn vị", "")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wave": "không"}, "Không có đợt khảo sát «không»."),
        ({"wave": "đóng"}, "Đợt khảo sát «đóng» không nhận phiếu vào lúc này."),
        ({"questionnaire": "x/1"}, "Không có phiếu «x/1» trong danh mục."),
        ({"questionnaire": "sipas-citizen/2022"}, "không dùng phiếu «sipas-citizen/2022»."),
        ({"point": "D99999"}, "Điểm lấy ý kiến «D99999» không thuộc đợt khảo sát «giay»."),
    ],
)
def test_what_cannot_be_imported_into_is_refused_at_once(sqlite_database, change, said):
    point = prepared(sqlite_database)
    with sqlite_database.writing() as session:
        make_wave(session, code="đóng", opened_at=OPENED, closed_at=NOW)

    with pytest.raises(Refusal) as caught:
        imported(sqlite_database, csv_of(("1", *GOOD)), **{"point": point} | change)

    assert str(caught.value).endswith(said)


def test_a_closed_point_or_one_of_another_form_is_refused_at_once(sqlite_database):
    with sqlite_database.writing() as session:
        wave = make_wave(session, code="giay", opened_at=OPENED)
        make_point(session, wave)
        closed = make_point(session, wave, closed_at=NOW - timedelta(hours=1)).code
        other = make_point(session, wave, form="sipas-citizen/2022").code

    for point, words in ((closed, "đã đóng"), (other, "không dùng phiếu «sipas-counter»")):
        with pytest.raises(Refusal, match=words):
            imported(sqlite_database, csv_of(("1", *GOOD)), point=point)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ((*HEADER, "acess"), "Tệp f.csv, cột «acess» không phải câu hỏi nào của phiếu"),
        (HEADER[:-1], "Tệp f.csv không có cột «comment» của câu hỏi"),
        (HEADER[1:], "Tệp f.csv không có cột «số phiếu»."),
    ],
)
def test_a_wrong_or_missing_column_is_refused_before_anything_is_stored(
    sqlite_database, header, words
):
    point = prepared(sqlite_database)

    with pytest.raises(Refusal) as caught:
        imported(sqlite_database, csv_of(["1"] * len(header), header=header), point=point)

    assert str(caught.value).startswith(words)
    assert count(sqlite_database) == 0


def test_half_a_file_stores_nothing(sqlite_database):
    point = prepared(sqlite_database)
    whole = csv_of(*((str(n), *GOOD) for n in range(1200)))

    with pytest.raises(Refusal, match=r"Tệp f.csv, dòng \d+: có \d ô trong khi"):
        imported(sqlite_database, whole[: whole.index(b"\n600,") + 8], point=point)

    assert count(sqlite_database) == 0


def test_problems_are_written_for_a_spreadsheet(sqlite_database):
    point = prepared(sqlite_database)
    stream = io.StringIO()

    write_problems(imported(sqlite_database, csv_of(("1", "9", *GOOD[1:])), point=point), stream)

    header, row = csv.reader(io.StringIO(stream.getvalue()), delimiter=";")
    assert header == ["\ufefftệp", "dòng", "cột", "câu hỏi", "kết quả", "vấn đề"]
    assert row[:5] == ["f.csv", "2", "access", "access", "bị từ chối"]


def test_no_cell_of_the_problems_is_a_formula(sqlite_database):
    point = prepared(sqlite_database)
    report = imported(sqlite_database, csv_of(("", *GOOD)), point=point, name="=f.csv")
    stream = io.StringIO()

    write_problems(report, stream)

    assert "\n'=f.csv;2;" in stream.getvalue()


@pytest.mark.parametrize(
    ("file", "form", "rows", "frame"),
    [
        (
            "citizens_2022_reconstructed",
            "sipas-citizen/2022",
            486,
            [
                "stratum",
                "commune",
                "village",
                "communes_in_stratum",
                "villages_in_commune",
                "weight",
            ],
        ),
        ("officials_2022_reconstructed", "par-officials/2022", 740, ["group"]),
    ],
)
def test_the_demo_files_come_whole_through_the_door(sqlite_database, file, form, rows, frame):
    point = prepared(sqlite_database, form=form)
    content = (DEMO / f"{file}.csv").read_bytes()
    mapping = read_mapping((DEMO / f"{file}.mapping.toml").read_bytes(), f"{file}.mapping.toml")
    source = list(csv.DictReader(io.StringIO(content.decode())))

    report = imported(sqlite_database, content, questionnaire=form, point=point, mapping=mapping)

    assert (report.counts, said(report)) == ({"accepted": rows}, [])
    version = catalogue().questionnaire(form).definition
    with sqlite_database.reading() as session:
        frames = {r.id: json.loads(r.frame) for r in session.scalars(select(Response))}
        stored = {(a.response_id, a.item): a.value for a in session.scalars(select(Answer))}
    ids = [form_id("giay", point, row["response_id"].casefold()) for row in source]
    assert {
        i: {key: row[key] for key in frame} for i, row in zip(ids, source, strict=True)
    } == frames
    assert stored == {
        (i, item.code): row[item.code]
        for i, row in zip(ids, source, strict=True)
        for item in version.items
        if row[item.code]
    }
