"""Nothing said on the command line or in a file is passed over: it counts, or it is refused."""

import csv
import io
import json
import os
import random
from pathlib import Path

import duckdb
import pytest

from analysis.__main__ import main

LEAVES = ("A", "B")
INDEX = """
code = "thu"
root = "R"
favourable = ["4", "5"]
scale = ["1", "2", "3", "4", "5"]
[[node]]
code = "R"
rollup = "mean"
children = ["A", "B"]
"""
ANSWERED = '[[leaf]]\ncode = "{0}"\nitem = "{0}"\nmeasure = "favourable_share"\n'
REPORTED = '[[leaf]]\ncode = "{0}"\nmeasure = "reported"\n'
LINKED = '[[leaf]]\ncode = "{0}"\nmeasure = "node"\nindex = "thu"\nnode = "{0}"\n'
COLUMNS = ["unit", "stratum", "psu", "weight", "N", "node", "by_node", "domain", "A", "B"]
ON = ["--index", "index.toml", "--data", "data.csv"]
SAMPLE = [*ON, "--stratum", "stratum", "--psu", "psu", "--weight", "weight"]
FRAME = ["plan", "--frame", str(Path(__file__).parents[1] / "data" / "frame.csv")]
PLAN = [*FRAME, "--take", "12", "--rho", "0.03"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = random.Random(3)
    rows = [
        [f"U{i % 3}", i % 2, i // 2 % 8, 1 + i % 7, 20, f"N{i % 2}", "z", "d"]
        + [rng.choice("12345") for _ in LEAVES]
        for i in range(240)
    ]
    written("data.csv", COLUMNS, *rows)
    for name, leaf in (("index", ANSWERED), ("reported", REPORTED), ("linked", LINKED)):
        text = INDEX.replace("thu", "khac") if leaf is LINKED else INDEX
        leaves = "".join(leaf.format(code) for code in LEAVES)
        Path(f"{name}.toml").write_text(text + leaves, encoding="utf-8")
    return tmp_path


def written(name, *rows):
    with Path(name).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)


def changed(name, column, row, value):
    """Data with another value in one row of the file, or in all rows from the second on."""
    lines = [line.split(",") for line in Path("data.csv").read_text(encoding="utf-8").splitlines()]
    for line in [lines[row - 1]] if row else lines[1:]:
        line[COLUMNS.index(column)] = value
    written(name, *lines)


def output(capsys, *arguments):
    status = main(arguments)
    captured = capsys.readouterr()
    assert (status, captured.err) == (0, "")
    return captured.out


def document(capsys, *arguments):
    return json.loads(output(capsys, *arguments))


def table(capsys, *arguments):
    return list(csv.DictReader(io.StringIO(output(capsys, *arguments, "--format", "csv"))))


def refusal(capsys, *arguments):
    status = main(arguments)
    captured = capsys.readouterr()
    assert (status, captured.out) == (2, "")
    assert len(captured.err.splitlines()) == 1
    return captured.err


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--respondents", "99999999"], ["--respondents", "frame.csv", "2676", "99999999"]),
        (["--respondents", "2677"], ["2676", "2677"]),
        (["--unit-psus", "100000"], ["Tỉnh Hải Thanh", "83", "100000", "--unit-psus"]),
        (["--unit-psus", "100"], ["Tỉnh Hải Thanh", "83", "100"]),
        (["--margin", "0.001"], ["Toàn bộ", "223"]),
    ],
)
def test_a_demand_that_the_frame_cannot_meet_is_refused_by_name(capsys, asked, words):
    message = refusal(capsys, *PLAN, *asked)

    assert all(word in message for word in words), message


def test_demands_that_take_the_whole_frame_are_met(capsys):
    whole = document(capsys, *PLAN, "--respondents", "2676")
    units = document(capsys, *PLAN, "--unit-psus", "83")

    assert whole["total"]["respondents"] == 2676
    assert min(unit["psus"] for unit in units["units"]) == 83


def test_people_who_do_not_answer_bound_the_units_of_a_unit(capsys):
    written("frame.csv", ["stratum", "unit", "psus", "population"], ["s", "U", 10, 10])

    asked = ["--frame", "frame.csv", "--unit-psus", "9", "--take", "1", "--response-rate", "0.5"]
    message = refusal(capsys, "plan", *asked)

    assert all(word in message for word in ("U:", "5", "9", "--unit-psus")), message


