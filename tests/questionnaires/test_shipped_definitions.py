"""Every shipped definition is sound, honest about its wording, and says what it should ask."""

import hashlib
import unicodedata
from collections import Counter
from decimal import Decimal

import pytest

from questionnaires.answers import check_answers
from questionnaires.check import (
    problems_at_publication,
    problems_in_index,
    problems_in_questionnaire,
)
from questionnaires.load import DEFINITIONS, Catalogue

CATALOGUE = Catalogue()
FILES = sorted(path.relative_to(DEFINITIONS).as_posix() for path in DEFINITIONS.rglob("*.toml"))
TRANSLATED = [
    (name, loaded.definition)
    for name in CATALOGUE.questionnaire_names
    for loaded in CATALOGUE.translations(name)
]
every_questionnaire = pytest.mark.parametrize("name", CATALOGUE.questionnaire_names)
every_index = pytest.mark.parametrize("code", CATALOGUE.index_codes)


def questionnaire(name):
    return CATALOGUE.questionnaire(name).definition


def index(code):
    return CATALOGUE.index(code).definition


@every_questionnaire
def test_shipped_questionnaire_is_sound(name):
    assert [str(problem) for problem in problems_in_questionnaire(questionnaire(name))] == []


@every_index
def test_shipped_index_is_sound(code):
    assert [str(problem) for problem in problems_in_index(index(code))] == []


@every_index
def test_shipped_index_may_be_published_with_its_questionnaires(code):
    versions = [questionnaire(name) for name in index(code).questionnaires]

    assert [str(problem) for problem in problems_at_publication(index(code), versions)] == []


@every_index
def test_every_node_of_another_index_that_an_index_reads_exists(code):
    read = [leaf for leaf in index(code).leaf if leaf.measure == "node"]

    assert [leaf.code for leaf in read if leaf.node not in index(leaf.index).by_code] == []


def test_every_file_is_a_questionnaire_an_index_or_a_translation_of_one():
    known = [
        *(f"{name}.toml" for name in CATALOGUE.questionnaire_names),
        *(f"indices/{code}.toml" for code in CATALOGUE.index_codes),
        *(
            f"{translation.questionnaire}.{translation.locale}.toml"
            for _, translation in TRANSLATED
        ),
    ]

    assert sorted(known) == FILES


@pytest.mark.parametrize(
    ("code", "leaves"),
    [
        ("sipas-2017", 22),
        ("sipas-2021", 5),
        ("sipas-2022", 33),
        ("sipas-2022-mean", 33),
        ("sipas-2023", 33),
        ("sipas-counter", 5),
        ("par-survey-2022", 27),
        ("par-survey-department-2020", 5),
    ],
)
def test_shipped_index_has_as_many_leaves_as_the_official_one(code, leaves):
    assert len(index(code).leaf) == leaves


@pytest.mark.parametrize(
    ("name", "items"), [("par-officials/2022", 22), ("par-officials-department/2020", 5)]
)
def test_shipped_officials_form_asks_as_many_items_as_are_known(name, items):
    assert len(questionnaire(name).items) == items


def test_the_form_at_the_counter_is_short():
    assert 5 <= len(questionnaire("sipas-counter/1").items) <= 8


@pytest.mark.parametrize("code", ["sipas-2022", "sipas-2022-mean", "sipas-2023"])
def test_components_of_2022_have_14_criteria_of_policy_and_19_of_service(code):
    tree = index(code)

    assert (len(tree.leaves_below("I")), len(tree.leaves_below("II"))) == (14, 19)


def test_factors_of_2017_have_4_5_6_3_and_4_criteria():
    tree = index("sipas-2017")

    assert [len(tree.leaves_below(f"S{factor}")) for factor in range(1, 6)] == [4, 5, 6, 3, 4]


def test_survey_part_of_the_par_index_has_32_points_of_which_10_are_sipas():
    tree = index("par-survey-2022")

    points = {code: tree.max_points_of(tree.by_code[code]) for code in ("TOTAL", "CS", "3.2.6")}
    sipas = [leaf.max_points for leaf in tree.leaves_below("3.2.6")]

    assert points == {"TOTAL": 32, "CS": 22, "3.2.6": 10}
    assert sipas == [Decimal(text) for text in ("1.5", "1.5", "2.5", "2.5", "2.0")]


def test_negative_items_of_the_officials_form_have_their_scale_and_their_points_turned_round():
    leaves = [leaf for leaf in index("par-survey-2022").leaf if leaf.measure == "option_points"]
    items = {item.code: item for item in questionnaire("par-officials/2022").items}

    turned = [leaf.item for leaf in leaves if leaf.points["1"] > leaf.points["5"]]

    assert turned == ["cs10", "cs12", "cs16"]
    assert turned == [code for code, item in items.items() if item.scale == "prevalence"]


# Wording and its sources


@every_questionnaire
def test_published_wording_carries_its_source_and_every_form_its_legal_basis(name):
    form = questionnaire(name)

    published = [item for item in form.items if item.wording == "published"]

    assert [item.code for item in published if not item.source] == []
    assert form.legal_basis
    assert form.source


@every_questionnaire
def test_an_item_whose_source_calls_anything_a_draft_or_unknown_is_a_draft(name):
    doubts = ("bản thảo", "chưa rõ", "chưa tra cứu", "thông lệ", "lời của hệ thống")
    doubtful = [
        item
        for item in questionnaire(name).items
        if any(doubt in (item.source or "bản thảo").lower() for doubt in doubts)
    ]

    assert [item.code for item in doubtful if item.wording == "published"] == []


