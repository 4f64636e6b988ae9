"""Units from a table: every line is answered, and what is known is changed, never deleted."""

import io
from datetime import date

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.models.units import Unit
from survey_app.services.plan.unit_imports import plan_units, store_units
from survey_app.services.plan.units import ENDED, LIVING, all_units, units_of, write_units
from survey_app.services.tables.line_reports import CHANGED, NEW, SAME, WRONG, read_table
from survey_app.services.tables.paging import Asked
from tests.survey_app.factories import make_unit
from tests.survey_app.services.two_writers import one_after_the_other

TODAY = date(2026, 11, 20)
NEW_CITY = date(2025, 7, 1)
PROVINCE = (
    "mã;tên;cấp;mã cấp trên;từ ngày;ngừng từ ngày;mã đơn vị trước\n"
    "PL;Phường Phú Lợi;phường;TPCT;01/07/2025;;\n"
    "TPCT;Thành phố Cần Thơ;tỉnh;;01/07/2025;;ST\n"
    "ST;Tỉnh Sóc Trăng;tỉnh;;2004-01-01;01/07/2025;\n"
    "STC;Sở Tài chính;Cấp sở;TPCT;01/03/2025;;\n"
)


def plan(session, text, today=TODAY):
    return plan_units(session, read_table(text.encode(), "don-vi.csv"), today)


def take(session, text, today=TODAY):
    """Store a table that is clean; returns the status of each line."""
    made = plan(session, text, today)
    assert [str(line.refusal) for line in made.report.lines if line.refusal] == []
    store_units(session, made)
    return [line.status for line in made.report.lines]


def refusals(session, text):
    lines = plan(session, text).report.lines
    return {line.number: str(line.refusal) for line in lines if line.status == WRONG}


def unit(session, code):
    return session.scalars(select(Unit).where(Unit.code == code)).one()


def table_of(session):
    stream = io.StringIO()
    write_units(all_units(session, TODAY), stream)
    return stream.getvalue()


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_tree_of_units_comes_in_whatever_the_order_of_its_lines(session, mark):
    made = plan(session, mark + PROVINCE)
    assert session.scalars(select(Unit)).all() == []
    assert store_units(session, made) == 4
    city = unit(session, "TPCT")

    assert [line.status for line in made.report.lines] == [NEW] * 4
    assert unit(session, "PL").parent_id == unit(session, "STC").parent_id == city.id
    assert (unit(session, "PL").level, unit(session, "STC").level) == ("commune", "department")
    assert city.predecessor_id == unit(session, "ST").id
    assert unit(session, "ST").valid_to == city.valid_from == NEW_CITY


def test_commas_and_english_titles_will_do_and_a_unit_without_a_day_begins_today(session):
    assert take(session, "code,name,level\nPL,Phường Phú Lợi,commune\n") == [NEW]
    assert unit(session, "PL").valid_from == TODAY
    assert take(session, "code,name,level\nPL,Phường Phú Lợi,commune\n", date.max) == [SAME]


def test_the_same_table_again_changes_nothing_and_so_does_the_one_handed_out(session):
    take(session, PROVINCE)

    assert take(session, PROVINCE) == [SAME] * 4
    assert take(session, table_of(session)) == [SAME] * 4
    assert store_units(session, plan(session, PROVINCE)) == 0


def test_the_table_handed_out_builds_the_same_tree_elsewhere(session):
    make_unit(session, code="A", name="=1+1", level="department", parent_id=None)
    make_unit(session, code="B", name="Chi cục; «Thuế»", parent_id=unit(session, "A").id)
    told = table_of(session)
    for code in ("B", "A"):
        session.delete(unit(session, code))
        session.flush()
    take(session, told)

    assert unit(session, "A").name == "=1+1"
    assert unit(session, "B").parent_id == unit(session, "A").id
    assert table_of(session) == told


def test_a_change_is_told_and_a_unit_that_ended_stays(session):
    take(session, PROVINCE)
    kept = unit(session, "PL").id
    made = plan(
        session,
        "mã;tên;cấp;mã cấp trên;ngừng từ ngày\n"
        "PL;Phường Phú Lợi Mới;xã;;\n"
        "STC;Sở Tài chính;sở;TPCT;01/12/2026\n",
    )
    store_units(session, made)

    assert [(line.status, line.text) for line in made.report.lines] == [
        (
            CHANGED,
            "PL · tên: Phường Phú Lợi thành Phường Phú Lợi Mới; mã cấp trên: TPCT thành –",
        ),
        (CHANGED, "STC · ngừng từ ngày: – thành 01/12/2026"),
    ]
    assert (unit(session, "PL").id, unit(session, "PL").parent_id) == (kept, None)
    assert unit(session, "STC").valid_to == date(2026, 12, 1)
    assert unit(session, "TPCT").predecessor_id is not None  # a column that is not there


