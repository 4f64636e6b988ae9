"""Codes on receipts and invitations about one unit of a wave: each finds its own point and form."""

import pytest
from sqlalchemy import func, select

from survey_app.models.codes import DossierCode
from survey_app.models.waves import CollectionPoint
from survey_app.services.codes.code_points import RECEIPTS_NAME
from survey_app.services.codes.dossier_codes import find_code
from survey_app.services.codes.invitation_lists import import_list
from survey_app.services.codes.invitations import invited_by, invited_door
from survey_app.services.codes.raters import assign_targets, save_matrix
from tests.survey_app.code_factories import make_codes, make_counted
from tests.survey_app.factories import COUNTER, NOW, make_form, make_unit
from tests.survey_app.invitation_factories import codes_of, people_of, sheet_of
from tests.survey_app.services.two_writers import one_after_the_other
from tests.survey_app.web.citizen_door import SECRET

OFFICIALS = "par-officials-department/2020"
GROUP = "Lãnh đạo sở"


@pytest.fixture
def counted(session):
    return make_counted(session, land=50)


def invite(session, counted):
    """Invite officials to rate the unit; returns the code of the first."""
    import_list(session, counted.wave, sheet_of(people_of({GROUP: 10})), NOW, SECRET)
    save_matrix(session, counted.wave, {(GROUP, counted.unit.id)})
    make_form(session, counted.wave, OFFICIALS)
    assign_targets(session, counted.wave, OFFICIALS)
    return codes_of(session, counted.wave)[0]


@pytest.mark.parametrize("receipts_first", [True, False])
def test_each_kind_of_code_opens_its_own_form(session, counted, receipts_first):
    if receipts_first:
        receipt, invitation = make_codes(session, counted)[0], invite(session, counted)
    else:
        invitation, receipt = invite(session, counted), make_codes(session, counted)[0]
    behind = find_code(session, receipt, NOW)
    asked = invited_door(session, invitation, counted.unit.code, NOW)

    assert f"{behind.questionnaire}/{behind.version}" == COUNTER
    assert f"{asked.questionnaire}/{asked.version}" == OFFICIALS
    assert behind.point != asked.point
    assert len(invited_by(session, invitation, NOW).targets) == 1


def test_codes_on_receipts_ask_what_counters_ask_however_many_invited_officials_there_are(
    session, counted
):
    units = [counted.unit, *(make_unit(session) for _ in range(3))]
    invite(session, counted)
    save_matrix(session, counted.wave, {(GROUP, unit.id) for unit in units})
    assign_targets(session, counted.wave, OFFICIALS)
    door = find_code(session, make_codes(session, counted)[0], NOW)

    assert f"{door.questionnaire}/{door.version}" == COUNTER


def test_two_orders_at_the_same_moment_make_one_point(database):
    with database.writing() as session:
        counted = make_counted(session, land=50)

    one_after_the_other(database, *[lambda session: make_codes(session, counted)] * 2)

    with database.reading() as session:
        points = select(func.count()).where(CollectionPoint.name == RECEIPTS_NAME)
        assert session.scalar(points) == 1
        assert session.scalar(select(func.count()).select_from(DossierCode)) == 2