def test_a_list_with_a_stratum_that_the_frame_does_not_have_is_refused(capsys):
    written("frame.csv", ["stratum", "psus", "population"], ["s", 4, 400], ["t", 4, 400])
    named = [[stratum, k] for stratum in ("s", "t") for k in range(4)]
    asked = ["plan", "--frame", "frame.csv", "--respondents", "40", "--take", "10"]
    asked += ["--rho", "0", "--draw", "psus.csv", "--seed", "2026"]
    written("psus.csv", ["stratum", "psu"], *named)
    assert len(document(capsys, *asked)["draw"]) == 8

    written("psus.csv", ["stratum", "psu"], *named, ["T", 0])
    message = refusal(capsys, *asked)

    assert all(word in message for word in ("psus.csv", "dòng 10", "«T»")), message


@pytest.mark.parametrize("size", ["1_0", "\u0663", "0", "1e-999999999", "1e999999999", "nan"])
def test_a_size_that_is_no_number_is_refused(capsys, size):
    written("frame.csv", ["stratum", "psus", "population"], ["s", 2, 400])
    written("psus.csv", ["stratum", "psu", "size"], ["s", "a", "5.5"], ["s", "b", size])
    asked = ["plan", "--frame", "frame.csv", "--respondents", "20", "--take", "10", "--rho", "0"]

    message = refusal(capsys, *asked, "--draw", "psus.csv", "--seed", "1", "--draw-method", "pps")

    assert all(word in message for word in ("psus.csv", "dòng 3", "«b»", "«size»")), message


@pytest.mark.parametrize("out", ["there", "no/where", ".", ""])
def test_a_result_that_cannot_be_written_leaves_nothing_behind(folder, capsys, out):
    Path("there").mkdir()
    before = sorted(folder.iterdir())

    assert out in refusal(capsys, "index", *SAMPLE, "--out", out)

    assert sorted(folder.iterdir()) == before
    assert not list(Path("there").iterdir())


def test_totals_that_cannot_be_kept_leave_nothing_behind(folder, capsys):
    before = sorted(folder.iterdir())

    assert "no/where" in refusal(capsys, "index", *SAMPLE, "--totals", "no/where")

    assert sorted(folder.iterdir()) == before


