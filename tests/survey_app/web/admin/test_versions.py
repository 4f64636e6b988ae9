"""The room of questionnaires: versions side by side, in plain words."""

import pytest

from survey_app.services.operation.accounts import create_account
from survey_app.web.admin.versions import WORDS, _rule
from tests.survey_app.version_factories import NEW_WORDS, OLD_WORDS, three_versions
from tests.survey_app.web.citizen_door import make_app, words
from tests.survey_app.web.office import PASSWORD, browser_of


def browser(database, shelf=None, role="auditor"):
    with database.writing() as session:
        create_account(session, role, PASSWORD, role)
    app = make_app(database)
    if shelf is not None:
        app.extensions["catalogue"] = shelf
    return browser_of(app, role)


def test_the_shipped_questionnaires_are_listed_and_compared(sqlite_database):
    client = browser(sqlite_database)

    page = client.get("/admin/questionnaires")
    other = client.get("/admin/questionnaires/sipas-citizen/compare?old=2022&new=2022-routed")

    assert "2022-routed" in words(page)
    assert "đổi điều kiện hỏi" in words(other)
    assert "Không so được ngay" in words(other)
    assert '["' not in words(other)  # rules are told, not shown as they are written


def test_what_differs_is_told_before_and_after(sqlite_database, tmp_path):
    client = browser(sqlite_database, three_versions(tmp_path))

    page = client.get("/admin/questionnaires/sipas-counter/compare?old=1&new=2")

    assert page.text.index("Thêm vào") < page.text.index("Chỉ đổi lời")
    assert OLD_WORDS in words(page)
    assert NEW_WORDS in words(page)
    assert "Nhờ người khác đến thay" in words(page)
    assert "không dùng chung" not in words(page)


def test_a_version_that_is_not_there_is_not_found(sqlite_database):
    client = browser(sqlite_database)

    for asked in ("old=1&new=9", "", "old=../../x&new=1"):
        answer = client.get(f"/admin/questionnaires/sipas-counter/compare?{asked}")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (["==", ["item", "a"], "1"], "a = 1"),
        (["in", ["item", "a"], ["1", 2.5]], "a thuộc 1, 2.5"),
        (["has", ["item", "a"], ["item", "b"]], "a có chọn b"),
        (["not", ["<", ["item", "a"], "3"]], "không phải (a < 3)"),
        (
            [
                "and",
                [">=", ["item", "a"], 2],
                ["or", ["!=", ["item", "b"], "1"], ["has", ["item", "c"], "4"]],
            ],
            "a ≥ 2 và (b ≠ 1 hoặc c có chọn 4)",
        ),
    ],
)
def test_a_rule_of_routing_is_told_in_words(rule, told):
    assert _rule(rule, WORDS) == told
