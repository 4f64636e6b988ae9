"""Orders of codes: what is taken, what a code says, and what stays in the database."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app.errors import Gone, NotFound
from survey_app.models.accounts import AuditEntry
from survey_app.models.codes import DossierCode
from survey_app.services.codes.code_orders import (
    MOST,
    CodeRequest,
    SheetOrder,
    code_choices,
    issue_codes,
    issue_sheet,
    read_requests,
)
from survey_app.services.codes.dossier_codes import CODE_LENGTH, hash_of
from survey_app.services.codes.dossier_labels import THRESHOLD
from survey_app.services.door.submissions import ALPHABET
from tests.survey_app.code_factories import make_counted, make_field
from tests.survey_app.factories import NOW, make_unit, make_wave


def rows(session):
    return session.scalars(select(DossierCode)).all()


def test_each_dossier_gets_a_code_of_its_own_and_only_hashes_are_stored(session):
    counted = make_counted(session, land=100)
    requests = [CodeRequest(counted.unit.code, "dat-dai", "2026-11")] * 40

    codes = issue_codes(session, counted.wave.code, requests, NOW)

    assert len(set(codes)) == 40
    assert all(re.fullmatch(rf"[{ALPHABET}]{{{CODE_LENGTH}}}", code) for code in codes)
    assert {row.code_hash for row in rows(session)} == {hash_of(code) for code in codes}
    labels = {(r.wave_id, r.unit_id, r.procedure_id, r.month, r.used) for r in rows(session)}
    assert labels == {(counted.wave.id, counted.unit.id, counted.field.id, "2026-11", False)}


def test_a_code_says_less_where_there_were_few_dossiers_and_nothing_where_it_would_be_a_name(
    session,
):
    counted = make_counted(session, land=20, birth=15)
    alone = make_unit(session)
    requests = [
        CodeRequest(counted.unit.code, "dat-dai"),
        CodeRequest(alone.code),
        CodeRequest(counted.unit.code),
    ]

    first, second, third = issue_codes(session, counted.wave.code, requests, NOW)

    assert second is None
    for code in (first, third):
        row = session.get_one(DossierCode, hash_of(code))
        assert (row.unit_id, row.procedure_id) == (counted.unit.id, None)


def test_units_with_few_dossiers_are_pooled_under_the_unit_above(session):
    parent = make_unit(session, name="Tỉnh")
    first = make_counted(session, land=20, parent=parent)
    second = make_counted(session, land=20, parent=parent)
    requests = [CodeRequest(first.unit.code, "dat-dai"), CodeRequest(second.unit.code)]

    issue_codes(session, first.wave.code, requests, NOW)

    assert {(row.unit_id, row.procedure_id) for row in rows(session)} == {(parent.id, None)}


def test_rows_do_not_stand_in_the_order_of_the_dossiers(session):
    counted = make_counted(session, land=100)
    requests = [CodeRequest(counted.unit.code)] * 60

    codes = issue_codes(session, counted.wave.code, requests, NOW)

    physical = "ctid" if session.get_bind().dialect.name == "postgresql" else "rowid"
    stored = session.connection().exec_driver_sql(
        f"SELECT code_hash FROM dossier_code ORDER BY {physical}"
    )
    assert [row[0] for row in stored] == sorted(hash_of(code) for code in codes)


def test_a_procedure_is_taken_for_its_field(session):
    counted = make_counted(session, land=100)
    make_field(session, "1.001", parent=counted.field)

    issue_codes(session, counted.wave.code, [CodeRequest(counted.unit.code, "1.001")], NOW)

    assert rows(session)[0].procedure_id == counted.field.id


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"unit": "X", "dossier": "H17.2"}, "dossier"),
        ({"unit": "X", "name": "…"}, "name"),
        ({"unit": "X", 5: "y"}, "5"),
        ({"field": "dat-dai"}, "unit"),
        ({"unit": ""}, "unit"),
        ({"unit": 7}, "unit"),
        ({"unit": "X", "month": 11}, "month"),
        ({"unit": "X", "field": "y" * 65}, "field"),
        ("X", "JSON"),
    ],
)
def test_nothing_of_the_dossier_or_the_person_is_taken(item, told):
    with pytest.raises(Refusal, match=told):
        read_requests([{"unit": "X1"}, item])


def test_what_is_asked_for_is_read():
    found = read_requests([{"unit": "X1", "field": None}, {"unit": "X2", "month": "2026-11"}])

    assert found == [CodeRequest("X1"), CodeRequest("X2", None, "2026-11")]
    with pytest.raises(Refusal):
        read_requests({"unit": "X"})


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "none"},
        {"field": "none"},
        {"month": "2026-13"},
        {"month": "11/2026"},
        {"month": "2026-09"},
        {"month": "2027-01"},
    ],
)
def test_what_is_not_known_is_refused_and_leaves_nothing(session, change):
    counted = make_counted(session, land=100)
    good = CodeRequest(counted.unit.code)
    bad = CodeRequest(**{"unit": counted.unit.code} | change)

    with pytest.raises(Refusal):
        issue_codes(session, counted.wave.code, [good, bad], NOW)
    assert rows(session) == []


@pytest.mark.parametrize("month", ["2026-10", "2026-11", "2026-12"])
def test_codes_are_made_for_this_month_the_last_and_the_next(session, month):
    counted = make_counted(session, land=100)

    issue_codes(session, counted.wave.code, [CodeRequest(counted.unit.code, month=month)], NOW)

    assert [row.month for row in rows(session)] == [month]


def test_a_wave_that_is_closed_or_unknown_gives_no_codes(session):
    counted = make_counted(session, land=100)
    counted.wave.closed_at = NOW - timedelta(hours=1)

    with pytest.raises(Gone):
        issue_codes(session, counted.wave.code, [CodeRequest(counted.unit.code)], NOW)
    with pytest.raises(NotFound):
        issue_codes(session, "none", [CodeRequest(counted.unit.code)], NOW)


def test_a_wave_that_forgets_its_codes_gives_no_more(session):
    counted = make_counted(session, land=50, contacts_until=(NOW - timedelta(days=1)).date())

    with pytest.raises(Gone):
        issue_codes(session, counted.wave.code, [CodeRequest(counted.unit.code)], NOW)


def test_a_unit_that_was_dissolved_gives_no_codes(session):
    counted = make_counted(session, land=100)
    counted.unit.valid_to = date(2026, 11, 1)

    with pytest.raises(Refusal, match="hoạt động"):
        issue_codes(session, counted.wave.code, [CodeRequest(counted.unit.code)], NOW)


def test_a_wave_without_a_form_gives_no_codes(session):
    counted = make_counted(session, land=100)
    bare = make_wave(session)

    with pytest.raises(Refusal, match=bare.code):
        issue_codes(session, bare.code, [CodeRequest(counted.unit.code)], NOW)


def order(counted, count=THRESHOLD, **changes):
    return SheetOrder(counted.wave.code, CodeRequest(counted.unit.code, **changes), count, None)


def test_a_sheet_holds_as_many_codes_as_ordered_and_is_recorded_without_them(session):
    counted = make_counted(session, land=100)

    sheet = issue_sheet(session, order(counted, 35, field="dat-dai"), NOW)

    assert (len(sheet.codes), sheet.unit_name) == (35, counted.unit.name)
    assert (sheet.field_name, sheet.month) == (counted.field.name, "2026-11")
    (entry,) = session.scalars(select(AuditEntry)).all()
    assert entry.action == "dossier_codes_printed"
    assert not any(code in f"{entry.subject}{entry.detail}" for code in sheet.codes)


@pytest.mark.parametrize("count", [0, THRESHOLD - 1, MOST + 1])
def test_a_sheet_of_too_few_or_too_many_is_refused(session, count):
    with pytest.raises(Refusal, match="30"):
        issue_sheet(session, order(make_counted(session, land=100), count), NOW)


def test_a_sheet_for_a_unit_with_few_dossiers_is_refused_with_the_reason(session):
    with pytest.raises(Refusal, match="dưới 30 hồ sơ"):
        issue_sheet(session, order(make_counted(session, land=5)), NOW)
    assert session.scalar(select(func.count()).select_from(DossierCode)) == 0


def test_an_administrator_chooses_among_units_of_the_wave_fields_and_three_months(session):
    counted = make_counted(session, land=100)
    make_field(session, "1.001", parent=counted.field)

    choices = code_choices(session, counted.wave.code, NOW)

    assert choices.units == ((counted.unit.code, counted.unit.name),)
    assert {code for code, _name in choices.fields} == {"dat-dai", "ho-tich"}
    assert choices.months == ("2026-11", "2026-12", "2026-10")
