"""The list of invited officials: imported from a sheet, the whole of it or nothing."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.days import day_of
from survey_app.models.codes import Invitation, InvitationContact
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from survey_app.services.codes.invitations import code_of, hash_of, new_salt
from survey_app.services.operation.retention import CONTACTS, check_kept
from survey_app.services.plan.waves import hold
from survey_app.services.tables.sheets import Row, Sheet, plain

GROUP, UNIT, NAME, CONTACT = "group", "unit", "name", "contact"
TITLES: Final = {
    GROUP: ("group", "nhóm", "nhóm đối tượng"),
    UNIT: ("unit", "đơn vị", "mã đơn vị", "đơn vị công tác"),
    NAME: ("name", "họ tên", "họ và tên"),
    CONTACT: ("contact", "liên hệ", "thư điện tử", "email", "điện thoại"),
}
LONGEST: Final = {GROUP: 64, UNIT: 64, NAME: 200, CONTACT: 200}
SHOWN_TITLES: Final = {GROUP: "nhóm", UNIT: "mã đơn vị", NAME: "họ tên", CONTACT: "liên hệ"}
MAIL: Final = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
PHONE: Final = re.compile(r"\+?\d{9,15}")


@dataclass(frozen=True)
class LineProblem:
    """What is wrong with a line, as the spreadsheet numbers it."""

    row: int
    refusal: Refusal


@dataclass
class ListReport:
    """What became of a list: people added, people who stand in it already, and what is wrong.

    `stored` is False after a dry run and whenever anything is wrong: then nothing was stored.
    """

    file: str
    lines: int
    added: int = 0
    known: int = 0
    stored: bool = False
    problems: list[LineProblem] = field(default_factory=list)


@dataclass(frozen=True)
class Person:
    """One line of the list; `contact` is an e-mail address or the digits of a telephone."""

    row: int
    group: str
    unit_id: int | None
    name: str
    contact: str


def import_list(
    session: Session, wave: Wave, sheet: Sheet, now: datetime, secret: str | None
) -> ListReport:
    """Invite everybody on a sheet to a wave; without `secret` it is a dry run.

    Columns: group (nhóm), own unit code (mã đơn vị, may be empty), name (họ tên), contact (liên
    hệ: e-mail or telephone). Somebody who stands on the list already, in the same group and unit,
    is passed over, so a longer list may be imported again. Raises `Refusal` when the sheet as a
    whole cannot be read, and `Gone` when the contacts of the wave have been deleted.
    """
    check_kept(wave, CONTACTS, now)
    hold(session, wave)
    report = ListReport(sheet.name, len(sheet.rows))
    places = _places(sheet)
    sheet.require_values(places.values())
    units = _units(session, day_of(now))
    before = _people_of(session, wave)
    seen: dict[str, int] = {}
    new: list[Person] = []
    for row in sheet.rows:
        try:
            person = _person(row, places, units)
            if person.contact in seen:
                template = "Trùng liên hệ với dòng {row}. Mỗi người chỉ có một dòng."
                raise Refusal(template, row=seen[person.contact])
            seen[person.contact] = row.number
            if person.contact not in before:
                new.append(person)
            elif before[person.contact] == (person.group, person.unit_id):
                report.known += 1
            else:
                raise Refusal("Liên hệ này đã có trong đợt, nhưng ở nhóm hoặc đơn vị khác.")
        except Refusal as refusal:
            report.problems.append(LineProblem(row.number, refusal))
    report.added = len(new)
    if secret is not None and not report.problems:
        _store(session, wave, new, secret)
        report.stored = True
    return report


@dataclass(frozen=True)
class ListedPerson:
    """An invited person as staff see the list; it never says whether he or she has answered.

    `written` says whether a letter was sent, not how many: a reminder goes to those who have not
    answered. Name and contact are empty once their retention has ended.
    """

    id: int
    group: str
    unit: str | None
    name: str | None
    contact: str | None
    written: bool


@dataclass(frozen=True)
class ListCounts:
    """How many are invited, can be written to, by mail, and are still without a letter."""

    invited: int
    contacts: int
    mails: int
    unwritten: int


def list_of(session: Session, wave: Wave) -> list[ListedPerson]:
    """Everybody invited to a wave, in the order of the list."""
    query = (
        select(
            Invitation.id,
            Invitation.rater_group,
            Unit.name,
            InvitationContact.name,
            InvitationContact.address,
            Invitation.letters > 0,
        )
        .outerjoin(Unit, Unit.id == Invitation.own_unit_id)
        .outerjoin(InvitationContact, InvitationContact.invitation_id == Invitation.id)
        .where(Invitation.wave_id == wave.id)
        .order_by(Invitation.id)
    )
    return [ListedPerson(*row) for row in session.execute(query)]


def counts_of_list(people: Sequence[ListedPerson]) -> ListCounts:
    """The numbers above a list."""
    return ListCounts(
        invited=len(people),
        contacts=sum(person.contact is not None for person in people),
        mails=sum(is_mail(person.contact or "") for person in people),
        unwritten=sum(not person.written for person in people),
    )


def is_mail(contact: str) -> bool:
    """Say whether a contact is an e-mail address."""
    return MAIL.fullmatch(contact) is not None


def _store(session: Session, wave: Wave, people: Sequence[Person], secret: str) -> None:
    invitations = []
    for person in people:
        salt = new_salt()
        invitations.append(
            Invitation(
                wave_id=wave.id,
                rater_group=person.group,
                own_unit_id=person.unit_id,
                salt=salt,
                code_hash=hash_of(code_of(secret, salt)),
            )
        )
    session.add_all(invitations)
    session.flush()
    contacts = [
        {"invitation_id": made.id, "name": person.name, "address": person.contact}
        for made, person in zip(invitations, people, strict=True)
    ]
    if contacts:
        session.execute(insert(InvitationContact), contacts)


def _places(sheet: Sheet) -> dict[str, int]:
    titles = [title.casefold() for title in sheet.header]
    found: dict[str, int] = {}
    for name, known in TITLES.items():
        at = [place for place, title in enumerate(titles) if title in known]
        if len(at) != 1:
            template = "Tệp {file} cần đúng một cột «{column}»."
            raise Refusal(template, file=sheet.name, column=SHOWN_TITLES[name])
        found[name] = at[0]
    return found


def _units(session: Session, day: date) -> dict[str, int]:
    query = select(Unit.code, Unit.id).where(
        Unit.valid_from <= day, or_(Unit.valid_to.is_(None), Unit.valid_to > day)
    )
    return {row.code: row.id for row in session.execute(query)}


def _people_of(session: Session, wave: Wave) -> dict[str, tuple[str, int | None]]:
    query = (
        select(InvitationContact.address, Invitation.rater_group, Invitation.own_unit_id)
        .join(Invitation, Invitation.id == InvitationContact.invitation_id)
        .where(Invitation.wave_id == wave.id)
    )
    return {address: (group, unit) for address, group, unit in session.execute(query)}


def _person(row: Row, places: dict[str, int], units: dict[str, int]) -> Person:
    cells = {name: plain(row.cells[place]) for name, place in places.items()}
    for name, text in cells.items():
        if not text and name != UNIT:
            raise Refusal("Ô «{column}» để trống.", column=SHOWN_TITLES[name])
        if len(text) > LONGEST[name] or not text.isprintable():
            template = "Ô «{column}» quá dài hoặc có ký tự không đọc được."
            raise Refusal(template, column=SHOWN_TITLES[name])
    if cells[UNIT] and cells[UNIT] not in units:
        raise Refusal("Không có đơn vị mã «{unit}».", unit=cells[UNIT])
    return Person(
        row=row.number,
        group=cells[GROUP],
        unit_id=units.get(cells[UNIT]),
        name=cells[NAME],
        contact=_contact(cells[CONTACT]),
    )


def _contact(text: str) -> str:
    """An e-mail address in small letters, or a telephone number as digits."""
    if is_mail(text):
        return text.lower()
    signs = unicodedata.normalize("NFKC", text)
    digits = "".join(sign for sign in signs if sign not in " .-()")
    if PHONE.fullmatch(digits):
        return _national(digits)
    raise Refusal("Liên hệ phải là địa chỉ thư điện tử hoặc số điện thoại.")


def _national(digits: str) -> str:
    """A number of Viet Nam in its one spelling; spreadsheets drop the 0 in front."""
    found = re.fullmatch(r"(?:\+|00)?84([1-9]\d{8})|([1-9]\d{8})", digits)
    return f"0{found[1] or found[2]}" if found else digits
