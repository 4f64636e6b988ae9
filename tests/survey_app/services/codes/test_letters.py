"""Letters: who gets one, what it says, and a real mail server that takes it or does not."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.exports.letters import mail_of
from survey_app.models.codes import Invitation, InvitationContact
from survey_app.models.waves import Wave
from survey_app.services.codes.invitation_lists import import_list
from survey_app.services.codes.letters import (
    FIRST,
    REMINDER,
    Letter,
    Post,
    is_due,
    letter_to,
    letters_for_all,
    mail_recipients,
    mark_sent,
)
from survey_app.services.codes.raters import assign_targets
from tests.survey_app.factories import COUNTER, NOW, make_unit
from tests.survey_app.invitation_factories import answer, make_officials, sheet_of
from tests.survey_app.mail_server import mail_server
from tests.survey_app.web.citizen_door import SECRET

BASE = "https://khaosat.example.vn"
TODAY = NOW.date()
LETTER = Letter(7, "Trần Thị Lan", "lan@example.vn", "Lãnh đạo sở", f"{BASE}/i/ABCD")


@pytest.fixture
def mailbox():
    with mail_server() as box:
        yield box


@pytest.fixture
def officials(sqlite_database):
    with sqlite_database.writing() as session:
        officials = make_officials(session, {"A": 3}, [make_unit(session)])
        phone = [("A", "", "Người không có thư điện tử", "0912345678")]
        import_list(session, officials.wave, sheet_of(phone), NOW, SECRET)
        assign_targets(session, officials.wave, COUNTER)
        return officials


def recipients(database, officials, kind, now=NOW):
    with database.reading() as session:
        return mail_recipients(session, session.get(Wave, officials.wave.id), kind, now)


def test_a_letter_says_where_and_how_it_is_kept_secret():
    mail = mail_of(LETTER, FIRST, "Đợt 2026", "Sở Nội vụ <khaosat@example.vn>", NOW)
    text = mail.get_content()

    assert str(mail["To"]) == "Trần Thị Lan <lan@example.vn>"
    assert str(mail["From"]) == "Sở Nội vụ <khaosat@example.vn>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "example.vn" in mail["Message-ID"]
    assert LETTER.address in text
    assert "không ghi phiếu nào là của ai" in text
    assert "Đợt 2026" in mail["Subject"]
    assert mail_of(LETTER, REMINDER, "x", "a@b.vn", NOW).get_content() != text


def test_a_letter_is_taken_by_a_mail_server(mailbox):
    with Post(mailbox.url) as post:
        assert post.send(mail_of(LETTER, FIRST, "Đợt 2026", "khaosat@example.vn", NOW))

    (mail,) = mailbox.mails
    assert mail["To"].addresses[0].display_name == "Trần Thị Lan"
    assert LETTER.address in mail.get_content()


def test_an_address_that_is_refused_does_not_hold_up_the_next(mailbox):
    mailbox.refuses = {"lan@example.vn"}
    other = Letter(8, "Nam", "nam@example.vn", "A", LETTER.address)
    with Post(mailbox.url) as post:
        sent = [post.send(mail_of(one, FIRST, "x", "a@b.vn", NOW)) for one in (LETTER, other)]

    assert sent == [False, True]
    assert len(mailbox.mails) == 1


def test_a_server_that_is_away_is_a_clear_refusal(mailbox):
    mailbox.stop()
    with Post(mailbox.url) as post, pytest.raises(Refusal, match="Không kết nối được máy chủ thư"):
        post.send(mail_of(LETTER, FIRST, "x", "a@b.vn", NOW))


@pytest.mark.parametrize("url", ["", "http://host", "smtp://", "host:25"])
def test_an_address_that_is_no_mail_server_is_refused(url):
    with pytest.raises(Refusal, match="MAIL_URL"):
        Post(url)


def test_a_first_letter_goes_once_to_those_with_a_mail_address(sqlite_database, officials):
    waiting = recipients(sqlite_database, officials, FIRST)
    assert len(waiting) == 3
    with sqlite_database.writing() as session:
        mark_sent(session, waiting[0], TODAY)

    assert recipients(sqlite_database, officials, FIRST) == waiting[1:]


def test_a_reminder_goes_to_unused_codes_only_and_not_on_the_same_day(sqlite_database, officials):
    tomorrow = NOW + timedelta(days=1)
    waiting = recipients(sqlite_database, officials, FIRST)
    with sqlite_database.writing() as session:
        for one in waiting:
            mark_sent(session, one, TODAY)
        answer(session, officials.codes[1], officials.units[0])

    assert recipients(sqlite_database, officials, REMINDER) == []
    assert recipients(sqlite_database, officials, REMINDER, tomorrow) == [waiting[0], waiting[2]]
    with sqlite_database.writing() as session:
        mark_sent(session, waiting[0], tomorrow.date())
        assert session.get_one(Invitation, waiting[0]).letters == 2
    assert recipients(sqlite_database, officials, REMINDER, tomorrow) == [waiting[2]]


@pytest.mark.parametrize(
    ("kind", "change", "at", "why"),
    [
        (REMINDER, {"closed_at": NOW}, 10, "không mở nên không gửi thư nhắc"),
        (REMINDER, {"opened_at": None}, 10, "không mở nên không gửi thư nhắc"),
        (FIRST, {"closed_at": NOW}, 10, "đã đóng nên không gửi thư mời"),
        (FIRST, {"opened_at": None}, 0, None),
        (REMINDER, {"closed_at": NOW + timedelta(days=2)}, 1, None),
    ],
)
def test_nobody_is_written_to_about_a_wave_that_takes_no_answers(
    sqlite_database, officials, kind, change, at, why
):
    with sqlite_database.writing() as session:
        for name, moment in change.items():
            setattr(session.merge(officials.wave), name, moment)
        for one in session.scalars(select(Invitation)).all() if kind == REMINDER else ():
            mark_sent(session, one.id, TODAY)
        one = session.scalars(select(Invitation.id)).first()
    now = NOW + timedelta(days=at)

    if why is None:
        assert len(recipients(sqlite_database, officials, kind, now)) == 3
        return
    with pytest.raises(Refusal, match=why):
        recipients(sqlite_database, officials, kind, now)
    with sqlite_database.reading() as session, pytest.raises(Refusal, match=why):
        is_due(session, one, kind, now)


def test_who_answers_while_reminders_are_sent_gets_none(sqlite_database, officials):
    tomorrow = NOW + timedelta(days=1)
    waiting = recipients(sqlite_database, officials, FIRST)
    with sqlite_database.writing() as session:
        for one in waiting:
            mark_sent(session, one, TODAY)
    listed = recipients(sqlite_database, officials, REMINDER, tomorrow)
    with sqlite_database.writing() as session:
        answer(session, officials.codes[1], officials.units[0])
        due = [is_due(session, one, REMINDER, tomorrow) for one in listed]

    assert due == [True, False, True]


def test_the_table_for_mail_merge_does_not_tell_who_has_answered(sqlite_database, officials):
    with sqlite_database.writing() as session:
        before = list(letters_for_all(session, officials.wave, SECRET, BASE))
        answer(session, officials.codes[1], officials.units[0])
        after = list(letters_for_all(session, officials.wave, SECRET, BASE))

    assert before == after
    assert [one.address for one in after][:3] == [f"{BASE}/i/{code}" for code in officials.codes]
    assert after[3].contact == "0912345678"


def test_a_letter_is_the_same_when_it_is_written_again(sqlite_database, officials):
    with sqlite_database.reading() as session:
        one = mail_recipients(session, officials.wave, FIRST, NOW)[0]
        assert letter_to(session, one, SECRET, BASE) == letter_to(session, one, SECRET, BASE)
        with pytest.raises(Refusal, match="SECRET_KEY"):
            letter_to(session, one, SECRET + "x", BASE)


def test_nobody_is_written_to_after_the_contacts_are_deleted(sqlite_database, officials):
    one = recipients(sqlite_database, officials, FIRST)[0]
    with sqlite_database.writing() as session:
        session.query(InvitationContact).delete()
        assert letter_to(session, one, SECRET, BASE) is None
        assert list(letters_for_all(session, officials.wave, SECRET, BASE)) == []
    assert recipients(sqlite_database, officials, FIRST) == []
