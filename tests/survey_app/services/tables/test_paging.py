"""Long lists: the page asked for, or the nearest; words found without accents."""

import pytest

from survey_app.services.tables.paging import PAGE, Asked, cut

NAMES = [f"Máy {k}" for k in range(1, 2 * PAGE + 2)]


@pytest.mark.parametrize(("page", "shown"), [(1, PAGE), (3, 1), (99, 1), (-1, PAGE)])
def test_a_page_is_the_nearest_there_is(page, shown):
    found = cut(NAMES, str, Asked(page=page))

    assert (len(found.lines), found.pages, found.total) == (shown, 3, len(NAMES))
    assert found.page == min(max(page, 1), 3)


def test_words_are_found_without_accents():
    found = cut(["Máy Đỏ", "Máy Xanh"], str, Asked("may do"))

    assert found.lines == ("Máy Đỏ",)
    assert (found.total, found.found, found.pages) == (2, 1, 1)


def test_an_empty_list_has_one_page():
    assert cut([], str, Asked("x")).pages == 1
