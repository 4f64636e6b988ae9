"""The command `compare` labels every figure that rests on answers that are not original ones."""

import json
import random
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.results import NOTICE

INDEX = """
code = "thu"
root = "A"
favourable = ["4", "5"]
scale = ["1", "2", "3", "4", "5"]
title.vi = "Chỉ số thử"
legal_basis = "không"
[[leaf]]
code = "A"
item = "a"
measure = "favourable_share"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("index.toml").write_text(INDEX, encoding="utf-8")
    rng = random.Random(3)
    for name, extra in (("now", ""), ("before", ""), ("drawn", ",dựng lại")):
        header = "unit,a" + (",provenance" if extra else "")
        rows = [f"u{i % 2},{rng.choice('15')}{extra}" for i in range(80)]
        Path(f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def compared(capsys, data, previous, *options):
    asked = ["compare", "--index", "index.toml", "--by", "unit", *options]
    assert main([*asked, "--data", f"{data}.csv", "--previous", f"{previous}.csv"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("data", "previous", "labels"),
    [
        ("now", "before", (None, None)),
        ("drawn", "before", (NOTICE, NOTICE)),
        ("now", "drawn", (None, NOTICE)),
    ],
)
def test_the_label_of_either_wave_stands_in_the_rows_that_rest_on_it(
    capsys, data, previous, labels
):
    found = json.loads(compared(capsys, data, previous))

    now, both = labels
    assert {row["notice"] for row in found["units"] + found["differences"]} == {now}
    assert {row["notice"] for row in found["changes"]} == {both}
    assert found["design"]["notice"] == now


def test_a_table_says_it_above_the_changes(capsys):
    plain = compared(capsys, "now", "before", "--format", "table")
    labelled = compared(capsys, "now", "drawn", "--format", "table")

    assert NOTICE not in plain
    assert f"A: thay đổi so với đợt trước ({NOTICE})\n" in labelled
