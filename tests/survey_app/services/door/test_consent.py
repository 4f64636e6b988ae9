"""The consent notice: what it tells of a form, and what it promises."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from survey_app.i18n import LANGUAGES, catalogue
from survey_app.models.waves import Wave
from survey_app.services.door.consent import NOTICE, is_sensitive, notice_of
from survey_app.services.door.submissions import LONGEST_NOTICE
from survey_app.services.operation.retention import DAYS
from survey_app.services.plan.waves import door_of
from tests.survey_app.factories import NOW, link_of, make_point
from tests.survey_app.factories import catalogue as definitions


@pytest.fixture
def session(sqlite_database):
    with sqlite_database.writing() as session:
        yield session


@pytest.fixture
def door(session):
    return door_of(session, link_of(session, make_point(session)), NOW)


def form(name):
    return definitions().questionnaire(name).definition


def told(points):
    return [
        sentence.template.format(**sentence.fields)
        for point in points
        for sentence in (point.question, *point.answer)
    ]


def test_the_name_of_the_notice_fits_its_column():
    assert 0 < len(NOTICE) <= LONGEST_NOTICE


def test_it_says_who_asks_which_data_how_long_and_which_rights(session, door):
    points = notice_of(session, door, form("sipas-counter/1"))

    questions = [point.question.template for point in points]
    assert questions == ["Ai hỏi, để làm gì", "Dữ liệu nào", "Giữ bao lâu", "Quyền của Ông/Bà"]
    assert f"Đợt khảo sát «{door.wave_title}», về sự phục vụ của {door.unit_name}." in told(points)
    assert "Phiếu làm dở: 24 giờ." in told(points)


def test_sensitive_data_are_named_only_where_they_are_asked(session, door):
    sentence = "Câu hỏi về dân tộc là dữ liệu nhạy cảm; trả lời hay không tùy Ông/Bà."

    assert sentence in told(notice_of(session, door, form("sipas-citizen/2022")))
    assert sentence not in told(notice_of(session, door, form("sipas-counter/1")))


def test_whoever_is_asked_for_sensitive_data_may_leave_them_out():
    for name in ("sipas-citizen/2022", "sipas-citizen/2022-routed"):
        (item,) = [item for item in form(name).items if is_sensitive(item)]
        assert not item.required or "no_answer" in {option.outside for option in item.option}


def test_the_days_that_a_wave_sets_are_named(session, door):
    wave = session.get(Wave, door.wave_id)
    wave.receipts_until, wave.documents_until = date(2026, 12, 31), date(2027, 3, 1)

    sentences = told(notice_of(session, door, form("sipas-counter/1")))

    assert "Phiếu đã gửi xóa được bằng mã nhận phiếu, đến hết ngày 31/12/2026." in sentences
    assert any("Bản gốc: đến hết ngày 01/03/2027" in sentence for sentence in sentences)


def test_while_a_wave_is_open_the_rule_is_told_in_days(session, door):
    sentences = " ".join(told(notice_of(session, door, form("sipas-counter/1"))))

    assert f"Bản gốc: {DAYS['documents']} ngày sau khi đợt khảo sát kết thúc" in sentences
    assert f"mã nhận phiếu, đến {DAYS['receipts']} ngày sau khi" in sentences


def test_a_close_that_may_still_be_moved_is_no_promise(session, door):
    """Whoever was told a day made of the planned close would be told a wrong one."""
    wave = session.get(Wave, door.wave_id)
    wave.closed_at = NOW + timedelta(days=30)
    wave.documents_until = date(2030, 1, 1)  # later than the rule, so the rule holds

    sentences = " ".join(told(notice_of(session, door, form("sipas-counter/1"))))

    assert f"Bản gốc: {DAYS['documents']} ngày sau khi đợt khảo sát kết thúc" in sentences
    assert f"mã nhận phiếu, đến {DAYS['receipts']} ngày sau khi" in sentences


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"vi"}))
def test_every_sentence_has_a_translation(session, door, language):
    wave = session.get(Wave, door.wave_id)
    known = catalogue(language)
    for day in (None, date(2026, 12, 31)):
        wave.receipts_until = wave.documents_until = day
        for point in notice_of(session, door, form("sipas-citizen/2022")):
            for sentence in (point.question, *point.answer):
                assert sentence.template in known


def test_only_who_answers_by_code_is_told_that_too_few_such_forms_are_deleted(session, door):
    def says_so(of):
        return [one for one in told(notice_of(session, of, form("sipas-counter/1"))) if "10" in one]

    coded = replace(door, by_code=True)

    assert any("không đủ 10 phiếu" in one for one in says_so(coded))
    assert says_so(door) == []
    assert says_so(replace(coded, by_invitation=True)) == []  # told at length beside the notice
