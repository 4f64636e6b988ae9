"""Tables of a Run: items with their options, units with their figures, what points lack."""

from survey_app.services.computing import results
from survey_app.services.computing.result_tables import Figure
from tests.survey_app.factories import (
    catalogue,
    make_point,
    make_unit,
)
from tests.survey_app.results_factories import (
    make_answers,
    make_computable,
    make_run,
)


def page_of(session, run):
    return results.results_page(session, catalogue(), run.id)


def test_items_of_the_tree_are_not_repeated_as_perceptions(session):
    page = page_of(session, make_run(session, make_computable(session)))

    assert [item.item for group in page.perceptions for item in group.items] == ["trips", "overall"]
    assert page.expectations == ()


def test_units_stand_with_the_best_on_top(session):
    wave = make_computable(session, n=20)
    point = make_point(session, wave, make_unit(session, name="Phường tốt"))
    make_answers(session, wave, point, [{"access": "5", "feedback": "5"}] * 20)

    page = page_of(session, make_run(session, wave))

    assert page.units[0].name == "Phường tốt"
    assert page.unit_columns[0][0] == "SIPAS"
    assert [unit.figures[0].rank for unit in page.units] == [None, None]  # self-selected


def test_a_unit_with_few_forms_is_hidden(session):
    wave = make_computable(session, n=20, units=2)
    point = make_point(session, wave, make_unit(session, code="NHO"))
    make_answers(session, wave, point, [{}] * 9)

    units = {unit.code: unit for unit in page_of(session, make_run(session, wave)).units}

    small = units["NHO"].figures[0]
    assert (small.status, small.estimate, small.n) == ("suppressed", None, None)


def test_points_have_a_shortfall():
    row = dict.fromkeys(Figure.__dataclass_fields__) | {"points": 0.8281, "max_points": 1.0}

    assert Figure.of(row).shortfall == 0.1719
