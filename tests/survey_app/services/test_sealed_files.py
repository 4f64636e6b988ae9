"""Files of sealed forms: read strictly, from a tablet that is known."""

import json

import pytest

from questionnaires.refusal import Refusal
from survey_app.services.sealed_files import FORMAT, device_of_file, read_sealed_file
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
