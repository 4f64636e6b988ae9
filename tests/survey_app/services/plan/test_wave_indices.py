"""Indices of a wave: those that read its forms, and the keys of its sample."""

import pytest
from sqlalchemy import select

from survey_app.models.waves import WaveIndex
from survey_app.services.computing.runs import Order, compute_run
from survey_app.services.plan.planning import Unfit
from survey_app.services.plan.wave_indices import choose_indices, indices_of
from tests.survey_app.factories import NOW, catalogue, make_form, make_wave
from tests.survey_app.results_factories import INDEX, make_computable

CITIZEN = "sipas-citizen/2022"
KEYS = {"stratum": "tang", "psu": "xa, ap", "weight": "quyen_so", "fpc": ""}


def wave_asking(session, *forms, **changes):
    wave = make_wave(session, **changes)
    for form in forms:
        make_form(session, wave, form)
    session.refresh(wave)
    return wave


def rows(session):
    return {row.index_code: row for row in session.scalars(select(WaveIndex))}


def test_indices_that_read_a_form_of_the_wave_are_offered(session):
    wave = wave_asking(session, CITIZEN)
    found = indices_of(session, catalogue(), wave)

    assert [one.code for one in found.choices] == ["sipas-2022", "sipas-2022-mean", "sipas-2023"]
    assert found.choices[0].title.startswith("Chỉ số hài lòng")
    assert not any(one.chosen for one in found.choices)


def test_indices_are_chosen_and_dropped_with_the_keys_of_a_probability_sample(session):
    wave = wave_asking(session, CITIZEN, source="probability")
    choose_indices(session, catalogue(), wave, ["sipas-2022", "sipas-2023"], KEYS)
    row = rows(session)["sipas-2023"]

    assert (row.stratum, row.psu, row.weight, row.fpc) == ("tang", "xa,ap", "quyen_so", None)
    assert indices_of(session, catalogue(), wave).design == KEYS | {"psu": "xa,ap"}
    choose_indices(session, catalogue(), wave, ["sipas-2022"], {})
    assert [(code, one.psu) for code, one in rows(session).items()] == [("sipas-2022", None)]


def test_keys_of_other_waves_are_left_alone(session):
    wave = wave_asking(session, CITIZEN)
    session.add(WaveIndex(wave_id=wave.id, index_code="sipas-2022", weight="w"))
    session.flush()
    choose_indices(session, catalogue(), wave, ["sipas-2022"], {"weight": "x y"})

    assert rows(session)["sipas-2022"].weight == "w"


@pytest.mark.parametrize(
    ("key", "text"), [("weight", "a,b"), ("stratum", "a b"), ("psu", "a,,b"), ("fpc", "x" * 41)]
)
def test_a_wrong_key_is_told_beside_its_field(session, key, text):
    wave = wave_asking(session, CITIZEN, source="probability")
    with pytest.raises(Unfit) as refused:
        choose_indices(session, catalogue(), wave, ["sipas-2022"], KEYS | {key: text})

    assert list(refused.value.problems) == [key]
    assert rows(session) == {}


def test_an_index_that_reads_nothing_here_is_refused(session):
    wave = wave_asking(session, CITIZEN)
    with pytest.raises(Unfit) as refused:
        choose_indices(session, catalogue(), wave, ["sipas-counter"], {})

    assert "sipas-counter" in str(refused.value.problems["index"])


def test_what_was_computed_stays(session):
    wave = make_computable(session)
    compute_run(session, catalogue(), Order(wave, INDEX), NOW)

    (choice,) = indices_of(session, catalogue(), wave).choices
    assert (choice.chosen, choice.was_computed) == (True, True)
    with pytest.raises(Unfit) as refused:
        choose_indices(session, catalogue(), wave, [], {})
    assert "đã được tính" in str(refused.value.problems["index"])
