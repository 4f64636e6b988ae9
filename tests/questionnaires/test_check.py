"""Every way in which a definition can be unsound is found and named."""

from decimal import Decimal

import pytest

from questionnaires.check import (
    problems_at_publication,
    problems_in_index,
    problems_in_questionnaire,
    require_sound,
)
from questionnaires.refusal import Refusal
from tests.questionnaires.factories import (
    dont_know,
    index,
    item,
    leaf,
    node,
    option,
    section,
    version,
)

POINTS = {"1": "0", "2": "0.25", "3": "0.5", "4": "0.75", "5": "1"}


def said(problems):
    return [str(problem) for problem in problems]


def of_items(*items, **changes):
    return said(problems_in_questionnaire(version(*items, **changes)))


def of_index(*parts, **changes):
    return said(problems_in_index(index(*parts, **changes)))


def points_leaf(code, **changes):
    return leaf(code, **{"measure": "option_points", "points": POINTS} | changes)


def at_publication(tree, *versions):
    return said(problems_at_publication(tree, versions))


# Questionnaires


def test_a_question_for_sensitive_data_lets_one_not_answer():
    refused = dont_know("99", outside="no_answer")
    options = [option("1"), option("2")]

    assert of_items(item("q1", "single", sensitive=True, option=[*options, refused])) == []
    (problem,) = of_items(item("q1", "single", sensitive=True, option=[*options, dont_know()]))
    assert "không trả lời" in problem


def test_a_sound_questionnaire_has_no_problems():
    items = [
        item("q1"),
        item("q2", "multiple", asked_if=["==", ["item", "q1"], "5"]),
        item("q3", "number", min=0, max=90, option=[dont_know()]),
        item("q4", "text"),
        item("q5", "note"),
    ]

    assert of_items(*items) == []


def test_item_codes_are_unique_over_all_sections():
    sections = [section("A", item("q1")), section("B", item("q1"))]

    assert of_items(section=sections) == ["Phiếu thu/1: mã «q1» được dùng 2 lần."]


def test_a_section_and_an_item_cannot_share_a_code():
    assert of_items(section=[section("q1", item("q1"))]) == [
        "Phiếu thu/1: mã «q1» được dùng 2 lần."
    ]


def test_a_shared_scale_is_declared_once():
    scale = {"code": "muc", "option": [option("1"), option("2")]}

    assert of_items(scale=[scale, scale]) == ["Phiếu thu/1: thang đo «muc» được khai báo 2 lần."]


def test_option_codes_are_unique_within_an_item():
    assert of_items(item(option=[option("1"), option("2"), option("1")])) == [
        "Phiếu thu/1, câu hỏi q1: phương án «1» có 2 lần."
    ]


def test_an_option_outside_the_scale_cannot_share_a_code_with_one_on_it():
    assert of_items(item(option=[option("1"), option("2"), dont_know("2")])) == [
        "Phiếu thu/1, câu hỏi q1: phương án «2» có 2 lần."
    ]


@pytest.mark.parametrize("kind", ["single", "multiple", "scale"])
def test_a_choice_needs_two_options_on_the_scale(kind):
    assert of_items(item("q1", kind, option=[option("1"), dont_know()])) == [
        "Phiếu thu/1, câu hỏi q1: cần ít nhất hai phương án trả lời."
    ]


@pytest.mark.parametrize("kind", ["text", "note"])
def test_a_text_and_a_note_have_no_options(kind):
    assert of_items(item("q1", kind, option=[option("1")])) == [
        f"Phiếu thu/1, câu hỏi q1: loại câu «{kind}» không có phương án trả lời."
    ]


def test_codes_on_a_scale_are_numbers():
    assert of_items(item(option=[option("1"), option("cao")])) == [
        "Phiếu thu/1, câu hỏi q1: mã trên thang đo phải là số."
    ]


