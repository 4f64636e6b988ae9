"""Settings come from the environment, once, and a wrong one is refused by name."""

import stat
import sys

import pytest

from questionnaires.refusal import Refusal
from survey_app.config import kept_secret, read_config

SECRET = "s" * 32


@pytest.fixture
def environ(tmp_path):
    return {"INSTANCE": str(tmp_path / "instance"), "SECRET_KEY": SECRET}


def test_by_default_an_embedded_database_on_loopback(environ, tmp_path):
    config = read_config(environ)

    assert config.database_url == f"sqlite:///{tmp_path / 'instance' / 'sipas.sqlite3'}"
    assert (config.host, config.port) == ("127.0.0.1", 8000)
    assert (config.demo, config.secure_cookies) == (False, False)
    assert config.files == tmp_path / "instance" / "files"


def test_the_environment_decides(environ):
    url = "postgresql://db/sipas"
    config = read_config(
        environ | {"DATABASE_URL": url, "PORT": "9001", "HOST": "0.0.0.0", "SECURE_COOKIES": "1"}
    )

    assert (config.database_url, config.host, config.port) == (url, "0.0.0.0", 9001)
    assert config.secure_cookies


@pytest.mark.parametrize("secret", [None, "", "short"])
def test_outside_the_demo_there_is_no_default_secret(environ, secret):
    given = {name: value for name, value in environ.items() if name != "SECRET_KEY"}
    if secret is not None:
        given["SECRET_KEY"] = secret

    with pytest.raises(Refusal, match="SECRET_KEY"):
        read_config(given)


def test_the_demo_keeps_its_own_secret(environ):
    demo = {"INSTANCE": environ["INSTANCE"], "DEMO": "1"}

    first, second = read_config(demo), read_config(demo)

    assert len(first.secret_key) >= 32
    assert first.secret_key == second.secret_key


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "sipas.example.vn", ""])
def test_the_demo_is_refused_on_an_address_others_can_reach(environ, host):
    with pytest.raises(Refusal, match="DEMO=1"):
        read_config(environ | {"DEMO": "1", "HOST": host})


@pytest.mark.parametrize("port", ["", "eight", "80.5"])
def test_a_port_that_is_no_number_is_refused(environ, port):
    with pytest.raises(Refusal, match="PORT"):
        read_config(environ | {"PORT": port})


def test_a_kept_secret_is_random_and_stays(tmp_path):
    first = kept_secret(tmp_path, "one")

    assert kept_secret(tmp_path, "one") == first
    assert kept_secret(tmp_path, "two") != first


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_kept_secret_is_readable_by_its_owner_only(tmp_path):
    kept_secret(tmp_path, "one")

    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600


def test_the_access_log_goes_to_the_standard_error_unless_told_otherwise(environ):
    assert read_config(environ).access_log == "-"
    assert read_config(environ | {"ACCESS_LOG": ""}).access_log == ""
    assert read_config(environ | {"ACCESS_LOG": "access.jsonl"}).access_log == "access.jsonl"
