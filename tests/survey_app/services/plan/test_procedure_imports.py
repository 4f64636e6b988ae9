"""Procedures from a table: fields first, then what belongs to them; all lines or none."""

import io
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.models.waves import Procedure
from survey_app.services.plan.procedure_imports import plan_procedures, store_procedures
from survey_app.services.plan.procedures import (
    all_procedures,
    choices,
    procedure_named,
    procedures_of,
    write_procedures,
)
from survey_app.services.plan.waves import fields_of_work
from survey_app.services.tables.line_reports import CHANGED, NEW, SAME, WRONG, read_table
from survey_app.services.tables.paging import Asked
from tests.survey_app.services.two_writers import one_after_the_other

TODAY = date(2026, 11, 20)
LIST = (
    "mã;tên;lĩnh vực\n"
    "HT.1;Đăng ký khai sinh;ho-tich\n"
    "ho-tich;Hộ tịch;\n"
    "dat-dai;Đất đai;\n"
    "DD.1;Cấp giấy chứng nhận;ĐẤT ĐAI\n"
)


def plan(session, text):
    return plan_procedures(session, read_table(text.encode(), "thu-tuc.csv"))


def take(session, text):
    """Store a table that is clean; returns the status of each line."""
    made = plan(session, text)
    assert [str(line.refusal) for line in made.report.lines if line.refusal] == []
    store_procedures(session, made)
    return [line.status for line in made.report.lines]


def table_of(session):
    stream = io.StringIO()
    write_procedures(all_procedures(session), stream)
    return stream.getvalue()


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_procedures_come_in_under_their_fields_named_by_code_or_name(session, mark):
    made = plan(session, mark + LIST)
    assert session.scalars(select(Procedure)).all() == []
    assert store_procedures(session, made) == 4

    assert [(line.code, line.field) for line in all_procedures(session)] == [
        ("dat-dai", None),
        ("DD.1", ("dat-dai", "Đất đai")),
        ("ho-tich", None),
        ("HT.1", ("ho-tich", "Hộ tịch")),
    ]
    assert fields_of_work(session) == (("dat-dai", "Đất đai"), ("ho-tich", "Hộ tịch"))


def test_the_same_table_again_changes_nothing_and_so_does_the_one_handed_out(session):
    assert take(session, LIST) == [NEW] * 4
    assert take(session, LIST) == [SAME] * 4
    assert take(session, table_of(session)) == [SAME] * 4


def test_a_change_is_told(session):
    take(session, LIST)
    made = plan(session, "code,name,field\nHT.1,Khai sinh,dat-dai\n")
    store_procedures(session, made)

    (line,) = made.report.lines
    told = "HT.1 · tên: Đăng ký khai sinh thành Khai sinh; lĩnh vực: ho-tich thành dat-dai"
    assert (line.status, line.text) == (CHANGED, told)
    assert plan(session, LIST).report.count(CHANGED) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("A B;Tên;ho-tich", "Cột «mã»: mã «A B» chỉ được có"),
        ("A;;ho-tich", "Cột «tên» phải có từ 1 đến 500 ký tự"),
        ("A;Tên;chung-thuc", "Cột «lĩnh vực»: không có lĩnh vực «chung-thuc». Xin thêm một dòng"),
        ("A;Tên;HT.1", "Cột «lĩnh vực»: «HT.1» là một thủ tục"),
        ("A;Tên;A", "Cột «lĩnh vực»: «A» là một thủ tục"),
        ("DD.1;Tên;dat-dai", "Mã «DD.1» đã có ở dòng 5"),
        ("xay-dung;Xây dựng;ho-tich", "lĩnh vực «xay-dung» còn thủ tục"),
    ],
)
def test_a_wrong_line_names_its_column_and_keeps_all_out(session, line, told):
    take(session, "mã;tên;lĩnh vực\nxay-dung;Xây dựng;\nXD.1;Cấp phép;xay-dung\n")
    before = table_of(session)
    made = plan(session, LIST + line + "\n")
    wrong = {line.number: str(line.refusal) for line in made.report.lines if line.status == WRONG}

    assert list(wrong) == [6]
    assert told in wrong[6]
    with pytest.raises(Refusal, match="1 dòng sai"):
        store_procedures(session, made)
    assert table_of(session) == before


