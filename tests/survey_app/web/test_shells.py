"""What a kiosk and a tablet keep to open without a network."""

import re
from pathlib import Path

import pytest

from survey_app.config import ROOT
from survey_app.web.shells import KIOSK, TABLET, shell_of


def make_static(folder: Path, script: str = "1") -> Path:
    for name, text in (("js/kiosk.js", script), ("js/shell-worker.js", "w"), ("css/site.css", "c")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_the_worker_lists_every_part_and_not_itself(tmp_path):
    shell = shell_of(make_static(tmp_path))

    assert shell.assets == ("/static/css/site.css", "/static/js/kiosk.js")
    assert shell.worker.startswith('const NAME = "kiosk";\n')
    assert f'const VERSION = "{shell.version}";' in shell.worker
    assert "/static/js/kiosk.js" in shell.worker
    assert "shell-worker.js" not in shell.worker


def test_any_change_of_a_part_is_another_version(tmp_path):
    one = shell_of(make_static(tmp_path / "a", "1")).version

    assert shell_of(make_static(tmp_path / "b", "2")).version != one
    assert shell_of(make_static(tmp_path / "c", "1")).version == one


@pytest.mark.parametrize(("plan", "folder"), [(KIOSK, "js"), (TABLET, "js"), (TABLET, "js/field")])
def test_every_module_that_is_imported_is_kept(plan, folder):
    shell = shell_of(ROOT / "static", plan)
    found = 0
    for path in (ROOT / "static" / folder).glob("*.js"):
        for name in re.findall(r'from "(\.[^"]+)"', path.read_text(encoding="utf-8")):
            module = (path.parent / name).resolve().relative_to(ROOT).as_posix()
            assert f"/{module}" in shell.assets, path
            found += 1

    assert found > 5


def test_a_tablet_keeps_its_page_and_words_with_its_version(tmp_path):
    static = make_static(tmp_path)
    one, other = (shell_of(static, TABLET, words) for words in ("vi", "vi, km"))

    assert one.assets[:2] == ("/t/", "/t/texts")
    assert one.version != other.version
    assert 'const NAME = "tablet";' in one.worker
    assert 'const CHANGING = "";' in one.worker


def test_the_changing_pages_of_a_kiosk_are_its_page_and_package():
    pattern = re.compile(KIOSK.changing)

    assert [bool(pattern.search(path)) for path in ("/k/a.b", "/k/a-b=", "/k/a/package")] == [
        False,
        True,
        True,
    ]
    assert not pattern.search("/k/a/contact")
