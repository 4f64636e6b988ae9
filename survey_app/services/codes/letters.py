"""Letters of invitation: who gets one, and handing them to a mail server."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from types import TracebackType
from typing import Final
from urllib.parse import unquote, urlsplit

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.days import day_of
from survey_app.models.codes import Invitation, InvitationContact, InvitationTarget
from survey_app.models.waves import Wave
from survey_app.services.codes.invitation_lists import is_mail
from survey_app.services.codes.invitations import code_of, hash_of
from survey_app.services.plan.waves import CLOSED, is_open, state_of

SEND_LETTERS: Final = "send_letters"  # the kind of job
FIRST, REMINDER = "first", "reminder"
KINDS: Final = (FIRST, REMINDER)
SECONDS: Final = 30.0  # a mail server may take for one answer
PORTS: Final = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True)
class Letter:
    """A letter to one invited person, ready to be sent or printed."""

    invitation_id: int
    name: str
    contact: str
    group: str
    address: str


def letters_for_all(
    session: Session, wave: Wave, secret: str, base: str, only_new: bool = False
) -> Iterator[Letter]:
    """The letter of every invited person of a wave who rates a unit, for printing or mail merge.

    Whoever sees this list must not learn from it who has answered, so it does not leave them out;
    `only_new` leaves out those who got a letter before. `base` is what addresses begin with.
    """
    query = _addressed(wave).order_by(Invitation.id)
    if only_new:
        query = query.where(Invitation.letters == 0)
    for invitation, contact in session.execute(query):
        yield _letter(invitation, contact, secret, base)


def check_sending(wave: Wave, kind: str, now: datetime) -> None:
    """Raise `Refusal` for letters that have no use: a reminder unless open, any after the close."""
    if kind == REMINDER and not is_open(wave, now):
        raise Refusal("Đợt khảo sát «{wave}» không mở nên không gửi thư nhắc.", wave=wave.code)
    if state_of(wave, now) == CLOSED:
        raise Refusal("Đợt khảo sát «{wave}» đã đóng nên không gửi thư mời.", wave=wave.code)


def mail_recipients(session: Session, wave: Wave, kind: str, now: datetime) -> list[int]:
    """The invitations to which a mail of this kind is still to be sent today.

    A first letter goes to those who got none. A reminder goes to those who got one on an earlier
    day and have a unit left to rate; only the job that sends it reads this list. Raises `Refusal`
    as `check_sending` does.
    """
    check_sending(wave, kind, now)
    query = _due(kind, now).where(Invitation.wave_id == wave.id).order_by(Invitation.id)
    return [one for one, address in session.execute(query) if is_mail(address)]


def is_due(session: Session, invitation_id: int, kind: str, now: datetime) -> bool:
    """Say whether a mail is still to be sent, since others have answered or written meanwhile.

    Raises `Refusal` as `check_sending` does: the wave may have closed.
    """
    wave_id = session.get_one(Invitation, invitation_id).wave_id
    check_sending(session.get_one(Wave, wave_id), kind, now)
    return (
        session.execute(_due(kind, now).where(Invitation.id == invitation_id)).first() is not None
    )


def letter_to(session: Session, invitation_id: int, secret: str, base: str) -> Letter | None:
    """The letter of one invitation; None when its contact has been deleted meanwhile."""
    invitation = session.get(Invitation, invitation_id)
    contact = session.get(InvitationContact, invitation_id)
    if invitation is None or contact is None:
        return None
    return _letter(invitation, contact, secret, base)


def mark_sent(session: Session, invitation_id: int, today: date) -> None:
    """Count a letter that was sent."""
    session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id)
        .values(letters=Invitation.letters + 1, sent_on=today)
    )


class Post:
    """A connection to the mail server of a URL: smtp://user:password@host:port or smtps://."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise Refusal("Chưa đặt MAIL_URL đúng dạng nên không gửi được thư.")
        self._host, self._port = parts.hostname, parts.port or PORTS[parts.scheme]
        self._sealed = parts.scheme == "smtps"
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> "Post":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()

    def send(self, mail: EmailMessage) -> bool:
        """Hand over a mail; False when the server does not take it for this recipient.

        Raises `Refusal` when the server cannot be reached or turns this service away.
        """
        for attempt in (1, 2):  # a server may hang up between two letters
            try:
                self._connected().send_message(mail)
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
                with suppress(smtplib.SMTPException, OSError):
                    self._connected().rset()
                return False
            except (smtplib.SMTPServerDisconnected, OSError) as error:
                self._server = None
                if attempt == 2:
                    raise _away() from error
            except smtplib.SMTPException as error:
                self._server = None
                raise Refusal("Máy chủ thư từ chối dịch vụ này gửi thư.") from error
            else:
                return True
        return False

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            context = ssl.create_default_context()
            if self._sealed:
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    self._host, self._port, timeout=SECONDS, context=context
                )
            else:
                server = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
            self._server = server
        return self._server


def not_set() -> Refusal:
    """Why no letter is sent where nobody has said through which server."""
    return Refusal("Chưa đặt MAIL_URL và MAIL_FROM nên không gửi được thư.")


def turned_away(n: int) -> Refusal:
    """Why the sending has stopped when one letter after the other was refused."""
    return Refusal("Máy chủ thư từ chối {n} thư liên tiếp nên đã dừng. Thư đã gửi vẫn tính.", n=n)


def _away() -> Refusal:
    return Refusal("Không kết nối được máy chủ thư. Thư đã gửi vẫn tính; xin thử lại sau.")


def _due(kind: str, now: datetime) -> Select[int, str]:
    """Who is to get a letter of a kind: ids of invitations with their addresses."""
    query = select(Invitation.id, InvitationContact.address).join(
        InvitationContact, InvitationContact.invitation_id == Invitation.id
    )
    if kind == FIRST:
        of_any = select(InvitationTarget.invitation_id)
        return query.where(Invitation.letters == 0, Invitation.id.in_(of_any))
    left = select(InvitationTarget.invitation_id).where(InvitationTarget.used.is_(False))
    today = day_of(now)
    return query.where(Invitation.letters > 0, Invitation.sent_on < today, Invitation.id.in_(left))


def _addressed(wave: Wave) -> Select[Invitation, InvitationContact]:
    of_any = select(InvitationTarget.invitation_id)
    return (
        select(Invitation, InvitationContact)
        .join(InvitationContact, InvitationContact.invitation_id == Invitation.id)
        .where(Invitation.wave_id == wave.id, Invitation.id.in_(of_any))
    )


def _letter(invitation: Invitation, contact: InvitationContact, secret: str, base: str) -> Letter:
    code = code_of(secret, invitation.salt)
    if hash_of(code) != invitation.code_hash:
        raise Refusal("SECRET_KEY đã đổi nên không viết lại được mã của các thư mời cũ.")
    return Letter(
        invitation_id=invitation.id,
        name=contact.name,
        contact=contact.address,
        group=invitation.rater_group,
        address=f"{base}/i/{code}",
    )
