"""What the office changed while a tablet was away: held, and counted where a person says."""

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.models.fieldwork import Interview
from survey_app.models.responses import HeldResponse, Response, ResponseQuality
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, WaveForm
from survey_app.services.door.held import (
    Decision,
    accept_alike,
    accept_held,
    accept_known,
    held_page,
)
from survey_app.services.door.held_places import places_for
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_assignment,
    make_device,
    make_point,
    make_unit,
    make_wave,
    response_content,
)

INTERVIEW = {"selection": "kish", "eligible": 1, "chosen": 1}


class Away:
    """A tablet that has an area at the point AP1, while the office works on."""

    def __init__(self, session):
        self.session = session
        self.wave = make_wave(session)
        self.point = make_point(session, self.wave, make_unit(session, code="U1"), code="AP1")
        self.other = make_point(session, self.wave, make_unit(session, code="U2"), code="AP2")
        self.area = make_assignment(session, self.point)
        self.device = make_device(session)

    def content(self, **changes):
        named = {"wave": self.wave.code, "collection_point": "AP1", "assignment": self.area.code}
        return response_content(**named | {"interview": INTERVIEW} | changes)

    def send(self, content=None, arrival=None, **changes):
        arrival = arrival or Arrival(device_id=self.device.id, clock_offset=90)
        content = content or self.content(**changes)
        return accept_response(self.session, content, NOW, catalogue(), arrival)

    def serve(self, *codes):
        """The agencies of AP1 are these from now on."""
        units = select(Unit).where(Unit.code.in_(codes))
        known = {unit.code: unit for unit in self.session.scalars(units)}
        self.point.units = [known.get(code) or make_unit(self.session, code=code) for code in codes]
        self.session.flush()

    def choices(self):
        row = self.session.scalars(select(HeldResponse)).one()
        page = held_page(self.session, catalogue(), self.wave, (row.response_id, row.content_hash))
        return page.places

    def admit(self, place=""):
        row = self.session.scalars(select(HeldResponse)).one()
        by = Decision(None, NOW, "", place)
        key = (row.response_id, row.content_hash)
        accept_held(self.session, catalogue(), self.wave, key, by)
        return self.session.scalars(select(Response)).one()


@pytest.fixture
def away(session):
    return Away(session)


def named(session, response):
    point = session.get_one(CollectionPoint, response.point_id)
    return point.code, session.get_one(Unit, response.unit_id).code


def move_area(away):
    away.area.point_id = away.other.id
    away.session.flush()


def test_an_interview_of_an_area_that_was_moved_is_held_and_its_retry_known(away):
    content = away.content()
    move_area(away)
    first, again = away.send(content), away.send(content)

    assert (first.status, again.status) == ("quarantined", "duplicate")
    assert (first.receipt, first.received_at) == (again.receipt, again.received_at)
    row = away.session.scalars(select(HeldResponse)).one()
    assert (row.reason, row.device_id, row.clock_offset) == ("outdated", away.device.id, 90)


@pytest.mark.parametrize(("place", "where"), [("AP1 U1", ("AP1", "U1")), ("AP2 U2", ("AP2", "U2"))])
def test_a_person_says_where_it_was_and_its_device_and_clock_are_kept(away, place, where):
    move_area(away)
    receipt = away.send()
    choices = away.choices()
    assert [(one.key, one.is_own) for one in choices] == [("AP1 U1", True), ("AP2 U2", False)]
    for wrong in ("", "AP3 U2", "AP1 U2"):
        with pytest.raises(Refusal, match="Xin chọn điểm"):
            away.admit(wrong)

    response = away.admit(place)

    assert named(away.session, response) == where
    assert response.receipt == receipt.receipt
    quality = away.session.scalars(select(ResponseQuality)).one()
    assert (quality.device_id, quality.clock_offset) == (away.device.id, 90)
    assert away.session.scalars(select(Interview.assignment_id)).one() == away.area.id


