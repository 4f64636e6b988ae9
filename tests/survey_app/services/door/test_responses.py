"""The one door: what is accepted, kept apart or refused, and that nothing is half stored."""

import hashlib
import json
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
from sqlalchemy import select
from sqlalchemy.exc import DataError

from questionnaires.load import Catalogue
from questionnaires.vector import dictionary, encode
from survey_app.models.responses import Answer, HeldResponse, Response, Tombstone
from survey_app.models.waves import WaveForm
from survey_app.services.door import responses
from survey_app.services.door.content import canonical, content_hash_of
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from tests.questionnaires.factories import item, version
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_wave,
    response_content,
)
from tests.survey_app.one_door import (
    codes,
    count,
    nothing_stored,
    rows,
    send,
    send_batch,
    stored_answers,
)

ROOT = Path(__file__).parents[4]
LATER = NOW + timedelta(hours=1)
ROUTED = "sipas-citizen/2022-routed"


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
