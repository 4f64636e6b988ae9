"""Files of sealed forms: read strictly, from a tablet that is known."""

import json

import pytest

from questionnaires.refusal import Refusal
from survey_app.services.door.sealed_files import FORMAT, device_of_file, read_sealed_file
from tests.survey_app.factories import NOW, make_device

ITEM = {"id": "x", "sealed": "s1.1.abc"}


def written(**changes):
    found = {"format": FORMAT, "device": "Máy 7", "made_at": "2026-11-20", "responses": [ITEM]}
    return json.dumps(found | changes).encode()


def test_a_file_is_read_with_its_device_and_items():
    found = read_sealed_file(written(visits=[ITEM]))

    assert (found.device, found.made_at) == ("Máy 7", "2026-11-20")
    assert found.responses == found.visits == (ITEM,)


@pytest.mark.parametrize(
    ("made_at", "is_told"),
    [
        ("2062-01-01T00:00:00Z", True),
        ("2026-11-20T03:00:01+00:00", True),
        ("2026-11-20T02:59:59+00:00", False),  # it may have travelled for as long
        ("1970-01-01T00:00:00Z", False),
        ("2062-01-01", False),
        ("", False),
    ],
)
def test_a_file_tells_of_its_clock_only_where_it_is_ahead(made_at, is_told):
    found = read_sealed_file(written(made_at=made_at))

    assert found.sent_at(NOW) == (made_at if is_told else None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "không phải tệp"),
        (b"\xff", "không phải tệp"),
        (b"[" * 100_000, "không phải tệp"),
        (written(format="other"), "không phải tệp"),
        (written(device=None), "tên máy"),
        (written(responses={}), "bị hỏng"),
        (written(responses=[{"id": "x"}]), "bị hỏng"),
        (written(visits=[ITEM | {"more": 1}]), "bị hỏng"),
        (written(responses=[ITEM] * 20_001), "20000"),
    ],
)
def test_what_is_no_such_file_is_refused(content, sentence):
    with pytest.raises(Refusal, match=sentence):
        read_sealed_file(content)


def test_the_tablet_must_be_known_but_may_be_lost(database):
    with database.writing() as session:
        lost = make_device(session, name="Máy 7", revoked_at=NOW)
        make_device(session, "token-of-a-system", name="Một cửa", kind="system")

        assert device_of_file(session, read_sealed_file(written())).id == lost.id
        for name in ("Máy 8", "Một cửa"):
            with pytest.raises(Refusal, match=name):
                device_of_file(session, read_sealed_file(written(device=name)))
