"""Labels are numbered in one order, and combinations alike by table and by sorting."""

import numpy as np

from analysis.grouping import group, natural_key


def test_grouping_is_the_same_for_small_and_for_large_codes(monkeypatch):
    codes = [np.array([2, 0, 2, 1]), np.array([1, 1, 1, 0])]

    dense = group(codes, [3, 2])
    monkeypatch.setattr("analysis.grouping.DENSE", 0)
    sparse = group(codes, [3, 2])

    assert dense[0].tolist() == sparse[0].tolist() == [2, 0, 2, 1]
    assert dense[1].tolist() == sparse[1].tolist() == [1, 3, 0]


def test_labels_are_sorted_with_numbers_by_size():
    assert sorted(["10", "9", "b", "a", "-1"], key=natural_key) == ["-1", "9", "10", "a", "b"]
