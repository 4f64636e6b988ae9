"""A label hides a dossier among at least thirty, and a large sibling hides no small one."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey_app.models.codes import DossierCount
from survey_app.models.waves import Procedure
from survey_app.services.codes.dossier_labels import THRESHOLD, Label, Labels, labels_of, last_month
from tests.survey_app.factories import NOW, make_point, make_unit

PROVINCE, WARD, COMMUNE = 1, 2, 3
LAND, BIRTH, TRADE = 10, 11, 12
PARENTS = {PROVINCE: None, WARD: PROVINCE, COMMUNE: PROVINCE}
ENOUGH, FEW = THRESHOLD, THRESHOLD - 1


def label(counts, unit, field=None):
    return Labels(counts, PARENTS).of(unit, field)


def test_a_field_with_enough_dossiers_stands_on_the_code():
    assert label({WARD: {LAND: ENOUGH}}, WARD, LAND) == Label(WARD, LAND)


def test_fields_with_few_are_pooled_under_their_unit_when_together_they_are_enough():
    counts = {WARD: {LAND: ENOUGH, BIRTH: 20, TRADE: 10}}

    assert label(counts, WARD, BIRTH) == Label(WARD, None)
    assert label(counts, WARD, TRADE) == Label(WARD, None)
    assert label(counts, WARD, LAND) == Label(WARD, LAND)


def test_a_large_field_hides_no_small_one():
    """Codes of the large field carry it, so under the unit alone only the small one would stand."""
    counts = {WARD: {LAND: 1000, BIRTH: 3}}

    assert label(counts, WARD, BIRTH) is None


def test_what_is_too_few_in_a_unit_is_pooled_with_what_its_siblings_have_left():
    counts = {WARD: {BIRTH: 20}, COMMUNE: {BIRTH: 10}}

    assert label(counts, WARD, BIRTH) == label(counts, COMMUNE, BIRTH) == Label(PROVINCE, None)


def test_a_large_sibling_hides_no_small_unit():
    counts = {WARD: {BIRTH: 20}, COMMUNE: {BIRTH: 1000}}

    assert label(counts, WARD, BIRTH) is None


def test_a_dossier_without_a_field_counts_for_the_whole_unit():
    counts = {WARD: {LAND: 20, None: 10}}

    assert label(counts, WARD) == Label(WARD, None)
    assert label({WARD: {LAND: FEW}}, WARD) is None


def test_a_month_without_records_counts_as_too_few():
    assert label({}, WARD, LAND) is None
    assert label({}, WARD) is None


COUNTS = st.dictionaries(
    st.sampled_from([PROVINCE, WARD, COMMUNE]),
    st.dictionaries(st.sampled_from([LAND, BIRTH, TRADE]), st.integers(0, 60)),
)


@given(COUNTS)
def test_every_label_that_is_given_is_shared_by_enough_dossiers(counts):
    """Each dossier of the month asks for its label: no label is given to fewer than thirty."""
    labels, shared = Labels(counts, PARENTS), {}
    for unit, fields in counts.items():
        for field, n in fields.items():
            found = labels.of(unit, field)
            if found is not None and n:
                shared[found] = shared.get(found, 0) + n

    assert [n for n in shared.values() if n < THRESHOLD] == []


def count(session, point, unit, day, field, n):
    session.add(DossierCount(point_id=point.id, day=day, unit_id=unit.id, field=field, returned=n))
    session.flush()


def test_the_last_full_month_is_counted_over_all_counters_and_procedures_of_a_field(session):
    unit = make_unit(session)
    first, second = make_point(session, unit=unit), make_point(session, unit=unit)
    land = Procedure(code="dat-dai", name="Đất đai")
    session.add(land)
    session.flush()
    session.add(Procedure(code="1.001", name="Cấp sổ", parent_id=land.id))
    session.flush()
    count(session, first, unit, date(2026, 10, 1), "dat-dai", 10)
    count(session, second, unit, date(2026, 10, 31), "1.001", ENOUGH - 10)

    assert labels_of(session, NOW).of(unit.id, land.id) == Label(unit.id, land.id)


def test_the_running_month_and_those_before_the_last_are_not_counted(session):
    unit = make_unit(session)
    point = make_point(session, unit=unit)
    for day in (date(2026, 9, 30), date(2026, 11, 1), date(2026, 11, 19)):
        count(session, point, unit, day, "", 1000)

    assert labels_of(session, NOW).of(unit.id, None) is None
    assert labels_of(session, NOW + timedelta(days=20)).of(unit.id, None) == Label(unit.id, None)


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        ("2026-11-20T03:00:00+00:00", date(2026, 10, 1)),
        ("2026-10-31T18:00:00+00:00", date(2026, 10, 1)),  # in Viet Nam November has begun
        ("2026-10-31T16:00:00+00:00", date(2026, 9, 1)),
        ("2027-01-01T03:00:00+00:00", date(2026, 12, 1)),
    ],
)
def test_months_are_those_of_viet_nam(moment, first):
    assert last_month(datetime.fromisoformat(moment))[0] == first