def test_what_is_no_file_is_written_to_and_not_replaced(capsys):
    os.mkfifo("pipe")  # stands for a device, which a failing test must not replace
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        output(capsys, "index", *SAMPLE, "--out", "pipe")
        received = os.read(reader, 100_000)
    finally:
        os.close(reader)

    assert Path("pipe").is_fifo()
    assert json.loads(received)["index"] == "thu"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--seed", "-1"], ["--seed", "âm"]),
        (["--draws", "99"], ["--draws", "100", "99"]),
        (["--draws", str(10**30)], ["--draws", "1000000", str(10**30)]),
    ],
)
def test_draws_that_cannot_be_made_are_refused(capsys, asked, words):
    message = refusal(capsys, "compare", *SAMPLE, "--by", "unit", *asked)

    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    "text",
    [
        '{"index": ["s"], "design": {}, "results": []}',
        '{"index": "thu", "design": {}, "results": [{"node": "A", "domain": {"u": 1}}]}',
        '{"index": "thu", "design": {}, "results": [{"node": "A", "domain": {}, "estimate": '
        'Infinity, "status": "ok", "se": null, "df": null, "n": null}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_result_is_refused(capsys, text):
    Path("s.json").write_text(text, encoding="utf-8")

    assert "s.json" in refusal(capsys, "index", "--index", "linked.toml", "--from", "s.json")


@pytest.mark.parametrize("weight", ["1e308", "1e-320", "1e101"])
@pytest.mark.parametrize("row", [3, 0], ids=["one", "all"])
def test_a_weight_of_absurd_size_is_refused_in_one_sentence(capsys, weight, row):
    changed("bad.csv", "weight", row, weight)
    duckdb.read_csv("bad.csv").write_parquet("bad.parquet")
    rest = SAMPLE[4:]
    commands = [["index", *ON[:3], name, *rest] for name in ("bad.csv", "bad.parquet")]
    commands += [["weights", "--data", "bad.csv", *rest]]
    commands += [[*commands[0], "--totals", "kept.totals"]]

    for arguments in commands:
        message = refusal(capsys, *arguments)
        assert all(word in message for word in (f"dòng {row or 2}", "«weight»")), message


@pytest.mark.parametrize("size", [1e-90, 1e16, 1e20, 1e90])
def test_the_size_of_all_weights_does_not_matter(capsys, size):
    cells = Path("data.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in cells]
    for row in rows[1:]:
        row[COLUMNS.index("weight")] = repr(float(row[COLUMNS.index("weight")]) * size)
    written("far.csv", *rows)

    near, far = (
        document(capsys, "index", *ON[:3], name, *SAMPLE[4:], "--fpc", "N")["results"]
        for name in ("data.csv", "far.csv")
    )

    for key in ("estimate", "se", "ci_low", "ci_high"):
        assert [row[key] for row in far] == pytest.approx([row[key] for row in near], rel=1e-12)
    asked = ["--weight", "weight", "--format", "json"]
    found = document(capsys, "weights", "--data", "far.csv", *asked)["weights"]
    assert (found["min"], found["max"]) == pytest.approx((size, 7 * size), rel=1e-12, abs=0)


def test_probabilities_that_make_absurd_weights_are_refused(capsys):
    written("bad.csv", ["p"], ["0.5"], ["1e-130"])

    message = refusal(capsys, "weights", "--data", "bad.csv", "--probability", "p")

    assert all(word in message for word in ("bad.csv", "dòng 3", "«p»", "1e-130")), message


@pytest.mark.parametrize(
    "value", ["1_000", "\uff11\uff12", "\u0663", "0x1A", "1,5", "nan", "inf", "1e"]
)
@pytest.mark.parametrize("column", ["weight", "N"])
def test_only_decimal_notation_is_a_number(capsys, column, value):
    changed("bad.csv", column, 3, value)

    message = refusal(capsys, "index", *ON[:3], "bad.csv", *SAMPLE[4:], "--fpc", "N")

    assert all(word in message for word in ("bad.csv", "dòng 3", f"«{column}»", value)), message


@pytest.mark.parametrize("value", ["20", "+20", "20.0", "2e1", "2.E+1", "200e-1"])
def test_every_decimal_notation_is_read(capsys, value):
    changed("same.csv", "N", 3, value)

    results = [
        document(capsys, "index", *ON[:3], name, *SAMPLE[4:], "--fpc", "N")["results"]
        for name in ("data.csv", "same.csv")
    ]

    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("77.5", ["77.5", "số nguyên"]),
        ("", ["tầng «1» thiếu số lượng tổng thể"]),
        ("21", ["tầng «1»", "21", "20", "dòng 3"]),
        ("2", ["tầng «1»", "2", "20"]),
    ],
)
def test_a_wrong_population_count_is_named_with_its_row_and_stratum(capsys, value, words):
    changed("bad.csv", "N", 5, value)

    message = refusal(capsys, "index", *ON[:3], "bad.csv", *SAMPLE[4:], "--fpc", "N")

    assert all(word in message for word in ["bad.csv", "dòng 5", "«N»", *words]), message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["index", *SAMPLE, "--by", "unit", "--dossiers", "x.csv"], ["--dossiers", "--combine"]),
        ([*PLAN, "--margin", "0.05", "--seed", "1"], ["--seed", "--draw"]),
        ([*PLAN, "--margin", "0.05", "--reserves", "1"], ["--reserves", "--draw"]),
        ([*PLAN, "--margin", "0.05", "--node", "R"], ["--node", "--previous"]),
        *(
            (
                ["index", "--index", "reported.toml", "--reported", "v.csv", *rest],
                [rest[0], "--data"],
            )
            for rest in (
                ["--stratum", "stratum"],
                ["--psu", "psu"],
                ["--weight", "weight"],
                ["--fpc", "N"],
                ["--lonely", "fail"],
                ["--source", "probability"],
                ["--rake", "m.csv"],
                ["--bounds", "0.5,2"],
            )
        ),
        *(
            (["index", *SAMPLE, "--fpc", "N", option, "N"], [option, "một lần"])
            for option in ("--psu", "--fpc")
        ),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(capsys, arguments, words):
    written("v.csv", ["leaf", "value"], ["A", 0.5], ["B", 0.4])

    message = refusal(capsys, *arguments)

    assert all(word in message for word in words), message


