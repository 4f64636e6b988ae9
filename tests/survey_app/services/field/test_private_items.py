"""Questions answered alone: chosen from the form, and none that gives another away."""

import pytest

from questionnaires.refusal import Refusal
from survey_app.models.waves import WaveForm
from survey_app.services.field.private_items import (
    choices_of,
    choose_private,
    private_items,
    shown_alone,
)
from tests.questionnaires.factories import item, version
from tests.survey_app.factories import catalogue, make_form, make_wave

ROUTED = "sipas-citizen/2022-routed"


def stored(session, form):
    return session.get_one(WaveForm, (form.wave_id, form.questionnaire, form.version))


def test_chosen_questions_are_kept_in_the_order_of_the_form(session):
    form = make_form(session)

    chosen = choose_private(
        session, catalogue(), form.wave, "sipas-counter/1", ["result", "staff", "no such", "x"]
    )

    assert chosen == ("staff", "result")
    assert private_items(stored(session, form)) == ("staff", "result")
    found = choices_of(session, catalogue(), form.wave, "sipas-counter/1")
    marked = [one.code for _title, items in found.sections for one in items if one.private]
    assert marked == ["staff", "result"]


def test_none_may_be_chosen(session):
    form = make_form(session)
    choose_private(session, catalogue(), form.wave, "sipas-counter/1", ["staff"])

    assert choose_private(session, catalogue(), form.wave, "sipas-counter/1", []) == ()
    assert stored(session, form).private_items is None


def test_a_question_whose_answer_the_next_one_gives_away_is_not_private_alone(session):
    version = catalogue().questionnaire(ROUTED).definition
    asked = next(item for item in version.items if item.asked_if and item.kind != "note")
    told = next(code for code in _codes(asked.asked_if))
    form = make_form(session, make_wave(session), ROUTED)

    with pytest.raises(Refusal, match=f"«{told}»"):
        choose_private(session, catalogue(), form.wave, ROUTED, [told])
    everything = [item.code for item in version.items]
    assert told in choose_private(session, catalogue(), form.wave, ROUTED, everything)


def test_a_note_that_would_give_a_private_answer_away_is_shown_in_private():
    told = ["or", ["==", ["item", "q1"], "1"], ["==", ["item", "q3"], "2"]]
    form = version(
        item("q1"),
        item("thanks", "note", asked_if=["==", ["item", "q1"], "1"]),
        item("q3"),
        item("hotline", "note", asked_if=told),
        item("end", "note"),
    )

    assert shown_alone(form, ["q3"]) == ["q3", "hotline"]
    assert shown_alone(form, ["q1"]) == ["q1", "thanks", "hotline"]
    assert shown_alone(form, []) == []


def test_a_form_the_wave_does_not_use_is_refused(session):
    with pytest.raises(Refusal, match="không dùng phiếu"):
        choices_of(session, catalogue(), make_wave(session), "sipas-counter/1")


def _codes(rule):
    if rule[0] == "item":
        yield rule[1]
    else:
        for part in rule:
            yield from _codes(part) if isinstance(part, list | tuple) else ()
