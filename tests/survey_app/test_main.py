"""The commands of the service: what they do, and how they say no."""

import io

import pytest
from sqlalchemy import select

from survey_app.__main__ import main
from survey_app.db import Database
from survey_app.models.accounts import Account
from survey_app.services.field.devices import device_of

COMMANDS = ("migrate", "demo", "serve", "worker", "import", "account", "device")
PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def environment(monkeypatch, sqlite_template, tmp_path):
    """Commands read the environment and set the umask of the process."""
    for name in ("DATABASE_URL", "DEMO", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INSTANCE", str(tmp_path))
    monkeypatch.setenv("SECRET_KEY", "s" * 32)
    monkeypatch.setattr("os.umask", lambda _mode: 0)


@pytest.fixture
def migrated(tmp_path):
    main(["migrate"])
    database = Database(f"sqlite:///{tmp_path / 'sipas.sqlite3'}")
    yield database
    database.engine.dispose()


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert [name for name in COMMANDS if f"\n    {name} " not in said] == []


def test_import_is_handed_on_whole(capsys):
    with pytest.raises(SystemExit):
        main(["import", "--help"])

    assert "--questionnaire" in capsys.readouterr().out


def test_migrate_goes_up_and_back(capsys):
    assert main(["migrate"]) == 0
    assert main(["migrate", "--back-to", "base"]) == 0

    up, back = capsys.readouterr().out.splitlines()
    assert "phiên bản 0" in up
    assert back == "Các bảng dữ liệu đang ở phiên bản trống."


def test_a_device_is_enrolled_and_its_token_said_once(migrated, capsys):
    capsys.readouterr()
    assert main(["device", "Một cửa điện tử", "--kind", "system"]) == 0
    token = capsys.readouterr().out.strip()

    with migrated.reading() as session:
        device = device_of(session, token)
        assert (device.name, device.kind) == ("Một cửa điện tử", "system")
    assert main(["device", "Một cửa điện tử"]) == 2
    assert "đã được đăng ký" in capsys.readouterr().err


def test_a_migration_that_does_not_exist_is_refused(capsys):
    assert main(["migrate", "--to", "9999"]) == 2
    assert "9999" in capsys.readouterr().err


def test_demo_says_how_many_responses_it_added(capsys):
    assert main(["demo"]) == 0
    assert main(["demo"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Đã nạp thêm 1226 phiếu.",
        "Đã nạp thêm 0 phiếu.",
    ]


def test_account_reads_the_password_from_the_next_line(migrated, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

    assert main(["account", "an", "--role", "auditor"]) == 0

    with migrated.reading() as session:
        account = session.scalars(select(Account)).one()
        assert (account.name, account.role, account.demo) == ("an", "auditor", False)
    assert PASSWORD not in "".join(capsys.readouterr())


def test_a_refusal_is_one_sentence_and_status_2(migrated, monkeypatch, capsys):
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))

    assert main(["account", "an", "--role", "auditor"]) == 2

    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("Mật khẩu")


def test_a_wrong_setting_is_refused_by_name(monkeypatch, capsys):
    monkeypatch.setenv("SECRET_KEY", "short")

    assert main(["migrate"]) == 2
    assert "SECRET_KEY" in capsys.readouterr().err


def test_a_database_out_of_reach_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    assert main(["migrate"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("url", ["no url", "oracle://x", "sqlite:////nowhere/at/all.sqlite3"])
def test_a_wrong_database_address_is_one_sentence(monkeypatch, capsys, url):
    monkeypatch.setenv("DATABASE_URL", url)

    assert main(["migrate"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_ctrl_c_is_no_error_of_the_program(monkeypatch, capsys):
    def interrupted(_config):
        raise KeyboardInterrupt

    monkeypatch.setattr("survey_app.__main__.serve", interrupted)

    assert main(["serve"]) == 130
    assert capsys.readouterr().err == ""
