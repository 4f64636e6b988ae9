"""Paradata: believed within bounds, the same wherever a form was filled in, never a refusal."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from survey_app.models.responses import ResponseQuality
from survey_app.services.door.paradata import Paradata, note_page, read_paradata, web_paradata
from survey_app.services.door.responses import accept_response
from tests.survey_app.factories import NOW, catalogue, make_point, make_wave, response_content

SECOND = timedelta(seconds=1)
WHOLE = {
    "app": "1a2b3c4d5e6f",
    "device_model": "Tab A9",
    "seconds": 240,
    "elapsed": 400,
    "pages": [["access", 12], ["staff", 8], ["access", 3]],
    "changes": {"staff": 2},
    "pauses": [75],
    "clock": {"opened": "2026-11-20T09:58:00+07:00", "monotonic_ms": 400_000},
}
ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


def test_what_makes_sense_is_believed():
    assert read_paradata(WHOLE) == Paradata(
        app="1a2b3c4d5e6f",
        device_model="Tab A9",
        seconds=240,
        elapsed=400,
        pages=(("access", 12), ("staff", 8), ("access", 3)),
        changes={"staff": 2},
        pauses=(75,),
    )


@pytest.mark.parametrize(
    "nonsense",
    [
        {"seconds": -1},
        {"seconds": True},
        {"seconds": "240"},
        {"seconds": float("nan")},
        {"seconds": 10**12},
        {"elapsed": []},
        {"pages": {"a": 1}},
        {"pages": [["a"], ["a", -1], [3, 3], "ab", ["x" * 65, 1]]},
        {"changes": [["a", 1]]},
        {"changes": {"a": 0, "b": -1, "c": True, "d": "1", "e\n": 1}},
        {"pauses": [59, -1, "60", None]},
        {"app": "\0", "device_model": "\n"},
    ],
    ids=str,
)
def test_what_makes_none_is_left_out(nonsense):
    assert read_paradata(nonsense) == Paradata()


def test_nobody_is_at_a_form_for_longer_than_it_was_open():
    assert read_paradata({"seconds": 500, "elapsed": 400}).seconds == 400


def test_lists_are_bounded():
    found = read_paradata({"pages": [["a", 1]] * 1000, "pauses": [60] * 1000})

    assert (len(found.pages), len(found.pauses)) == (400, 100)


@given(ANYTHING | st.fixed_dictionaries(dict.fromkeys(WHOLE, ANYTHING)))
def test_nothing_that_is_sent_breaks_the_reading(given):
    found = read_paradata(given)

    assert read_paradata({"pages": [list(page) for page in found.pages]}).pages == found.pages


def test_the_web_measures_a_page_from_the_save_before():
    kept = note_page({}, "page-1", NOW, NOW + 20 * SECOND, [])
    kept = note_page(kept, "page-2", NOW + 20 * SECOND, NOW + 50 * SECOND, [])
    kept = note_page(kept, "page-1", NOW + 50 * SECOND, NOW + 54 * SECOND, ["staff"])
    kept = note_page(kept, "page-1", NOW + 54 * SECOND, NOW + 55 * SECOND, ["staff"])
    kept = note_page(kept, "review", NOW + 55 * SECOND, NOW + 755 * SECOND, [])
    sent = web_paradata(kept, NOW - 5 * SECOND, NOW + 755 * SECOND)

    assert sent == {
        "app": "web",
        "seconds": 55,
        "elapsed": 760,
        "pages": [["page-1", 20], ["page-2", 30], ["page-1", 5], ["review", 0]],
        "changes": {"staff": 2},
        "pauses": [700],
        "clock": {"opened": (NOW - 5 * SECOND).isoformat(), "monotonic_ms": 760_000},
    }
    assert read_paradata(sent).pages[0] == ("page-1", 20)


@pytest.mark.parametrize("mode", ["web", "kiosk", "tablet"])
def test_the_quality_of_every_interview_is_told_by_its_paradata(database, mode):
    with database.writing() as session:
        wave = make_wave(session)
        door = {"wave": wave.code, "collection_point": make_point(session, wave).code}
        # By the two clocks it took two hours; somebody was at it for three seconds.
        times = {"started_at": "2026-11-20T08:00:00+07:00"}
        content = response_content(mode=mode, paradata={"seconds": 3}, **door, **times)
        assert accept_response(session, content, NOW, catalogue()).status == "accepted"
        kept = session.scalars(select(ResponseQuality)).one()

        assert kept.seconds == 3
        assert "too_fast" in json.loads(kept.signals)


@pytest.mark.parametrize("nonsense", ["x", [], {"seconds": -1}, {"place": 3}, None])
def test_paradata_never_reject(database, nonsense):
    with database.writing() as session:
        wave = make_wave(session)
        door = {"wave": wave.code, "collection_point": make_point(session, wave).code}
        content = response_content(paradata=nonsense, **door)

        assert accept_response(session, content, NOW, catalogue()).status == "accepted"