def test_codes_of_a_single_choice_need_not_be_numbers():
    assert of_items(item("q1", "single", option=[option("co"), option("khong")])) == []


def test_a_number_has_no_options_on_a_scale():
    assert of_items(item("q1", "number", max=0, option=[option("1")])) == [
        "Phiếu thu/1, câu hỏi q1: câu hỏi một số chỉ có phương án ngoài thang đo."
    ]


@pytest.mark.parametrize("bounds", [{}, {"min": 98}, {"max": 98}])
def test_a_code_outside_the_scale_cannot_also_be_a_number_that_was_meant(bounds):
    assert of_items(item("q1", "number", option=[dont_know("98")], **bounds)) == [
        "Phiếu thu/1, câu hỏi q1: mã «98» cũng là một số trả lời được; hãy đặt min, max để tách ra."
    ]


@pytest.mark.parametrize("bounds", [{"max": 97}, {"min": 99}])
def test_a_code_outside_the_scale_may_lie_outside_the_bounds(bounds):
    assert of_items(item("q1", "number", option=[dont_know("98")], **bounds)) == []


def test_a_code_outside_the_scale_that_is_no_number_needs_no_bounds():
    assert of_items(item("q1", "number", option=[dont_know("khong-nho")])) == []


@pytest.mark.parametrize("code", ["7", "98"])
def test_a_headline_names_options_on_the_scale(code):
    options = [option("1"), option("2"), dont_know("98")]

    assert of_items(item(option=options, headline=["1", code])) == [
        f"Phiếu thu/1, câu hỏi q1: phương án «{code}» của tỷ lệ công bố không có trên thang."
    ]


def test_the_smallest_number_cannot_exceed_the_largest():
    assert of_items(item("q1", "number", min=10, max=9)) == [
        "Phiếu thu/1, câu hỏi q1: số nhỏ nhất lớn hơn số lớn nhất."
    ]


def test_one_number_may_be_all_that_is_allowed():
    assert of_items(item("q1", "number", min=10, max=10)) == []


def test_published_wording_needs_its_source():
    assert of_items(item(wording="published")) == [
        "Phiếu thu/1, câu hỏi q1: lời văn ghi là đã công bố nhưng thiếu nguồn."
    ]


def test_a_malformed_rule_is_found():
    assert of_items(item("q1"), item("q2", asked_if=["=", ["item", "q1"], "1"])) == [
        "Phiếu thu/1, câu hỏi q2: điều kiện hỏi viết sai cú pháp."
    ]


@pytest.mark.parametrize("other", ["q2", "q3"])
def test_a_rule_names_only_earlier_items(other):
    rule = ["not", ["==", ["item", other], "1"]]

    assert of_items(item("q1"), item("q2", asked_if=rule), item("q3")) == [
        f"Phiếu thu/1, câu hỏi q2: điều kiện hỏi nêu câu «{other}» không đứng trước nó."
    ]


def test_a_rule_names_only_known_items():
    assert of_items(item("q1"), item("q2", asked_if=["==", ["item", "q9"], "1"])) == [
        "Phiếu thu/1, câu hỏi q2: điều kiện hỏi nêu câu «q9» không có."
    ]


def test_a_rule_cannot_read_a_note_for_nobody_answers_it():
    rule = ["==", ["item", "loi_chao"], "1"]

    assert of_items(item("loi_chao", "note"), item("q2", asked_if=rule)) == [
        "Phiếu thu/1, câu hỏi q2: điều kiện hỏi nêu câu «loi_chao» không có."
    ]


def test_all_problems_are_listed_in_the_order_of_the_file():
    problems = of_items(item("q1", option=[option("1")]), item("q2", wording="published"))

    assert [problem.split(":")[0] for problem in problems] == [
        "Phiếu thu/1, câu hỏi q1",
        "Phiếu thu/1, câu hỏi q2",
    ]


# The tree of an index


