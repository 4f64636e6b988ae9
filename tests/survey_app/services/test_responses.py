"""The one door: what is accepted, kept apart or refused, and that nothing is half stored."""

import ast
import hashlib
import json
import re
import threading
import unicodedata
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import DataError

from questionnaires.load import Catalogue
from questionnaires.vector import dictionary, encode
from survey_app.db import Base
from survey_app.models.responses import Answer, HeldResponse, Response, Tombstone
from survey_app.models.waves import WaveForm
from survey_app.services import responses
from survey_app.services.content import canonical, content_hash_of
from survey_app.services.responses import (
    Arrival,
    accept_batch,
    accept_response,
    new_receipt,
)
from tests.questionnaires.factories import item, version
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_form,
    make_point,
    make_wave,
    response_content,
)

ROOT = Path(__file__).parents[3]
LATER = NOW + timedelta(hours=1)
ROUTED = "sipas-citizen/2022-routed"


@pytest.fixture
def door(database):
    """The fields that name a wave and a point which collects sipas-counter/1."""
    return make_door(database)


@pytest.fixture
def sqlite_door(sqlite_database):
    """The same where the database has no say in the outcome."""
    return make_door(sqlite_database)


def make_door(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        return {"wave": wave.code, "collection_point": point.code}


def send(database, content, now=NOW, **options):
    with database.writing() as session:
        return accept_response(session, content, now, catalogue(), **options)


def send_batch(database, *contents):
    with database.writing() as session:
        return accept_batch(session, contents, NOW, catalogue())


def rows(database, table):
    with database.reading() as session:
        return session.scalars(select(table)).all()


def count(database, table):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def stored_answers(database, identity):
    with database.reading() as session:
        found = session.execute(
            select(Answer.item, Answer.value).where(Answer.response_id == UUID(str(identity)))
        )
        return dict(found.all())


def nothing_stored(database):
    return not any(count(database, table) for table in (Response, Answer, HeldResponse))


def codes(receipt):
    return [problem.code for problem in receipt.problems]


# Accepted ---------------------------------------------------------------------------------------


def test_an_accepted_response_is_stored_with_its_answers(database, door):
    content = response_content(**door)

    receipt = send(database, content)

    assert receipt.status == "accepted"
    assert (receipt.id, receipt.received_at, receipt.problems) == (content["id"], NOW, ())
    assert stored_answers(database, content["id"]) == content["answers"]
    (row,) = rows(database, Response)
    assert (row.receipt, row.mode, row.locale) == (receipt.receipt, "tablet", "vi")
    assert row.checksum == catalogue().questionnaire("sipas-counter/1").checksum
    assert row.started_at == content["started_at"]


def test_the_document_is_kept_as_canonical_json_under_its_hash(database, door):
    content = response_content(**door, paradata={"b": 1, "a": [1.5, None, True]})

    send(database, content)

    (row,) = rows(database, Response)
    assert json.loads(row.document) == content
    assert row.document == canonical(content)
    assert row.content_hash == hashlib.sha256(row.document.encode()).hexdigest()


def test_the_vector_is_that_of_the_stored_answers(database, door):
    content = response_content(**door, answers={"feedback": "97", "comment": "Tốt"})

    send(database, content)

    (row,) = rows(database, Response)
    slots = dictionary(catalogue().questionnaire("sipas-counter/1").definition)
    assert row.vector == encode(slots, stored_answers(database, content["id"]))
    assert "comment" not in {slot.item for slot in slots}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_vectors_can_be_rebuilt_from_the_answer_rows(sqlite_database, data):
    form = catalogue().questionnaire(ROUTED).definition
    slots = dictionary(form)
    with sqlite_database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave, form=ROUTED)
        content = response_content(
            wave=wave.code,
            collection_point=point.code,
            questionnaire="sipas-citizen",
            version="2022-routed",
            mode="paper",
        )
        content["answers"] = {
            item.code: data.draw(answers_to(item))
            for item in form.items
            if data.draw(st.booleans())
        }
        accept_response(session, content, NOW, catalogue())

    found = stored_answers(sqlite_database, content["id"])
    if found or count(sqlite_database, Response):
        multiple = {slot.item for slot in slots if slot.multiple}
        rebuilt = {k: tuple(v.split()) if k in multiple else v for k, v in found.items()}
        with sqlite_database.reading() as session:
            row = session.get(Response, UUID(content["id"]))
            assert row is None or row.vector == encode(slots, rebuilt)


