"""What is small is put together until ten people stand behind it."""

from hypothesis import given
from hypothesis import strategies as st

from survey_app.services.codes.pooling import FEWEST, is_enough, pooled


def test_large_parts_stand_alone_the_smallest_first():
    assert pooled([30, 10], sum) == ([10, 30], [])


def test_small_parts_are_put_together():
    assert pooled([6, 40, 5], sum) == ([40], [5, 6])


def test_a_small_part_takes_the_smallest_large_one_along():
    assert pooled([40, 6, 20], sum) == ([40], [6, 20])


def test_small_parts_that_are_all_there_is_stay_too_few():
    assert pooled([4, 3], sum) == ([], [3, 4])


def test_people_behind_two_parts_count_once():
    same, others = {1, 2, 3, 4, 5, 6}, set(range(100, 112))

    def behind(parts):
        return len(set().union(*parts))

    assert pooled([same, others, same], behind) == ([], [same, same, others])


@given(st.lists(st.integers(1, 30), max_size=8))
def test_nothing_small_is_left_alone_and_nothing_is_lost(sizes):
    apart, together = pooled(sizes, sum)

    assert sorted(apart + together) == sorted(sizes)
    assert all(is_enough(size) for size in apart)
    assert not together or is_enough(sum(together)) or (not apart and sum(sizes) < FEWEST)
    assert len(together) != 1 or not apart