def test_a_table_without_fields_is_refused_so_that_no_procedure_becomes_one(session):
    with pytest.raises(Refusal, match="thiếu cột «lĩnh vực»"):
        plan(session, "code,name\nHT.1,Đăng ký khai sinh\n")


def test_a_field_that_is_wrong_itself_is_told_once(session):
    made = plan(session, "code,name,field\nho-tich,,\nHT.1,Đăng ký khai sinh,ho-tich\n")

    assert [line.number for line in made.report.lines if line.status == WRONG] == [2]


def test_two_windows_at_the_same_moment_add_the_procedures_once(database):
    def take_in(session):
        return store_procedures(session, plan(session, LIST))

    assert one_after_the_other(database, take_in, take_in) == [4, 0]


def test_the_list_is_searched_with_the_names_of_fields(session):
    take(session, LIST)

    assert [line.code for line in procedures_of(session, Asked("ho tich")).lines] == [
        *("ho-tich", "HT.1")
    ]


def test_a_procedure_is_named_by_its_code_or_its_full_name(session):
    take(session, LIST + "DD.2;Đăng ký khai sinh;dat-dai\n")

    assert procedure_named(session, "HT.1", TODAY).name == "Đăng ký khai sinh"
    assert procedure_named(session, " hộ tịch ", TODAY).code == "ho-tich"
    assert procedure_named(session, " ", TODAY) is None
    with pytest.raises(Refusal, match="Không có thủ tục hoặc lĩnh vực «khai sinh»"):
        procedure_named(session, "khai sinh", TODAY)
    with pytest.raises(Refusal, match="nhiều thủ tục tên"):
        procedure_named(session, "Đăng ký khai sinh", TODAY)


ENDS = "mã;tên;lĩnh vực;bãi bỏ từ ngày\nHT.1;Đăng ký khai sinh;ho-tich;21/11/2026\n"


def test_a_procedure_that_ends_is_offered_to_the_day_before(session):
    take(session, LIST)
    assert take(session, ENDS) == [CHANGED]
    assert take(session, ENDS) == [SAME]
    ends = TODAY + timedelta(days=1)

    assert procedure_named(session, "HT.1", TODAY).valid_to == ends
    assert "HT.1" in dict(choices(session, TODAY))
    assert "HT.1" not in dict(choices(session, ends))
    for given in ("HT.1", "đăng ký khai sinh"):
        with pytest.raises(Refusal, match="đã bãi bỏ từ ngày 21/11/2026"):
            procedure_named(session, given, ends)


def test_a_name_that_is_used_again_means_the_one_that_is_left(session):
    take(session, LIST + "HT.9;Đăng ký khai sinh;ho-tich\n")
    take(session, ENDS)

    assert procedure_named(session, "Đăng ký khai sinh", date(2026, 11, 21)).code == "HT.9"


def test_a_field_that_ends_is_no_choice_any_more_and_keeps_its_name(session):
    take(session, LIST)
    take(session, "mã;tên;lĩnh vực;bãi bỏ từ ngày\ndat-dai;Đất đai;;2026-11-20\n")

    assert fields_of_work(session, TODAY) == (("ho-tich", "Hộ tịch"),)
    assert ("dat-dai", "Đất đai") in fields_of_work(session)


def test_a_table_without_days_leaves_them_and_an_empty_cell_takes_one_back(session):
    take(session, LIST)
    take(session, ENDS)
    assert take(session, LIST) == [SAME] * 4
    assert take(session, table_of(session)) == [SAME] * 4
    made = plan(session, ENDS.replace("21/11/2026", ""))
    store_procedures(session, made)

    assert made.report.lines[0].text == "HT.1 · bãi bỏ từ ngày: 21/11/2026 thành –"
    assert procedure_named(session, "HT.1", date(2027, 1, 1)).valid_to is None


@pytest.mark.parametrize("day", ["31/02/2026", "mai", "01/01/1900"])
def test_a_day_that_is_none_is_told_with_its_column(session, day):
    made = plan(session, ENDS.replace("21/11/2026", day))

    (line,) = made.report.lines
    assert str(line.refusal).startswith(f"Cột «bãi bỏ từ ngày»: ngày «{day}» chưa đúng")
