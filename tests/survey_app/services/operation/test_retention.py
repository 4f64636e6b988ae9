"""What has outlived its day is deleted, and nothing else; of what is deleted no trace stays."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app import worker
from survey_app.models.accounts import AuditEntry
from survey_app.models.codes import DossierCode, Invitation, InvitationContact
from survey_app.models.fieldwork import Interview
from survey_app.models.responses import (
    Answer,
    Draft,
    HeldResponse,
    Response,
    StagedResponse,
    Tombstone,
)
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from survey_app.services.codes.staging import stage
from survey_app.services.door.drafts import answers_of, find_draft, save_answers, start_draft
from survey_app.services.door.receipts import delete_by_receipt
from survey_app.services.door.responses import accept_response
from survey_app.services.operation import retention
from survey_app.services.operation.accounts import create_account
from survey_app.services.operation.retention import (
    has_ended,
    last_day,
    purge_batch,
    purges,
    set_days,
)
from survey_app.services.plan.waves import door_of
from tests.survey_app.factories import (
    NOW,
    catalogue,
    link_of,
    make_point,
    make_wave,
    response_content,
)

COMMENT = "Cán bộ Lò Thị Mới rất tận tình"
STARTED = "2026-11-20T09:58:00+07:00"


def make_answers(database, n=3, **wave_fields):
    """A wave with answers, officials and codes; returns its id and the receipts."""
    with database.writing() as session:
        wave = make_wave(session, **wave_fields)
        point = make_point(session, wave)
        door = {"wave": wave.code, "collection_point": point.code}
        receipts = [
            accept_response(session, content, NOW, catalogue()).receipt
            for content in (
                response_content(**door, answers={"comment": COMMENT}) for _ in range(n)
            )
        ]
        held = response_content(**door, version="9", answers={"comment": COMMENT})
        accept_response(session, held, NOW, catalogue())
        unit = session.scalars(select(Unit)).first().id
        for number in range(n):
            invitation = Invitation(
                wave_id=wave.id, rater_group="A", salt=f"s{number}", code_hash=uuid4().hex
            )
            session.add(invitation)
            session.flush()
            session.add(
                InvitationContact(
                    invitation_id=invitation.id, name="Trần Văn Xa", address="xa@example.vn"
                )
            )
            session.add(
                DossierCode(
                    code_hash=uuid4().hex, wave_id=wave.id, unit_id=unit, month="2026-11", used=True
                )
            )
        return wave.id, receipts


def close(database, wave_id, at):
    with database.writing() as session:
        session.get_one(Wave, wave_id).closed_at = at


def purge(database, now):
    """Delete batch by batch, each in its transaction; returns how many batches there were."""
    for batches in range(200):
        with database.writing() as session:
            if not purge_batch(session, catalogue(), now):
                return batches
    return pytest.fail("it never ends")


def counts(database):
    """What is still there of a person: contacts, codes, receipts, documents, comments, held."""
    queries = (
        select(func.count()).select_from(InvitationContact),
        select(func.count()).select_from(Invitation).where(Invitation.salt != ""),
        select(func.count()).select_from(Response).where(Response.receipt.is_not(None)),
        select(func.count()).select_from(Response).where(Response.document.is_not(None)),
        select(func.count()).select_from(Answer).where(Answer.item == "comment"),
        select(func.count()).select_from(HeldResponse),
    )
    with database.reading() as session:
        return [session.scalar(query) for query in queries]


@pytest.mark.parametrize(
    ("days", "left"),
    [
        (0, [3, 3, 3, 3, 3, 1]),
        (30, [3, 3, 3, 3, 3, 1]),
        (31, [0, 0, 3, 3, 3, 1]),
        (90, [0, 0, 3, 3, 3, 1]),
        (91, [0, 0, 0, 3, 3, 1]),
        (365, [0, 0, 0, 3, 3, 1]),
        (366, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_each_thing_goes_on_the_day_after_its_last(database, days, left):
    wave, _receipts = make_answers(database)
    close(database, wave, NOW)

    purge(database, NOW + timedelta(days=days))

    assert counts(database) == left


@pytest.mark.parametrize(("days", "left"), [(365, (10.76, 106.66)), (366, (None, None))])
def test_where_an_interview_was_held_goes_with_the_document(database, days, left):
    wave, _receipts = make_answers(database)
    with database.writing() as session:
        held = session.scalars(select(Response.id)).first()
        session.add(Interview(response_id=held, presence="", latitude=10.76, longitude=106.66))
    close(database, wave, NOW)

    purge(database, NOW + timedelta(days=days))

    with database.reading() as session:
        row = session.scalars(select(Interview)).one()
        assert (row.latitude, row.longitude) == left


def test_what_was_ticked_stays_for_the_mathematics(database):
    wave, _receipts = make_answers(database)
    with database.reading() as session:
        before = set(session.execute(select(Response.id, Response.vector)).all())
    close(database, wave, NOW)

    purge(database, NOW + timedelta(days=400))

    with database.reading() as session:
        assert set(session.execute(select(Response.id, Response.vector)).all()) == before
        assert session.scalar(select(func.count()).select_from(Answer)) == 3 * 7
        row = session.scalars(select(Response)).first()
        assert (row.document, row.started_at, row.submitted_at, row.receipt) == (None,) * 4


def test_nothing_of_an_open_wave_goes_unless_a_day_was_set(database):
    wave, _receipts = make_answers(database)

    assert purge(database, NOW + timedelta(days=4000)) == 0
    with database.writing() as session:
        session.get_one(Wave, wave).contacts_until = date(2026, 11, 20)
    purge(database, NOW)
    assert counts(database)[0] == 3
    purge(database, NOW + timedelta(days=1))
    assert counts(database) == [0, 0, 3, 3, 3, 1]


def test_only_the_wave_whose_days_are_over_loses_anything(database):
    first, _receipts = make_answers(database)
    make_answers(database)
    close(database, first, NOW)

    purge(database, NOW + timedelta(days=400))

    assert counts(database) == [3, 3, 3, 3, 3, 1]


def test_a_code_cannot_be_looked_up_afterwards_but_is_still_counted_as_used(database):
    wave, _receipts = make_answers(database)
    with database.reading() as session:
        known = set(session.scalars(select(DossierCode.code_hash)))
        known |= set(session.scalars(select(Invitation.code_hash)))
    close(database, wave, NOW)

    purge(database, NOW + timedelta(days=31))

    with database.reading() as session:
        codes = session.execute(select(DossierCode.code_hash, DossierCode.used)).all()
        after = {code for code, _used in codes} | set(session.scalars(select(Invitation.code_hash)))
    assert after.isdisjoint(known)
    assert len(after) == 6
    assert [used for _code, used in codes] == [True] * 3


def test_a_batch_is_small_and_a_second_run_finds_nothing(database, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    wave, _receipts = make_answers(database, n=5)
    close(database, wave, NOW)
    now = NOW + timedelta(days=400)

    assert purge(database, now) == 3 + 3 + 3 + 4 + 4 + 3
    assert counts(database) == [0] * 6
    assert purge(database, now) == 0


@pytest.mark.parametrize(
    ("refused", "days", "left"),
    [
        (None, 0, 3),  # what was on its way may still come
        (None, 1, 0),
        ("unknown_field", 30, 4),  # somebody may mend what stood in the way
        ("unknown_field", 31, 0),
    ],
)
def test_answers_by_codes_that_cannot_move_are_deleted(database, refused, days, left):
    with database.writing() as session:
        wave = make_wave(session)
        point = make_point(session, wave)
        content = response_content(wave=wave.code, collection_point=point.code, mode="code")
        for name in ("id", "started_at", "submitted_at"):
            del content[name]
        for _ in range(4 if refused else 3):
            stage(session, wave.id, point.unit_id, None, content)
        if refused:
            session.scalars(select(StagedResponse)).first().refused = refused
    purge(database, NOW + timedelta(days=400))  # an open wave loses none
    close(database, wave.id, NOW)
    purge(database, NOW + timedelta(days=days))

    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(StagedResponse)) == left
        done = {purge.action: purge.rows for purge in purges(session, session.get(Wave, wave.id))}
        assert done == ({} if left else {"staged": 4 if refused else 3})


def test_the_record_holds_counts_and_names_nobody(database):
    wave, receipts = make_answers(database)
    close(database, wave, NOW)
    purge(database, NOW + timedelta(days=400))

    with database.reading() as session:
        rows = session.scalars(select(AuditEntry)).all()
        told = " ".join(f"{row.action} {row.subject} {row.detail}" for row in rows)
        code = session.get_one(Wave, wave).code
        done = {purge.action: purge.rows for purge in purges(session, session.get_one(Wave, wave))}
    assert {row.subject for row in rows} == {code}
    assert {row.account_id for row in rows} == {None}
    assert not any(word in told for word in (*receipts, "Xa", "tận tình"))
    assert done == {"contacts": 3, "codes": 6, "receipts": 4, "documents": 4, "comments": 3}


def test_a_tombstone_goes_when_its_response_can_never_be_sent_again(database):
    wave, receipts = make_answers(database)
    with database.writing() as session:
        delete_by_receipt(session, receipts[0], NOW)

    def stones():
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(Tombstone))

    purge(database, NOW + timedelta(days=500))
    assert stones() == 1  # the wave is open: a tablet may still come back
    close(database, wave, NOW + timedelta(days=450))
    purge(database, NOW + timedelta(days=500))
    assert stones() == 1
    purge(database, NOW + timedelta(days=541))
    assert stones() == 0


# The days themselves


def test_a_day_set_by_hand_shortens_and_never_lengthens():
    wave = Wave(closed_at=datetime(2026, 11, 20, 18, 0, tzinfo=UTC))  # the 21st in Viet Nam

    assert last_day(wave, "contacts") == date(2026, 12, 21)
    wave.contacts_until = date(2027, 12, 31)
    assert last_day(wave, "contacts") == date(2026, 12, 21)
    wave.contacts_until = date(2026, 11, 30)
    assert last_day(wave, "contacts") == date(2026, 11, 30)
    assert not has_ended(wave, "contacts", datetime(2026, 11, 30, 16, 59, tzinfo=UTC))
    assert has_ended(wave, "contacts", datetime(2026, 11, 30, 17, 0, tzinfo=UTC))


def test_once_a_wave_is_open_its_days_move_to_earlier_only(sqlite_database):
    with sqlite_database.writing() as session:
        account = create_account(session, "lan", "mật khẩu đủ dài", "administrator").id
        wave = make_wave(session)
        set_days(session, wave, {"receipts": date(2027, 3, 1)}, account, NOW)
        set_days(session, wave, {"receipts": date(2027, 2, 1)}, account, NOW)
        for later in (date(2027, 2, 2), None):
            with pytest.raises(Refusal, match="01/02/2027"):
                set_days(session, wave, {"receipts": later}, account, NOW)
        with pytest.raises(Refusal, match="từ hôm nay"):
            set_days(session, wave, {"receipts": date(2026, 11, 19)}, account, NOW)
        wave.opened_at = None
        set_days(session, wave, {"receipts": None}, account, NOW)
        assert wave.receipts_until is None
        said = session.scalars(
            select(AuditEntry.subject).where(AuditEntry.action == "set_retention")
        ).all()
    assert [line.split()[1:] for line in said] == [
        ["receipts", "2027-03-01"],
        ["receipts", "2027-02-01"],
        ["receipts", "-"],
    ]


# No trace


def raw(database):
    """Every byte of the files of a SQLite database."""
    path = Path(database.url.database)
    return b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))


def test_of_what_was_deleted_no_byte_is_left_in_the_files(sqlite_database, monkeypatch):
    wave, receipts = make_answers(sqlite_database, n=40)
    point_draft(sqlite_database, wave)
    secrets = [COMMENT, "xa@example.vn", "Trần Văn Xa", STARTED, "half-written", *receipts]
    before = raw(sqlite_database)
    assert [word for word in secrets if word.encode() not in before] == []
    close(sqlite_database, wave, NOW)
    monkeypatch.setattr(worker.clock, "now", lambda: NOW + timedelta(days=400))

    worker.tidy(sqlite_database, catalogue())

    after = raw(sqlite_database)
    assert [word for word in secrets if word.encode() in after] == []
    with sqlite_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Response)) == 40


def point_draft(database, wave_id):
    """Half-filled forms whose rows grew page by page, so that they moved between pages."""
    with database.writing() as session:
        wave = session.get_one(Wave, wave_id)
        point = make_point(session, wave)
        door = door_of(session, link_of(session, point, wave), NOW)
        keys = [start_draft(session, door, "vi", NOW) for _ in range(60)]
    for turn in range(1, 6):
        with database.writing() as session:
            for number, key in enumerate(keys):
                draft = find_draft(session, key, door, NOW)
                text = answers_of(draft).get("comment", "") + "half-written " * (number % 7)
                save_answers(draft, {"comment": f"{text}{turn}"}, draft.revision, NOW)


def test_a_deletion_by_receipt_leaves_no_byte_either(sqlite_database):
    _wave, receipts = make_answers(sqlite_database)
    with sqlite_database.writing() as session:
        for receipt in receipts:
            delete_by_receipt(session, receipt, NOW)

    assert sqlite_database.forget()

    left = re.findall(COMMENT.encode(), raw(sqlite_database))
    assert len(left) == 1  # the form kept apart, which has a receipt of its own


def test_half_filled_forms_of_yesterday_are_tidied_away(sqlite_database, monkeypatch):
    wave, _receipts = make_answers(sqlite_database)
    point_draft(sqlite_database, wave)
    monkeypatch.setattr(worker.clock, "now", lambda: NOW + timedelta(days=1))

    worker.tidy(sqlite_database, catalogue())

    with sqlite_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Draft)) == 0


def test_a_reader_does_not_keep_the_files_from_being_emptied_for_ever(sqlite_database):
    with sqlite_database.reading() as session:
        session.scalars(select(Wave)).all()
        with sqlite_database.writing() as other:
            make_wave(other)
        assert not sqlite_database.forget()

    assert sqlite_database.forget()
