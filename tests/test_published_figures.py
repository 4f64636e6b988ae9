"""Published == computed: every official figure comes out of the reconstructed answers."""

import csv
import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.dataset import read_csv
from analysis.design import DesignColumns, design_of
from analysis.results import Showing
from analysis.tabulate import describe
from questionnaires.load import DEFINITIONS, Catalogue

DEMO = Path(__file__).parents[1] / "survey_app" / "demo"
PUBLISHED = DEMO / "published"
CITIZENS = DEMO / "citizens_2022_reconstructed.csv"
OFFICIALS = DEMO / "officials_2022_reconstructed.csv"
BLOCKS = {  # block of the published table: the item of an option, and the option's code
    "policy_interest": lambda no: (f"interest_{no}", "+"),
    "information_channel": lambda no: ("channel", no),
    "participation_readiness": lambda no: ("readiness", no),
    "harassment": lambda no: ("harassment", no),
    "informal_payment": lambda no: ("payment", no),
    "service_channel": lambda no: ("service_form", no),
    "policy_information_channel": lambda no: ("information_form", no),
    "experience": lambda no: (f"experience_{no}", "+"),
}


def rows_of(name):
    with (PUBLISHED / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def half_up(rate, digits):
    """A rate in per cent as a table prints it; the exact fraction count / n decides halves."""
    return (100 * Decimal(repr(rate))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def tabulated(path, name):
    version = Catalogue().questionnaire(name).definition
    with path.open("rb") as stream:
        data = read_csv(stream, path.name)
    sample = (data, design_of(data, DesignColumns(weight="weight")))
    lines = describe(version, sample, showing=Showing(0))
    return {(line.item.code, line.option): line.record() for line in lines}


@pytest.fixture(scope="module")
def table():
    return tabulated(CITIZENS, "sipas-citizen/2022")


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """Results of the command, by index, part: the row of the whole."""
    folder = tmp_path_factory.mktemp("results")
    calls = {
        "sipas-2022": ["--data", str(CITIZENS), "--weight", "weight"],
        "sipas-2021": ["--reported", str(PUBLISHED / "reported_sipas_2021.csv")],
        "par-survey-2022": ["--data", str(OFFICIALS), "--from", str(folder / "sipas-2022.json")],
    }
    return {code: index_rows(code, folder, *arguments) for code, arguments in calls.items()}


def index_rows(code, folder, *arguments):
    definition = DEFINITIONS / "indices" / f"{code}.toml"
    out = folder / f"{code}.json"
    status = main(["index", "--index", str(definition), *arguments, "--out", str(out)])
    assert status == 0
    rows = json.loads(out.read_text(encoding="utf-8"))["results"]
    return {row["node"]: row for row in rows if not row["domain"]}


OPINIONS = rows_of("opinions_soc_trang_2022.csv")


def test_there_are_39_published_opinions():
    assert len(OPINIONS) == 39


@pytest.mark.parametrize("row", OPINIONS, ids=lambda row: f"{row['block']}-{row['no']}")
def test_opinion(row, table):
    item, option = BLOCKS[row["block"]](row["no"])
    found = table[item, option]

    assert half_up(found["estimate"], 2) == Decimal(row["pct"])
    assert found["n"] == int(row["implied_base"])
    assert found["count"] == int(row["implied_count"])


@pytest.mark.parametrize(
    "row", rows_of("expectations_soc_trang_2022.csv"), ids=lambda row: row["no"]
)
@pytest.mark.parametrize(("option", "column"), [("1", "very_much"), ("2", "much"), ("3", "little")])
def test_expectation(row, option, column, table):
    found = table[f"expectation_{row['no']}", option]

    assert half_up(found["estimate"], 2) == Decimal(row[f"{column}_pct"])
    assert (found["n"], found["count"]) == (int(row["implied_base"]), int(row[f"{column}_count"]))


def test_the_mean_expectation_is_the_one_of_the_report(table):
    shares = [table[f"expectation_{no}", "+"]["estimate"] for no in range(1, 11)]

    assert half_up(sum(shares) / 10, 2) == Decimal("91.11")


def component_code(row):
    if not row["no"]:
        return {"I": "I", "II": "II", "TOTAL": "SIPAS"}[row["group"]]
    number = int(row["no"])
    return f"P{number}" if row["group"] == "I" else f"S{number - 4}"


COMPONENTS = rows_of("sipas_components_soc_trang.csv")


@pytest.mark.parametrize("row", COMPONENTS, ids=component_code)
def test_component_pillar_and_index_2022(row, computed):
    found = computed["sipas-2022"][component_code(row)]

    assert half_up(found["estimate"], 2) == Decimal(row["rate_2022_pct"])


@pytest.mark.parametrize("code", ["II", "SIPAS"])
def test_rounding_first_and_rounding_last_agree(code, computed):
    rows = computed["sipas-2022"]
    means = {"I": [f"P{i}" for i in range(1, 5)], "II": [f"S{i}" for i in range(1, 6)]}

    def rounded(node):
        below = means.get(node, ["I", "II"] if node == "SIPAS" else [])
        values = [rounded(child) for child in below] or [half_up(rows[node]["estimate"], 2)]
        return sum(values) / len(values)

    assert rounded(code).quantize(Decimal("0.01"), ROUND_HALF_UP) == half_up(
        rows[code]["estimate"], 2
    )


@pytest.mark.parametrize("row", [r for r in COMPONENTS if r["rate_2021_pct"]], ids=component_code)
def test_component_and_index_2021_from_reported_numbers(row, computed):
    code = {"II": "SIPAS"}.get(component_code(row), component_code(row))

    assert half_up(computed["sipas-2021"][code]["estimate"], 2) == Decimal(row["rate_2021_pct"])


PAR = rows_of("par_sociological_soc_trang_2022.csv")


def test_there_are_22_officials_items_and_5_of_sipas():
    leaves = [row for row in PAR if row["code"] not in {r["parent"] for r in PAR}]

    assert sum(row["code"].startswith("3.2.6.") for row in leaves) == 5
    assert len(leaves) - 5 - 1 == 22  # and the total


@pytest.mark.parametrize("row", PAR, ids=lambda row: row["code"])
def test_points_of_the_officials_survey(row, computed):
    found = computed["par-survey-2022"][row["code"]]

    assert Decimal(repr(found["points"])).quantize(Decimal("0.0001")) == Decimal(row["points"])
    assert found["points"] == float(row["points"])  # staged rounding leaves no further digit
    assert found["max_points"] == float(row["max_points"])
    shortfall = Decimal(repr(found["points"])) - Decimal(row["max_points"])
    assert shortfall == Decimal(row["shortfall"])


def test_the_officials_alone_have_18_2252_points(computed):
    rows = computed["par-survey-2022"]

    assert (rows["CS"]["points"], rows["TOTAL"]["points"]) == (18.2252, 26.6141)
    assert rows["TOTAL"]["points_exact"] != rows["TOTAL"]["points"]


def test_changing_one_answer_changes_the_result(tmp_path, computed):
    with CITIZENS.open(encoding="utf-8", newline="") as stream:
        header, first, *rest = csv.reader(stream)
    column = header.index("p1_1")
    first[column] = "1" if first[column] in "45" else "5"
    changed = tmp_path / "changed.csv"
    with changed.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, first, *rest])

    rows = index_rows("sipas-2022", tmp_path, "--data", str(changed), "--weight", "weight")

    before = computed["sipas-2022"]
    for code in ("P1.1", "P1", "I", "SIPAS"):
        assert rows[code]["estimate"] != before[code]["estimate"]
    assert half_up(rows["P1.1"]["estimate"], 2) != half_up(before["P1.1"]["estimate"], 2)
    assert rows["S1"] == before["S1"]


def test_every_figure_says_that_it_comes_from_reconstructed_answers(computed):
    for code in ("sipas-2022", "par-survey-2022"):
        for row in computed[code].values():
            assert row["notice"] == "minh họa, không phải sai số của cuộc khảo sát thật"


def test_the_mean_score_variant_is_not_the_published_index(tmp_path):
    rows = index_rows("sipas-2022-mean", tmp_path, "--data", str(CITIZENS), "--weight", "weight")

    assert half_up(rows["SIPAS"]["estimate"], 2) != Decimal("79.92")


@pytest.mark.parametrize(
    ("policy", "service", "total"), [("82.49", "82.97", "82.66"), ("83.84", "84.09", "83.94")]
)
def test_the_pillar_weight_of_2023_lies_where_national_figures_confine_it(policy, service, total):
    root = Catalogue().index("sipas-2023").definition.by_code["SIPAS"]
    weight, half = root.weights[0], Decimal("0.005")

    centre = weight * Decimal(policy) + root.weights[1] * Decimal(service)

    assert sum(root.weights) == 1
    assert abs(centre - Decimal(total)) <= 2 * half  # every printed figure is rounded to 0.01
