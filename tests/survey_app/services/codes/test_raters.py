"""Who rates whom: never the own unit; and rates that tell of no small group."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.codes import InvitationTarget
from survey_app.models.waves import CollectionPoint, WavePoint
from survey_app.services.codes.invitation_lists import import_list
from survey_app.services.codes.raters import (
    Assigned,
    Rate,
    assign_targets,
    crossed,
    matrix_of,
    response_rates,
    save_matrix,
    shown_rates,
    told_by,
)
from tests.survey_app.factories import COUNTER, NOW, make_form, make_unit, make_wave
from tests.survey_app.invitation_factories import answer, codes_of, people_of, sheet_of
from tests.survey_app.services.two_writers import one_after_the_other
from tests.survey_app.web.citizen_door import SECRET


def invite(session, wave, groups, unit=""):
    report = import_list(session, wave, sheet_of(people_of(groups, unit)), NOW, SECRET)
    assert report.stored


def targets(session):
    query = select(InvitationTarget.invitation_id, InvitationTarget.unit_id)
    return set(session.execute(query.order_by(InvitationTarget.invitation_id)).all())


@pytest.fixture
def scene(database):
    """Two departments and a ward below the first; people of the first department."""
    with database.writing() as session:
        first, second = make_unit(session, code="S1"), make_unit(session, code="S2")
        below = make_unit(session, code="P1", parent_id=first.id)
        wave = make_wave(session)
        make_form(session, wave)
        invite(session, wave, {"A": 2}, "S1")
        return wave, [first, second, below]


def test_nobody_rates_the_own_unit_but_everybody_its_neighbours(database, scene):
    wave, units = scene
    with database.writing() as session:
        wave = session.merge(wave)
        save_matrix(session, wave, {("A", unit.id) for unit in units})
        assert assign_targets(session, wave, COUNTER) == Assigned(added=4, removed=0, idle=0)
        assert {unit for _, unit in targets(session)} == {units[1].id, units[2].id}


def test_assigning_again_follows_the_matrix_and_keeps_what_was_used(database, scene):
    wave, (_, second, below) = scene
    with database.writing() as session:
        wave = session.merge(wave)
        save_matrix(session, wave, {("A", second.id)})
        assign_targets(session, wave, COUNTER)
        answer(session, codes_of(session, wave)[0], second)
        invite(session, wave, {"A": 0, "B": 1})
        save_matrix(session, wave, {("A", below.id), ("B", second.id)})

        # A's unused target of the second unit goes, the used one stays; B's is new.
        assert assign_targets(session, wave, COUNTER) == Assigned(added=3, removed=1, idle=0)
        assert assign_targets(session, wave, COUNTER) == Assigned(0, 0, 0)
        used = select(func.count()).select_from(InvitationTarget).where(InvitationTarget.used)
        assert session.scalar(used) == 1


def test_each_unit_gets_one_point_for_the_invited(database, scene):
    wave, (_, second, below) = scene
    with database.writing() as session:
        wave = session.merge(wave)
        save_matrix(session, wave, {("A", second.id), ("A", below.id)})
        assign_targets(session, wave, COUNTER)
        assign_targets(session, wave, COUNTER)
        points = session.scalars(select(CollectionPoint)).all()

    assert sorted(point.unit_id for point in points) == sorted([second.id, below.id])
    assert all(point.by_code for point in points)
    assert {point.name for point in points} == {"Thư mời khảo sát"}


def test_the_form_may_change_until_the_first_one_was_sent(database, scene):
    wave, (_, second, _) = scene
    other = "par-officials/2022"
    with database.writing() as session:
        wave = session.merge(wave)
        save_matrix(session, wave, {("A", second.id)})
        with pytest.raises(NotFound):
            assign_targets(session, wave, other)
        make_form(session, wave, other)
        assign_targets(session, wave, other)
        assert session.scalars(select(WavePoint.questionnaire)).one() == "par-officials"
        assign_targets(session, wave, COUNTER)
        answer(session, codes_of(session, wave)[0], second)
        with pytest.raises(Refusal):
            assign_targets(session, wave, other)


def test_people_who_rate_no_unit_are_counted(database, scene):
    wave, (first, _, _) = scene
    with database.writing() as session:
        wave = session.merge(wave)
        save_matrix(session, wave, {("A", first.id)})
        assert assign_targets(session, wave, COUNTER) == Assigned(0, 0, idle=2)


def test_a_group_stands_in_the_matrix_as_soon_as_somebody_is_invited(database, scene):
    wave, units = scene
    with database.reading() as session:
        found = matrix_of(session, wave)

    assert found.groups == ("A",)
    assert {unit.id for unit in found.units} == {unit.id for unit in units}
    assert found.chosen == frozenset()


# Rates


def rows(*names):
    return [Rate(tuple(one), frozenset(range(10)), 10, 0) for one in names]


def of_group(cells, group):
    return {cell for cell in cells if cell[0] == group}


def test_rows_by_unit_tell_a_group_that_alone_rates_a_unit():
    cells = {("A", "x"), ("B", "x"), ("C", "y")}
    groups = rows("AC", "B")

    assert told_by(crossed(cells, groups, rows("x", "y")), of_group(cells, "A"))
    assert not told_by(crossed(cells, groups, rows("xy")), of_group(cells, "A"))


@given(
    st.sets(st.tuples(st.sampled_from("ABC"), st.sampled_from("wxyz")), min_size=1),
    st.sampled_from([("A", "B", "C"), ("AB", "C"), ("ABC",)]),
    st.sampled_from([("w", "x", "y", "z"), ("wx", "yz"), ("wxyz",)]),
)
def test_what_is_told_is_told_for_every_table_with_the_same_rows(cells, groups, units):
    """Two tables that differ in the secret group, with the same rows, show that it is not told."""
    if told_by(crossed(cells, rows(*groups), rows(*units)), of_group(cells, "A")):
        return
    listed = sorted(cells)
    seen = {}
    for counts in itertools.product(range(4), repeat=len(listed)) if len(listed) < 6 else ():
        table = dict(zip(listed, counts, strict=True))
        key = tuple(sum(n for (g, _), n in table.items() if g in names) for names in groups)
        key += tuple(sum(n for (_, u), n in table.items() if u in names) for names in units)
        seen.setdefault(key, set()).add(sum(n for (g, _), n in table.items() if g == "A"))
    assert not seen or any(len(secret) > 1 for secret in seen.values())


SIZES = st.lists(st.sampled_from([1, 3, 5, 8, 12, 20, 30]), min_size=1, max_size=5)


@st.composite
def targets_of_a_wave(draw):
    """Targets (group, unit, person, used) of groups that rate some units, never the own one."""
    found, who = [], itertools.count()
    for group, size in enumerate(draw(SIZES)):
        units = sorted(draw(st.sets(st.integers(0, 5), min_size=1)))
        own = draw(st.sampled_from([[None], [0], [None, 1], [0, 1, 2, 3, 4, 5]]))
        for k in range(size):
            person = next(who)
            rated = [unit for unit in units if unit != own[k % len(own)]]
            found += [(f"g{group}", f"u{unit}", person, k % 2 == 0) for unit in rated]
    return found


@settings(max_examples=300)
@given(targets_of_a_wave())
def test_no_sums_and_differences_of_what_is_shown_tell_of_fewer_than_ten(found):
    whole, groups, units = shown_rates(found)
    cells = sorted({(group, unit) for group, unit, _, _ in found})
    shown = [[1] * len(cells)] if whole else []
    shown += [[group in row.names for group, _ in cells] for row in groups or ()]
    shown += [[unit in row.names for _, unit in cells] for row in units or ()]
    told = [row for row in (whole, *(groups or ()), *(units or ())) if row]

    assert all(row.people >= 10 for row in told)
    assert all(len({who for g, u, who, _ in found if of(row, g, u)}) >= 10 for row in told)
    secrets = [
        *(lambda g, _u, name=name: g == name for name in {g for g, _ in cells}),
        *(lambda _g, u, name=name: u == name for name in {u for _, u in cells}),
        *(lambda g, u, name=name: (g, u) == name for name in cells),
    ]
    for secret in secrets if shown else ():
        few = len({who for g, u, who, _ in found if secret(g, u)}) < 10
        counted = np.array([secret(*cell) for cell in cells], float)
        assert not (few and is_sum_of(np.array(shown, float), counted))


def of(row, group, unit):
    """Say whether a row counts a group's rating of a unit; that of the whole has no name."""
    return row.names == ("",) or group in row.names or unit in row.names


