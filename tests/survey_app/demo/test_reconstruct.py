"""The reconstructed answers give back every published figure; counted here by independent means."""

import csv
import os
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from survey_app.demo.chance import Chance
from survey_app.demo.check import check
from survey_app.demo.criteria import find_criteria
from survey_app.demo.figures import read_figures
from survey_app.demo.reconstruct import reconstruct

REPOSITORY = Path(__file__).parents[3]
DEMO = REPOSITORY / "survey_app" / "demo"
LABEL = "reconstructed from the published table, not the original answers"


def read(name):
    with (DEMO / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CITIZENS = read("citizens_2022_reconstructed.csv")
OFFICIALS = read("officials_2022_reconstructed.csv")
OPINIONS = read("published/opinions_soc_trang_2022.csv")
EXPECTATIONS = read("published/expectations_soc_trang_2022.csv")
COMPONENTS = read("published/sipas_components_soc_trang.csv")
PAR = read("published/par_sociological_soc_trang_2022.csv")

COLUMN = {
    "policy_interest": ("interest_{no}", {"1", "2"}),
    "information_channel": ("channel", None),
    "participation_readiness": ("readiness", None),
    "harassment": ("harassment", None),
    "informal_payment": ("payment", None),
    "service_channel": ("service_form", None),
    "policy_information_channel": ("information_form", None),
    "experience": ("experience_{no}", {"1"}),
}
SIZES = {"p1": 4, "p2": 3, "p3": 3, "p4": 4, "s1": 3, "s2": 4, "s3": 4, "s4": 4, "s5": 4}
WINDOWS = {
    "s1": ("80.670", "80.675"),
    "s2": ("80.010", "80.015"),
    "s3": ("85.258", "85.262"),
    "s4": ("86.930", "86.934"),
    "s5": ("83.6875", "83.6925"),
}
NEGATIVE = {"3.2.3.1.b", "3.2.3.1.d", "3.2.3.3.c"}
LEAVES = [row for row in PAR if row["parent"] and row["parent"] != "3.2.6"]
SIPAS_LEAVES = [row for row in PAR if row["parent"] == "3.2.6"]


def criteria(component):
    return [f"{component}_{place}" for place in range(1, SIZES[component] + 1)]


SATISFACTION = [item for component in SIZES for item in criteria(component)]
FORM = (
    [f"interest_{no}" for no in range(1, 9)]
    + ["channel", "readiness", "harassment", "payment", "service_form", "information_form"]
    + [f"experience_{no}" for no in range(1, 8)]
    + SATISFACTION
    + [f"expectation_{no}" for no in range(1, 11)]
)


def rounded(fraction, places):
    """Half up in decimal arithmetic; 60 digits are far more than any tie here needs."""
    exact = Decimal(fraction.numerator) / Decimal(fraction.denominator)
    return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def valid(rows, item):
    return [row[item] for row in rows if row[item] not in ("", "97", "98", "99")]


def share(rows, item, codes):
    cells = valid(rows, item)
    return Fraction(sum(1 for cell in cells if codes & set(cell.split(" "))), len(cells))


def favourable(component):
    """The unrounded rate of a component in per cent."""
    items = criteria(component)
    return 100 * sum(share(CITIZENS, item, {"4", "5"}) for item in items) / len(items)


def official_mean(place):
    row = LEAVES[place]
    up = (Fraction(int(cell) - 1, 4) for cell in valid(OFFICIALS, f"cs{place + 1:02}"))
    points = [1 - one if row["code"] in NEGATIVE else one for one in up]
    return sum(points) / len(points)


def sipas_points(place):
    """Points of a SIPAS line of the PAR INDEX, rounded in stages as the document does."""
    maximum = Decimal(SIPAS_LEAVES[place]["max_points"])
    product = maximum * rounded(favourable(f"s{place + 1}"), 2) / 100
    return product.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def published_rate(group, no):
    rows = [row for row in COMPONENTS if (row["group"], row["no"]) == (group, no)]
    return Decimal(rows[0]["rate_2022_pct"])


@pytest.mark.parametrize("row", OPINIONS, ids=lambda row: f"{row['block']}-{row['no']}")
def test_every_published_opinion_comes_out_of_the_citizens_answers(row):
    name, codes = COLUMN[row["block"]]
    item = name.format(no=row["no"])
    assert len(valid(CITIZENS, item)) == int(row["implied_base"])
    assert rounded(100 * share(CITIZENS, item, codes or {row["no"]}), 2) == Decimal(row["pct"])


@pytest.mark.parametrize("row", EXPECTATIONS, ids=lambda row: row["no"])
def test_every_published_expectation_comes_out_in_its_three_degrees(row):
    item = f"expectation_{row['no']}"
    assert len(valid(CITIZENS, item)) == int(row["implied_base"])
    for code, column in (("1", "very_much_pct"), ("2", "much_pct"), ("3", "little_pct")):
        assert rounded(100 * share(CITIZENS, item, {code}), 2) == Decimal(row[column])


def test_the_published_tables_hold_39_opinions_ten_expectations_and_22_officials_lines():
    assert (len(OPINIONS), len(EXPECTATIONS), len(LEAVES)) == (39, 10, 22)


def test_the_bases_of_the_blocks_are_the_published_ones():
    def bases(*items):
        return [len(valid(CITIZENS, item)) for item in items]

    of_483 = ("readiness", "harassment", "payment", "information_form")
    assert bases(*(f"interest_{no}" for no in range(1, 9)), *of_483) == [483] * 12
    assert bases("channel", "service_form") == [482, 482]
    experience = (f"experience_{no}" for no in range(1, 8))
    assert bases(*experience) == [483, 482, 483, 483, 481, 481, 481]
    expectation = (f"expectation_{no}" for no in range(1, 11))
    assert bases(*expectation) == [480, 482] + [483] * 8
    assert {len(valid(CITIZENS, item)) for item in SATISFACTION} == {480, 481, 482, 483}


def test_three_of_the_486_citizens_answered_none_of_the_blocks_and_only_they_left_cells_empty():
    empty = [row for row in CITIZENS if not any(row[item] for item in FORM)]
    partly = [row for row in CITIZENS if row not in empty and not all(row[item] for item in FORM)]
    assert (len(CITIZENS), len(empty), partly) == (486, 3, [])


def test_readiness_has_494_ticks_and_cannot_is_never_doubled():
    cells = [cell.split(" ") for cell in valid(CITIZENS, "readiness")]
    assert sum(len(cell) for cell in cells) == 494
    assert all(len(cell) == 1 for cell in cells if {"1", "2"} & set(cell))
    assert all(len(cell) == len(set(cell)) for cell in cells)


@pytest.mark.parametrize("component", WINDOWS)
def test_service_components_lie_where_rounding_first_and_last_agree(component):
    low, high = WINDOWS[component]
    assert Fraction(low) <= favourable(component) < Fraction(high)


@pytest.mark.parametrize("component", SIZES)
def test_every_component_rounds_to_its_published_rate(component):
    pillar, offset = ("I", 0) if component[0] == "p" else ("II", 4)
    published = published_rate(pillar, str(int(component[1]) + offset))
    assert rounded(favourable(component), 2) == published


@pytest.mark.parametrize("staged", [False, True], ids=["unrounded", "rounded"])
def test_both_pillars_and_sipas_come_out_of_rounded_and_of_unrounded_components(staged):
    def stage(fraction):
        return Fraction(rounded(fraction, 2)) if staged else fraction

    policy = sum(stage(favourable(f"p{no}")) for no in range(1, 5)) / 4
    service = sum(stage(favourable(f"s{no}")) for no in range(1, 6)) / 5
    assert rounded(policy, 2) == published_rate("I", "") == Decimal("76.53")
    assert rounded(service, 2) == published_rate("II", "") == Decimal("83.31")
    sipas = (stage(policy) + stage(service)) / 2
    assert rounded(sipas, 2) == published_rate("TOTAL", "") == Decimal("79.92")


def test_no_whole_count_on_a_common_base_of_483_reaches_the_first_service_component():
    answers = 3 * 483
    published = published_rate("II", "5")
    rates = {rounded(Fraction(100 * count, answers), 2) for count in range(answers + 1)}
    assert published not in rates


@pytest.mark.parametrize("place", range(22), ids=[row["code"] for row in LEAVES])
def test_every_line_of_the_officials_has_its_published_points(place):
    mean = official_mean(place)
    assert rounded(mean, 4) == Decimal(LEAVES[place]["points"])
    assert rounded(100 * mean, 2) / 100 == Decimal(LEAVES[place]["points"])


def test_the_officials_groups_and_their_sum_of_18_2252_come_out_of_the_rounded_lines():
    sums = {}
    for place, row in enumerate(LEAVES):
        sums[row["parent"]] = sums.get(row["parent"], Decimal(0)) + rounded(official_mean(place), 4)
    assert sums == {row["code"]: Decimal(row["points"]) for row in PAR if row["code"] in sums}
    assert sum(sums.values()) == Decimal("18.2252")


def test_the_sipas_lines_of_the_par_index_and_the_total_of_26_6141_come_out():
    points = [sipas_points(place) for place in range(5)]
    assert points == [Decimal(row["points"]) for row in SIPAS_LEAVES]
    officials = sum(rounded(official_mean(place), 4) for place in range(22))
    assert officials + sum(points) == Decimal(PAR[-1]["points"]) == Decimal("26.6141")


def test_740_officials_left_at_most_five_answers_to_an_item_missing():
    missing = [len(OFFICIALS) - len(valid(OFFICIALS, f"cs{no:02}")) for no in range(1, 23)]
    assert len(OFFICIALS) == 740
    assert max(missing) <= 5


def test_every_row_says_that_it_is_not_an_original_answer():
    assert {row["provenance"] for row in CITIZENS + OFFICIALS} == {LABEL}


def test_every_row_has_an_identifier_of_its_own():
    assert [row["response_id"] for row in CITIZENS] == [f"R{no:04}" for no in range(1, 487)]
    assert [row["response_id"] for row in OFFICIALS] == [f"C{no:04}" for no in range(1, 741)]


def test_the_sample_has_three_districts_of_three_communes_of_two_villages_of_27_people():
    people = {}
    for row in CITIZENS:
        place = (row["stratum"], row["commune"], row["village"])
        people[place] = people.get(place, 0) + 1
    assert list(people.values()) == [27] * 18
    assert len({place[:2] for place in people}) == 9
    assert len({place[0] for place in people}) == 3
    frame = {(row["stratum"], row["communes_in_stratum"]) for row in CITIZENS}
    assert len(frame) == 3
    assert len({(row["commune"], row["villages_in_commune"]) for row in CITIZENS}) == 9


def test_one_constant_weight_keeps_the_weighted_tabulation_equal_to_the_published_one():
    assert len({row["weight"] for row in CITIZENS}) == 1


def test_every_unit_is_one_of_the_published_units():
    units = {row["code"]: row["level"] for row in read("published/units_soc_trang_2022.csv")}
    assert {units[row["unit"]] for row in CITIZENS} == {"district"}
    assert {row["unit"] for row in OFFICIALS} == {
        code for code, level in units.items() if level != "province"
    }


def test_the_2021_rates_for_reported_leaves_are_the_published_components():
    reported = {
        row["leaf"]: Decimal(row["value"]) for row in read("published/reported_sipas_2021.csv")
    }
    published = [
        Decimal(row["rate_2021_pct"]) / 100
        for row in COMPONENTS
        if row["group"] == "II" and row["no"]
    ]
    assert reported == dict(zip(("S1", "S2", "S3", "S4", "S5"), published, strict=True))


def test_people_are_consistent_within_a_component_as_real_respondents_are():
    for component, size in SIZES.items():
        answers = [[row[item] for item in criteria(component)] for row in CITIZENS]
        complete = [list(map(int, row)) for row in answers if set(row) <= set("12345")]
        assert 0.75 <= cronbach_alpha(complete, size) <= 0.90


def cronbach_alpha(rows, size):
    single = sum(variance([row[place] for row in rows]) for place in range(size))
    return size / (size - 1) * (1 - single / variance([sum(row) for row in rows]))


def variance(numbers):
    mean = sum(numbers) / len(numbers)
    return sum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1)