def test_a_sound_index_has_no_problems():
    parts = [
        node("TOTAL", "I", "II", rollup="sum"),
        node("I", "A", "B", rollup="weighted_mean", weights=["0.6", "0.4"], max_points=10),
        node("II", "C", "D", rollup="sum", max_points=3),
        leaf("A"),
        leaf("B", measure="mean_score"),
        points_leaf("C", max_points=1),
        leaf("D", measure="node", item=None, index="sipas-2022", node="SIPAS", max_points=2),
    ]

    assert of_index(*parts) == []


def test_codes_of_nodes_and_leaves_are_unique():
    assert of_index(node("A", "B"), leaf("B"), leaf("B")) == [
        "Chỉ số chi-so-thu: mã «B» được dùng 2 lần."
    ]


def test_the_root_exists():
    assert of_index(leaf("A"), root="Z") == ["Chỉ số chi-so-thu: không có gốc «Z»."]


def test_a_named_child_exists():
    assert of_index(node("A", "B", "Z"), leaf("B")) == [
        "Chỉ số chi-so-thu: thành phần «Z» được nêu nhưng không có."
    ]


def test_a_part_has_one_parent():
    assert of_index(node("A", "B", "C"), node("B", "C"), leaf("C")) == [
        "Chỉ số chi-so-thu: thành phần «C» có nhiều hơn một nút cha."
    ]


def test_a_child_is_named_once_by_its_parent():
    assert of_index(node("A", "B", "B"), leaf("B")) == [
        "Chỉ số chi-so-thu: thành phần «B» có nhiều hơn một nút cha."
    ]


def test_an_orphan_is_found():
    assert of_index(node("A", "B"), leaf("B"), leaf("C")) == [
        "Chỉ số chi-so-thu: «C» không nối tới gốc «A»."
    ]


def test_a_cycle_through_the_root_is_found():
    assert of_index(node("A", "B", "C"), node("B", "A"), leaf("C")) == [
        "Chỉ số chi-so-thu: thành phần «A» có nhiều hơn một nút cha."
    ]


def test_a_cycle_beside_the_root_is_found():
    assert of_index(node("A", "D"), node("B", "C"), node("C", "B"), leaf("D")) == [
        "Chỉ số chi-so-thu: «B» không nối tới gốc «A».",
        "Chỉ số chi-so-thu: «C» không nối tới gốc «A».",
    ]


def test_a_cycle_below_the_root_is_found():
    assert of_index(node("A", "B", "D"), node("B", "C"), node("C", "B"), leaf("D")) == [
        "Chỉ số chi-so-thu: thành phần «B» có nhiều hơn một nút cha."
    ]


# Nodes


@pytest.mark.parametrize(
    "changes", [{"rollup": "weighted_mean"}, {"rollup": "mean", "weights": ["1"]}]
)
def test_weights_go_with_a_weighted_mean_and_with_nothing_else(changes):
    assert of_index(node("A", "B", **changes), leaf("B")) == [
        "Chỉ số chi-so-thu, nút A: trọng số đi cùng (và chỉ đi cùng) cách gộp weighted_mean."
    ]


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (["1"], "cần một trọng số cho mỗi thành phần."),
        (["1.5", "-0.5"], "trọng số không được âm."),
        (["0.6", "0.3"], "tổng trọng số là 0.9, phải bằng 1."),
    ],
    ids=["one is missing", "one is negative", "their sum is not one"],
)
def test_weights_are_one_a_child_not_negative_and_sum_to_one(weights, sentence):
    parts = [node("A", "B", "C", rollup="weighted_mean", weights=weights), leaf("B"), leaf("C")]

    assert of_index(*parts) == [f"Chỉ số chi-so-thu, nút A: {sentence}"]


def test_a_weight_may_be_zero():
    root = node("A", "B", "C", rollup="weighted_mean", weights=["1", "0"])

    assert of_index(root, leaf("B"), leaf("C")) == []


