"""Where households stand after the calls of all tablets, as a package tells it."""

from datetime import timedelta

from survey_app.services.field.fieldwork import assignments_of, record_visit
from tests.survey_app.factories import NOW, make_assignment, make_device, visit_content


def send(session, area, *calls, device=None):
    """Calls as (household, outcome, day, eligible, chosen)."""
    for household, outcome, day, *people in calls:
        eligible, chosen = [*people, None, None][:2]
        told = {"household": household, "outcome": outcome, "day": f"2026-11-{day}"}
        content = visit_content(area, **told, eligible=eligible, chosen=chosen)
        assert record_visit(session, content, device, NOW + timedelta(days=3)).status == "accepted"


def test_a_package_tells_where_each_household_stands_whichever_tablet_was_there(session):
    old, new = make_device(session), make_device(session, "token-of-another-tablet")
    area = make_assignment(session, device_id=new.id)
    send(session, area, (7, "appointment", 21, 3, 2), (2, "nobody_home", 20), device=old.id)
    send(session, area, (7, "nobody_home", 23), (2, "appointment", 22), device=old.id)
    send(session, area, (1, "nobody_eligible", 22, 0), (3, "refusal_household", 22))
    send(session, area, (3, "complete", 22, 2, 1), (3, "nobody_home", 21))

    (told,) = assignments_of(session, new.id)

    assert told["households"] == [
        {"household": 1, "outcome": "nobody_eligible", "day": "2026-11-22", "eligible": 0},
        {"household": 2, "outcome": "appointment", "day": "2026-11-22"},
        {"household": 3, "outcome": "complete", "day": "2026-11-22", "eligible": 2, "chosen": 1},
        {"household": 7, "outcome": "nobody_home", "day": "2026-11-23", "eligible": 3, "chosen": 2},
    ]
    assert assignments_of(session, old.id) == []


def test_a_household_that_was_interviewed_is_told_as_such_whatever_came_after(session):
    device = make_device(session)
    area = make_assignment(session, device_id=device.id)
    send(session, area, (4, "partial", 20, 2, 1), (4, "refusal_respondent", 21))
    send(session, area, (6, "complete", 21, 2, 2), (6, "nobody_home", 22))

    (told,) = assignments_of(session, device.id)

    stand = [(one["household"], one["outcome"], one["day"]) for one in told["households"]]
    assert stand == [(4, "partial", "2026-11-20"), (6, "complete", "2026-11-21")]


def test_a_package_tells_of_its_own_areas_only_and_not_how_often_one_was_there(session):
    device = make_device(session)
    areas = [make_assignment(session, device_id=device.id) for _ in range(2)]
    other = make_assignment(session)
    for area in (areas[0], other):
        send(session, area, (5, "nobody_home", 20), (5, "nobody_home", 20), (5, "nobody_home", 21))

    told = {one["code"]: one["households"] for one in assignments_of(session, device.id)}

    once = [{"household": 5, "outcome": "nobody_home", "day": "2026-11-21"}]
    assert told == {areas[0].code: once, areas[1].code: []}