def test_of_other_options_the_last_one_counts(capsys):
    told = document(capsys, "index", *SAMPLE, "--ci", "kg", "--confidence", "0.8", "--ci", "t")

    assert (told["design"]["interval"], told["design"]["confidence"]) == ("t", 0.8)


def test_the_same_family_twice_is_taken_once(capsys):
    families = ["--by", "unit", "--by", "unit,psu", "--by", "unit"]

    assert output(capsys, "index", *SAMPLE, *families) == output(
        capsys, "index", *SAMPLE, *families[:4]
    )


def test_a_domain_column_called_like_a_key_gets_a_prefix(capsys):
    rows = table(capsys, "index", *SAMPLE, "--by", "node", "--by", "by_node", "--by", "unit")
    told = document(capsys, "index", *SAMPLE, "--by", "node", "--by", "by_node", "--by", "unit")

    assert [row["node"] for row in rows] == [row["node"] for row in told["results"]]
    for name, column in (("node", "by_by_node"), ("by_node", "by_node"), ("unit", "unit")):
        assert [row[column] for row in rows] == [
            row["domain"].get(name, "") for row in told["results"]
        ]
    compared = table(capsys, "compare", *SAMPLE, "--by", "node")
    assert [(row["node"], row["by_node"]) for row in compared] == [("R", "N0"), ("R", "N1")]


def test_data_keep_a_column_called_domain(capsys):
    rows = table(capsys, "weights", "--data", "data.csv", "--weight", "weight")

    assert {row["domain"] for row in rows} == {"d"}


def test_reported_numbers_of_units_need_no_responses(capsys):
    cells = [["A", 0.5, ""], ["B", 0.4, ""], ["A", 0.6, "U10"], ["B", 0.2, "U2"], ["A", 0.7, "U2"]]
    written("v.csv", ["leaf", "value", "unit"], *cells)
    asked = ["--index", "reported.toml", "--reported", "v.csv"]

    rows = document(capsys, "index", *asked, "--by", "unit")["results"]

    found = [(r["domain"].get("unit"), r["estimate"]) for r in rows if r["node"] != "R"]
    assert found == [
        *((None, 0.5), (None, 0.4)),
        *(("U10", 0.6), ("U10", 0.4)),  # what is not told of a unit is that of the whole
        *(("U2", 0.7), ("U2", 0.2)),
    ]
    assert [r["rank"] for r in rows if r["node"] == "A"] == [None, 2, 1]
    assert "U10" in output(capsys, "compare", *asked, "--by", "unit", "--format", "table")
    message = refusal(capsys, "index", *asked, "--by", "unit,xa")
    assert all(word in message for word in ("--data", "--by unit,xa", "--reported", "--from"))


def test_results_of_units_of_another_index_need_no_responses(capsys):
    output(capsys, "index", *SAMPLE, "--by", "unit", "--out", "thu.json")

    rows = document(
        capsys, "index", "--index", "linked.toml", "--from", "thu.json", "--by", "unit"
    )["results"]

    before = json.loads(Path("thu.json").read_text(encoding="utf-8"))["results"]
    assert [(r["domain"], r["estimate"]) for r in rows if r["node"] == "A"] == [
        (r["domain"], r["estimate"]) for r in before if r["node"] == "A"
    ]


@pytest.mark.parametrize("command", ["index", "compare"])
def test_a_table_without_intervals_has_no_heading_of_one(capsys, command):
    arguments = [command, *SAMPLE, "--by", "unit", "--format", "table"]

    assert "Khoảng tin cậy" in output(capsys, *arguments)
    told = output(capsys, *arguments, "--source", "self-selected")
    assumed = output(capsys, *arguments, "--source", "self-selected", "--assume-srs")

    assert "Khoảng tin cậy" not in told
    assert "Khoảng tin cậy 95 % (logit)" in assumed