def is_sum_of(shown, counted):
    """Say whether a count is made of multiples of rows that are shown."""
    times, *_ = np.linalg.lstsq(shown.T, counted, rcond=None)
    return np.abs(shown.T @ times - counted).max() < 1e-9


@pytest.mark.parametrize(
    ("cells", "is_shown"),
    [
        ([("A", "x"), ("A", "y"), ("B", "x"), ("D", "z"), ("C", "x"), ("C", "y")], True),
        # The small unit y, rated by C alone, is what y and z have without what the group D has.
        ([("A", "x"), ("B", "x"), ("D", "z"), ("C", "x"), ("C", "y")], False),
        # C is what y and z have together, without what the group D has.
        ([("A", "x"), ("B", "x"), ("D", "z"), ("C", "y")], False),
    ],
)
def test_a_small_group_hides_the_rows_by_unit_that_would_tell_it(database, cells, is_shown):
    with database.writing() as session:
        units = {name: make_unit(session) for name in "xyz"}
        wave = make_wave(session)
        make_form(session, wave)
        invite(session, wave, {"A": 12, "B": 30, "C": 3, "D": 14})
        save_matrix(session, wave, {(group, units[unit].id) for group, unit in cells})
        assign_targets(session, wave, COUNTER)
        answer(session, codes_of(session, wave)[0], units["x"])
        rates = response_rates(session, wave)

    assert rates.whole.sent == 1
    assert [row.names for row in rates.groups] == [("B",), ("D",), ("A", "C")]
    assert (rates.units is not None) == is_shown