def test_thirds_may_be_rounded_to_ten_decimals():
    third = "0.3333333333"
    root = node("A", "B", "C", "D", rollup="weighted_mean", weights=[third] * 3)

    assert of_index(root, leaf("B"), leaf("C"), leaf("D")) == []


def test_a_sum_needs_maximum_points_on_every_child():
    parts = [node("A", "B", "C", rollup="sum"), leaf("B", max_points=1), leaf("C")]

    assert of_index(*parts) == ["Chỉ số chi-so-thu, nút A: thành phần «C» thiếu điểm tối đa."]


def test_the_maximum_of_a_sum_cannot_contradict_its_children():
    parts = [
        node("A", "B", "C", rollup="sum", max_points=4),
        leaf("B", max_points=1),
        leaf("C", max_points=Decimal("2.5")),
    ]

    assert of_index(*parts) == [
        "Chỉ số chi-so-thu, nút A: điểm tối đa 4 khác tổng điểm các thành phần 3.5."
    ]


@pytest.mark.parametrize("rollup", ["pooled_items", "pooled_respondents"])
def test_only_answered_leaves_are_pooled(rollup):
    parts = [
        node("A", "B", "C", rollup=rollup),
        leaf("B"),
        leaf("C", measure="reported", item=None),
    ]

    assert of_index(*parts) == [
        f"Chỉ số chi-so-thu, nút A: cách gộp {rollup} chỉ nhận tiêu chí tính từ phiếu, "
        "không nhận «C»."
    ]


# Leaves


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        ("favourable_share", "item"),
        ("mean_score", "item"),
        ("option_points", "points"),
        ("node", "index"),
    ],
)
def test_a_measure_has_what_it_needs(measure, name):
    bound = {"item": "q1", "index": "sipas-2022", "node": "SIPAS"}
    taken = {"option_points": ("item",), "node": ("node",)}.get(measure, ())
    fields = {key: bound[key] if key in taken else None for key in bound}

    assert of_index(leaf("A", measure=measure, **fields)) == [
        f"Chỉ số chi-so-thu, tiêu chí A: cách đo {measure} cần «{name}»."
    ]


@pytest.mark.parametrize(
    ("measure", "name", "value"),
    [
        ("favourable_share", "points", POINTS),
        ("favourable_share", "node", "SIPAS"),
        ("mean_score", "index", "sipas-2022"),
        ("reported", "item", "q1"),
    ],
)
def test_a_measure_has_nothing_it_does_not_use(measure, name, value):
    fields = {"item": None if measure == "reported" else "q1", name: value}

    assert of_index(leaf("A", measure=measure, **fields)) == [
        f"Chỉ số chi-so-thu, tiêu chí A: cách đo {measure} không dùng «{name}»."
    ]


def test_an_answered_leaf_has_a_scale():
    assert "Chỉ số chi-so-thu, tiêu chí A: thiếu thang đo." in of_index(leaf("A"), scale=())


def test_codes_of_a_scale_are_unique():
    assert of_index(leaf("A", scale=("1", "4", "5", "4"))) == [
        "Chỉ số chi-so-thu, tiêu chí A: thang đo có mã «4» 2 lần."
    ]


def test_a_favourable_share_names_favourable_options():
    assert of_index(leaf("A"), favourable=()) == [
        "Chỉ số chi-so-thu, tiêu chí A: thiếu phương án hài lòng."
    ]


def test_favourable_options_lie_on_the_scale():
    assert of_index(leaf("A", favourable=("4", "6"))) == [
        "Chỉ số chi-so-thu, tiêu chí A: phương án hài lòng «6» không có trên thang đo."
    ]


@pytest.mark.parametrize("scale", [("1", "cao"), ("-1", "1"), ("0",)])
def test_a_mean_score_needs_numbers_to_divide_by(scale):
    assert of_index(leaf("A", measure="mean_score", scale=scale)) == [
        "Chỉ số chi-so-thu, tiêu chí A: cách đo mean_score cần thang đo bằng số không âm."
    ]


