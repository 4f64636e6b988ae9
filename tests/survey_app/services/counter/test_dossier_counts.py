"""Counts of dossiers: dates and files as they come, all or nothing, and again without harm."""

from datetime import date

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.models.codes import DossierCount
from survey_app.models.waves import Procedure
from survey_app.services.counter.dossier_counts import entries_of, plan_counts, store_counts
from survey_app.services.tables.line_reports import CHANGED, NEW, SAME, WRONG, read_table
from tests.survey_app.factories import make_point, make_unit

TODAY = date(2026, 11, 20)
HEADER = "mã quầy;ngày;cơ quan giải quyết;lĩnh vực;số hồ sơ trả"


def plan(session, *lines, header=HEADER, before=""):
    text = before + "\n".join((header, *lines))
    return plan_counts(session, entries_of(read_table(text.encode(), "hs.csv")), TODAY)


def stored(session):
    query = select(DossierCount).order_by(DossierCount.day, DossierCount.field)
    return [
        (count.day, count.unit_id, count.field, count.returned) for count in session.scalars(query)
    ]


@pytest.fixture
def centre(session):
    point = make_point(session)
    point.units = [make_unit(session, code="STC")]
    session.add(Procedure(code="dat-dai", name="Đất đai"))
    session.flush()
    return point


def test_both_ways_of_writing_a_day_and_what_may_be_left_out(session, centre):
    made = plan(
        session,
        f"{centre.code};20/11/2026;STC;dat-dai;12",
        f"{centre.code};2026-11-19;;;1.234",
        f"{centre.code};1/2/2026;;;0",
    )
    assert store_counts(session, made) == 3

    agency = centre.units[0].id
    assert stored(session) == [
        (date(2026, 2, 1), centre.unit_id, "", 0),
        (date(2026, 11, 19), centre.unit_id, "", 1234),
        (TODAY, agency, "dat-dai", 12),
    ]


@pytest.mark.parametrize("before", ["", "\ufeff"])
@pytest.mark.parametrize("sign", [";", ","])
def test_files_with_and_without_a_mark_and_with_either_sign(session, centre, before, sign):
    header = sign.join(("collection_point", "day", "returned"))
    made = plan(session, sign.join((centre.code, "2026-11-20", "3")), header=header, before=before)

    assert made.report.count(NEW) == 1


def test_the_same_again_changes_nothing_and_another_number_replaces(session, centre):
    line = f"{centre.code};20/11/2026;STC;;"
    first = plan(session, line + "12")
    store_counts(session, first)
    same, other = plan(session, line + "12"), plan(session, line + "9")

    assert [p.report.lines[0].status for p in (first, same, other)] == [NEW, SAME, CHANGED]
    assert (store_counts(session, same), store_counts(session, other)) == (0, 1)
    store_counts(session, first)  # as if it had been read before the other was stored
    assert [row[-1] for row in stored(session)] == [12]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("D99999;20/11/2026;;;1", "«D99999»"),
        ("{code};20/11/2026;SXD;;1", "«SXD»"),
        ("{code};20/11/2026;;khac;1", "«khac»"),
        ("{code};31/11/2026;;;1", "Ngày «31/11/2026»"),
        ("{code};21/11/2026;;;1", "đến hôm nay"),
        ("{code};20/11/26;;;1", "Ngày «20/11/26»"),
        ("{code};01/01/1026;;;1", "từ năm"),
        ("{code};20/11/2026;;;-1", "Số hồ sơ «-1»"),
        ("{code};20/11/2026;;;1,5", "Số hồ sơ «1,5»"),
        ("{code};20/11/2026;;;1000001", "Số hồ sơ"),
        ("{code};20/11/2026;;;٣", "Số hồ sơ"),
        ("{code};20/11/2026;;;", "Số hồ sơ «»"),
    ],
)
def test_a_wrong_line_is_told_and_keeps_all_of_them_out(session, centre, line, told):
    made = plan(session, f"{centre.code};19/11/2026;;;5", line.format(code=centre.code))

    assert [found.status for found in made.report.lines] == [NEW, WRONG]
    assert told in str(made.report.lines[1].refusal)
    with pytest.raises(Refusal, match="1 dòng sai"):
        store_counts(session, made)
    assert stored(session) == []


def test_a_line_given_twice_is_wrong_the_second_time(session, centre):
    unit = centre.unit.code
    made = plan(session, f"{centre.code};20/11/2026;;;5", f"{centre.code};2026-11-20;{unit};;6")

    assert [found.status for found in made.report.lines] == [NEW, WRONG]
    assert "dòng 2" in str(made.report.lines[1].refusal)


def test_many_lines_are_stored_in_pieces(session, centre):
    lines = [
        f"{centre.code};{d}/{m}/{y};;;{d}"
        for y in range(2020, 2025)
        for m in range(1, 13)
        for d in range(1, 21)
    ]
    made = plan(session, *lines)

    assert store_counts(session, made) == len(lines) == 1200
    assert plan(session, *lines).report.count(SAME) == 1200
