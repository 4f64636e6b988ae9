"""A code is looked at freely, spent once, and then leads to no answer."""

import json
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import MetaData, func, inspect, select

from questionnaires.refusal import Refusal
from survey_app.errors import Gone, NotFound
from survey_app.models.codes import DossierCode
from survey_app.models.responses import Response, StagedResponse
from survey_app.services.codes.dossier_codes import (
    MODE,
    Reply,
    find_code,
    hash_of,
    printed,
    spend_code,
)
from survey_app.services.door.consent import NOTICE
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import ACCEPTED, Arrival
from tests.survey_app.code_factories import make_codes, make_counted
from tests.survey_app.factories import COUNTER, NOW, catalogue, make_unit, response_content

ANSWERS = response_content()["answers"]
REPLY = Reply(COUNTER, ANSWERS, "vi", "relative", NOTICE)


@pytest.fixture
def counted(session):
    return make_counted(session, land=100)


def spend(session, code, reply=REPLY, now=NOW):
    return spend_code(session, code, reply, now, catalogue())


def staged(session):
    return session.scalars(select(StagedResponse)).all()


def test_a_code_opens_the_form_of_its_wave_unit_and_field(session, counted):
    (code,) = make_codes(session, counted)

    door = find_code(session, code, NOW)

    assert (door.wave, door.unit, door.field) == (counted.wave.code, counted.unit.code, "dat-dai")
    assert (door.unit_name, door.field) == (counted.unit.name, "dat-dai")
    assert (door.questionnaire, door.version) == ("sipas-counter", "1")


def test_looking_at_a_code_however_often_spends_nothing(session, counted):
    (code,) = make_codes(session, counted)

    for _ in range(5):
        assert find_code(session, code, NOW) is not None
    assert not session.get_one(DossierCode, hash_of(code)).used
    assert staged(session) == []


def test_a_code_is_read_as_people_type_it(session, counted):
    (code,) = make_codes(session, counted)
    groups = printed(code)

    assert [len(part) for part in groups.split("-")] == [4, 4, 4]
    for typed in (
        groups,
        groups.lower(),
        f" {groups.replace('-', ' ')} ",
        groups.replace("-", "–"),
    ):
        assert find_code(session, typed, NOW) is not None


@pytest.mark.parametrize("typed", ["", "x", "0000-0000-0000", "2222-2222-2222", "é" * 12, "2" * 99])
def test_an_unknown_code_is_none_and_cannot_be_spent(session, counted, typed):
    assert find_code(session, typed, NOW) is None
    with pytest.raises(NotFound):
        spend(session, typed)


def test_spending_marks_the_code_and_stages_the_answer_without_id_or_moment(session, counted):
    (code,) = make_codes(session, counted)

    spend(session, code)

    (waiting,) = staged(session)
    content = json.loads(waiting.content)
    assert session.get_one(DossierCode, hash_of(code)).used
    assert (waiting.wave_id, waiting.unit_id) == (counted.wave.id, counted.unit.id)
    assert waiting.rater_group is None
    assert content == {
        "answers": ANSWERS,
        "collection_point": f"H{counted.unit.id:05d}",
        "consent": NOTICE,
        "field": "dat-dai",
        "helped": "relative",
        "locale": "vi",
        "mode": MODE,
        "questionnaire": "sipas-counter",
        "unit": counted.unit.code,
        "version": "1",
        "wave": counted.wave.code,
    }


def test_the_second_time_is_told_in_one_sentence_and_stores_nothing(session, counted):
    (code,) = make_codes(session, counted)
    spend(session, code)

    for again in (find_code, lambda *given: spend(*given[:2])):
        with pytest.raises(Gone, match="đã được dùng"):
            again(session, code, NOW)
    assert len(staged(session)) == 1


def test_two_who_spend_one_code_at_the_same_moment_store_one_answer(database):
    with database.writing() as session:
        (code,) = make_codes(session, make_counted(session, land=100))
    barrier, told = threading.Barrier(6), []

    def send():
        barrier.wait()
        try:
            with database.writing() as session:
                spend(session, code)
            told.append("spent")
        except Gone:
            told.append("gone")

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == ["gone"] * 5 + ["spent"]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(StagedResponse)) == 1


@pytest.mark.parametrize("answers", [{}, ANSWERS | {"access": "9"}, ANSWERS | {"nothing": "1"}])
def test_answers_that_will_not_do_leave_the_code_unspent(session, counted, answers):
    (code,) = make_codes(session, counted)

    with pytest.raises(Refusal):
        spend(session, code, Reply(COUNTER, answers))
    assert not session.get_one(DossierCode, hash_of(code)).used
    assert staged(session) == []


def test_a_wave_that_is_not_open_neither_shows_nor_takes(session, counted):
    (code,) = make_codes(session, counted)
    counted.wave.closed_at = NOW + timedelta(hours=1)

    for moment in (NOW + timedelta(hours=2), NOW - timedelta(days=9)):
        with pytest.raises(Gone):
            find_code(session, code, moment)
        with pytest.raises(Gone):
            spend(session, code, now=moment)
    assert find_code(session, code, NOW) is not None


