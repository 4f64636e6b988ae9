"""What a kiosk keeps to open without a network."""

from pathlib import Path

from survey_app.config import ROOT
from survey_app.web.shells import shell_of


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


def test_every_module_a_kiosk_imports_is_kept():
    shell = shell_of(ROOT / "static")
    for path in (ROOT / "static" / "js").glob("*.js"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("import "):
                name = line.split('"./')[1].split('"')[0]
                assert f"/static/js/{name}" in shell.assets