def test_a_mean_score_may_start_at_zero():
    assert of_index(leaf("A", measure="mean_score", scale=("0", "1", "2"))) == []


def test_a_table_of_points_misses_no_option_of_the_scale():
    points = {code: POINTS[code] for code in ("1", "2", "4", "5")}

    assert of_index(points_leaf("A", points=points)) == [
        "Chỉ số chi-so-thu, tiêu chí A: bảng điểm thiếu phương án «3» của thang đo."
    ]


def test_a_table_of_points_has_no_option_outside_the_scale():
    assert of_index(points_leaf("A", points=POINTS | {"98": "0"})) == [
        "Chỉ số chi-so-thu, tiêu chí A: bảng điểm có phương án «98» không có trên thang đo."
    ]


@pytest.mark.parametrize("points", ["1.25", "-0.25"])
def test_points_of_an_option_lie_between_zero_and_one(points):
    assert of_index(points_leaf("A", points=POINTS | {"2": points})) == [
        f"Chỉ số chi-so-thu, tiêu chí A: điểm {points} của phương án «2» phải từ 0 đến 1."
    ]


# Publication


def test_an_index_whose_leaves_are_each_asked_once_may_be_published():
    tree = index(node("A", "q1", "q2"), leaf("q1"), leaf("q2"))

    assert at_publication(tree, version(item("q1")), version(item("q2"), item("q3"))) == []


def test_a_leaf_that_nobody_is_asked_keeps_an_index_from_publication():
    assert at_publication(index(leaf("q9")), version(item("q1"))) == [
        "Chỉ số chi-so-thu, tiêu chí q9: câu hỏi «q9» được hỏi 0 lần."
    ]


def test_a_leaf_asked_by_two_questionnaires_keeps_an_index_from_publication():
    assert at_publication(index(leaf("q1")), version(item("q1")), version(item("q1"))) == [
        "Chỉ số chi-so-thu, tiêu chí q1: câu hỏi «q1» được hỏi 2 lần."
    ]


def test_a_note_asks_nothing():
    assert at_publication(index(leaf("q1")), version(item("q1", "note"))) == [
        "Chỉ số chi-so-thu, tiêu chí q1: câu hỏi «q1» được hỏi 0 lần."
    ]


def test_an_option_of_the_scale_that_is_not_offered_keeps_an_index_from_publication():
    asked = version(item("q1", option=[option(code) for code in "1234"]))

    assert at_publication(index(leaf("q1")), asked) == [
        "Chỉ số chi-so-thu, tiêu chí q1: câu «q1» không có phương án 5."
    ]


def test_an_option_outside_the_scale_cannot_serve_as_one_on_it():
    asked = version(item("q1", option=[*(option(code) for code in "1234"), dont_know("5")]))

    assert at_publication(index(leaf("q1")), asked) == [
        "Chỉ số chi-so-thu, tiêu chí q1: câu «q1» không có phương án 5."
    ]


def test_a_leaf_cannot_read_a_multiple_choice():
    assert at_publication(index(leaf("q1")), version(item("q1", "multiple"))) == [
        "Chỉ số chi-so-thu, tiêu chí q1: câu «q1» nhận nhiều phương án một lúc."
    ]


def test_reported_leaves_and_values_of_other_indices_are_not_asked():
    tree = index(
        node("A", "B", "C"),
        leaf("B", measure="reported", item=None),
        leaf("C", measure="node", item=None, index="sipas-2022", node="S1"),
    )

    assert at_publication(tree, version(item("q1"))) == []


def test_require_sound_raises_the_first_problem():
    with pytest.raises(Refusal, match="một"):
        require_sound([Refusal("một"), Refusal("hai")])


def test_require_sound_lets_a_sound_definition_pass():
    assert require_sound(problems_in_questionnaire(version())) is None