def answers_to(item):
    options = st.sampled_from([option.code for option in item.option])
    if item.kind != "multiple":
        return options
    return st.lists(options, min_size=1, max_size=4)


def test_off_path_answers_are_dropped_and_never_reject(database):
    form = catalogue().questionnaire(ROUTED).definition
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave, form=ROUTED)
        content = response_content(
            wave=wave.code,
            collection_point=point.code,
            questionnaire="sipas-citizen",
            version="2022-routed",
        )
    content["answers"] = {
        item.code: ["1"] if item.kind == "multiple" else "1" for item in form.items
    }
    on_path = dict(content["answers"])
    content["answers"] |= {"experience_3": "2", "experience_4": "2", "s1_1": "no such option"}

    receipt = send(database, content)

    assert receipt.status == "accepted", receipt.problems
    found = stored_answers(database, content["id"])
    assert "s1_1" not in found
    assert "s1_1" in on_path
    assert json.loads(rows(database, Response)[0].document)["answers"]["s1_1"] == "no such option"


def test_what_the_frame_says_is_kept_beside_the_answers(database, door):
    send(
        database,
        response_content(**door),
        arrival=Arrival({"stratum": "Thành thị", "weight": "1.5"}),
    )

    (row,) = rows(database, Response)
    assert json.loads(row.frame) == {"stratum": "Thành thị", "weight": "1.5"}


@pytest.mark.parametrize(
    "time", ["gibberish", "2099-01-01T00:00:00Z", 12, None, ["x"], "a\0b", "9" * 99]
)
def test_the_clock_of_a_device_never_rejects(database, door, time):
    receipt = send(database, response_content(**door, started_at=time, submitted_at=time))

    assert receipt.status == "accepted"


def test_a_text_is_stored_composed_whatever_the_keyboard_sent(database, door):
    composed = "Cán bộ nhiệt tình"
    spread = unicodedata.normalize("NFD", composed)
    content = response_content(**door, answers={"comment": spread})

    first = send(database, content)
    again = send(database, content | {"answers": content["answers"] | {"comment": composed}})

    assert spread != composed
    assert stored_answers(database, content["id"])["comment"] == composed
    assert (again.status, again.receipt) == ("duplicate", first.receipt)


# The same id again ------------------------------------------------------------------------------


def test_the_same_again_is_a_duplicate_with_the_first_receipt(database, door):
    content = response_content(**door)
    first = send(database, content)

    again = send(database, dict(reversed(content.items())), LATER)

    assert again.status == "duplicate"
    assert (again.receipt, again.received_at) == (first.receipt, NOW)
    assert count(database, Response) == 1


def test_a_duplicate_is_known_when_the_wave_is_closed_long_since(database):
    with database.writing() as session:
        wave = make_wave(session, closed_at=NOW + timedelta(minutes=1))
        point = make_point(session, wave)
        content = response_content(wave=wave.code, collection_point=point.code)
    first = send(database, content)

    assert send(database, content, LATER).receipt == first.receipt


def test_an_id_in_capitals_is_the_same_id(database, door):
    content = response_content(**door)
    first = send(database, content)

    again = send(database, content | {"id": content["id"].upper()})

    assert (again.status, again.receipt) == ("duplicate", first.receipt)