def test_units_of_one_name_are_told_apart(database):
    with database.writing() as session:
        units = [make_unit(session, name="Ủy ban nhân dân xã Tân Hưng") for _ in range(2)]
        wave = make_wave(session)
        make_form(session, wave)
        invite(session, wave, {"A": 10, "B": 12})
        save_matrix(session, wave, {("A", units[0].id), ("B", units[1].id)})
        assign_targets(session, wave, COUNTER)
        rates = response_rates(session, wave)

    assert {row.names for row in rates.units} == {(units[0].name,)}
    assert [(row.people, row.asked, row.sent) for row in rates.units] == [(10, 10, 0), (12, 12, 0)]


def test_two_windows_that_assign_at_the_same_moment_agree(database, scene):
    wave, units = scene
    with database.writing() as session:
        save_matrix(session, session.merge(wave), {("A", units[1].id)})

    def assign(session):
        return assign_targets(session, session.merge(wave), COUNTER)

    first, second = one_after_the_other(database, assign, assign)

    assert (first.added, second.added) == (2, 0)


@pytest.mark.parametrize("n", [1, 3])
def test_a_wave_of_few_people_shows_nothing(database, n):
    with database.writing() as session:
        units, wave = [make_unit(session) for _ in range(n)], make_wave(session)
        make_form(session, wave)
        invite(session, wave, {"A": 4})
        save_matrix(session, wave, {("A", unit.id) for unit in units})
        assign_targets(session, wave, COUNTER)
        rates = response_rates(session, wave)

    assert (rates.whole, rates.groups, rates.units) == (None, None, None)
