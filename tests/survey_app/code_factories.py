"""Waves with dossiers of the month before, for which codes can be made."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from survey_app.models.codes import DossierCount
from survey_app.models.units import Unit
from survey_app.models.waves import Procedure, Wave
from survey_app.services.codes.code_orders import CodeRequest, issue_codes
from tests.survey_app.factories import NOW, make_point, make_unit, make_wave

LAST_MONTH = date(NOW.year, NOW.month - 1, 15)
FIELDS = {"dat-dai": "Đất đai", "ho-tich": "Hộ tịch"}


@dataclass
class Counted:
    """A wave, a unit of which dossiers were counted, and the field of the first of them."""

    wave: Wave
    unit: Unit
    field: Procedure


def make_field(session, code, parent=None):
    """A field, or a procedure of one."""
    found = session.scalar(select(Procedure).where(Procedure.code == code))
    if found is None:
        name = FIELDS.get(code, code)
        found = Procedure(code=code, name=name, parent_id=parent.id if parent else None)
        session.add(found)
        session.flush()
    return found


def make_counted(session, land=0, birth=0, parent=None, **wave):
    """A unit that returned dossiers on land and on births last month, in a wave of its own."""
    fields = [make_field(session, code) for code in FIELDS]
    unit = make_unit(session, parent_id=parent.id if parent else None)
    found = make_wave(session, **wave)
    point = make_point(session, found, unit)
    for field, n in zip(fields, (land, birth), strict=True):
        named = {"point_id": point.id, "day": LAST_MONTH, "unit_id": unit.id}
        session.add(DossierCount(**named, field=field.code, returned=n))
    session.flush()
    return Counted(found, unit, fields[0])


def make_codes(session, counted, n=1, field="dat-dai"):
    """Codes for dossiers of the unit."""
    request = CodeRequest(counted.unit.code, field)
    return issue_codes(session, counted.wave.code, [request] * n, NOW)
