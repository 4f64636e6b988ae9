"""The draw of PSUs: the same for everybody with the seed, and with the chances it says."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.dataset import Dataset
from analysis.sampling.draw import (
    DrawRequest,
    draw,
    draw_rows,
    inclusion_probabilities,
    systematic,
)
from questionnaires.refusal import Refusal

SIZES = {"x1": 900, "x2": 120, "x3": 340, "x4": 60, "x5": 480, "x6": 700, "x7": 200}
KNOWN_SRS = (["x1", "x4", "x2"], ["x5", "x6"])
KNOWN_PPS = (["x1", "x5", "x7"], ["x4", "x2"])


def listed(sizes=SIZES, stratum="đồng bằng", turned=False):
    names = sorted(sizes, reverse=turned)
    return Dataset.of(
        {"stratum": [stratum] * len(names), "psu": names, "size": [sizes[n] for n in names]},
        "xã.csv",
    )


def names_of(drawn, role="selected"):
    return [one.psu for one in drawn if one.role == role]


@pytest.mark.parametrize("method", ["srs", "pps"])
def test_a_draw_does_not_depend_on_the_order_of_the_list(method):
    request = DrawRequest("đợt 2026", method, 2)

    assert draw(listed(), {"đồng bằng": 3}, request) == draw(
        listed(turned=True), {"đồng bằng": 3}, request
    )


def test_a_draw_is_the_same_for_ever():
    drawn = draw(listed(), {"đồng bằng": 3}, DrawRequest("đợt 2026", "srs", 2))
    by_size = draw(listed(), {"đồng bằng": 3}, DrawRequest("đợt 2026", "pps", 2))

    assert (names_of(drawn), names_of(drawn, "reserve")) == KNOWN_SRS
    assert (names_of(by_size), names_of(by_size, "reserve")) == KNOWN_PPS


def test_a_larger_draw_with_the_same_seed_keeps_the_psus():
    few = draw(listed(), {"đồng bằng": 2}, DrawRequest("a", reserves=2))
    more = draw(listed(), {"đồng bằng": 4}, DrawRequest("a", reserves=0))

    assert names_of(few) + names_of(few, "reserve") == names_of(more)


def test_a_stratum_is_drawn_the_same_whatever_stands_beside_it():
    both = Dataset.of(
        {
            "stratum": ["núi"] * 4 + ["đồng bằng"] * 7,
            "psu": ["x1", "x2", "x3", "x4", *SIZES],
        }
    )
    request = DrawRequest("a")

    drawn = draw(both, {"núi": 2, "đồng bằng": 3}, request)

    assert [one for one in drawn if one.stratum == "đồng bằng"] == draw(
        listed(), {"đồng bằng": 3}, request
    )


def test_every_psu_has_the_same_chance_over_many_seeds():
    times = dict.fromkeys(SIZES, 0)
    for seed in range(700):
        for name in names_of(draw(listed(), {"đồng bằng": 3}, DrawRequest(f"hạt {seed}"))):
            times[name] += 1

    # 300 expected, standard deviation 13
    assert all(abs(count - 300) < 45 for count in times.values())


def test_a_seed_written_with_other_unicode_marks_is_the_same_seed():
    composed, decomposed = "đợt hè", "đợt he\u0300"
    assert composed != decomposed
    assert draw(listed(), {"đồng bằng": 3}, DrawRequest(composed)) == draw(
        listed(), {"đồng bằng": 3}, DrawRequest(decomposed)
    )


def test_a_large_psu_is_certain_and_the_others_share_what_is_left():
    sizes = {name: Fraction(size) for name, size in SIZES.items()}

    chances = inclusion_probabilities(sizes, 3)

    # 3 x 900 / 2800 < 1, so nobody is certain; of 4, x1 is: 4 x 900 / 2800 > 1, and then x6
    # is too: 3 x 700 / 1900 > 1; the other 1200 share the remaining two.
    assert chances["x1"] == (Fraction(2700, 2800), False)
    four = inclusion_probabilities(sizes, 4)
    assert [name for name, (_, certain) in four.items() if certain] == ["x1", "x6"]
    assert four["x5"] == (Fraction(2 * 480, 1200), False)


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=12),
    st.data(),
)
def test_chances_add_up_to_the_number_drawn_and_so_many_are_drawn(sizes, data):
    count = data.draw(st.integers(0, len(sizes)))
    start = Fraction(data.draw(st.integers(0, 999)), 1000)

    chances = inclusion_probabilities({f"x{i}": Fraction(s) for i, s in enumerate(sizes)}, count)
    chosen = systematic(chances, start)

    assert sum(chance for chance, _ in chances.values()) == count
    assert all(0 <= chance <= 1 for chance, _ in chances.values())
    assert len(chosen) == len(set(chosen)) == count


def test_over_all_starts_each_psu_is_taken_as_often_as_its_chance_says():
    sizes = {name: Fraction(size) for name, size in SIZES.items()}
    chances = inclusion_probabilities(sizes, 3)
    steps = 2800  # every chance is a multiple of 1/2800

    times = dict.fromkeys(SIZES, 0)
    for step in range(steps):
        for name in systematic(chances, Fraction(step, steps)):
            times[name] += 1

    assert {name: Fraction(n, steps) for name, n in times.items()} == {
        name: chance for name, (chance, _) in chances.items()
    }


def test_rows_give_the_chance_and_the_base_weight_of_reserves_too():
    rows = draw_rows(draw(listed(), {"đồng bằng": 3}, DrawRequest("a", "srs", 1)))

    assert [(row["role"], row["order"]) for row in rows] == [
        ("selected", 1),
        ("selected", 2),
        ("selected", 3),
        ("reserve", 1),
    ]
    assert {row["probability"] for row in rows} == {3 / 7}
    assert {row["weight"] for row in rows} == {7 / 3}


def test_a_stratum_taken_whole_has_no_reserves_left():
    drawn = draw(listed(), {"đồng bằng": 7}, DrawRequest("a"))

    assert {one.role for one in drawn} == {"selected"}
    assert all(one.certain for one in drawn)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"núi": 1}, "Tầng «núi»: cần 1 đơn vị chọn mẫu, tệp xã.csv chỉ có 0"),
        ({"đồng bằng": 8}, "Tầng «đồng bằng»: cần 8 đơn vị chọn mẫu, tệp xã.csv chỉ có 7"),
    ],
)
def test_a_stratum_with_too_few_psus_is_refused_by_name(counts, words):
    with pytest.raises(Refusal, match=words):
        draw(listed(), counts, DrawRequest("a"))


def test_a_list_that_contradicts_the_frame_is_refused():
    with pytest.raises(Refusal, match=r"dàn mẫu ghi 8 đơn vị chọn mẫu, tệp xã\.csv có 7"):
        draw(listed(), {"đồng bằng": 2}, DrawRequest("a"), {"đồng bằng": 8})


@pytest.mark.parametrize("size", [0, -5, "nhiều", "inf"])
def test_a_size_that_is_no_positive_number_is_refused(size):
    with pytest.raises(Refusal, match="dòng 2, đơn vị «x1»: cột «size»"):
        draw(listed(SIZES | {"x1": size}), {"đồng bằng": 2}, DrawRequest("a", "pps"))


def test_a_psu_named_twice_is_refused():
    data = Dataset.of({"stratum": ["núi", "núi"], "psu": ["x1", "x1"]}, "xã.csv")

    with pytest.raises(Refusal, match="dòng 3: đơn vị «x1» đã có trong tầng «núi»"):
        draw(data, {"núi": 1}, DrawRequest("a"))


def test_an_empty_seed_is_refused():
    with pytest.raises(Refusal, match="--seed"):
        draw(listed(), {"đồng bằng": 2}, DrawRequest(" "))
