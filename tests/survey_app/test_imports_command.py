import csv
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app import imports_command
from survey_app.config import Config
from survey_app.db import Busy
from survey_app.imports_command import import_file, run_import
from survey_app.models.responses import Answer, HeldResponse, Response
from survey_app.services.door.imports import BATCH, ImportRequest
from tests.survey_app.factories import make_point, make_wave

ROOT = Path(__file__).parents[2]
OPENED = datetime(2022, 1, 1, tzinfo=UTC)
ITEMS = ("access", "procedure_clear", "staff", "result", "feedback", "trips", "overall", "comment")
GOOD = ("4", "4", "5", "4", "3", "2", "4", "")
FORM = "sipas-counter/1"


@pytest.fixture
def point(database):
    """The code of a point collecting paper forms for the open wave «giay»."""
    return prepared(database)


def prepared(database):
    with database.writing() as session:
        return make_point(session, make_wave(session, code="giay", opened_at=OPENED)).code


def written(path, *rows, header=("số phiếu", *ITEMS)):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def command(database, path, *more):
    """Run the command on a database; `--wave` and `--questionnaire` are given."""
    url = database.url.render_as_string(hide_password=False)
    config = Config(url, "x" * 32, path.parent)
    asked = [str(path), "--wave", "giay", "--questionnaire", FORM, *more]
    return run_import(asked, config)


def count(database, table=Response):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


class Killed(BaseException):
    """What ends the process in the middle."""


def test_an_import_killed_in_the_middle_goes_on_where_it_ended(database, point, tmp_path):
    rows = [(str(n), *GOOD) for n in range(1, 2 * BATCH + 101)]
    path = written(tmp_path / "f.csv", *rows)
    request = ImportRequest("giay", FORM, point)
    heard = []

    def kill(done, total):
        heard.append((done, total))
        raise Killed

    with pytest.raises(Killed):
        import_file(database, path, request, kill)
    half = count(database), count(database, Answer)
    report = import_file(database, path, request, lambda *step: heard.append(step))

    assert half == (BATCH, 7 * BATCH)
    assert report.counts == {"duplicate": BATCH, "accepted": BATCH + 100}
    assert (count(database), count(database, HeldResponse)) == (len(rows), 0)
    assert heard == [(500, 1100), (500, 1100), (1000, 1100), (1100, 1100)]


def test_a_failure_inside_a_batch_stores_nothing_of_it(sqlite_database, tmp_path, monkeypatch):
    request = ImportRequest("giay", FORM, prepared(sqlite_database))
    path = written(tmp_path / "f.csv", *((str(n), *GOOD) for n in range(20)))
    door, passed = imports_command.Import._pass, []

    def breaks(*arguments):
        passed.append(1)
        if len(passed) == 10:
            raise Killed
        return door(*arguments)

    monkeypatch.setattr(imports_command.Import, "_pass", breaks)
    with pytest.raises(Killed):
        import_file(sqlite_database, path, request)
    assert count(sqlite_database) == 0

    assert import_file(sqlite_database, path, request).counts == {"accepted": 20}


def test_the_command_counts_and_ends_with_0(database, point, tmp_path, capsys):
    path = written(tmp_path / "f.csv", ("1", *GOOD), ("2", *GOOD))

    first = command(database, path, "--point", point)
    again = command(database, path, "--point", point)

    assert (first, again) == (0, 0)
    assert capsys.readouterr().out.splitlines() == [
        "f.csv: 2 phiếu; đã nhận 2, trùng 0, mâu thuẫn 0, bị từ chối 0.",
        "f.csv: 2 phiếu; đã nhận 0, trùng 2, mâu thuẫn 0, bị từ chối 0.",
    ]


