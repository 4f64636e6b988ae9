"""Invited officials for the tests: people in groups, the units they rate, and their answers."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from survey_app.models.codes import Invitation
from survey_app.models.units import Unit
from survey_app.models.waves import Wave
from survey_app.services.codes.invitation_lists import import_list
from survey_app.services.codes.invitations import code_of, invited_door, spend
from survey_app.services.codes.raters import assign_targets, save_matrix
from survey_app.services.door.drafts import find_draft, save_answers, start_draft
from survey_app.services.tables.sheets import read_sheet
from tests.survey_app.factories import COUNTER, NOW, catalogue, make_form, make_wave
from tests.survey_app.web.citizen_door import SECRET

FILLED = {
    "access": "4",
    "procedure_clear": "4",
    "staff": "5",
    "result": "4",
    "feedback": "3",
    "trips": "2",
    "overall": "4",
}


@dataclass
class Officials:
    """A wave with invited people: their codes in the order of the list, and the units they rate."""

    wave: Wave
    units: list[Unit]
    codes: list[str]


def sheet_of(people: list[tuple[str, str, str, str]], name: str = "danh-sach.csv") -> Any:
    """A list of people (group, unit, name, contact) as a sheet."""
    lines = ["nhóm;mã đơn vị;họ tên;liên hệ", *(";".join(person) for person in people)]
    return read_sheet("\n".join(lines).encode(), name)


def people_of(groups: dict[str, int], unit: str = "") -> list[tuple[str, str, str, str]]:
    """So many invented people of each group, all of one unit."""
    return [
        (group, unit, f"Người {letter} {k}", f"p{letter}{k}@example.vn")
        for letter, (group, n) in zip("abcdefgh", groups.items(), strict=False)
        for k in range(n)
    ]


def make_officials(
    session: Session, groups: dict[str, int], units: list[Unit], form: str = COUNTER, **changes: Any
) -> Officials:
    """Invite people to a new wave, everybody to rate every unit."""
    wave = make_wave(session, **changes)
    report = import_list(session, wave, sheet_of(people_of(groups)), NOW, SECRET)
    assert report.stored, report
    save_matrix(session, wave, {(group, unit.id) for group in groups for unit in units})
    make_form(session, wave, form)
    assign_targets(session, wave, form)
    return Officials(wave, units, codes_of(session, wave))


def codes_of(session: Session, wave: Wave) -> list[str]:
    """The codes of all invited people in the order of the list."""
    found = session.query(Invitation).filter_by(wave_id=wave.id).order_by(Invitation.id)
    return [code_of(SECRET, invitation.salt) for invitation in found]


def answer(session: Session, code: str, unit: Unit, **answers: str) -> None:
    """Fill in and send the form of one person about one unit."""
    door = invited_door(session, code, unit.code, NOW)
    draft = find_draft(session, start_draft(session, door, "vi", NOW), door, NOW)
    assert draft
    save_answers(draft, FILLED | answers, 0, NOW)
    spend(session, (code, unit.code), draft, catalogue())
