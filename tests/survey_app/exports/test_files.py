"""Files of jobs: whole or not there, and refused when they were altered."""

import pytest

from survey_app.errors import NotFound
from survey_app.exports.files import publish, published


def writer(content):
    return lambda file: file.write(content)


def test_a_published_file_is_found_again(tmp_path):
    publish(tmp_path, "run", {"a.csv": writer(b"1"), "b.csv": writer(b"2")})

    assert published(tmp_path, "run", "b.csv") == b"2"


def test_a_job_that_dies_half_way_publishes_nothing_and_can_run_again(tmp_path):
    def dies(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path, "run", {"a.csv": writer(b"1"), "b.csv": dies})
    with pytest.raises(NotFound):
        published(tmp_path, "run", "a.csv")
    publish(tmp_path, "run", {"a.csv": writer(b"1")})
    assert published(tmp_path, "run", "a.csv") == b"1"


def test_what_is_published_stays_as_it_is(tmp_path):
    publish(tmp_path, "run", {"a.csv": writer(b"1")})
    publish(tmp_path, "run", {"a.csv": writer(b"2")})

    assert published(tmp_path, "run", "a.csv") == b"1"


def test_an_altered_or_unknown_file_is_not_found(tmp_path):
    publish(tmp_path, "run", {"a.csv": writer(b"1")})
    (tmp_path / "run" / "a.csv").write_bytes(b"forged")

    for name, file in [("run", "a.csv"), ("run", "SHA256SUMS"), ("run", "../x"), ("no", "a.csv")]:
        with pytest.raises(NotFound):
            published(tmp_path, name, file)
