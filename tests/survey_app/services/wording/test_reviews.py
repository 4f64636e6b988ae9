"""What a native reader confirms is kept for a pair of texts, with a name and a moment."""

from datetime import timedelta

import pytest

from questionnaires.refusal import Refusal
from questionnaires.translation import mark_of
from survey_app.services.wording.reviews import Reading, Reviews
from tests.survey_app.factories import NOW

PAIR = ("Hài lòng", "ពេញចិត្ត")
KEY = mark_of(*PAIR)


def test_a_confirmation_is_seen_by_every_process_with_who_and_when(tmp_path):
    ours, another = Reviews(tmp_path / "reviews"), Reviews(tmp_path / "reviews")
    assert another.marks("km") == {}

    ours.keep("km", Reading("Sơn Thị Sà Phết", {KEY: PAIR}), NOW)

    (mark,) = another.marks("km").values()
    assert (mark.by, mark.at, mark.pair) == ("Sơn Thị Sà Phết", NOW, PAIR)
    assert another.marks("en") == {}
    assert another.marks("km") is another.marks("km")


def test_another_wording_is_another_mark():
    assert mark_of(*PAIR) == mark_of(PAIR[0], PAIR[1])
    assert len({KEY, mark_of(PAIR[0], "ពេញចិត្តខ្លាំង"), mark_of("Rất hài lòng", PAIR[1])}) == 3
    assert mark_of("ab", "c") != mark_of("a", "bc")


def test_a_confirmation_is_taken_back_and_given_again_by_later_readings(tmp_path):
    reviews = Reviews(tmp_path)
    reviews.keep("km", Reading("A", {KEY: PAIR}), NOW)
    reviews.keep("km", Reading("B", {}, frozenset({KEY, "unknown"})), NOW + timedelta(hours=1))
    assert reviews.marks("km") == {}

    reviews.keep("km", Reading("C", {KEY: PAIR}), NOW + timedelta(hours=2))
    assert reviews.marks("km")[KEY].by == "C"


@pytest.mark.parametrize("by", ["", "x" * 101, "A\nB"])
def test_a_reading_has_a_reader(tmp_path, by):
    with pytest.raises(Refusal, match="người đọc soát"):
        Reviews(tmp_path).keep("km", Reading(by, {KEY: PAIR}), NOW)
    assert Reviews(tmp_path).marks("km") == {}


@pytest.mark.parametrize("broken", ["", "[]", '{"by": "A"}', '{"by": 1, "at": "x"}'])
def test_a_damaged_file_is_named(tmp_path, broken):
    (tmp_path / "km").mkdir()
    (tmp_path / "km" / "1.json").write_text(broken, "utf-8")

    with pytest.raises(Refusal, match=r"1\.json"):
        Reviews(tmp_path).marks("km")
