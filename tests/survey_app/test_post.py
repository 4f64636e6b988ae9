"""The job of the letters: each recipient once, counted at once, and what failed is told."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from survey_app import worker
from survey_app.config import Config
from survey_app.models.codes import Invitation
from survey_app.models.runs import Job
from survey_app.services.codes.letters import FIRST, REMINDER, SEND_LETTERS, Post
from survey_app.services.operation import jobs
from survey_app.services.plan.waves import close_wave
from tests.survey_app.factories import NOW, catalogue, make_unit
from tests.survey_app.invitation_factories import answer, make_officials
from tests.survey_app.mail_server import mail_server
from tests.survey_app.web.citizen_door import SECRET


@pytest.fixture
def mailbox():
    with mail_server() as box:
        yield box


@pytest.fixture
def officials(database):
    with database.writing() as session:
        return make_officials(session, {"A": 4}, [make_unit(session)])


def send(database, officials, kind, url, tmp_path):
    """Ask for letters and let a worker send them; returns how the job stands."""
    with database.writing() as session:
        payload = {"wave": officials.wave.code, "letter": kind}
        job = jobs.ask_job(session, SEND_LETTERS, payload, None, NOW)
    config = Config(
        database_url="",
        secret_key=SECRET,
        instance=Path("instance"),
        public_url="https://khaosat.example.vn",
        mail_url=url,
        mail_from="khaosat@example.vn",
    )
    work = {SEND_LETTERS: lambda *given: worker.post_letters(config, *given)}
    assert worker.work_once(database, catalogue(), tmp_path, work)
    with database.reading() as session:
        return jobs.job_state(session, job)


def letters(database):
    with database.reading() as session:
        return list(session.scalars(select(Invitation.letters).order_by(Invitation.id)))


def test_everybody_gets_one_letter_with_his_or_her_own_code(database, officials, mailbox, tmp_path):
    state = send(database, officials, FIRST, mailbox.url, tmp_path)

    assert state.outcome == {"sent": 4, "refused": 0, "invitations": []}
    texts = [mail.get_content() for mail in mailbox.mails]
    assert all(f"/i/{code}" in text for code, text in zip(officials.codes, texts, strict=True))
    assert letters(database) == [1, 1, 1, 1]
    assert send(database, officials, FIRST, mailbox.url, tmp_path).outcome["sent"] == 0
    assert send(database, officials, REMINDER, mailbox.url, tmp_path).outcome["sent"] == 0


def test_who_answers_while_letters_are_sent_is_not_reminded(
    database, officials, mailbox, tmp_path, monkeypatch
):
    """The list is made at the beginning; each letter asks again."""
    send(database, officials, FIRST, mailbox.url, tmp_path)
    with database.writing() as session:
        for invitation in session.scalars(select(Invitation)):
            invitation.sent_on = NOW.date() - timedelta(days=1)
    send_one = Post.send

    def answered_meanwhile(post, mail):
        if len(mailbox.mails) == 4:
            with database.writing() as session:
                answer(session, officials.codes[2], officials.units[0])
        return send_one(post, mail)

    monkeypatch.setattr(Post, "send", answered_meanwhile)
    state = send(database, officials, REMINDER, mailbox.url, tmp_path)

    assert state.outcome["sent"] == 3
    assert letters(database) == [2, 2, 1, 2]


def test_reminders_stop_at_the_close(database, officials, mailbox, tmp_path):
    with database.writing() as session:
        close_wave(session.merge(officials.wave), NOW)
    state = send(database, officials, REMINDER, mailbox.url, tmp_path)

    assert "không mở nên không gửi thư nhắc" in str(state.refusal)
    assert mailbox.mails == []


def test_a_refused_address_is_named_and_the_others_get_theirs(
    database, officials, mailbox, tmp_path
):
    mailbox.refuses = {"pa1@example.vn"}
    state = send(database, officials, FIRST, mailbox.url, tmp_path)

    with database.reading() as session:
        ids = list(session.scalars(select(Invitation.id).order_by(Invitation.id)))
    assert state.outcome == {"sent": 3, "refused": 1, "invitations": [ids[1]]}
    assert letters(database) == [1, 0, 1, 1]


def test_a_refused_reminder_is_counted_and_names_nobody(database, officials, mailbox, tmp_path):
    send(database, officials, FIRST, mailbox.url, tmp_path)
    with database.writing() as session:
        session.execute(Invitation.__table__.update().values(sent_on=NOW.date()))
    mailbox.refuses = {"pa1@example.vn"}
    state = send(database, officials, REMINDER, mailbox.url, tmp_path)

    assert state.outcome == {"sent": 3, "refused": 1, "invitations": []}


def test_a_server_that_goes_away_fails_the_job_and_keeps_what_was_sent(
    database, officials, mailbox, tmp_path
):
    mailbox.stop()
    state = send(database, officials, FIRST, mailbox.url, tmp_path)

    assert state.state == jobs.FAILED
    assert "Không kết nối được" in str(state.refusal)
    assert letters(database) == [0, 0, 0, 0]


def test_a_server_that_refuses_everybody_is_not_asked_for_ever(database, mailbox, tmp_path):
    with database.writing() as session:
        officials = make_officials(session, {"A": 30}, [make_unit(session)])
    mailbox.refuses = {f"pa{k}@example.vn" for k in range(30)}
    state = send(database, officials, FIRST, mailbox.url, tmp_path)

    assert state.state == jobs.FAILED
    assert "20 thư liên tiếp" in str(state.refusal)


def test_without_a_mail_server_the_job_says_so(database, officials, tmp_path):
    assert "MAIL_URL" in str(send(database, officials, FIRST, "", tmp_path).refusal)


def test_the_job_holds_no_code_name_or_contact(database, officials, mailbox, tmp_path, caplog):
    caplog.set_level("DEBUG")
    mailbox.refuses = {"pa1@example.vn"}
    send(database, officials, FIRST, mailbox.url, tmp_path)

    with database.reading() as session:
        job = session.scalars(select(Job)).one()
        kept = json.dumps([job.payload, job.outcome], ensure_ascii=False)
    for told in (kept, caplog.text.replace("mail.log", "")):
        assert not any(code in told for code in officials.codes)
    assert "@" not in kept
    assert "Người" not in kept
