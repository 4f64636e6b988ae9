"""Catalogues hold the fields of the original; who speaks what, and what stays Vietnamese."""

import re
from datetime import UTC, datetime
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from flask import Flask

from questionnaires.refusal import Refusal
from survey_app.i18n import (
    LANGUAGES,
    _,
    address_in,
    asked_locale,
    catalogue,
    current_locale,
    of_record,
    say,
    translate,
    use_locale,
)
from survey_app.web.figures import day, decimal, moment, percent, whole
from tests import missing_texts
from tests.survey_app.web.citizen_door import make_app


def fields(text):
    return sorted({name for _text, name, _spec, _conversion in Formatter().parse(text) if name})


@pytest.mark.parametrize("locale", ["km", "en"])
def test_translations_have_the_fields_of_the_original(locale):
    wrong = [text for text, other in catalogue(locale).items() if fields(text) != fields(other)]

    assert wrong == []


def test_a_template_is_translated_and_then_filled():
    assert translate("Câu {number}", "en", number=7) == "Question 7"
    assert translate("Không có trong danh mục {x}", "en", x=1) == "Không có trong danh mục 1"
    assert translate("Câu {number}", "../en", number=7) == "Câu 7"


def test_outside_a_request_texts_are_vietnamese():
    assert current_locale() == "vi"
    assert _("Tiếp tục") == "Tiếp tục"


@pytest.mark.parametrize(
    ("path", "header", "locale"),
    [
        ("/s/x", "en-GB,vi;q=0.5", "en"),
        ("/s/x", "vi-VN,en;q=0.5", "vi"),
        ("/s/x", "fr", None),
        ("/s/x?lang=km", "en", "km"),
        ("/s/x?lang=fr", "en", "en"),
        ("/admin/", "en", None),
        ("/admin/?lang=km", "en", "km"),
        ("/administration/?lang=fr", "en", None),
    ],
)
def test_a_browser_is_heeded_at_the_citizens_doors_only(path, header, locale):
    with Flask(__name__).test_request_context(path, headers={"Accept-Language": header}):
        assert asked_locale() == locale
        assert current_locale() == (locale or "vi")


def test_a_refusal_speaks_the_language_of_the_request():
    with Flask(__name__).test_request_context("/"):
        use_locale("en")
        assert say(Refusal("Câu {number}", number=3)) == "Question 3"
        use_locale("xx")
        assert say(Refusal("Câu {number}", number=3)) == "Câu 3"


@pytest.fixture
def staff(sqlite_database):
    return make_app(sqlite_database).test_client()


def language_of(page):
    return re.search('<html lang="([a-z]+)"', page.text).group(1)


def test_staff_choose_a_language_once_for_their_browser(staff):
    assert language_of(staff.get("/admin/sign-in", headers={"Accept-Language": "en"})) == "vi"
    chosen = staff.get("/admin/sign-in?lang=km")

    assert language_of(chosen) == "km"
    assert "Path=/admin;" in chosen.headers["Set-Cookie"]
    assert "HttpOnly" in chosen.headers["Set-Cookie"]
    assert language_of(staff.get("/admin/sign-in")) == "km"
    assert language_of(staff.get("/admin/sign-in?lang=fr")) == "km"
    assert language_of(staff.get("/admin/sign-in?lang=vi")) == "vi"
    assert language_of(staff.get("/admin/sign-in")) == "vi"


def test_the_language_of_staff_is_not_that_of_a_citizen_on_the_same_browser(staff):
    staff.get("/admin/sign-in?lang=en")

    assert language_of(staff.get("/nowhere")) == "vi"
    assert "language=" not in staff.get("/nowhere?lang=km").headers.get("Set-Cookie", "")


def test_a_page_leads_to_itself_in_another_language():
    app = Flask(__name__)
    app.add_url_rule("/admin/form", "form", lambda: "", methods=["GET", "POST"])
    app.add_url_rule("/admin/act", "act", lambda: "", methods=["POST"])
    app.add_url_rule("/admin/", "admin.waves", lambda: "")
    with app.test_request_context("/admin/form?q=phú lợi&page=2&lang=en"):
        assert address_in("km") == "/admin/form?q=ph%C3%BA+l%E1%BB%A3i&page=2&lang=km"
    with app.test_request_context("/admin/form?x=1", method="POST"):
        assert address_in("km") == "/admin/form?lang=km"
    with app.test_request_context("/admin/act", method="POST"):
        assert address_in("km") == "/admin/?lang=km"


def test_official_documents_stay_in_the_language_of_record():
    with Flask(__name__).test_request_context("/admin/?lang=en"):
        assert _("Điểm") == "Points"
        assert of_record("Điểm") == "Điểm"
        assert of_record("dưới {n} phiếu", n=10) == "dưới 10 phiếu"


@pytest.mark.parametrize("locale", list(LANGUAGES))
def test_numbers_and_dates_are_written_as_in_viet_nam_in_every_language(locale):
    noon = datetime(2026, 11, 20, 7, 5, tzinfo=UTC)
    with Flask(__name__).test_request_context(f"/admin/?lang={locale}"):
        assert current_locale() == locale
        assert (moment(noon), day(noon.date())) == ("20/11/2026 14:05", "20/11/2026")
        assert (decimal(1234.5), whole(1234567), percent(0.79923)) == (
            "1.234,50",
            "1.234.567",
            "79,92",
        )


def test_filled_texts_are_put_where_they_sort(tmp_path, monkeypatch):
    monkeypatch.setattr(missing_texts, "FOLDER", tmp_path)
    path = tmp_path / "en" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid ""\nmsgstr "Language: en\\n"\n\nmsgid "B"\nmsgstr "b"\n', "utf-8")

    missing_texts.insert("en", {"A {n}": 'a "{n}"', "C": "c", "B": "other"})

    with path.open("rb") as stream:
        found = [(m.id, m.string) for m in read_po(stream) if m.id]
    assert found == [("A {n}", 'a "{n}"'), ("B", "b"), ("C", "c")]