def test_the_work_of_days_is_taken_at_once(away):
    for _ in range(3):
        away.send(assignment=None, interview=None, unit="U1", mode="phone")
    contents = [away.content() for _ in range(3)]
    move_area(away)
    for content in contents:
        away.send(content)
    elsewhere = make_assignment(away.session, away.other)
    away.send(assignment=elsewhere.code)
    rows = away.session.scalars(select(HeldResponse)).all()
    row = next(one for one in rows if str(one.response_id) == contents[0]["id"])
    key = (row.response_id, row.content_hash)
    assert held_page(away.session, catalogue(), away.wave, key).alike == 2
    contents[1]["answers"]["staff"] = "1"  # a conflict waits for a person of its own
    away.send(contents[1])

    by = Decision(None, NOW, "", "AP2 U2")
    assert accept_alike(away.session, catalogue(), away.wave, key, by) == (3, 0)

    taken = away.session.scalars(select(Response).where(Response.mode == "tablet")).all()
    assert {named(away.session, one) for one in taken} == {("AP2", "U2")}
    waiting = select(HeldResponse.reason).where(HeldResponse.settled_at.is_(None))
    assert sorted(away.session.scalars(waiting)) == ["conflict", "outdated"]


def test_what_waited_for_its_version_too_is_not_taken_in_passing(away):
    content = away.content(version="2")
    move_area(away)
    away.send(content)
    away.session.scalars(select(WaveForm)).one().version = "2"

    assert accept_known(away.session, catalogue(), away.wave, Decision(None, NOW)) == (0, 1)
    assert len(away.choices()) == 2


def test_a_point_that_became_a_centre_holds_what_names_no_agency(away):
    away.serve("STC", "SXD")
    assert away.send().status == "quarantined"

    assert [one.key for one in away.choices()] == ["AP1 U1", "AP1 STC", "AP1 SXD"]
    assert named(away.session, away.admit("AP1 SXD")) == ("AP1", "SXD")


def test_once_the_office_has_mended_the_point_there_is_nothing_to_choose(away):
    away.serve("STC")
    away.send()
    away.serve()

    assert away.choices() == ()
    assert named(away.session, away.admit()) == ("AP1", "U1")


def test_an_agency_that_left_is_held_only_where_it_was_once_rated(away):
    away.serve("STC", "SXD")
    assert away.send(unit="STC").status == "accepted"
    away.serve()
    left, never = away.send(unit="STC"), away.send(unit="SXD")

    assert (left.status, never.status) == ("quarantined", "rejected")
    assert never.problems[0].code == "wrong_unit"
    assert [one.key for one in away.choices()] == ["AP1 U1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"answers": {"staff": "77"}},
        {"interview": {"eligible": 0}},
        {"assignment": "DB-không-có"},
        {"field": "không-có"},
    ],
)
def test_what_is_wrong_by_itself_is_still_refused(away, wrong):
    move_area(away)
    away.serve("STC")

    assert away.send(**wrong).status == "rejected"
    assert away.session.scalars(select(HeldResponse)).all() == []


def test_who_can_be_told_otherwise_is_refused(away):
    move_area(away)
    told = [away.send(arrival=Arrival()), away.send(assignment=None, interview=None)]
    away.serve("STC")
    told.append(away.send(arrival=Arrival(), assignment=None, interview=None))

    codes = [problem.code for receipt in told for problem in receipt.problems]
    assert codes == ["wrong_assignment", "missing_unit"]
    assert told[1].status == "accepted"


def test_a_form_that_says_where_it_belongs_leaves_no_choice(away):
    partial = {"partial": True, "assignment": None}
    assert places_for(away.session, away.wave, away.content()) == ()
    assert places_for(away.session, away.wave, away.content(unit="U1")) == ()
    assert places_for(away.session, away.wave, away.content(unit="U2")) != ()
    away.serve("STC")
    assert places_for(away.session, away.wave, away.content(**partial)) == ()
    assert places_for(away.session, away.wave, away.content(unit="STC")) == ()
    assert places_for(away.session, away.wave, away.content(collection_point="AP9")) != ()
