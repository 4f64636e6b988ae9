"""Interviews: kept beside their response, with the frame of the area; contradictions rejected."""

import json

import pytest
from sqlalchemy import select

from survey_app.models.fieldwork import Interview
from survey_app.models.responses import Response, ResponseQuality
from survey_app.services.door.responses import accept_response
from survey_app.services.field.interviews import PRESENCE
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_assignment,
    make_point,
    make_wave,
    response_content,
)

FRAME = {"area": "Khóm 1", "stratum": "urban", "psu": "PL", "weight": "12.5"}
INTERVIEW = {
    "eligible": 4,
    "chosen": 2,
    "selection": "kish",
    "presence": ["official", "household"],
    "interpreter": "relative",
    "handed_over": True,
    "drop_off": False,
    "place": {"latitude": 9.60259, "longitude": 105.97389},
}


class Field:
    """A wave with an area, and what is sent from it."""

    def __init__(self, session, **changes):
        self.session = session
        self.wave = make_wave(session)
        self.point = make_point(session, self.wave)
        frame = json.dumps(FRAME)
        self.area = make_assignment(session, self.point, frame=frame, **changes)

    def content(self, interview=None, **changes):
        door = {"wave": self.wave.code, "collection_point": self.point.code}
        said = {"assignment": self.area.code, "interview": INTERVIEW | (interview or {})}
        return response_content(**door | said | changes)

    def send(self, interview=None, **changes):
        return accept_response(self.session, self.content(interview, **changes), NOW, catalogue())


@pytest.fixture
def field(database):
    with database.writing() as session:
        yield Field(session)


def test_an_interview_stands_beside_its_response_with_the_frame_of_the_area(field):
    assert field.send().status == "accepted"
    response = field.session.scalars(select(Response)).one()
    kept = field.session.get(Interview, response.id)

    assert kept.assignment_id == field.area.id
    assert (kept.selection, kept.eligible, kept.chosen) == ("kish", 4, 2)
    assert (kept.presence, kept.interpreter) == ("household official", "relative")
    assert (kept.handed_over, kept.drop_off) == (True, False)
    assert json.loads(response.frame) == FRAME | {"eligible": "4"}


def test_a_place_is_known_to_a_kilometre_only_in_the_document_too(field):
    exact = field.content(paradata={"place": {"latitude": 9.60259, "longitude": 105.97389}})
    receipt = accept_response(field.session, exact, NOW, catalogue())
    response = field.session.scalars(select(Response)).one()
    kept = field.session.get(Interview, response.id)

    assert (kept.latitude, kept.longitude) == (9.6, 105.97)
    assert "9.60259" not in response.document
    assert "105.97389" not in response.document
    assert accept_response(field.session, exact, NOW, catalogue()).status == "duplicate"
    assert receipt.receipt


def test_an_area_alone_is_enough_and_names_its_rule(field):
    content = field.content()
    del content["interview"]
    assert accept_response(field.session, content, NOW, catalogue()).status == "accepted"
    kept = field.session.scalars(select(Interview)).one()

    assert (kept.selection, kept.eligible, kept.presence) == ("kish", None, "")


def test_a_response_of_no_fieldwork_has_no_interview(field):
    content = field.content()
    del content["interview"], content["assignment"]
    assert accept_response(field.session, content, NOW, catalogue()).status == "accepted"

    assert field.session.scalars(select(Interview)).all() == []


def test_a_form_that_was_left_and_collected_is_keyed_as_paper(field):
    assert field.send({"drop_off": True}, mode="paper").status == "accepted"

    assert field.session.scalars(select(Interview.drop_off)).all() == [True]


@pytest.mark.parametrize("mode", ["web", "kiosk", "phone"])
def test_an_interview_comes_from_a_tablet_or_on_paper(field, mode):
    receipt = field.send(mode=mode)

    assert (receipt.status, receipt.problems[0].code) == ("rejected", "bad_interview")


@pytest.mark.parametrize(
    "wrong",
    [
        {"eligible": 0},
        {"eligible": 21},
        {"eligible": "4"},
        {"eligible": True},
        {"chosen": 5},
        {"chosen": 0},
        {"eligible": None},
        {"selection": "first"},
        {"selection": ["kish"]},
        {"presence": ["nobody"]},
        {"presence": "official"},
        {"presence": [["official"]]},
        {"interpreter": "dog"},
        {"handed_over": 1},
        {"drop_off": "no"},
        {"place": {"latitude": 91, "longitude": 0}},
        {"place": {"latitude": 9.6}},
        {"place": [9.6, 105.97]},
    ],
    ids=str,
)
def test_what_contradicts_itself_is_rejected_with_one_problem(field, wrong):
    receipt = field.send(wrong)

    assert (receipt.status, receipt.receipt) == ("rejected", None)
    assert [problem.code for problem in receipt.problems] == ["bad_interview"]
    assert field.session.scalars(select(Response)).all() == []


@pytest.mark.parametrize("said", [[], "x", 3, {"eligible": {}}])
def test_what_is_no_interview_is_rejected(field, said):
    content = field.content() | {"interview": said}
    receipt = accept_response(field.session, content, NOW, catalogue())

    assert [problem.code for problem in receipt.problems] == ["bad_interview"]


def test_an_area_of_another_point_or_wave_is_rejected(field):
    other = make_assignment(field.session)
    beside = make_assignment(field.session, make_point(field.session, field.wave))
    for area, code in (
        (other.code, "wrong_assignment"),
        (beside.code, "wrong_assignment"),
        ("không có", "unknown_assignment"),
        ("a\0", "bad_interview"),
        (["x"], "bad_interview"),
    ):
        assert field.send(assignment=area).problems[0].code == code


def test_an_unknown_version_is_kept_whatever_its_interview_says(field):
    assert field.send({"chosen": 9}, version="9").status == "quarantined"


def signals(field):
    return json.loads(field.session.scalars(select(ResponseQuality.signals)).one())


@pytest.mark.parametrize(
    ("said", "is_told"),
    [
        ({}, False),
        ({"chosen": None}, True),  # the table gives a number
        ({"eligible": 9, "chosen": 7}, True),  # more than six count as six
        ({"selection": "next_birthday", "chosen": None}, True),  # the rule of another area
    ],
)
def test_whoever_was_not_chosen_by_the_rule_is_a_signal(field, said, is_told):
    assert field.send(said).status == "accepted"

    assert ("selection" in signals(field)) is is_told


def test_by_birthday_there_is_no_number(database):
    with database.writing() as session:
        field = Field(session, selection="next_birthday")
        assert field.send({"selection": "next_birthday", "chosen": None}).status == "accepted"

        assert "selection" not in signals(field)


def test_codes_of_who_was_present_hold_no_blank():
    assert not any(" " in code for code in PRESENCE)
