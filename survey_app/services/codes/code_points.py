"""Where answers by one-time codes come in: points apart from counters, one for each kind of code.

All are `by_code`, so no link leads to them and no device sends to them. The point of codes on
receipts of dossiers has a code made of the unit (`OF_RECEIPTS`); one of invited officials is any
other: of a unit in a wave there may be one of each, and they ask different forms. At a third kind
(`OF_MIXED`) nobody answers: there stand answers that are so few about their units that they are
kept without them, under a unit that is none and never was.
"""

from datetime import date, timedelta
from secrets import token_hex
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from questionnaires.refusal import Refusal
from survey_app.models.units import Unit
from survey_app.models.waves import CollectionPoint, Wave, WaveForm, WavePoint, WaveUnit
from survey_app.services.plan.waves import add_point

OF_RECEIPTS: Final = "H"  # hồ sơ; with the id of the unit it is the code of a point
OF_MIXED: Final = "G"  # gộp; begins the code of a point
MIXED_UNIT: Final = "*"  # the code of the unit that is none
MIXED_NAME: Final = "Các đơn vị có ít phiếu, gộp chung"
LONG_AGO: Final = date(1945, 9, 2)  # existed for a day, so no list of today's units has it
RECEIPTS_NAME: Final = "Mã trên giấy biên nhận hồ sơ"
INVITATIONS_NAME: Final = "Thư mời khảo sát"


def takes_invitations() -> ColumnElement[bool]:
    """The condition that a collection point is one of invited officials."""
    others = (CollectionPoint.code.startswith(kind) for kind in (OF_RECEIPTS, OF_MIXED))
    return and_(CollectionPoint.by_code, *(~other for other in others))


def invitation_point(session: Session, wave_id: int, unit_id: int) -> WavePoint | None:
    """Where the answers of invited officials about a unit come in; None before any is assigned."""
    query = _assigned(wave_id).where(CollectionPoint.unit_id == unit_id, takes_invitations())
    return session.scalar(query)


def add_invitation_point(session: Session, wave: Wave, unit_id: int, form: WaveForm) -> None:
    """Let a unit have its point for invited officials, which asks this form."""
    point = add_point(session, wave, session.get_one(Unit, unit_id), INVITATIONS_NAME, form)
    point.by_code = True
    session.flush()


def receipt_point(session: Session, wave_id: int, unit_id: int) -> WavePoint | None:
    """Where the answers by codes on receipts about a unit come in; None before the first code."""
    return session.scalar(_assigned(wave_id).where(CollectionPoint.code == _receipt_code(unit_id)))


def ensure_receipt_point(session: Session, wave: Wave, unit_id: int) -> None:
    """Let a unit have its point for codes on receipts: no counter, so no counter's rate is bent.

    The unit stays locked to the end of the transaction, so that of two orders at the same moment
    one makes the point.
    """
    session.get_one(Unit, unit_id, with_for_update={"key_share": True})
    code = _receipt_code(unit_id)
    point = session.scalar(select(CollectionPoint).where(CollectionPoint.code == code))
    if point is None:
        point = CollectionPoint(code=code, name=RECEIPTS_NAME, unit_id=unit_id, by_code=True)
        session.add(point)
        session.flush()
    if session.get(WavePoint, (wave.id, point.id)) is None:
        form = _counters_form(session, wave)
        named = {"questionnaire": form.questionnaire, "version": form.version}
        session.add(WavePoint(wave_id=wave.id, point_id=point.id, **named))
    if session.get(WaveUnit, (wave.id, unit_id)) is None:
        session.add(WaveUnit(wave_id=wave.id, unit_id=unit_id))
    session.flush()


def ensure_mixed_point(session: Session, wave_id: int, questionnaire: str, version: str) -> str:
    """The code of the point for answers to a form of a wave that are kept without their units."""
    here = _assigned(wave_id).where(
        CollectionPoint.code.startswith(OF_MIXED), WavePoint.questionnaire == questionnaire
    )
    assigned = session.scalar(here)
    if assigned is not None:
        return session.get_one(CollectionPoint, assigned.point_id).code
    unit = _mixed_unit(session)
    point = CollectionPoint(
        code=f"{OF_MIXED}{token_hex(8)}", name=MIXED_NAME, unit_id=unit.id, by_code=True
    )
    session.add(point)
    session.flush()
    named = {"questionnaire": questionnaire, "version": version}
    session.add(WavePoint(wave_id=wave_id, point_id=point.id, **named))
    session.flush()
    return point.code


def _mixed_unit(session: Session) -> Unit:
    found = session.scalar(select(Unit).where(Unit.code == MIXED_UNIT))
    if found is None:
        found = Unit(code=MIXED_UNIT, name=MIXED_NAME, level=MIXED_UNIT, valid_from=LONG_AGO)
        found.valid_to = LONG_AGO + timedelta(days=1)
        session.add(found)
        session.flush()
    return found


def _assigned(wave_id: int) -> Select[WavePoint]:
    query = select(WavePoint).join(CollectionPoint, CollectionPoint.id == WavePoint.point_id)
    return query.where(WavePoint.wave_id == wave_id)


def _receipt_code(unit_id: int) -> str:
    return f"{OF_RECEIPTS}{unit_id:05d}"


def _counters_form(session: Session, wave: Wave) -> WaveForm:
    """The form that most counters of the wave ask, since a code is one more way to it.

    Without a counter it is one that no invited official is asked.
    """
    forms = {(form.questionnaire, form.version): form for form in wave.forms}
    used = session.execute(
        select(WavePoint.questionnaire, WavePoint.version, CollectionPoint.by_code)
        .join(CollectionPoint, CollectionPoint.id == WavePoint.point_id)
        .where(WavePoint.wave_id == wave.id, ~CollectionPoint.code.startswith(OF_RECEIPTS))
    ).all()
    names = sorted(
        forms, key=lambda name: (-used.count((*name, False)), used.count((*name, True)), name)
    )
    if not names:
        raise Refusal("Đợt khảo sát «{wave}» chưa có phiếu nào.", wave=wave.code)
    return forms[names[0]]
