"""Who may open which address, and which addresses never change."""

from pathlib import Path

import pytest

from survey_app.security import access_of
from tests.survey_app.web.citizen_door import make_app

URLS = Path(__file__).parents[1] / "urls.txt"
PRINTED = (
    "this address is public: it stands in QR codes printed and glued to counters, in tablets and "
    "bookmarks. Keep it answering (redirect it if it must move) instead of changing tests/urls.txt"
)


@pytest.fixture
def app(sqlite_database):
    return make_app(sqlite_database)


def rules_of(app):
    """Methods and address of each endpoint, the methods every page has left out."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield f"{method} {rule.rule}", rule.endpoint


def test_every_address_is_public_or_names_the_roles_that_may_open_it(app):
    access = {rule: access_of(app.view_functions[name]) for rule, name in rules_of(app)}

    assert len(access) > 20
    assert [rule for rule, roles in access.items() if roles is None] == []


def test_what_staff_do_is_never_public(app):
    public = {rule for rule, name in rules_of(app) if not access_of(app.view_functions[name])}

    assert {rule for rule in public if "/admin" in rule} == {
        "GET /admin/sign-in",
        "POST /admin/sign-in",
        "POST /admin/sign-out",
    }


def listed():
    lines = URLS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def public_addresses(app):
    return {rule for rule, name in rules_of(app) if access_of(app.view_functions[name]) == set()}


def check_addresses(found, kept):
    """Raise when a public address is gone, or stands on no list."""
    assert sorted(kept - found) == [], PRINTED
    assert sorted(found - kept) == [], "a new public address: add it to tests/urls.txt, for ever"


def test_no_public_address_changes(app):
    assert listed() == sorted(set(listed()), key=lambda line: line.split()[::-1])
    check_addresses(public_addresses(app), set(listed()))


def test_a_public_address_that_is_gone_is_told_with_the_reason(app):
    with pytest.raises(AssertionError, match="QR"):
        check_addresses(public_addresses(app) - {"GET /s/<token>"}, set(listed()))
    with pytest.raises(AssertionError, match=r"urls\.txt"):
        check_addresses(public_addresses(app) | {"GET /x"}, set(listed()))
