"""The job that sends letters of invitation by mail, one after the other, each counted when sent."""

from collections.abc import Callable
from typing import Any, Final

from survey_app import clock
from survey_app.config import Config
from survey_app.days import day_of
from survey_app.db import Database
from survey_app.exports.letters import mail_of
from survey_app.services.codes.letters import (
    FIRST,
    Post,
    is_due,
    letter_to,
    mail_recipients,
    mark_sent,
    not_set,
    turned_away,
)
from survey_app.services.operation.jobs import Claim
from survey_app.services.plan.waves import wave_named

MOST_REFUSED: Final = 20  # in a row: then it is not the addresses that are wrong
Tell = Callable[[int], object]


def send_letters(config: Config, database: Database, claim: Claim, tell: Tell) -> dict[str, Any]:
    """Send the letters of one kind; returns how many were sent and refused.

    Each recipient is tried once, and asked for again right before: who has answered meanwhile is
    not reminded, and after the close nobody is. A letter is counted right after it was sent, so a
    worker killed in between sends at most one letter twice, and none is lost. The outcome names the
    invitations whose first letter was refused; of reminders only their number, as a name would tell
    who has not answered.
    """
    if not config.mail_url or not config.mail_from:
        raise not_set()
    kind, now = claim.payload["letter"], clock.now()
    with database.reading() as session:
        wave = wave_named(session, claim.payload["wave"])
        title = wave.title
        waiting = mail_recipients(session, wave, kind, now)
    sent, refused, in_a_row = 0, list[int](), 0
    with Post(config.mail_url) as post:
        for place, invitation_id in enumerate(waiting):
            tell(100 * place // len(waiting))
            with database.reading() as session:
                due = is_due(session, invitation_id, kind, clock.now())
                letter = letter_to(session, invitation_id, config.secret_key, config.address)
            if letter is None or not due:
                continue
            if post.send(mail_of(letter, kind, title, config.mail_from, clock.now())):
                sent, in_a_row = sent + 1, 0
                with database.writing() as session:
                    mark_sent(session, invitation_id, day_of(now))
                continue
            refused.append(invitation_id)
            in_a_row += 1
            if in_a_row == MOST_REFUSED:
                raise turned_away(in_a_row)
    return {
        "sent": sent,
        "refused": len(refused),
        "invitations": refused if kind == FIRST else [],
    }