def test_a_pooled_code_rates_the_unit_above(session):
    parent = make_unit(session, name="Ủy ban nhân dân tỉnh")
    one = make_counted(session, land=20, parent=parent)
    make_counted(session, land=20, parent=parent)
    (code,) = make_codes(session, one)

    door = find_code(session, code, NOW)
    spend(session, code)

    assert (door.unit, door.field) == (parent.code, None)
    assert staged(session)[0].unit_id == parent.id


def test_what_is_staged_goes_through_the_one_door_of_answers(session, counted):
    """The mover gives an id and a date; the door takes it as it is."""
    for code in make_codes(session, counted, 3):
        spend(session, code)
    for waiting in staged(session):
        moved = response_content() | json.loads(waiting.content)
        for moment in ("started_at", "submitted_at"):
            del moved[moment]
        receipt = accept_response(session, moved, NOW, catalogue(), Arrival(by_code=True))
        assert receipt.status == ACCEPTED, receipt

    found = session.scalars(select(Response)).all()
    assert {(r.mode, r.unit_id, r.procedure_id) for r in found} == {
        (MODE, counted.unit.id, counted.field.id)
    }


def all_columns(session, table):
    """Every column of a table, those of the system included, as text, in physical order."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    hidden = "xmin, ctid" if is_postgresql else "rowid"
    order = "ctid" if is_postgresql else "rowid"
    found = session.connection().exec_driver_sql(
        f"SELECT {hidden}, * FROM {table} ORDER BY {order}"
    )
    return list(found.keys()), [[str(value) for value in row] for row in found]


def test_a_spent_code_shares_no_value_of_its_own_with_the_answer_once_that_is_moved(database):
    """Joined on every pair of columns: only what whole groups share (wave, unit, field) meets."""
    with database.writing() as session:
        counted = make_counted(session, land=100)
        codes = make_codes(session, counted, 40)
    for k, code in enumerate(codes[:30]):
        with database.writing() as session:
            spend(session, code, Reply(COUNTER, ANSWERS | {"trips": str(1 + k % 4)}))
    with database.reading() as session:
        waiting = joins(session, "dossier_code", "staged_response")
        # The transaction that spends a code leaves its number on both rows: hence the staging.
        is_postgresql = session.get_bind().dialect.name == "postgresql"
        assert waiting == ({("xmin", "xmin")} if is_postgresql else set())

    move(database)

    with database.reading() as session:
        assert joins(session, "dossier_code", "response") == set()
        assert joins(session, "dossier_code", "answer") == set()
        assert joins(session, "dossier_code", "response_quality") == set()


def move(database):
    """Move what is staged as the mover does: in one transaction, in an order that is chance."""
    with database.writing() as session:
        for waiting in sorted(staged(session), key=lambda row: row.id):  # ids are chance
            content = {"id": str(uuid4())} | json.loads(waiting.content)
            receipt = accept_response(session, content, NOW, catalogue(), Arrival(by_code=True))
            assert receipt.status == ACCEPTED
            session.delete(waiting)


def joins(session, left, right):
    """Pairs of columns that meet in few rows, so that one row may be found by the other."""
    left_names, left_rows = all_columns(session, left)
    right_names, right_rows = all_columns(session, right)
    return {
        (a, b)
        for i, a in enumerate(left_names)
        for j, b in enumerate(right_names)
        if not {a, b} & {"rowid", "ctid", "used"}  # the order of rows has its own test
        and 0 < sum(x[i] == y[j] for x in left_rows for y in right_rows) <= len(left_rows)
    }


def test_the_order_of_spent_codes_does_not_tell_that_of_the_answers(database):
    """PostgreSQL writes a changed row anew, so codes stand in the order of spending: shuffled."""
    with database.writing() as session:
        counted = make_counted(session, land=100)
        codes = make_codes(session, counted, 40)
    for k, code in enumerate(codes):
        with database.writing() as session:
            spend(session, code, Reply(COUNTER, ANSWERS | {"comment": f"Ý kiến {k}"}))
    move(database)

    with database.reading() as session:
        _, spent = all_columns(session, "dossier_code")
        names, answers = all_columns(session, "response")
    order = [hash_of(code) for code in codes]
    by_code = [order.index(next(v for v in row if v in order)) for row in spent]
    told = names.index("document")
    by_answer = [json.loads(row[told])["answers"]["comment"] for row in answers]
    guessed = sum(f"Ý kiến {k}" == text for k, text in zip(by_code, by_answer, strict=True))
    assert guessed <= 8  # one is expected by chance


def test_the_table_of_codes_has_no_column_for_a_person_a_dossier_or_a_moment(session):
    columns = {c["name"] for c in inspect(session.get_bind()).get_columns("dossier_code")}

    assert columns == {"code_hash", "wave_id", "unit_id", "procedure_id", "month", "used"}
    assert "dossier_code" not in references_of(session)


def references_of(session):
    """Tables that something refers to from where answers are."""
    metadata = MetaData()
    metadata.reflect(session.connection(), only=["response", "answer", "staged_response"])
    return {
        key.column.table.name for table in metadata.tables.values() for key in table.foreign_keys
    }
