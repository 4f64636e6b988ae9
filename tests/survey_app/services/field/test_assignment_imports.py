"""Import of assignments: every line answered, the same file again changes nothing."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.models.fieldwork import Assignment, Visit
from survey_app.models.waves import WaveIndex
from survey_app.services.field.assignment_imports import plan_assignments, store_assignments
from survey_app.services.field.interviews import frame_of
from survey_app.services.tables.sheets import read_sheet
from tests.survey_app.factories import NOW, make_device, make_point, make_wave

HEAD = "mã phân công,điểm lấy ý kiến,máy,cách chọn,số hộ,hộ dự phòng,stratum,weight"
LINES = ("PC1,AP1,Máy 7,Kish,12,4,A,10", "PC2,AP1,,sinh nhật,8,0,B,7.5")


@pytest.fixture
def wave(session):
    wave = make_wave(session)
    make_point(session, wave, name="Ấp 1", code="AP1")
    make_point(session, wave, name="Ấp 2", code="AP2")
    session.add(WaveIndex(wave_id=wave.id, index_code="i", stratum="stratum", weight="weight"))
    make_device(session, name="Máy 7")
    session.flush()
    return wave


def table(*lines, head=HEAD):
    return read_sheet("\n".join((head, *lines)).encode(), "pc.csv")


def bring(session, wave, *lines):
    plan = plan_assignments(session, wave, table(*lines))
    statuses = [line.status for line in plan.report.lines]
    return statuses, store_assignments(session, wave, plan)


def test_lines_become_assignments_and_the_same_file_again_changes_nothing(session, wave):
    assert bring(session, wave, *LINES) == (["new", "new"], 2)
    assert bring(session, wave, *LINES) == (["same", "same"], 0)

    stored = session.scalars(select(Assignment).order_by(Assignment.code)).all()
    assert [(one.code, one.quota, one.selection) for one in stored] == [
        ("PC1", 12, "kish"),
        ("PC2", 8, "next_birthday"),
    ]
    assert stored[1].frame == '{"stratum": "B", "weight": "7.5"}'


def test_a_changed_line_changes_its_assignment(session, wave):
    bring(session, wave, *LINES)

    assert bring(session, wave, LINES[0].replace("12,4", "15,4"), LINES[1]) == (
        ["changed", "same"],
        1,
    )
    assert sorted(session.scalars(select(Assignment.quota))) == [8, 15]


def test_a_plan_stores_nothing(session, wave):
    plan_assignments(session, wave, table(*LINES))
    session.flush()

    assert session.scalars(select(Assignment)).all() == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("PC1,AP9,,Kish,12,4,A,10", "«AP9»"),
        ("PC1,AP1,,Kish,12,4,,10", "«stratum»"),
        ("PC1,AP1,,Kish,12,4,A,0", "«weight»"),
        ("PC1,AP1,,Kish,x,4,A,1", "«số hộ»"),
    ],
)
def test_a_wrong_line_is_told_with_its_number_and_nothing_is_stored(session, wave, line, sentence):
    plan = plan_assignments(session, wave, table(LINES[1], line))

    (wrong,) = (one for one in plan.report.lines if one.status == "wrong")
    assert wrong.number == 3
    assert sentence in str(wrong.refusal)
    with pytest.raises(Refusal, match="1 dòng sai"):
        store_assignments(session, wave, plan)


def test_the_name_of_an_area_goes_with_it_to_the_tablet(session, wave):
    head, line = f"{HEAD},địa bàn", f"{LINES[0]},Tổ 1 ấp Phú Thành"

    plan = plan_assignments(session, wave, table(line, head=head))
    store_assignments(session, wave, plan)

    assert frame_of(session.scalars(select(Assignment)).one())["area"] == "Tổ 1 ấp Phú Thành"


def test_a_code_twice_names_the_first_line(session, wave):
    plan = plan_assignments(session, wave, table(LINES[0], LINES[0]))

    assert "dòng 2" in str(plan.report.lines[1].refusal)


def test_a_code_of_another_wave_is_refused(session, wave):
    bring(session, wave, LINES[0])
    other = make_wave(session)
    make_point(session, other, name="Ấp 1", code="AP3")

    plan = plan_assignments(session, other, table(LINES[0].replace("AP1", "AP3")))

    assert "đợt khác" in str(plan.report.lines[0].refusal)


def test_work_that_has_begun_stays_at_its_place(session, wave):
    bring(session, wave, LINES[0])
    begun = session.scalars(select(Assignment)).one()
    session.add(
        Visit(
            id=uuid4(),
            assignment_id=begun.id,
            household=1,
            outcome="nobody_home",
            day=NOW.date(),
            content_hash="0" * 64,
        )
    )
    session.flush()

    plan = plan_assignments(session, wave, table(LINES[0].replace("AP1", "AP2")))

    assert "lần tiếp cận" in str(plan.report.lines[0].refusal)
    assert plan_assignments(session, wave, table(LINES[0].replace("12", "9"))).report.is_clean


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (HEAD.replace("stratum", "tầng"), "tầng"),
        (HEAD.replace(",weight", ",psu"), "weight"),
        (HEAD.replace("số hộ", "hộ"), "hộ"),
    ],
)
def test_a_table_without_its_columns_is_refused_as_a_whole(session, wave, head, sentence):
    with pytest.raises(Refusal, match=f"«{sentence}»"):
        plan_assignments(session, wave, table(*LINES, head=head))
