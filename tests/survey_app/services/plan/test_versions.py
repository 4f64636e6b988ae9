"""Versions of questionnaires: what is listed of them, and how the differences are put in order."""

import pytest

from questionnaires.compare import KINDS as ALL_KINDS
from survey_app.errors import NotFound
from survey_app.services.plan.versions import compared, versions_of
from survey_app.services.plan.waves import add_form
from survey_app.web.admin.versions import KINDS, MEANINGS, SEVERITIES
from tests.survey_app.factories import make_wave
from tests.survey_app.version_factories import OLD_WORDS, ONE, TWO, publish


def test_versions_are_listed_with_the_waves_that_use_them(sqlite_database, shelf):
    (shelf.folder / "sipas-counter" / "10.toml").write_text(
        (shelf.folder / "sipas-counter" / "3.toml")
        .read_text(encoding="utf-8")
        .replace('version = "3"', 'version = "10"'),
        encoding="utf-8",
    )
    with sqlite_database.writing() as session:
        wave = make_wave(session, code="dot")
        for name in (ONE, TWO):
            add_form(session, wave, name, shelf)
        found = versions_of(session, shelf)

    lines = found["sipas-counter"]
    assert [line.version for line in lines] == ["1", "2", "3", "10"]
    assert [line.published for line in lines] == [True, True, True, False]
    assert [line.waves for line in lines] == [("dot",), ("dot",), (), ()]


def test_differences_stand_by_gravity_with_the_words_of_their_places(shelf):
    text = (shelf.folder / "sipas-counter" / "3.toml").read_text(encoding="utf-8")
    text = text.replace('version = "3"', 'version = "4"')
    text = text.replace('code = "fee"\nkind = "single"', 'code = "fee"\nkind = "multiple"')
    publish(shelf.folder, "sipas-counter/4.toml", text)

    first = compared(shelf, "sipas-counter", "1", "3")
    second = compared(shelf, "sipas-counter", "3", "4")

    assert list(first.found) == ["additive", "text"]
    assert not first.refused
    assert first.names["access"] != OLD_WORDS
    assert (list(second.found), second.refused) == (["refused"], True)
    assert compared(shelf, "sipas-counter", "1", "1").found == {}


def test_a_version_that_is_not_there_is_told(shelf):
    with pytest.raises(NotFound, match="sipas-counter/7"):
        compared(shelf, "sipas-counter", "1", "7")
    with pytest.raises(NotFound):
        compared(shelf, "../x", "1", "2")


def test_every_difference_and_gravity_has_words_of_its_own():
    assert set(KINDS) == {kind for kinds in ALL_KINDS.values() for kind in kinds}
    assert list(SEVERITIES) == ["refused", "breaking", "additive", "text"]
    assert set(MEANINGS) == set(SEVERITIES)
    assert len(set(KINDS.values())) == len(KINDS)