def test_other_content_under_one_id_is_a_conflict_and_both_are_kept(database, door):
    content = response_content(**door)
    first = send(database, content)
    other = content | {"answers": content["answers"] | {"staff": "1"}}

    receipt = send(database, other, LATER)

    assert receipt.status == "conflict"
    assert receipt.receipt not in (None, first.receipt)
    assert receipt.received_at == LATER
    assert stored_answers(database, content["id"])["staff"] == "5"
    (held,) = rows(database, HeldResponse)
    assert (held.reason, json.loads(held.document)) == ("conflict", other)


def test_a_conflict_sent_again_is_kept_once_with_its_own_receipt(database, door):
    content = response_content(**door)
    send(database, content)
    other = content | {"paradata": {"edited": True}}
    conflict = send(database, other)

    again = send(database, other, LATER)

    assert (again.status, again.receipt, again.received_at) == ("conflict", conflict.receipt, NOW)
    assert count(database, HeldResponse) == 1


def test_an_unknown_version_is_quarantined_and_kept(database, door):
    content = response_content(**door, version="9", answers={"new": "?"})

    receipt = send(database, content)

    assert receipt.status == "quarantined"
    assert receipt.receipt
    assert count(database, Response) == count(database, Answer) == 0
    (held,) = rows(database, HeldResponse)
    assert (held.reason, json.loads(held.document)) == ("quarantined", content)


def test_a_quarantined_form_sent_again_is_a_duplicate(database, door):
    content = response_content(**door, version="9")
    first = send(database, content)

    again = send(database, content, LATER)

    assert (again.status, again.receipt, again.received_at) == ("duplicate", first.receipt, NOW)
    assert count(database, HeldResponse) == 1


def test_other_content_under_a_quarantined_id_is_a_conflict(database, door):
    content = response_content(**door, version="9")
    first = send(database, content)

    receipt = send(database, content | {"version": "1"})

    assert receipt.status == "conflict"
    assert receipt.receipt != first.receipt
    assert count(database, Response) == 0
    assert count(database, HeldResponse) == 2


def test_a_version_whose_words_have_changed_since_is_quarantined(database, door):
    with database.writing() as session:
        session.scalars(select(WaveForm)).one().checksum = "0" * 64

    assert send(database, response_content(**door)).status == "quarantined"


def test_a_version_that_is_shipped_but_not_used_in_the_wave_is_quarantined(database, door):
    content = response_content(**door, questionnaire="sipas-citizen", version="2022")

    assert send(database, content).status == "quarantined"


@pytest.mark.parametrize(("partial", "status"), [(None, "rejected"), (True, "accepted")])
def test_only_a_form_that_says_it_is_partial_may_leave_out_what_is_required(
    database, door, partial, status
):
    content = response_content(**door, partial=partial, answers={"overall": None})

    assert send(database, content).status == status


def test_a_published_file_that_was_tampered_with_quarantines(database, door, tmp_path):
    (tmp_path / "sipas-counter").mkdir()
    (tmp_path / "sipas-counter" / "1.toml").write_text("broken", encoding="utf-8")

    with database.writing() as session:
        receipt = accept_response(session, response_content(**door), NOW, Catalogue(tmp_path))

    assert receipt.status == "quarantined"


def deleted(database, content, receipt):
    """What the deletion of a response leaves."""
    with database.writing() as session:
        row = session.get(Response, UUID(content["id"]))
        session.add(
            Tombstone(
                response_id=row.id, content_hash=row.content_hash, receipt=receipt, deleted_at=LATER
            )
        )
        session.delete(row)


def test_a_retry_cannot_bring_a_deleted_response_back(database, door):
    content = response_content(**door)
    first = send(database, content)
    deleted(database, content, first.receipt)

    again = send(database, content)

    assert (again.status, again.receipt) == ("duplicate", first.receipt)
    assert nothing_stored(database)


def test_a_deletion_takes_the_answers_along(database, door):
    content = response_content(**door)
    first = send(database, content)

    deleted(database, content, first.receipt)

    assert count(database, Answer) == 0


def test_other_content_under_a_deleted_id_is_neither_kept_nor_shown_the_receipt(database, door):
    content = response_content(**door)
    deleted(database, content, send(database, content).receipt)

    receipt = send(database, content | {"locale": "en"})

    assert (receipt.status, receipt.receipt, codes(receipt)) == ("rejected", None, ["deleted"])
    assert nothing_stored(database)