def test_the_program_writes_the_committed_bytes_again(tmp_path):
    command = [sys.executable, "-m", "survey_app.demo.reconstruct", "--out", str(tmp_path)]
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONIOENCODING": "utf-8"}
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["citizens_2022_reconstructed.csv", "officials_2022_reconstructed.csv"]
    for name in written:
        assert (tmp_path / name).read_bytes() == (DEMO / name).read_bytes()


def test_files_are_plain_utf8_with_single_line_feeds():
    for name in ("citizens_2022_reconstructed.csv", "officials_2022_reconstructed.csv"):
        content = (DEMO / name).read_bytes()
        assert b"\r" not in content
        assert content.decode("utf-8").endswith("\n")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_published_figures_do_not_depend_on_the_seed(seed):
    citizens, officials = reconstruct(read_figures(), seed)
    assert citizens != CITIZENS
    assert officials != OFFICIALS


@pytest.mark.parametrize(
    ("table", "item", "old", "new"),
    [
        (0, "harassment", "2", "1"),
        (0, "expectation_4", "1", "2"),
        (0, "s3_2", "4", "3"),
        (0, "readiness", "4 5", "4"),
        (0, "provenance", LABEL, ""),
        (1, "cs07", "5", "1"),
    ],
)
def test_the_program_refuses_its_own_rows_when_one_answer_is_off(table, item, old, new):
    tables = ([dict(row) for row in CITIZENS], [dict(row) for row in OFFICIALS])
    next(row for row in tables[table] if row[item] == old)[item] = new
    with pytest.raises(ValueError, match="sai ở"):
        check(*tables, read_figures())


def test_a_component_that_no_counts_can_reach_is_refused():
    component = read_figures().components[4]
    with pytest.raises(ValueError, match="S1"):
        find_criteria(component, range(483, 484), Chance(1))
