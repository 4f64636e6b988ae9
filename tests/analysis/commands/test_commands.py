"""Each subcommand does on files what its options say, and says in one sentence what it cannot."""

import csv
import io
import json
import random
from pathlib import Path

import duckdb
import numpy as np
import psycopg
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
[[leaf]]
code = "B"
item = "b"
measure = "favourable_share"
"""
OTHER = """
code = "khac"
root = "T"
[[node]]
code = "T"
rollup = "mean"
children = ["P", "Q"]
[[node]]
code = "P"
rollup = "mean"
children = ["x"]
[[node]]
code = "Q"
rollup = "mean"
children = ["y"]
[[leaf]]
code = "x"
measure = "node"
index = "thu"
node = "A"
[[leaf]]
code = "y"
measure = "node"
index = "thu"
node = "B"
"""
FRAME = Path(__file__).parents[1] / "data" / "frame.csv"
COLUMNS = ["unit", "stratum", "psu", "weight", "sex", "area", "responded", "p1", "p2", "a", "b"]
DESIGN = ["--stratum", "stratum", "--psu", "psu", "--weight", "weight"]
SAMPLE = ["--index", "index.toml", "--data", "data.csv", *DESIGN]


def wave(name, seed, shift=0.0):
    rng = random.Random(seed)
    with Path(name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for i in range(360):
            unit, psu = f"U{i % 4}", i // 4 % 10
            good = 0.5 + 0.1 * (i % 4) + shift
            answers = ["5" if rng.random() < good else rng.choice("123") for _ in "ab"]
            row = [unit, psu % 2, psu, f"{rng.uniform(1, 9):.2f}", rng.choice("fm")]
            writer.writerow([*row, rng.choice("ur"), int(rng.random() < 0.8), 0.1, 0.5, *answers])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("index.toml").write_text(INDEX, encoding="utf-8")
    wave("data.csv", 1)
    wave("before.csv", 2, -0.25)
    Path("margins.csv").write_text(
        "margin,category,total\nsex,f,600\nsex,m,400\narea,u,300\narea,r,700\n", encoding="utf-8"
    )
    Path("dossiers.csv").write_text("unit,dossiers\nU0,10\nU1,20\nU2,30\nU3,40\n", encoding="utf-8")
    return tmp_path


def document(capsys, *arguments):
    status = main(arguments)
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return json.loads(captured.out)


def refusal(capsys, *arguments):
    status = main(arguments)
    captured = capsys.readouterr()
    assert (status, captured.out) == (2, "")
    assert len(captured.err.splitlines()) == 1
    return captured.err


def root(found):
    return found["results"][0]


@pytest.mark.parametrize("option", ["--rake", "--calibrate"])
def test_calibrated_weights_meet_the_margins_and_change_the_figures(capsys, option):
    plain = document(capsys, "index", *SAMPLE)
    found = document(capsys, "index", *SAMPLE, option, "margins.csv")

    record = found["design"]["calibration"]
    assert record["margins"] == ["area", "sex"]
    assert record["largest_margin_error"] < 1e-12
    assert root(found)["estimate"] != root(plain)["estimate"]
    assert root(found)["se"] > 0


def test_one_margin_post_stratifies(capsys):
    Path("sex.csv").write_text("margin,category,total\nsex,f,600\nsex,m,400\n", encoding="utf-8")

    by_hand = [
        document(capsys, "index", *SAMPLE, o, "sex.csv") for o in ("--poststratify", "--rake")
    ]

    assert by_hand[0]["results"][0]["se"] == pytest.approx(by_hand[1]["results"][0]["se"], rel=1e-9)


def test_bounds_hold_every_factor(capsys):
    found = document(capsys, "index", *SAMPLE, "--rake", "margins.csv", "--bounds", "0.3,1.2")
    record = found["design"]["calibration"]

    assert 0.3 <= record["g_min"] <= record["g_max"] <= 1.2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sex,f,600\nsex,m,400\narea,u,300\narea,r,600\n", ["sex", "area", "1000", "900"]),
        ("sex,f,600\nsex,m,400\nsex,x,10\n", ["margins.csv", "x"]),
        ("sex,f,1000\n", ["data.csv", "sex", "m"]),
        ("gioi,f,1000\n", ["data.csv", "gioi"]),
        ("sex,f,-6\nsex,m,400\n", ["margins.csv", "dòng 2", "-6"]),
    ],
)
def test_margins_that_cannot_be_met_are_refused_by_name(capsys, text, words):
    Path("margins.csv").write_text("margin,category,total\n" + text, encoding="utf-8")

    message = refusal(capsys, "index", *SAMPLE, "--rake", "margins.csv")

    assert all(word in message for word in words), message


def test_a_previous_wave_gives_every_row_its_change(capsys):
    found = document(capsys, "index", *SAMPLE, "--by", "unit", "--previous", "before.csv")

    for row in found["results"]:
        assert row["change"] is not None
        assert row["change_se"] > 0
        assert 0 <= row["change_p"] <= 1
    whole = root(found)
    assert whole["change"] == pytest.approx(0.25, abs=0.1)
    assert whole["change_verdict"] == "tăng có ý nghĩa thống kê"
    same = document(capsys, "index", *SAMPLE, "--previous", "data.csv")
    assert (root(same)["change"], root(same)["change_se"]) == (0, pytest.approx(0, abs=1e-12))


def test_units_are_combined_by_three_named_rules(capsys):
    arguments = ["--by", "unit", "--combine", "unit", "--dossiers", "dossiers.csv"]
    found = document(capsys, "index", *SAMPLE, *arguments)

    units = [row for row in found["results"] if row["domain"] and row["node"] == "R"]
    rates = np.array([row["estimate"] for row in units])
    roots = {row["combination"]: row for row in found["combinations"] if row["node"] == "R"}
    assert set(roots) == {"mean_of_units", "dossier_weighted", "respondent_weighted"}
    assert roots["mean_of_units"]["estimate"] == pytest.approx(rates.mean())
    assert roots["dossier_weighted"]["estimate"] == pytest.approx(rates @ [0.1, 0.2, 0.3, 0.4])
    assert all(row["se"] > 0 for row in roots.values())
    assert main(["index", *SAMPLE, *arguments, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == len(found["results"]) + len(found["combinations"])


@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
def test_replicates_stand_beside_the_linearised_errors(capsys, method):
    found = document(capsys, "index", *SAMPLE, "--check", method)["check"]

    assert len(found["rows"]) == 3
    assert all(row["se_check"] == pytest.approx(row["se"], rel=0.2) for row in found["rows"])


def test_self_selected_answers_have_no_error_to_check(capsys):
    arguments = [*SAMPLE, "--check", "jackknife", "--source", "self-selected"]

    assert document(capsys, "index", *arguments)["check"]["rows"] == []
    assert len(document(capsys, "index", *arguments, "--assume-srs")["check"]["rows"]) == 3


def test_a_reported_number_has_no_error_to_check(capsys):
    answered, _, _ = INDEX.rpartition("[[leaf]]")
    reported = '[[leaf]]\ncode = "B"\nmeasure = "reported"\n'
    Path("index.toml").write_text(answered + reported, encoding="utf-8")
    Path("values.csv").write_text("leaf,value\nB,0.5\n", encoding="utf-8")
    arguments = [*SAMPLE, "--reported", "values.csv", "--check", "jackknife"]

    found = document(capsys, "index", *arguments)

    assert [row["node"] for row in found["check"]["rows"]] == ["R", "A"]


def test_a_covariance_that_another_index_does_not_tell_is_null(capsys):
    main(["index", *SAMPLE, "--out", "thu.json"])
    Path("other.toml").write_text(OTHER, encoding="utf-8")

    found = document(capsys, "index", "--index", "other.toml", "--from", "thu.json")

    (block,) = found["covariance"]
    assert block["nodes"] == ["P", "Q"]
    assert block["matrix"][0][1] is block["matrix"][1][0] is None
    assert (root(found)["se"], root(found)["reason"]) == (None, "covariance_unknown")


@pytest.mark.parametrize("rule", ["average", "remove", "collapse", "adjust", "certainty"])
def test_every_rule_for_lonely_units_is_obeyed_and_named(capsys, rule):
    lines = Path("data.csv").read_text(encoding="utf-8").splitlines()
    Path("data.csv").write_text(
        "\n".join([*lines, "U1,9,1,2.5,f,u,1,0.1,0.5,5,1"]), encoding="utf-8"
    )

    design = document(capsys, "index", *SAMPLE, "--lonely", rule)["design"]

    assert (design["lonely"], design["lonely_strata"]) == (rule, ["9"])
    assert bool(design["collapsed_strata"]) == (rule == "collapse")


def test_compare_says_ranks_differences_and_changes(capsys):
    found = document(capsys, "compare", *SAMPLE, "--by", "unit", "--previous", "before.csv")

    assert [row["rank"] for row in found["units"]] == [4, 3, 2, 1]
    assert len(found["differences"]) == 6
    assert len(found["changes"]) == 4
    for row in found["units"]:
        assert row["rank_low"] <= row["rank"] <= row["rank_high"]
        assert row["rank_low_bonferroni"] <= row["rank_low"] <= row["rank_low_marginal"]
    assert all(0 <= row["p"] <= row["p_adjusted"] <= 1 for row in found["differences"])
    against = document(capsys, "compare", *SAMPLE, "--by", "unit", "--against", "mean")
    assert [row["reference"] for row in against["differences"]] == ["mean"] * 4


def test_compare_without_units_is_refused(capsys):
    assert "--by" in refusal(capsys, "compare", *SAMPLE)
    assert "«Z»" in refusal(capsys, "compare", *SAMPLE, "--by", "unit", "--node", "Z")


def test_weights_are_written_beside_the_data(capsys):
    arguments = ["weights", "--data", "data.csv", "--probability", "p1,p2"]
    arguments += ["--responded", "responded", "--classes", "area", "--rake", "margins.csv"]
    assert main(arguments) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    report = document(capsys, *arguments, "--format", "json")

    weights = {sex: sum(float(r["survey_weight"]) for r in rows if r["sex"] == sex) for sex in "fm"}
    assert weights == pytest.approx({"f": 600, "m": 400})
    assert all(float(r["survey_weight"]) == 0 for r in rows if r["responded"] == "0")
    lines = Path("data.csv").read_text(encoding="utf-8").splitlines()
    assert [list(row.values())[4:-1] for row in rows] == [line.split(",")[4:] for line in lines[1:]]
    assert {row["domain"]["area"] for row in report["nonresponse"]} == {"u", "r"}
    assert report["weights"]["sum"] == pytest.approx(1000)
    assert "«weight»" in refusal(capsys, *arguments, "--name", "weight")


def test_plan_meets_its_targets_and_draws_what_was_planned(capsys):
    asked = ["plan", "--frame", str(FRAME), "--margin", "0.03", "--take", "12", "--rho", "0.03"]
    found = document(capsys, *asked)

    assert found["total"]["expected_margin"] <= 0.03
    assert all(row["psus"] >= 2 for row in found["strata"])
    with Path("psus.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["stratum", "psu"])
        for row in found["strata"]:
            writer.writerows([row["stratum"], k] for k in range(row["psus_in_frame"]))
    drawn = document(capsys, *asked, "--draw", "psus.csv", "--seed", "2026-11")["draw"]
    selected = [row for row in drawn if row["role"] == "selected"]
    assert len(selected) == found["total"]["psus"]
    assert "--seed" in refusal(capsys, *asked, "--draw", "psus.csv")


def test_a_plan_learns_from_the_wave_before(capsys):
    main(["index", *SAMPLE, "--out", "result.json"])
    asked = ["plan", "--frame", str(FRAME), "--margin", "0.03", "--take", "12"]

    found = document(capsys, *asked, "--previous", "result.json")

    before = json.loads(Path("result.json").read_text(encoding="utf-8"))["results"][0]
    assert found["request"]["previous"]["deff"] == pytest.approx(before["deff"])
    assert "previous_whole" in found["request"]["rho"]["source"]


def test_numbers_are_tabulated_in_bands(capsys):
    Path("phieu.toml").write_text(
        'code = "p"\nversion = "1"\ntitle = "Phiếu"\nlegal_basis = "không"\n'
        'source = "thử"\n[[section]]\ncode = "s"\ntitle = "Phần"\n'
        '[[section.item]]\ncode = "weight"\nkind = "number"\ntext = "Tuổi"\n',
        encoding="utf-8",
    )
    asked = ["describe", "--questionnaire", "phieu.toml", "--data", "data.csv"]

    rows = document(capsys, *asked, "--bands", "weight=3,6")["results"]

    shares = {row["option"]: row["estimate"] for row in rows if row["option"] not in ("mean", "")}
    assert list(shares) == ["<3", "3–5", ">=6"]
    assert sum(shares.values()) == pytest.approx(1)
    assert "«a»" in refusal(capsys, *asked, "--bands", "a=1")


@pytest.mark.parametrize("command", ["index", "compare"])
def test_every_format_can_be_read(capsys, command):
    for form in ("csv", "table"):
        assert main([command, *SAMPLE, "--by", "unit", "--format", form]) == 0
        assert "U3" in capsys.readouterr().out


def parquet(name, to):
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{name}')) TO '{to}' (FORMAT parquet)")


def same(capsys, name, *arguments):
    """The output with the name of the data file replaced."""
    assert main(arguments) == 0
    return capsys.readouterr().out.replace(name, "data.csv")


@pytest.mark.parametrize("command", ["index", "compare"])
@pytest.mark.parametrize("design", [DESIGN, DESIGN[:2] + DESIGN[4:]], ids=["engine", "memory"])
def test_a_parquet_file_gives_the_same_document_to_the_byte(capsys, command, design):
    parquet("data.csv", "data.parquet")
    rest = [*design, "--by", "unit", "--by", "sex,area", "--previous", "before.csv"]

    by_file = [
        same(capsys, name, command, "--index", "index.toml", "--data", name, *rest)
        for name in ("data.csv", "data.parquet")
    ]

    assert by_file[0] == by_file[1]


def test_a_table_of_postgresql_gives_the_same_document(capsys, postgresql_url):
    address = postgresql_url.set(drivername="postgresql").render_as_string(hide_password=False)
    lines = Path("data.csv").read_text(encoding="utf-8").splitlines()
    columns = ", ".join(f'"{name}" text' for name in COLUMNS)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE phieu ({columns})")
        connection.execute("ALTER TABLE phieu ALTER weight TYPE float8 USING weight::float8")
        holes = ", ".join(["%s"] * len(COLUMNS))
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO phieu VALUES ({holes})", [line.split(",") for line in lines[1:]]
            )
    rest = [*DESIGN, "--by", "unit"]

    found = document(capsys, "index", "--index", "index.toml", "--data", f"{address}#phieu", *rest)

    expected = document(capsys, "index", *SAMPLE, "--by", "unit")
    expected["design"]["data"] = "phieu"
    assert found == expected


def test_a_database_that_cannot_be_read_is_refused_without_its_password(capsys):
    address = "postgresql://ai:matkhau@127.0.0.1:1/khong#phieu"

    message = refusal(capsys, "index", "--index", "index.toml", "--data", address, *DESIGN)

    assert "phieu" in message
    assert "matkhau" not in message


def test_stored_totals_are_topped_up_and_give_the_same_figures(capsys):
    lines = Path("data.csv").read_text(encoding="utf-8").splitlines()
    for name, part in (("one.csv", lines[:201]), ("two.csv", lines[:1] + lines[201:])):
        Path(name).write_text("\n".join(part) + "\n", encoding="utf-8")
    asked = ["index", "--index", "index.toml", *DESIGN, "--by", "unit", "--totals", "wave.totals"]

    document(capsys, *asked, "--data", "one.csv")
    both = document(capsys, *asked, "--data", "two.csv")

    whole = document(capsys, "index", *SAMPLE, "--by", "unit")
    without = dict.fromkeys(("deff", "deff_replace", "n_effective"))
    assert both["design"]["rows"] == 360
    assert both["results"] == [row | without for row in whole["results"]]
    assert document(capsys, *asked)["results"] == both["results"]
    compared = document(capsys, "compare", *asked[1:])
    assert compared["units"] == document(capsys, "compare", *SAMPLE, "--by", "unit")["units"]
    assert "one.csv" in refusal(capsys, *asked, "--data", "one.csv")
    assert "«sex»" in refusal(capsys, *asked[:-4], "--by", "sex", "--totals", "wave.totals")


OUTER = """
code = "ngoai"
root = "T"
[[leaf]]
code = "T"
measure = "node"
index = "thu"
node = "R"
"""


@pytest.mark.parametrize(("source", "ranked"), [("probability", True), ("self-selected", False)])
def test_what_people_gave_of_their_own_accord_stays_so_in_another_index(capsys, source, ranked):
    Path("outer.toml").write_text(OUTER, encoding="utf-8")
    main(["index", *SAMPLE, "--by", "unit", "--source", source, "--out", "inner.json"])
    asked = ["index", "--index", "outer.toml", "--from", "inner.json", "--by", "unit"]

    rows = [row for row in document(capsys, *asked)["results"] if row["domain"]]

    assert len(rows) == 4
    assert all((row["rank"] is not None) == ranked for row in rows)
    assert {row["reason"] for row in rows} == {None if ranked else "self_selected"}
    units = document(capsys, "compare", *asked[1:])["units"]
    assert all((row["rank"] is not None) == ranked for row in units)


@pytest.mark.parametrize("design", [DESIGN, DESIGN[4:]], ids=["engine", "memory"])
def test_a_parquet_file_damaged_inside_is_refused_by_name(capsys, design):
    parquet("data.csv", "data.parquet")
    content = bytearray(Path("data.parquet").read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    Path("data.parquet").write_bytes(content)

    message = refusal(capsys, "index", "--index", "index.toml", "--data", "data.parquet", *design)

    assert "data.parquet" in message