def test_only_the_ten_expectations_are_known_word_for_word():
    published = {
        name: [item.code for item in form.items if item.wording == "published"]
        for name in CATALOGUE.questionnaire_names
        if (form := questionnaire(name)).draft_items != form.items
    }

    expectations = [f"expectation_{number}" for number in range(1, 11)]
    assert published == {
        "sipas-citizen/2022": expectations,
        "sipas-citizen/2022-routed": expectations,
    }


def test_officials_items_say_that_their_name_is_published_and_their_options_are_not():
    items = questionnaire("par-officials/2022").items

    assert {item.wording for item in items} == {"draft"}
    assert all("Tên nội dung đã công bố tại Báo cáo 51/BC-SNV" in item.source for item in items)
    assert all("các phương án trả lời là bản thảo" in item.source for item in items)


def test_an_index_with_a_table_of_points_is_a_draft_because_no_table_is_published():
    with_tables = [
        code
        for code in CATALOGUE.index_codes
        if any(leaf.points is not None for leaf in index(code).leaf)
    ]

    assert with_tables == ["par-survey-2022", "par-survey-department-2020"]
    assert all(index(code).draft and "quy đổi" in index(code).note for code in with_tables)


@every_index
def test_a_draft_index_says_why(code):
    assert index(code).note or not index(code).draft


@pytest.mark.parametrize("file", FILES)
def test_text_is_composed_utf_8_with_unix_line_ends(file):
    content = (DEFINITIONS / file).read_bytes()

    assert unicodedata.is_normalized("NFC", content.decode("utf-8"))
    assert b"\r" not in content
    assert content.endswith(b"\n")


# Rights and routes


@every_questionnaire
def test_every_required_question_may_be_left_unanswered_by_saying_so(name):
    forced = [
        item.code
        for item in questionnaire(name).items
        if item.required and all(option.outside != "no_answer" for option in item.option)
    ]

    assert forced == []


def test_the_five_steps_of_satisfaction_are_the_same_in_every_form():
    steps = {
        name: {
            tuple((option.code, option.label) for option in item.inside)
            for item in questionnaire(name).items
            if item.scale == "satisfaction"
        }
        for name in ("sipas-citizen/2022", "sipas-transaction/2017", "sipas-counter/1")
    }

    assert len(set.union(*steps.values())) == 1


def test_whoever_had_no_dealings_is_asked_none_of_the_19_service_criteria():
    form = questionnaire("sipas-citizen/2022-routed")
    service = {leaf.item for leaf in index("sipas-2022").leaves_below("II")}
    nothing = {f"experience_{number}": "2" for number in range(1, 8)}

    asked = set(check_answers(form, nothing).path)

    assert len(service) == 19
    assert service & asked == set()


@pytest.mark.parametrize(
    ("experience", "asked"),
    [("experience_3", 15), ("experience_4", 15), ("experience_5", 4)],
)
def test_each_experience_opens_its_own_criteria(experience, asked):
    form = questionnaire("sipas-citizen/2022-routed")
    service = {leaf.item for leaf in index("sipas-2022").leaves_below("II")}

    assert len(service & set(check_answers(form, {experience: "1"}).path)) == asked


# Translations


@pytest.mark.parametrize(
    ("name", "translation"), TRANSLATED, ids=[f"{n}.{t.locale}" for n, t in TRANSLATED]
)
def test_shipped_translation_has_every_text_once_and_no_other(name, translation):
    form = questionnaire(name)
    times = Counter(entry.vi for entry in translation.entry)

    assert translation.questionnaire == name
    assert translation.missing_from(form) == ()
    assert translation.unused_in(form) == ()
    assert [text for text, n in times.items() if n > 1] == []


def test_forms_of_citizens_are_there_in_english_and_khmer():
    locales = {(name, translation.locale) for name, translation in TRANSLATED}

    assert locales >= {
        (name, locale)
        for name in ("sipas-citizen/2022", "sipas-counter/1")
        for locale in ("en", "km")
    }


def test_khmer_is_written_in_khmer_letters():
    khmer = [
        entry
        for _, translation in TRANSLATED
        if translation.locale == "km"
        for entry in translation.entry
    ]

    assert len(khmer) > 100
    assert [e.vi for e in khmer if not any("\u1780" <= sign <= "\u17ff" for sign in e.text)] == []


# Published files


def test_every_published_file_still_has_its_checksum():
    published = CATALOGUE.published

    now = {name: hashlib.sha256((DEFINITIONS / name).read_bytes()).hexdigest() for name in FILES}

    assert len(now) >= 14
    assert {name: now.get(name) for name in published} == published


@every_questionnaire
def test_who_does_not_wish_to_tell_an_ethnicity_can_say_so(name):
    """Sensitive data by Decree 356/2025/NĐ-CP; published files cannot be marked any more."""
    asked = [item for item in questionnaire(name).items if "dân tộc" in item.text.lower()]
    published = CATALOGUE.is_published(f"{name}.toml")

    assert [item.code for item in asked] == (["ethnicity"] if asked else [])
    for item in asked:
        assert "no_answer" in {option.outside for option in item.option}
        assert item.sensitive or published


def test_ethnicity_is_asked_somewhere():
    asked = [
        n for n in CATALOGUE.questionnaire_names for i in questionnaire(n).items if i.sensitive
    ]

    assert len(asked) >= 2