# Rejected ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"staff": None}, ("staff", "required")),
        ({"staff": ""}, ("staff", "required")),
        ({"staff": "6"}, ("staff", "unknown_option")),
        ({"staff": "97"}, ("staff", "unknown_option")),
        ({"staff": 5}, ("staff", "not_text")),
        ({"staff": True}, ("staff", "not_text")),
        ({"staff": ["5"]}, ("staff", "not_text")),
        ({"staff": {"5": 1}}, ("staff", "not_text")),
        ({"comment": "a" * 501}, ("comment", "too_long")),
        ({"comment": "a\0b"}, ("comment", "bad_character")),
        ({"no_such_item": "1"}, ("no_such_item", "unknown_item")),
    ],
)
def test_a_wrong_answer_rejects_the_response_and_names_the_item(
    sqlite_database, sqlite_door, answers, problem
):
    receipt = send(sqlite_database, response_content(**sqlite_door, answers=answers))

    assert (receipt.status, receipt.receipt, receipt.received_at) == ("rejected", None, None)
    assert [(found.item, found.code) for found in receipt.problems] == [problem]
    assert nothing_stored(sqlite_database)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": None}, "bad_id"),
        ({"id": 12}, "bad_id"),
        ({"id": "12"}, "bad_id"),
        ({"id": ["x"]}, "bad_id"),
        ({"id": "{" + str(uuid4()) + "}"}, "bad_id"),
        ({"id": uuid4().hex}, "bad_id"),
        ({"id": "urn:uuid:" + str(uuid4())}, "bad_id"),
        ({"id": str(uuid4())[:-1] + "\ud800"}, "bad_id"),
        ({"wave": None}, "missing_field"),
        ({"wave": ""}, "missing_field"),
        ({"wave": 5}, "missing_field"),
        ({"wave": "a\0"}, "missing_field"),
        ({"wave": "a" * 65}, "missing_field"),
        ({"version": 1}, "missing_field"),
        ({"questionnaire": ["sipas-counter"]}, "missing_field"),
        ({"wave": "no-such-wave"}, "unknown_wave"),
        ({"collection_point": "D99999"}, "unknown_point"),
        ({"unit": "no-such-unit"}, "wrong_unit"),
        ({"unit": {"a": 1}}, "missing_field"),
        ({"unit": "\ud800"}, "bad_content"),
        ({"mode": "telepathy"}, "unknown_value"),
        ({"locale": "fr"}, "unknown_value"),
        ({"answers": []}, "missing_field"),
        ({"answers": None}, "missing_field"),
        ({"paradata": "\udfff"}, "bad_content"),
        ({"paradata": {"x": float("nan")}}, "bad_content"),
        ({"paradata": {"é": 1, "e\u0301": 2}}, "bad_content"),
        ({"paradata": {"x": object()}}, "bad_content"),
        ({"paradata": 10**5000}, "bad_content"),
    ],
)
def test_a_response_that_contradicts_itself_is_rejected(
    sqlite_database, sqlite_door, changes, code
):
    receipt = send(sqlite_database, response_content(**sqlite_door) | changes)

    assert (receipt.status, codes(receipt), receipt.receipt) == ("rejected", [code], None)
    assert nothing_stored(sqlite_database)


@pytest.mark.parametrize("content", [None, 1, "x", [], [1], True])
def test_what_is_no_object_is_rejected(sqlite_database, content):
    receipt = send(sqlite_database, content)

    assert (receipt.id, receipt.status, codes(receipt)) == ("", "rejected", ["bad_shape"])


def test_lists_in_lists_without_end_are_rejected(sqlite_database, sqlite_door):
    nested = []
    for _ in range(5000):
        nested = [nested]

    assert codes(send(sqlite_database, response_content(**sqlite_door, paradata=nested))) == [
        "bad_content"
    ]
    assert codes(
        send(sqlite_database, response_content(**sqlite_door, answers={"staff": nested}))
    ) == ["bad_content"]


