"""Assignments: read from texts with clear refusals, listed, given to another tablet, closed."""

import pytest

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound, Stale
from survey_app.models.waves import WaveIndex
from survey_app.services.field.assignments import (
    CLOSED,
    FREE,
    OPEN,
    Reader,
    add_assignment,
    assignment_line,
    assignments_of,
    choices_of,
    close_assignment,
    reassign,
    reopen_assignment,
    set_households,
)
from survey_app.services.field.tablets import retire
from survey_app.services.tables.paging import Asked
from tests.survey_app.factories import NOW, make_device, make_point, make_unit, make_wave

FRAME = {"stratum": "A", "commune": "x1", "w": "12,5"}


@pytest.fixture
def wave(session):
    """A wave with a point «Ấp 1», an index that reads a frame, and a tablet."""
    wave = make_wave(session)
    make_point(session, wave, name="Ấp 1", code="AP1")
    index = WaveIndex(wave_id=wave.id, index_code="i", stratum="stratum", psu="commune", weight="w")
    session.add(index)
    make_device(session, name="Máy 7", surveyor="Lê Thị B")
    session.flush()
    return wave


def texts(**changes):
    given = {"code": "PC-01", "point": "ấp 1", "tablet": "máy 7", "quota": "12", "reserve": "4"}
    return given | changes


def make(session, wave, **changes):
    frame = changes.pop("frame", FRAME)
    planned = Reader(session, wave).read(texts(**changes), frame)
    return add_assignment(session, wave, planned)


def test_an_assignment_is_read_by_the_names_people_use(session, wave):
    added = make(session, wave, selection="Sinh nhật gần nhất")

    line = assignment_line(session, wave, added.code)

    assert (line.point, line.tablet, line.surveyor) == ("AP1", "Máy 7", "Lê Thị B")
    assert (line.selection, line.quota, line.reserve) == ("next_birthday", 12, 4)
    assert dict(line.frame) == {"stratum": "A", "commune": "x1", "w": "12.5"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"code": "PC 01"}, "«mã phân công»"),
        ({"code": ""}, "«mã phân công»"),
        ({"point": "Ấp 2"}, "«điểm lấy ý kiến».*«Ấp 2»"),
        ({"tablet": "Máy 8"}, "«máy».*«Máy 8»"),
        ({"selection": "bốc thăm"}, "«cách chọn».*«bốc thăm»"),
        ({"quota": "0"}, "«số hộ».*«0»"),
        ({"quota": "mười"}, "«số hộ»"),
        ({"reserve": "-1"}, "«hộ dự phòng»"),
        ({"frame": FRAME | {"w": "0"}}, "«w» phải là số dương"),
        ({"frame": FRAME | {"stratum": " "}}, "«stratum».*để trống"),
    ],
)
def test_what_is_wrong_is_told_with_its_column(session, wave, changes, sentence):
    with pytest.raises(Refusal) as refused:
        make(session, wave, **changes)

    assert refused.match(sentence)


def test_two_points_of_one_name_are_told_apart_by_their_codes(session, wave):
    make_point(session, wave, name="Ấp 1", code="AP2")

    with pytest.raises(Refusal, match="Xin ghi mã"):
        make(session, wave)
    assert make(session, wave, point="ap2").code == "PC-01"


def test_a_desk_that_serves_several_agencies_is_no_area(session, wave):
    assert len(choices_of(session, wave).points) == 1
    make_point(session, wave, name="Một cửa", code="TT1", units=[make_unit(session)])

    assert [code for code, _name in choices_of(session, wave).points] == ["AP1"]
    with pytest.raises(Refusal, match="«Một cửa» nhận hồ sơ của nhiều cơ quan"):
        make(session, wave, point="Một cửa")


def test_a_code_is_given_once_whatever_the_wave(session, wave):
    make(session, wave)

    with pytest.raises(Refusal, match="Đã có phân công"):
        make(session, wave)


def test_a_list_shows_what_is_open_closed_or_given_to_nobody(session, wave):
    make(session, wave)
    make(session, wave, code="PC-02", tablet="")
    close_assignment(make(session, wave, code="PC-03"), NOW)
    session.flush()

    def codes(**asked):
        return [line.code for line in assignments_of(session, wave, Asked(**asked)).lines]

    assert codes() == ["PC-01", "PC-02", "PC-03"]
    assert codes(only=OPEN) == ["PC-01", "PC-02"]
    assert codes(only=FREE) == ["PC-02"]
    assert codes(only=CLOSED) == ["PC-03"]
    assert codes(search="le thi") == ["PC-01", "PC-03"]


def test_work_goes_to_another_tablet_that_is_in_use(session, wave):
    added = make(session, wave)
    other = make_device(session, "token-of-another-tablet")

    reassign(session, added, other.id)
    assert added.device_id == other.id
    reassign(session, added, None)
    assert added.device_id is None
    retire(session, other.id, NOW)
    with pytest.raises(Refusal, match="không còn dùng"):
        reassign(session, added, other.id)
    with pytest.raises(NotFound):
        reassign(session, added, 9999)


def test_households_are_changed_in_the_field(session, wave):
    added = make(session, wave)

    set_households(added, "15", "")

    assert (added.quota, added.reserve) == (15, 0)
    with pytest.raises(Refusal, match="số hộ"):
        set_households(added, "x", "1")
    assert added.quota == 15


def test_closing_twice_is_told_and_reopening_undoes_it(session, wave):
    added = make(session, wave)
    close_assignment(added, NOW)

    with pytest.raises(Stale):
        close_assignment(added, NOW)
    reopen_assignment(added)
    assert added.closed_at is None


def test_choices_are_points_tablets_frame_and_forms(session, wave):
    found = choices_of(session, wave)

    assert [code for code, _name in found.points] == ["AP1"]
    assert found.tablets == (("Máy 7", "Máy 7 – Lê Thị B"),)
    assert set(found.frame) == {"stratum", "commune", "w"}
    assert found.forms == (("sipas-counter/1", 0),)
