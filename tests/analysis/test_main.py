"""The command line keeps its contract: figures on standard output, one sentence for bad input."""

import csv
import io
import json
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from analysis.__main__ import main

INDEX = """
code = "thu"
title.vi = "Chỉ số thử"
root = "R"
favourable = ["4", "5"]
scale = ["1", "2", "3", "4", "5"]
[[node]]
code = "R"
rollup = "mean"
children = ["A", "B"]
[[leaf]]
code = "A"
item = "a"
measure = "favourable_share"
max_points = 1.5
[[leaf]]
code = "B"
item = "b"
measure = "mean_score"
"""
FIELDS = [
    "node", "title", "domain", "estimate", "se", "df", "ci_low", "ci_high", "n", "n_effective",
    "deff", "points", "max_points", "rank", "rank_low", "rank_high", "status", "reason",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("index.toml").write_text(INDEX, encoding="utf-8")
    rng = random.Random(5)
    with Path("data.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["unit", "stratum", "psu", "weight", "N", "a", "b"])
        for i in range(240):
            stratum, psu = i % 3, (i // 3) % 5
            answers = [rng.choice(["1", "2", "3", "4", "5", "98", ""]) for _ in "ab"]
            weight = f"{1 + rng.random() * 20:.4f}"
            writer.writerow([f"U{i % 4}", stratum, psu, weight, 20, *answers])
    return tmp_path


DESIGN = ["--stratum", "stratum", "--psu", "psu", "--weight", "weight", "--fpc", "N"]
FULL = ["index", "--index", "index.toml", "--data", "data.csv", *DESIGN, "--by", "unit"]


def without(arguments, options):
    """Arguments, all of which are pairs after the command, without some options; --by stays."""
    pairs = zip(arguments[1::2], arguments[2::2], strict=True)
    kept = [pair for pair in pairs if pair[0] not in options or pair[0] == "--by"]
    return [arguments[0], *(part for pair in kept for part in pair)]


def run(capsys, *arguments):
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def result_of(capsys, *arguments):
    status, out, err = run(capsys, *arguments)
    assert (status, err) == (0, "")
    return json.loads(out)


def refusal_of(capsys, *arguments):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    return err


def test_a_result_has_a_row_for_every_part_of_the_whole_and_of_every_domain(folder, capsys):
    document = result_of(capsys, *FULL)

    assert document["index"] == "thu"
    assert len(document["checksum"]) == 64
    assert document["design"]["strata"] == 3
    assert document["design"]["psus"] == 15
    rows = document["results"]
    assert [row["node"] for row in rows] == ["R", "A", "B"] * 5
    assert [row["domain"] for row in rows[::3]] == [{}] + [{"unit": f"U{i}"} for i in range(4)]
    for row in rows:
        assert [key for key in row if key in FIELDS] == FIELDS
        assert row["ci_low"] < row["estimate"] < row["ci_high"]
        assert row["n_effective"] == pytest.approx(row["n"] / row["deff"])
        assert (row["rank"] is None) == (row["domain"] == {})
    assert {row["rank"] for row in rows if row["node"] == "A"} == {None, 1, 2, 3, 4}
    assert rows[1]["points"] == pytest.approx(1.5 * rows[1]["estimate"])


def test_shuffled_rows_give_the_same_bytes(folder, capsys):
    _, one, _ = run(capsys, *FULL)
    header, *rows = Path("data.csv").read_text(encoding="utf-8").splitlines()
    random.Random(1).shuffle(rows)
    Path("data.csv").write_text("\n".join([header, *rows]), encoding="utf-8")

    _, other, _ = run(capsys, *FULL)
    _, alone, _ = run(
        capsys, "index", "--index", "index.toml", "--data", "data.csv", "--by", "unit"
    )
    random.Random(2).shuffle(rows)
    Path("data.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    _, again, _ = run(
        capsys, "index", "--index", "index.toml", "--data", "data.csv", "--by", "unit"
    )

    assert one == other
    assert alone == again


def test_parquet_gives_the_same_figures_as_csv(folder, capsys):
    duckdb.read_csv("data.csv").write_parquet("data.parquet")

    from_csv = result_of(capsys, *FULL)
    from_parquet = result_of(capsys, *[a.replace("data.csv", "data.parquet") for a in FULL])

    assert from_csv["results"] == from_parquet["results"]


def test_csv_has_a_column_for_each_domain_variable(folder, capsys):
    _, out, _ = run(capsys, *FULL, "--by", "unit,stratum", "--format", "csv", "--min-n", "0")
    rows = list(csv.DictReader(io.StringIO(out)))

    assert len(rows) == 3 * (1 + 4 + 12)
    assert (rows[0]["unit"], rows[0]["stratum"]) == ("", "")
    assert (rows[-1]["unit"], rows[-1]["stratum"]) == ("U3", "2")
    assert float(rows[0]["estimate"]) == result_of(capsys, *FULL)["results"][0]["estimate"]


def test_a_table_is_for_reading(folder, capsys):
    _, out, _ = run(capsys, *FULL, "--format", "table")
    rate = result_of(capsys, *FULL)["results"][0]["estimate"]

    assert "Chỉ số thử" in out
    assert "unit = U3" in out
    assert f"{100 * Decimal(repr(rate)):.2f}".replace(".", ",") in out


def test_a_file_is_written_whole_or_not_at_all(folder, capsys):
    status, out, _ = run(capsys, *FULL, "--out", "result.json")

    assert (status, out) == (0, "")
    assert json.loads(Path("result.json").read_text(encoding="utf-8"))["index"] == "thu"
    assert not list(folder.glob(".*"))
    assert "khong-co" in refusal_of(capsys, *FULL, "--out", "khong-co/result.json")


def test_a_bad_file_leaves_an_older_result_alone(folder, capsys):
    Path("result.json").write_text("cũ", encoding="utf-8")
    text = Path("data.csv").read_text(encoding="utf-8")
    Path("data.csv").write_text(text.replace("U1,1,0,", "U1,1,0,-", 1), encoding="utf-8")

    refusal_of(capsys, *FULL, "--out", "result.json")

    assert Path("result.json").read_text(encoding="utf-8") == "cũ"


def test_self_selected_answers_have_no_interval_and_no_rank(folder, capsys):
    arguments = [*FULL, "--source", "self-selected"]
    sample = result_of(capsys, *FULL)["results"]

    rows = result_of(capsys, *arguments)["results"]
    assumed = result_of(capsys, *arguments, "--assume-srs")

    hidden = (
        "se",
        "df",
        "ci_low",
        "ci_high",
        "deff",
        "n_effective",
        "rank",
        "rank_low",
        "rank_high",
    )
    assert all(row[key] is None for row in rows for key in hidden)
    assert {row["reason"] for row in rows} == {"self_selected"}
    assert [row["estimate"] for row in rows] == [row["estimate"] for row in sample]
    assert "như mẫu ngẫu nhiên" in assumed["design"]["assumption"]
    assert assumed["results"] == sample


def test_an_answer_that_is_no_option_is_missing_but_mentioned(folder, capsys):
    index = Path("index.toml").read_text(encoding="utf-8").replace('item = "a"', 'item = "p1_1"')
    index = index.replace('root = "R"', 'root = "R"\nquestionnaires = ["sipas-citizen/2022"]')
    Path("index.toml").write_text(index, encoding="utf-8")
    Path("data.csv").write_text("p1_1,b\n5,1\n44,1\n1,2\n98,3\n", encoding="utf-8")

    status, out, err = run(
        capsys, "index", "--index", "index.toml", "--data", "data.csv", "--min-n", "0"
    )

    row = json.loads(out)["results"][1]
    assert (status, row["n"], row["estimate"]) == (0, 2, 0.5)
    assert all(word in err for word in ("data.csv", "«p1_1»", "«44»", "dòng 3"))
    assert "98" not in err


def test_a_census_has_no_sampling_error(folder, capsys):
    arguments = ["index", "--index", "index.toml", "--data", "data.csv", "--source", "census"]
    document = result_of(capsys, *arguments)

    assert {row["se"] for row in document["results"]} == {0.0}
    assert "không có sai số chọn mẫu" in document["design"]["assumption"]


def test_small_cells_show_nothing(folder, capsys):
    rows = result_of(capsys, *FULL, "--min-n", "45")["results"]

    hidden = [row for row in rows if row["status"] == "suppressed"]
    assert hidden
    for row in hidden:
        shown = {key for key, value in row.items() if value is not None}
        assert shown <= {"node", "title", "domain", "max_points", "status", "reason"}


def test_one_index_reads_another(folder, capsys):
    run(capsys, *FULL, "--out", "one.json")
    other = """
code = "khac"
root = "T"
[[node]]
code = "T"
rollup = "sum"
children = ["x", "r"]
[[leaf]]
code = "x"
measure = "node"
index = "thu"
node = "A"
max_points = 2
round = 2
[[leaf]]
code = "r"
measure = "reported"
max_points = 1
"""
    Path("other.toml").write_text(other, encoding="utf-8")
    Path("values.csv").write_text("leaf,value\nr,0.85\n", encoding="utf-8")

    first = json.loads(Path("one.json").read_text(encoding="utf-8"))["results"][1]
    document = result_of(
        capsys, "index", "--index", "other.toml", "--from", "one.json", "--reported", "values.csv"
    )

    total, x, r = document["results"]
    assert x["estimate_exact"] == first["estimate"]
    assert x["estimate"] == round(first["estimate"], 4)
    assert x["se"] == pytest.approx(first["se"])
    assert (r["estimate"], r["se"], r["reason"]) == (0.85, None, "reported")
    assert total["points"] == pytest.approx(2 * x["estimate"] + 0.85)
    assert total["se"] == pytest.approx(first["se"] * 2 / 3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--weight", "w"], ["data.csv", "«w»"]),
        (["--by", "xa"], ["data.csv", "«xa»"]),
        (["--stratum", "weight"], ["data.csv", "một đơn vị"]),
        (["--rake", "mat.csv"], ["mat.csv"]),
        (["--previous", "mat.csv"], ["mat.csv"]),
        (["--rake", "m.csv", "--calibrate", "m.csv"], ["--rake", "--calibrate"]),
        (["--bounds", "0.5,2"], ["--bounds", "--rake"]),
        (["--rake", "data.csv"], ["data.csv", "«margin»"]),
        (["--combine", "psu"], ["--combine psu", "--by psu"]),
        (["--fpc", "a"], ["data.csv", "dòng", "«a»"]),
        (["--confidence", "95"], ["--confidence", "95"]),
        (["--min-n", "-1"], ["--min-n"]),
        (["--khong-co"], ["--khong-co"]),
        (["--data", "mat.csv"], ["mat.csv"]),
        (["--index", "mat.toml"], ["mat.toml"]),
        (["--from", "data.csv"], ["data.csv"]),
        (["--fpc", "N,N"], ["N,N"]),
        (["--data", "index.toml"], ["index.toml"]),
    ],
)
def test_bad_input_ends_with_status_2_and_one_sentence(folder, capsys, change, words):
    message = refusal_of(capsys, *without(FULL, change[::2]), *change)

    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('children = ["A", "B"]', 'children = ["A", "C"]', ["thu", "«C»"]),
        ('item = "a"', 'item = "khong"', ["data.csv", "«khong»"]),
        ('favourable = ["4", "5"]', 'favourable = ["6"]', ["A", "«6»"]),
        ('measure = "mean_score"', 'measure = "median"', ["index.toml", "«B»", "measure"]),
        ('rollup = "mean"', 'rollup = "weighted_mean"\nweights = [0.5, 0.4]', ["R", "0.9"]),
        ('root = "R"', "root = ", ["index.toml", "TOML"]),
        ('root = "R"', 'root = "R"\nmau = 1', ["index.toml", "mau"]),
    ],
)
def test_an_unsound_definition_is_refused_by_file_and_place(folder, capsys, old, new, words):
    Path("index.toml").write_text(INDEX.replace(old, new, 1), encoding="utf-8")

    message = refusal_of(capsys, *FULL)

    assert all(word in message for word in words), message


def test_the_module_runs_as_a_command(folder):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "analysis", *FULL, "--by", "thieu"]

    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(root)}, capture_output=True, check=False
    )

    assert done.returncode == 2
    assert done.stdout == b""
    assert "«thieu»" in done.stderr.decode("utf-8")