@pytest.mark.parametrize(
    "changes",
    [
        {"opened_at": None},
        {"opened_at": NOW + timedelta(seconds=1)},
        {"closed_at": NOW},
        {"closed_at": NOW - timedelta(hours=1)},
    ],
)
def test_a_wave_that_is_not_open_takes_nothing(database, changes):
    with database.writing() as session:
        wave = make_wave(session, **changes)
        point = make_point(session, wave)
        content = response_content(wave=wave.code, collection_point=point.code)

    assert codes(send(database, content)) == ["wave_closed"]
    assert nothing_stored(database)


def test_a_closed_point_takes_nothing(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave, closed_at=NOW)
        content = response_content(wave=wave.code, collection_point=point.code)

    assert codes(send(database, content)) == ["point_closed"]


def test_the_point_of_another_wave_is_rejected(database, door):
    with database.writing() as session:
        other = make_point(session, make_wave(session)).code

    assert codes(send(database, response_content(**door | {"collection_point": other}))) == [
        "unknown_point"
    ]


def test_the_unit_of_the_point_may_be_named(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        content = response_content(
            wave=wave.code, collection_point=point.code, unit=point.unit.code
        )

    assert send(database, content).status == "accepted"


def test_a_point_that_collects_another_form_is_rejected(database):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        make_form(session, wave, "par-officials/2022")
        content = response_content(
            wave=wave.code,
            collection_point=point.code,
            questionnaire="par-officials",
            version="2022",
        )

    assert codes(send(database, content)) == ["wrong_questionnaire"]


def test_an_older_version_used_in_the_wave_is_still_taken(database):
    with database.writing() as session:
        wave = make_wave(session)
        make_form(session, wave, "sipas-citizen/2022")
        point = make_point(session, wave, form="sipas-citizen/2022-routed")
        content = response_content(
            wave=wave.code,
            collection_point=point.code,
            questionnaire="sipas-citizen",
            version="2022",
            mode="paper",
        )
        content["answers"] = {}

    assert send(database, content).status == "accepted"


def test_no_more_problems_are_told_than_a_person_reads(sqlite_database, sqlite_door):
    unknown = {f"x{number}": "1" for number in range(5000)}

    receipt = send(sqlite_database, response_content(**sqlite_door, answers=unknown))

    assert len(receipt.problems) == 200


# Forms on paper ---------------------------------------------------------------------------------


def test_a_form_on_paper_may_leave_items_empty(database, door):
    content = response_content(**door, mode="paper", answers={"staff": None, "trips": ""})

    assert send(database, content).status == "accepted"
    assert set(stored_answers(database, content["id"])) == set(content["answers"]) - {"trips"}


def test_a_form_returned_blank_is_a_form_returned(database, door):
    content = response_content(**door, mode="paper") | {"answers": {}}

    assert send(database, content).status == "accepted"
    (row,) = rows(database, Response)
    assert set(row.vector) == {0}
    assert stored_answers(database, content["id"]) == {}


def test_what_stands_on_paper_is_checked_as_anything_else(database, door):
    content = response_content(**door, mode="paper", answers={"staff": "6", "trips": None})

    receipt = send(database, content)

    assert [(found.item, found.code) for found in receipt.problems] == [("staff", "unknown_option")]


@pytest.mark.parametrize("mode", ["web", "kiosk", "tablet", "phone"])
def test_everywhere_else_a_required_item_is_asked_for(sqlite_database, sqlite_door, mode):
    content = response_content(**sqlite_door, mode=mode, answers={"staff": None})

    assert codes(send(sqlite_database, content)) == ["required"]


# Batches ----------------------------------------------------------------------------------------


def test_receipts_come_in_the_order_of_the_batch(database, door):
    contents = [response_content(**door) for _ in range(20)]
    contents[7] = {"id": "x"}
    contents[11] = 5

    receipts = send_batch(database, *contents)

    assert [receipt.id for receipt in receipts] == [
        c["id"] if isinstance(c, dict) else "" for c in contents
    ]
    assert [receipt.status for receipt in receipts].count("accepted") == 18
    assert count(database, Response) == 18


def test_the_same_id_twice_in_a_batch(database, door):
    content = response_content(**door)
    other = content | {"locale": "en"}

    receipts = send_batch(database, content, other, content, other | {"id": content["id"].upper()})

    assert [r.status for r in receipts] == ["accepted", "conflict", "duplicate", "conflict"]
    assert receipts[2].receipt == receipts[0].receipt
    assert receipts[3].receipt == receipts[1].receipt
    assert receipts[1].receipt != receipts[0].receipt
    assert (count(database, Response), count(database, HeldResponse)) == (1, 1)


def test_a_rejected_first_leaves_its_id_free_for_the_second(database, door):
    content = response_content(**door)
    wrong = content | {"answers": {}}

    receipts = send_batch(database, wrong, content)

    assert [receipt.status for receipt in receipts] == ["rejected", "accepted"]


def test_a_response_that_cannot_be_written_leaves_the_batch_whole(database, door, monkeypatch):
    contents = [response_content(**door) for _ in range(3)]
    store = responses._store_answers

    def failing(session, identity, answers):
        store(session, identity, answers)
        if str(identity) == contents[1]["id"]:
            raise DataError("insert", {}, Exception("too long"))

    monkeypatch.setattr(responses, "_store_answers", failing)

    receipts = send_batch(database, *contents)

    assert [receipt.status for receipt in receipts] == ["accepted", "rejected", "accepted"]
    assert codes(receipts[1]) == ["not_stored"]
    assert receipts[1].receipt is None
    assert count(database, Response) == 2
    assert stored_answers(database, contents[1]["id"]) == {}


def test_a_receipt_code_that_is_taken_is_not_given_again(database, door, monkeypatch):
    monkeypatch.setattr(responses, "new_receipt", lambda: "AAAAAAAAAA")

    receipts = send_batch(database, response_content(**door), response_content(**door))

    assert sorted(receipt.status for receipt in receipts) == ["accepted", "rejected"]
    assert count(database, Response) == 1


def test_an_exception_leaves_nothing_of_the_batch(database, door, monkeypatch):
    def failing(*_):
        raise RuntimeError

    monkeypatch.setattr(responses, "_store_answers", failing)

    with pytest.raises(RuntimeError):
        send_batch(database, response_content(**door))

    assert nothing_stored(database)


# At the same moment -----------------------------------------------------------------------------


def at_once(*calls):
    """Run calls in threads that start together; their outcomes in order."""
    gate = threading.Barrier(len(calls))
    outcomes = [None] * len(calls)

    def run(place, call):
        gate.wait()
        try:
            outcomes[place] = call()
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def test_two_threads_with_one_id_give_one_response(database, door):
    for _ in range(10):
        content = response_content(**door)

        found = at_once(*[partial(send, database, content)] * 4)

        assert sorted(r.status for r in found) == ["accepted", *["duplicate"] * 3]
        assert len({receipt.receipt for receipt in found}) == 1
    assert count(database, Response) == 10
    assert count(database, Answer) == 70


def test_two_contents_of_one_id_at_once_are_one_response_and_one_conflict(database, door):
    for _ in range(10):
        content = response_content(**door)
        other = content | {"locale": "en"}

        found = at_once(partial(send, database, content), partial(send, database, other))

        assert sorted(r.status for r in found) == ["accepted", "conflict"]
    assert (count(database, Response), count(database, HeldResponse)) == (10, 10)


def test_two_threads_with_one_quarantined_form_keep_it_once(database, door):
    for _ in range(10):
        content = response_content(**door, version="9")

        found = at_once(*[partial(send, database, content)] * 2)

        assert sorted(r.status for r in found) == ["duplicate", "quarantined"]
    assert count(database, HeldResponse) == 10


def test_batches_with_the_same_responses_in_other_orders_do_not_lock_each_other(database, door):
    contents = [response_content(**door) for _ in range(40)]

    found = at_once(
        lambda: send_batch(database, *contents), lambda: send_batch(database, *contents[::-1])
    )

    statuses = [receipt.status for receipts in found for receipt in receipts]
    assert sorted(statuses) == ["accepted"] * 40 + ["duplicate"] * 40
    assert count(database, Response) == 40


def test_the_second_waits_for_the_first_and_takes_its_place_when_it_fails(
    postgresql_database, monkeypatch
):
    with postgresql_database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        content = response_content(wave=wave.code, collection_point=point.code)
    written, go_on = threading.Event(), threading.Event()

    def first():
        with given_up(postgresql_database) as session:
            accept_response(session, content, NOW, catalogue())
            written.set()
            go_on.wait(10)

    def second():
        written.wait(10)
        threading.Timer(0.2, go_on.set).start()
        return send(postgresql_database, content)

    _, receipt = at_once(first, second)

    assert receipt.status == "accepted"
    assert count(postgresql_database, Response) == 1


@contextmanager
def given_up(database):
    """A transaction that is rolled back at its end."""
    try:
        with database.writing() as session:
            yield session
            raise InterruptedError
    except InterruptedError:
        pass


# The form of things -----------------------------------------------------------------------------


def test_a_receipt_is_easy_to_read_out():
    found = {new_receipt() for _ in range(500)}

    assert len(found) == 500
    assert not {sign for code in found for sign in code} & set("01IOLUilo -")


def test_canonical_json_does_not_depend_on_order_or_composition():
    assert canonical({"b": "e\u0301", "a": [1, {"d": 1, "c": 2}]}) == (
        '{"a":[1,{"c":2,"d":1}],"b":"é"}'
    )


def test_names_are_sorted_after_they_are_composed():
    spread = {"e\u0301": 1, "f": 2}

    assert canonical(spread) == canonical({"é": 1, "f": 2}) == '{"f":2,"é":1}'


WRITERS = {
    "survey_app/services/responses.py",
    "survey_app/services/review.py",  # takes out of the count, and back, at a supervisor's word
    "survey_app/services/receipts.py",  # deletes at the wish of who answered
    "survey_app/services/retention.py",  # deletes what has outlived its day
}
TABLES = {"Response", "Answer", "HeldResponse"}


STATEMENT = re.compile(
    r"\b(insert\s+into|update|delete\s+from)\s+(response|answer|held_response)\b"
)
VERBS = {"insert", "update", "delete", "bulk_insert_mappings", "bulk_save_objects"}


def written_by(path):
    """The tables of answers that a module constructs rows of, or writes by statement."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = dict(names_of_tables(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (found.group() for found in STATEMENT.finditer(node.value.lower()))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if names.get(called) in TABLES:
                yield called
            elif called.split(".")[-1] in VERBS:
                touched = [called.rpartition(".")[0], *(ast.unparse(part) for part in node.args)]
                plain = (name.removesuffix(".__table__") for name in touched)
                yield from (f"{called} {name}" for name in plain if names.get(name) in TABLES)


def names_of_tables(tree):
    """How a module calls the tables of answers, as pairs (its name, theirs)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "survey_app.models.responses":
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "survey_app.models":
            for alias in node.names:
                yield from ((f"{alias.asname or alias.name}.{name}", name) for name in TABLES)


def test_nobody_else_writes_the_tables_of_answers():
    found = {
        path.relative_to(ROOT).as_posix(): sorted(written_by(path))
        for path in (ROOT / "survey_app").rglob("*.py")
    }

    writers = {path for path, what in found.items() if what}
    assert writers <= WRITERS, {path: found[path] for path in writers - WRITERS}
    assert "survey_app/services/responses.py" in writers


@pytest.mark.parametrize(
    "source",
    [
        "from survey_app.models.responses import Answer\nAnswer(item='a')",
        "from survey_app.models.responses import Response as R\nR()",
        "from survey_app.models import responses\nresponses.HeldResponse()",
        "from survey_app.models.responses import Answer\ninsert(Answer).values()",
        "from survey_app.models.responses import Answer\nsa.update(Answer)",
        "from survey_app.models.responses import Answer\nAnswer.__table__.delete()",
        "session.execute(text('DELETE FROM answer WHERE 1'))",
        "session.execute(text('''insert into\n response (id) values (1)'''))",
    ],
)
def test_the_scan_finds_a_writer(source, tmp_path):
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")

    assert list(written_by(path))


def test_the_scan_lets_readers_be(tmp_path):
    path = tmp_path / "module.py"
    source = (
        "from survey_app.models.responses import Answer\nselect(Answer.item, func.count(Answer))"
    )
    path.write_text(source, encoding="utf-8")

    assert list(written_by(path)) == []


# Numbers of persons -----------------------------------------------------------------------------

SAID = "Xin gọi 0912345678 gặp tôi"
KEPT = "Xin gọi [đã che số] gặp tôi"


def test_a_number_of_a_person_is_stored_nowhere(database, door):
    content = response_content(**door, answers={"comment": SAID}, paradata={"said": SAID})

    assert send(database, content).status == "accepted"

    (row,) = rows(database, Response)
    assert stored_answers(database, content["id"])["comment"] == KEPT
    kept = json.loads(row.document)
    assert (kept["answers"]["comment"], kept["paradata"]["said"]) == (KEPT, KEPT)
    assert row.content_hash == hashlib.sha256(row.document.encode()).hexdigest()


def test_a_retry_of_a_form_with_a_hidden_number_is_known_again(database, door):
    content = response_content(**door, answers={"comment": SAID})
    first = send(database, content)

    again = send(database, content)

    assert (again.status, again.receipt) == ("duplicate", first.receipt)
    assert send(database, content | {"locale": "en"}).status == "conflict"


def test_no_hash_gives_a_hidden_number_away(database, door):
    """All else is known, so the number would be found by trying a thousand million of them."""
    content = response_content(**door, answers={"comment": SAID})
    send(database, content)

    (row,) = rows(database, Response)
    assert row.content_hash != hashlib.sha256(canonical(content).encode()).hexdigest()
    other = content | {"answers": content["answers"] | {"comment": SAID.replace("5678", "1234")}}
    assert content_hash_of(content) == content_hash_of(other)


def test_forms_kept_apart_hold_no_number_either(database, door):
    content = response_content(**door, answers={"comment": SAID})
    send(database, content)
    send(database, content | {"locale": "en"})
    send(database, content | {"id": str(uuid4()), "version": "9"})

    held = rows(database, HeldResponse)
    assert {row.reason for row in held} == {"conflict", "quarantined"}
    assert not any("0912345678" in row.document for row in held)


def test_a_number_that_was_asked_for_stays_a_number():
    """No shipped form asks for one so long, so this one is made up."""
    form = version(item("fee", "number"), item("comment", "text"))

    kept = responses._without_numbers(form, {"fee": "250000000", "comment": "250000000"})

    assert kept == {"fee": "250000000", "comment": "[đã che số]"}


PERSONAL = re.compile(r"(^|_)(name|phone|mail|address|contact|dossier|ip|agent|account)(_|$)")


def test_no_table_with_answers_has_a_column_for_who_gave_them():
    tables = ("response", "answer", "draft", "held_response", "staged_response", "response_quality")
    found = {
        f"{name}.{column.name}"
        for name in tables
        for column in Base.metadata.tables[name].columns
        if PERSONAL.search(column.name)
    }
    led_to = {
        key.column.table.name for name in tables for key in Base.metadata.tables[name].foreign_keys
    }

    assert found == set()
    # A device is a kiosk or a tablet of the office, never somebody's own.
    assert led_to == {"wave", "unit", "collection_point", "procedure", "response", "device"}
    assert PERSONAL.search("full_name")
    assert not PERSONAL.search("unit_id")