def test_problems_are_shown_and_written(sqlite_database, tmp_path, capsys):
    point = prepared(sqlite_database)
    path = written(
        tmp_path / "f.csv", ("1", *GOOD), *((f"x{n}", "9", *GOOD[1:]) for n in range(25))
    )
    out = tmp_path / "problems.csv"

    shown = command(sqlite_database, path, "--point", point, "--dry-run")
    lines = capsys.readouterr().out.splitlines()
    kept = command(sqlite_database, path, "--point", point, "--problems", str(out))

    assert (shown, kept) == (1, 1)
    assert lines[0] == "f.csv: 26 phiếu; đã nhận 1, trùng 0, mâu thuẫn 0, bị từ chối 25."
    assert lines[1] == "Đây là chạy thử: chưa lưu phiếu nào."
    assert lines[2].startswith("Dòng 3, cột «access»: Câu «")
    assert lines[-1] == "Còn 5 vấn đề nữa; dùng --problems OUT.csv để ghi tất cả."
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 26
    assert [found.name for found in tmp_path.glob("*.part")] == []


def test_the_mapping_beside_the_file_is_used(sqlite_database, tmp_path):
    point = prepared(sqlite_database)
    header = ("STT", "Quầy", *ITEMS)
    path = written(tmp_path / "f.csv", ("1", point, *GOOD), header=header)
    (tmp_path / "f.mapping.toml").write_text('form_number = "STT"\n', encoding="utf-8")

    assert command(sqlite_database, path, "--point-column", "Quầy") == 0
    assert count(sqlite_database) == 1


def test_a_mapping_named_wins_over_the_one_beside(sqlite_database, tmp_path):
    point = prepared(sqlite_database)
    path = written(tmp_path / "f.csv", ("1", *GOOD), header=("STT", *ITEMS))
    (tmp_path / "f.mapping.toml").write_text("broken", encoding="utf-8")
    other = tmp_path / "other.json"
    other.write_text('{"form_number": "STT"}', encoding="utf-8")

    assert command(sqlite_database, path, "--point", point, "--mapping", str(other)) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--point", "D9"], "Điểm lấy ý kiến «D9» không thuộc đợt khảo sát «giay»."),
        ([], "Tệp f.csv không có cột «điểm lấy ý kiến»."),
        (["--point", "D1", "--point-column", "x"], "Lệnh không đúng: "),
        (["--mapping", "không.toml"], "Không đọc được tệp không.toml."),
        (["--unknown"], "Lệnh không đúng: "),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(sqlite_database, tmp_path, capsys, more, said):
    prepared(sqlite_database)
    path = written(tmp_path / "f.csv", ("1", *GOOD))

    assert command(sqlite_database, path, *more) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(said)
    assert len(told.err.splitlines()) == 1


def test_stopping_it_says_how_to_go_on(sqlite_database, tmp_path, monkeypatch, capsys):
    point = prepared(sqlite_database)
    path = written(tmp_path / "f.csv", ("1", *GOOD))

    def stop(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(imports_command, "_take", stop)

    assert command(sqlite_database, path, "--point", point) == 130
    assert "Xin chạy lại lệnh này để nhập tiếp" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(sqlite_database, tmp_path, capsys):
    assert command(sqlite_database, tmp_path / "không.csv", "--point", "D1") == 2
    assert capsys.readouterr().err == "Không đọc được tệp không.csv.\n"


def test_a_busy_database_is_waited_for_and_then_named(sqlite_database, tmp_path, monkeypatch):
    request = ImportRequest("giay", FORM, prepared(sqlite_database))
    path = written(tmp_path / "f.csv", ("1", *GOOD))
    writing, turns = sqlite_database.writing, []

    @contextmanager
    def busy():
        turns.append(1)
        if len(turns) != 9:
            raise Busy
        with writing() as session:
            yield session

    monkeypatch.setattr(sqlite_database, "writing", busy)
    monkeypatch.setattr(imports_command.time, "sleep", lambda _seconds: None)
    with pytest.raises(Refusal, match="đang bận sau 0 dòng"):
        import_file(sqlite_database, path, request)

    assert import_file(sqlite_database, path, request).counts == {"accepted": 1}
    assert len(turns) == 9


def test_reading_the_module_loads_neither_numpy_nor_openpyxl():
    code = (
        "import sys, survey_app.services.door.imports;"
        "sys.exit(bool({'numpy', 'openpyxl', 'pandas'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
