"""What a person may answer: one validator for every door, and it recomputes the route."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from questionnaires.answers import check_answers, clean_answer, outside_codes
from questionnaires.load import Catalogue
from tests.questionnaires.factories import dont_know, item, shape, version

CHAIN = shape("routing_chain")
SCALE = shape("outside_scale")
CHOICE = shape("multiple_choice")
NUMBERS = shape("numbers")
TEXTS = shape("free_text")
ROUTED = Catalogue().questionnaire("sipas-citizen/2022-routed").definition


def problems(checked):
    return [(problem.item, problem.code) for problem in checked.problems]


# Required answers, kinds of answers


def test_a_valid_answer_is_accepted():
    checked = check_answers(SCALE, {"level": "2"})

    assert checked.answers == {"level": "2"}
    assert checked.problems == ()


@pytest.mark.parametrize("empty", [None, "", "   ", []])
def test_a_required_answer_cannot_be_empty(empty):
    checked = check_answers(SCALE, {"level": empty})

    assert problems(checked) == [("level", "required")]
    assert str(checked.problems[0].refusal) == "Vui lòng trả lời câu «Ông/Bà hài lòng ở mức nào?»."


def test_a_required_answer_cannot_be_left_out():
    assert problems(check_answers(SCALE, {})) == [("level", "required")]


def test_not_to_answer_is_an_answer_that_can_be_given():
    checked = check_answers(SCALE, {"level": "99"})

    assert checked.answers == {"level": "99"}
    assert checked.problems == ()


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_an_optional_answer_may_be_empty_and_is_then_absent(empty):
    checked = check_answers(TEXTS, {"comment": empty})

    assert checked.answers == {}
    assert checked.problems == ()


def test_an_option_that_is_not_offered_is_refused():
    checked = check_answers(SCALE, {"level": "4"})

    assert problems(checked) == [("level", "unknown_option")]
    assert checked.answers == {}


def test_an_item_that_is_not_in_the_questionnaire_is_named():
    checked = check_answers(SCALE, {"level": "1", "levle": "2"})

    assert problems(checked) == [("levle", "unknown_item")]
    assert str(checked.problems[0].refusal) == "Phiếu outside-scale/1 không có câu hỏi «levle»."
    assert checked.answers == {"level": "1"}


def test_a_note_is_no_item_that_can_be_answered():
    checked = check_answers(CHAIN, {"visited": "2", "welcome": "1"})

    assert problems(checked) == [("welcome", "unknown_item")]
    assert "welcome" not in checked.path


@pytest.mark.parametrize("raw", [["2"], 2, True, {"code": "2"}])
def test_one_answer_is_one_text(raw):
    assert problems(check_answers(SCALE, {"level": raw})) == [("level", "not_text")]


def test_every_problem_is_listed_in_the_order_of_the_form():
    checked = check_answers(NUMBERS, {"khac": "1", "hours": "0", "trips": "nhiều"})

    assert problems(checked) == [
        ("trips", "not_number"),
        ("hours", "too_small"),
        ("khac", "unknown_item"),
    ]


# Several options


def test_several_options_are_kept_in_the_order_of_the_form():
    checked = check_answers(CHOICE, {"channel": ["1", "10", "2"]})

    assert checked.answers == {"channel": ("10", "2", "1")}


def test_an_option_ticked_twice_counts_once():
    assert check_answers(CHOICE, {"channel": ["2", "2"]}).answers == {"channel": ("2",)}


@pytest.mark.parametrize("alone", ["0", "99"])
def test_an_exclusive_option_and_one_outside_the_scale_may_stand_alone(alone):
    assert check_answers(CHOICE, {"channel": [alone]}).answers == {"channel": (alone,)}


@pytest.mark.parametrize("alone", ["0", "99"])
def test_an_exclusive_option_and_one_outside_the_scale_stand_with_no_other(alone):
    checked = check_answers(CHOICE, {"channel": ["2", alone]})

    assert problems(checked) == [("channel", "exclusive")]
    assert checked.answers == {}


def test_an_unknown_option_among_several_is_refused():
    assert problems(check_answers(CHOICE, {"channel": ["2", "7"]})) == [
        ("channel", "unknown_option")
    ]


@pytest.mark.parametrize("raw", ["2", {"2": True}, [2], ["2", 2], [["2"]]])
def test_several_options_come_as_a_list_of_texts(raw):
    assert problems(check_answers(CHOICE, {"channel": raw})) == [("channel", "not_list")]


# Numbers


@pytest.mark.parametrize(
    ("written", "kept"),
    [("7", "7"), (" 7 ", "7"), ("07", "7"), ("7,0", "7"), ("7.50", "7.5"), ("7,5", "7.5")],
)
def test_a_number_is_kept_in_one_form_and_may_be_written_with_a_comma(written, kept):
    checked = check_answers(NUMBERS, {"trips": written})

    assert checked.answers == {"trips": kept}


@pytest.mark.parametrize("zero", ["0", "-0", "0,0", "+0"])
def test_zero_has_one_form(zero):
    (asked,) = version(item("q1", "number")).items

    assert clean_answer(asked, zero) == "0"


@pytest.mark.parametrize(
    "written",
    ["hai", "1,234,567", "1.234,5", "1e5", "1e999999999", "NaN", "Infinity", "1_0", "٣", "1" * 16],
)
def test_what_is_no_plain_decimal_of_fifteen_digits_is_refused(written):
    assert problems(check_answers(NUMBERS, {"trips": written})) == [("trips", "not_number")]


@pytest.mark.parametrize(
    ("written", "code"), [("0", "too_small"), ("0,99", "too_small"), ("20,5", "too_large")]
)
def test_a_number_lies_within_its_bounds(written, code):
    assert problems(check_answers(NUMBERS, {"trips": written})) == [("trips", code)]


@pytest.mark.parametrize("bound", ["1", "20"])
def test_the_bounds_themselves_are_allowed(bound):
    assert check_answers(NUMBERS, {"trips": bound}).answers == {"trips": bound}


def test_a_number_may_be_answered_outside_the_scale_beyond_its_bounds():
    assert check_answers(NUMBERS, {"trips": "98"}).answers == {"trips": "98"}


def test_a_code_outside_the_scale_is_never_a_number_written_another_way():
    assert problems(check_answers(NUMBERS, {"trips": "98,0"})) == [("trips", "too_large")]


# Texts


def test_a_text_is_kept_in_composed_form():
    decomposed = unicodedata.normalize("NFD", "Sóc Trăng")

    checked = check_answers(TEXTS, {"comment": decomposed})

    assert decomposed != "Sóc Trăng"
    assert checked.answers == {"comment": "Sóc Trăng"}


def test_signs_nobody_sees_are_no_part_of_an_answer():
    checked = check_answers(TEXTS, {"comment": "\ufeffchờ\u200b\r\nlâu\u200b"})

    assert checked.answers == {"comment": "chờ\nlâu"}
    assert check_answers(TEXTS, {"comment": "\u200b\ufeff"}).answers == {}


def test_length_is_counted_in_composed_characters():
    twelve = "ờ" * 12

    checked = check_answers(TEXTS, {"comment": unicodedata.normalize("NFD", twelve)})

    assert checked.answers == {"comment": twelve}


def test_a_text_that_is_too_long_is_refused_with_its_limit():
    checked = check_answers(TEXTS, {"comment": "ờ" * 13})

    assert problems(checked) == [("comment", "too_long")]
    assert "không quá 12 ký tự" in str(checked.problems[0].refusal)


def test_a_line_break_counts_once_although_browsers_send_two_signs():
    checked = check_answers(TEXTS, {"comment": "sáu kt\r\nnăm k"})

    assert checked.answers == {"comment": "sáu kt\nnăm k"}


def test_a_text_without_a_limit_of_its_own_has_the_common_one():
    assert problems(check_answers(TEXTS, {"story": "a" * 2000})) == []
    assert problems(check_answers(TEXTS, {"story": "a" * 2001})) == [("story", "too_long")]


def test_white_space_around_a_text_is_dropped_and_within_it_kept():
    assert check_answers(TEXTS, {"comment": "  hai  từ\n"}).answers == {"comment": "hai  từ"}


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\ud800"], ids=["NUL", "escape", "surrogate"])
def test_signs_that_no_database_keeps_are_refused(sign):
    assert problems(check_answers(TEXTS, {"comment": f"a{sign}b"})) == [
        ("comment", "bad_character")
    ]


# The route


def test_a_follow_up_is_asked_of_those_it_concerns():
    answers = {"visited": "1", "form": "2", "site": "dichvucong"}

    checked = check_answers(CHAIN, answers)

    assert checked.path == ("visited", "form", "site")
    assert checked.answers == answers
    assert checked.problems == ()


def test_an_answer_off_the_path_is_dropped_and_not_validated():
    checked = check_answers(CHAIN, {"visited": "2", "form": "không có mã này"})

    assert checked.dropped == ("form",)
    assert checked.answers == {"visited": "2"}
    assert checked.problems == ()


def test_a_required_item_off_the_path_is_not_missed():
    checked = check_answers(CHAIN, {"visited": "2"})

    assert checked.path == ("visited", "not_online")
    assert checked.problems == ()
    assert checked.dropped == ()


def test_an_answer_off_the_path_routes_nobody_further():
    checked = check_answers(CHAIN, {"visited": "2", "form": "2", "site": "dichvucong"})

    assert checked.dropped == ("form", "site")
    assert checked.path == ("visited", "not_online")


def test_an_empty_answer_off_the_path_is_nothing_to_drop():
    checked = check_answers(CHAIN, {"visited": "2", "form": "", "site": "  "})

    assert checked.dropped == ()


def test_an_answer_with_a_problem_routes_nobody():
    checked = check_answers(CHAIN, {"visited": "1", "form": "3", "site": "dichvucong"})

    assert problems(checked) == [("form", "unknown_option")]
    assert checked.dropped == ("site",)


@pytest.mark.parametrize(("level", "path"), [("3", 2), ("2", 1), ("98", 1), ("99", 1)])
def test_an_answer_outside_the_scale_is_not_at_least_anything(level, path):
    checked = check_answers(SCALE, {"level": level})

    assert len(checked.path) == path


def test_a_route_reads_the_canonical_answer():
    assert check_answers(CHOICE, {"channel": [" 1 "]}).path == ("channel", "site")


def test_codes_outside_the_scale_are_known_by_item():
    assert outside_codes(CHOICE) == {"channel": frozenset({"99"}), "site": frozenset()}


def test_answers_do_not_depend_on_the_order_in_which_they_arrive():
    given_answers = {"visited": "1", "form": "2", "site": "dichvucong"}
    reversed_answers = dict(reversed(given_answers.items()))

    assert check_answers(CHAIN, reversed_answers) == check_answers(CHAIN, given_answers)


# Whatever is sent


def raw_answers(asked):
    """Mostly an option of the item, sometimes several, sometimes anything."""
    codes = [found.code for found in asked.option]
    anything = st.one_of(
        st.none(), st.text(max_size=4), st.integers(), st.lists(st.text(max_size=2), max_size=3)
    )
    if not codes:
        return anything
    one, several = st.sampled_from(codes), st.lists(st.sampled_from(codes), max_size=4)
    return st.one_of(several, several, anything) if asked.kind == "multiple" else one | anything


ANY_ANSWERS = st.fixed_dictionaries(
    {}, optional={asked.code: raw_answers(asked) for asked in ROUTED.items}
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_ANSWERS)
def test_what_is_accepted_is_on_the_path_allowed_and_stable(answers):
    items = {asked.code: asked for asked in ROUTED.items}

    checked = check_answers(ROUTED, answers)
    again = check_answers(ROUTED, checked.answers)

    for code, answer in checked.answers.items():
        offered = [found.code for found in items[code].option]
        chosen = answer if items[code].kind == "multiple" else (answer,)
        assert code in checked.path
        assert [option for option in offered if option in chosen] == list(chosen)
    assert set(checked.dropped).isdisjoint(checked.path)
    assert again.answers == checked.answers
    assert again.path == checked.path
    assert again.dropped == ()


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_refused_or_accepted_in_a_form_that_stays_and_can_be_stored(text):
    first = check_answers(TEXTS, {"story": text})

    again = check_answers(TEXTS, first.answers)

    assert again.answers == first.answers
    assert again.problems == ()
    assert b"\x00" not in "".join(first.answers.values()).encode("utf-8")


@given(st.text(alphabet="0123456789.,+-e_ ", max_size=20))
def test_any_number_is_refused_or_accepted_in_a_form_that_stays(text):
    free = version(item("q1", "number", required=False, max=90, option=[dont_know()]))

    first = check_answers(free, {"q1": text})
    again = check_answers(free, first.answers)

    assert again.answers == first.answers
    assert again.problems == ()
