"""Who rates whom: never the own unit; and rates that tell of no small group."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.codes import InvitationTarget
from survey_app.models.waves import CollectionPoint, WavePoint
from survey_app.services.invitation_lists import import_list
from survey_app.services.raters import (
    Assigned,
    Rate,
    assign_targets,
    matrix_of,
    pooled,
    response_rates,
    save_matrix,
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


def rate(name, people, sent=0):
    return Rate((name,), people, people, sent)


def test_large_groups_are_shown_one_by_one():
    assert pooled([rate("B", 30, 7), rate("A", 10, 3)]) == (rate("A", 10, 3), rate("B", 30, 7))


def test_small_groups_are_shown_together():
    assert pooled([rate("A", 6, 1), rate("B", 5, 2), rate("C", 40, 9)]) == (
        rate("C", 40, 9),
        Rate(("A", "B"), 11, 11, 3),
    )


def test_one_small_group_takes_the_smallest_large_one_with_it():
    assert pooled([rate("A", 6, 1), rate("B", 20, 2), rate("C", 40, 9)]) == (
        rate("C", 40, 9),
        Rate(("A", "B"), 26, 26, 3),
    )


def test_a_small_group_that_is_all_there_is_is_not_shown():
    assert pooled([rate("A", 6)]) is None
    assert pooled([rate("A", 4), rate("B", 3)]) is None


@given(st.lists(st.integers(1, 30), max_size=8))
def test_no_row_is_small_and_no_small_group_is_the_rest(sizes):
    rates = [rate(f"{k:02}", n) for k, n in enumerate(sizes)]
    shown = pooled(rates)
    small = {one.names[0] for one in rates if one.people < 10}

    if shown is not None:
        assert sum(row.people for row in shown) == sum(sizes)
        assert all(row.people >= 10 for row in shown)
        assert not any(len(row.names) == 1 and row.names[0] in small for row in shown)


def rows(*names):
    return [Rate(tuple(one), 10, 10, 0) for one in names]


def test_rows_by_unit_tell_a_group_that_alone_rates_a_unit():
    cells = {("A", "x"), ("B", "x"), ("C", "y")}
    groups = rows("AC", "B")

    assert told_by(cells, groups, rows("x", "y"), "A")
    assert not told_by(cells, groups, rows("xy"), "A")


@given(
    st.sets(st.tuples(st.sampled_from("ABC"), st.sampled_from("wxyz")), min_size=1),
    st.sampled_from([("A", "B", "C"), ("AB", "C"), ("ABC",)]),
    st.sampled_from([("w", "x", "y", "z"), ("wx", "yz"), ("wxyz",)]),
)
def test_what_is_told_is_told_for_every_table_with_the_same_rows(cells, groups, units):
    """Two tables that differ in the secret group, with the same rows, show that it is not told."""
    if told_by(cells, rows(*groups), rows(*units), "A"):
        return
    listed = sorted(cells)
    seen = {}
    for counts in itertools.product(range(4), repeat=len(listed)) if len(listed) < 6 else ():
        table = dict(zip(listed, counts, strict=True))
        key = tuple(sum(n for (g, _), n in table.items() if g in names) for names in groups)
        key += tuple(sum(n for (_, u), n in table.items() if u in names) for names in units)
        seen.setdefault(key, set()).add(sum(n for (g, _), n in table.items() if g == "A"))
    assert not seen or any(len(secret) > 1 for secret in seen.values())


@pytest.mark.parametrize(
    ("cells", "is_shown"),
    [
        ([("A", "x"), ("B", "x"), ("D", "z"), ("C", "x"), ("C", "y")], True),
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

    assert rates.units == tuple(Rate((units[0].name,), n, n, 0) for n in (10, 12))


def test_two_windows_that_assign_at_the_same_moment_agree(database, scene):
    wave, units = scene
    with database.writing() as session:
        save_matrix(session, session.merge(wave), {("A", units[1].id)})

    def assign(session):
        return assign_targets(session, session.merge(wave), COUNTER)

    first, second = one_after_the_other(database, assign, assign)

    assert (first.added, second.added) == (2, 0)


def test_a_wave_of_few_people_shows_nothing(database):
    with database.writing() as session:
        unit, wave = make_unit(session), make_wave(session)
        make_form(session, wave)
        invite(session, wave, {"A": 5})
        save_matrix(session, wave, {("A", unit.id)})
        assign_targets(session, wave, COUNTER)
        rates = response_rates(session, wave)

    assert (rates.whole, rates.groups, rates.units) == (None, None, None)
