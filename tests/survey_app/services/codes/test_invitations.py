"""One-time codes: what opens them, what spends them, and what never does."""

import re
import threading

import pytest
from sqlalchemy import func, select, update

from survey_app.errors import Gone, NotFound
from survey_app.models.codes import Invitation, InvitationTarget
from survey_app.models.responses import Draft, Response, StagedResponse
from survey_app.models.waves import CollectionPoint
from survey_app.services.codes.invitations import (
    CODE_LENGTH,
    code_of,
    hash_of,
    invited_by,
    invited_door,
    new_salt,
    spend,
    was_sent,
)
from survey_app.services.counter.links import link_to
from survey_app.services.door.drafts import find_draft, save_answers, start_draft
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import ALPHABET, REJECTED
from survey_app.services.field.packages import package
from survey_app.services.plan.waves import close_wave, door_of
from tests.survey_app.factories import NOW, catalogue, make_unit, response_content
from tests.survey_app.invitation_factories import FILLED, answer, make_officials
from tests.survey_app.web.citizen_door import SECRET

GROUP = "Lãnh đạo sở"


@pytest.fixture
def officials(database):
    with database.writing() as session:
        return make_officials(session, {GROUP: 2}, [make_unit(session), make_unit(session)])


def count(session, table):
    return session.scalar(select(func.count()).select_from(table))


def begun(session, code, unit):
    """A form filled in and not sent."""
    door = invited_door(session, code, unit.code, NOW)
    draft = find_draft(session, start_draft(session, door, "vi", NOW), door, NOW)
    save_answers(draft, FILLED, 0, NOW)
    return draft


def test_a_code_is_sixteen_clear_signs_and_is_stored_nowhere(database, officials):
    code = officials.codes[0]
    with database.reading() as session:
        kept = session.execute(select(Invitation.__table__)).all()

    assert re.fullmatch(f"[{ALPHABET}]{{{CODE_LENGTH}}}", code)
    assert code not in str(kept)
    assert len({code_of(SECRET, new_salt()) for _ in range(200)}) == 200


def test_a_code_is_worth_nothing_without_the_secret_key():
    salt = new_salt()

    assert code_of(SECRET, salt) == code_of(SECRET, salt)
    assert code_of(SECRET, salt) != code_of(SECRET + "x", salt)


def test_a_code_is_known_however_it_was_typed():
    assert hash_of("abcd-efgh 2345") == hash_of("ABCDEFGH2345")


def test_a_code_opens_the_units_of_its_person(database, officials):
    with database.reading() as session:
        invited = invited_by(session, officials.codes[0], NOW)

    assert invited.group == GROUP
    assert invited.is_open
    assert sorted(t.unit for t in invited.waiting) == sorted(u.code for u in officials.units)


@pytest.mark.parametrize("code", ["", "2222222222222222", "\udcff"])
def test_a_code_that_was_not_sent_opens_nothing(database, officials, code):
    with database.reading() as session, pytest.raises(NotFound):
        invited_by(session, code, NOW)


def test_a_unit_that_is_not_the_persons_is_refused(database, officials):
    with database.writing() as session:
        other = make_unit(session).code
        with pytest.raises(NotFound):
            invited_door(session, officials.codes[0], other, NOW)


def test_sending_spends_the_code_for_one_unit_and_leaves_no_draft(database, officials):
    first, second = officials.units
    with database.writing() as session:
        answer(session, officials.codes[0], first)

    with database.reading() as session:
        assert was_sent(session, officials.codes[0], first.code, None)
        assert not was_sent(session, officials.codes[0], second.code, None)
        assert not was_sent(session, officials.codes[1], first.code, None)
        assert count(session, Draft) == count(session, Response) == 0
        staged = session.scalars(select(StagedResponse)).one()
        assert (staged.unit_id, staged.rater_group) == (first.id, GROUP)
        with pytest.raises(Gone):
            invited_door(session, officials.codes[0], first.code, NOW)


def test_what_is_staged_says_no_moment_and_nothing_of_the_draft(database, officials):
    with database.writing() as session:
        draft = begun(session, officials.codes[0], officials.units[0])
        identity = draft.response_id
        spend(session, (officials.codes[0], officials.units[0].code), draft, catalogue())

    with database.reading() as session:
        staged = session.scalars(select(StagedResponse)).one()
    assert staged.id != identity
    assert str(identity) not in staged.content
    assert not re.search(r"started|submitted|paradata|\d\d:\d\d", staged.content)


def test_a_form_that_is_not_sound_spends_nothing(database, officials):
    code, unit = officials.codes[0], officials.units[0]
    with database.writing() as session:
        draft = begun(session, code, unit)
        draft.answers = '{"access": "77"}'
        receipt = spend(session, (code, unit.code), draft, catalogue())

    assert receipt.status == REJECTED
    with database.reading() as session:
        assert not was_sent(session, code, unit.code, None)
        assert count(session, StagedResponse) == 0
        assert count(session, Draft) == 1


def test_a_second_form_of_another_device_is_told_that_it_did_not_arrive(database, officials):
    code, unit = officials.codes[0], officials.units[0]
    with database.writing() as session:
        one, other = begun(session, code, unit), begun(session, code, unit)
        spend(session, (code, unit.code), one, catalogue())
        assert was_sent(session, code, unit.code, one.response_id)
        with pytest.raises(Gone):
            was_sent(session, code, unit.code, other.response_id)
        with pytest.raises(Gone):
            spend(session, (code, unit.code), other, catalogue())


def test_of_two_sendings_at_the_same_moment_one_is_staged(database, officials):
    code, unit = officials.codes[0], officials.units[0]
    with database.writing() as session:
        drafts = [begun(session, code, unit).key_hash for _ in range(6)]
    outcomes, together = [], threading.Barrier(len(drafts))

    def send(key):
        together.wait()
        try:
            with database.writing() as session:
                draft = session.get_one(Draft, key)
                spend(session, (code, unit.code), draft, catalogue())
            outcomes.append("sent")
        except Gone:
            outcomes.append("gone")

    threads = [threading.Thread(target=send, args=(key,)) for key in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["gone"] * 5 + ["sent"]
    with database.reading() as session:
        assert count(session, StagedResponse) == 1


def test_a_closed_wave_takes_no_more_forms(database, officials):
    with database.writing() as session:
        close_wave(session.merge(officials.wave), NOW)

    with database.reading() as session:
        assert not invited_by(session, officials.codes[0], NOW).is_open
        with pytest.raises(Gone):
            invited_door(session, officials.codes[0], officials.units[0].code, NOW)


def test_no_device_and_no_printed_link_reaches_the_point_of_the_invited(database, officials):
    with database.writing() as session:
        point = session.scalars(select(CollectionPoint).limit(1)).one()
        assert point.by_code
        assert package(session, catalogue(), NOW)["waves"] == []
        link = link_to(session, session.merge(officials.wave), point, NOW)
        with pytest.raises(NotFound):
            door_of(session, link, NOW)
        content = response_content(wave=officials.wave.code, collection_point=point.code)
        for mode in ("tablet", "web", "kiosk", "invitation", "code"):
            receipt = accept_response(session, content | {"mode": mode}, NOW, catalogue())
            assert receipt.status == REJECTED


def test_the_state_of_a_target_is_one_bit(database, officials):
    columns = {column.name for column in InvitationTarget.__table__.columns}

    assert columns == {"invitation_id", "unit_id", "used"}
    with database.writing() as session:
        session.execute(update(InvitationTarget).values(used=True))
        assert invited_by(session, officials.codes[0], NOW).waiting == ()