def test_a_reform_gives_a_code_to_a_new_unit_and_children_follow_it(session):
    take(session, "mã;tên;cấp;mã cấp trên;từ ngày\nT;Tỉnh;tỉnh;;2004-01-01\nX;Xã;xã;T;2004-01-01\n")
    old, child = unit(session, "T").id, unit(session, "X").id
    text = (
        "mã;tên;cấp;mã cấp trên;từ ngày;ngừng từ ngày;mã đơn vị trước\n"
        "T;Tỉnh;tỉnh;;2004-01-01;2025-07-01;\n"
        "T;Tỉnh mới;tỉnh;;2025-07-01;;T\n"
        "X;Xã;xã;T;2004-01-01;;\n"
    )

    assert take(session, text) == [CHANGED, NEW, CHANGED]
    new = session.scalars(select(Unit).where(Unit.code == "T", Unit.id != old)).one()
    assert (new.predecessor_id, session.get_one(Unit, child).parent_id) == (old, new.id)
    assert take(session, text) == [SAME] * 3


def test_a_first_day_that_was_too_late_is_corrected(session):
    take(session, "mã;tên;cấp;từ ngày\nPL;Phường;xã;01/07/2035\n")
    kept = unit(session, "PL").id
    made = plan(session, "mã;tên;cấp;từ ngày\nPL;Phường;xã;01/07/2025\n")
    store_units(session, made)

    assert made.report.lines[0].text == "PL · từ ngày: 01/07/2035 thành 01/07/2025"
    assert (unit(session, "PL").id, unit(session, "PL").valid_from) == (kept, NEW_CITY)


def test_a_unit_that_had_the_code_before_is_another_unit(session):
    take(session, "mã;tên;cấp;từ ngày\nPL;Phường;xã;01/07/2025\n")
    text = "mã;tên;cấp;từ ngày;ngừng từ ngày\nPL;Xã cũ;xã;2004-01-01;01/07/2025\n"

    assert take(session, text) == [NEW]
    assert [line.name for line in all_units(session, TODAY)] == ["Phường", "Xã cũ"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("P/L;Phường;xã;;;;", "Cột «mã»: mã «P/L» chỉ được có"),
        (";Phường;xã;;;;", "Cột «mã»"),
        ("A; ;xã;;;;", "Cột «tên» phải có từ 1 đến 200 ký tự"),
        ("A;Phường;tổng;;;;", "Cột «cấp»: không có cấp «tổng». Các cấp được dùng: tỉnh, sở"),
        ("A;Phường;xã;;1/13/2025;;", "Cột «từ ngày»: ngày «1/13/2025» chưa đúng"),
        ("A;Phường;xã;;01/07/0205;;", "Cột «từ ngày»: ngày «01/07/0205» chưa đúng"),
        ("A;Phường;xã;;;mai;", "Cột «ngừng từ ngày»: ngày «mai» chưa đúng"),
        ("A;Phường;xã;;01/07/2025;01/07/2025;", "Cột «ngừng từ ngày»: đơn vị hoạt động từ"),
        ("A;Phường;xã;KHONG;;;", "Cột «mã cấp trên»: không có đơn vị mã «KHONG»"),
        ("A;Phường;xã;ST;;;", "Cột «mã cấp trên»: không có đơn vị mã «ST» cùng thời gian"),
        ("A;Phường;xã;;;;KHONG", "Cột «mã đơn vị trước»: không có đơn vị mã «KHONG»"),
        ("A;Phường;xã;A;;;", "«A» trở thành cấp trên của chính mình"),
        ("PL;Phường khác;xã;;01/01/2026;;", "mã «PL» đã là của đơn vị hoạt động từ 01/07/2025"),
    ],
)
def test_a_wrong_line_names_its_column_and_keeps_all_out(session, line, told):
    take(session, PROVINCE)
    before = table_of(session)
    text = PROVINCE.replace("Phú Lợi", "Khác") + line + "\n"
    made = plan(session, text)

    assert told in refusals(session, text)[6]
    with pytest.raises(Refusal, match="dòng sai"):
        store_units(session, made)
    assert table_of(session) == before


def test_a_unit_under_its_own_descendant_is_refused(session):
    take(session, "code,name,level,parent\nA,A,tỉnh,\nB,B,sở,A\nC,C,xã,B\n")
    found = refusals(session, "code,name,level,parent\nA,A,tỉnh,C\n")

    assert "«A» trở thành cấp trên của chính mình" in found[2]


def test_a_code_twice_is_refused_and_a_wrong_parent_is_told_once(session):
    found = refusals(session, "code,name,level,parent\nA,A,tổng,\nB,B,sở,A\nB,B,sở,\nC,C,sở,B\n")

    assert sorted(found) == [2, 4]
    assert "Mã «B» đã có ở dòng 3" in found[4]


def test_two_windows_at_the_same_moment_add_the_units_once(database):
    def take_in(session):
        return store_units(session, plan(session, PROVINCE))

    assert one_after_the_other(database, take_in, take_in) == [4, 0]


def test_the_list_puts_units_under_those_above_them_and_finds_them(session):
    take(session, PROVINCE)
    everything = units_of(session, Asked(), TODAY)
    codes = {
        only: [line.code for line in units_of(session, Asked(only=only), TODAY).lines]
        for only in (LIVING, ENDED)
    }

    assert [line.code for line in everything.lines] == ["TPCT", "PL", "STC", "ST"]
    assert everything.lines[1].parent == ("TPCT", "Thành phố Cần Thơ")
    assert everything.lines[0].predecessor == ("ST", "Tỉnh Sóc Trăng")
    assert codes == {LIVING: ["TPCT", "PL", "STC"], ENDED: ["ST"]}
    found = units_of(session, Asked(search="can tho phu"), TODAY)
    assert [line.code for line in found.lines] == ["PL"]
