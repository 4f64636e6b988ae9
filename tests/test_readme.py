"""The examples of README run as printed and show what README says they show."""

import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from analysis.__main__ import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(\.venv.*?)```\n+```text\n(.*?)```", README, re.DOTALL)
FIRST_EXAMPLE = README.index("```sh\n.venv")


def commands_of(block):
    for line in block.replace("\\\n", " ").splitlines():
        interpreter, module, name, *arguments = shlex.split(line)
        assert (interpreter, module, name) == (".venv/bin/python", "-m", "analysis")
        yield arguments


@pytest.mark.parametrize(
    ("block", "output"),
    EXAMPLES,
    ids=["index", "two indices", "compare", "describe", "weights", "plan"],
)
def test_an_example_shows_what_readme_prints(block, output, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("questionnaires", "survey_app", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)

    statuses = [main(arguments) for arguments in commands_of(block)]

    assert set(statuses) == {0}
    shown = capsys.readouterr().out.splitlines()
    missing = [line for line in output.splitlines() if line not in shown]
    assert missing == []


def test_the_worked_example_is_early_on_the_page():
    assert README[:FIRST_EXAMPLE].count("\n") < 45


@pytest.mark.parametrize("command", ["index", "describe", "compare", "weights"])
def test_every_option_of_the_commands_is_explained(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])

    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert {option for option in options if option not in README} == set()


def test_the_python_asked_for_is_the_one_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11 or newer" in README
    assert sys.version_info >= (3, 11)
