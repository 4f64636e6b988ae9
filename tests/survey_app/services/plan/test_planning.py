"""Planning of a wave: what may be typed, what its state still lets change, opening at a date."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound
from survey_app.models.accounts import AuditEntry
from survey_app.models.waves import Wave, WaveForm
from survey_app.services.operation.accounts import create_account
from survey_app.services.plan.planning import (
    CHANGEABLE,
    Typed,
    Unfit,
    begin,
    change_wave,
    last_day_of,
    make_wave,
    plannable,
    read_day,
    remove,
    typed_of,
    untyped,
)
from survey_app.services.plan.waves import CLOSED, OPEN, PLANNED, close_wave, is_open, state_of
from tests.survey_app.factories import COUNTER, NOW, catalogue, make_form, make_point
from tests.survey_app.factories import make_wave as ready_wave
from tests.survey_app.services.two_writers import one_after_the_other

DAY = timedelta(days=1)
GIVEN = {"code": "sipas-2027", "title": "Khảo sát 2027", "year": "2027", "source": "census"}


@pytest.fixture
def by(session):
    return create_account(session, "lan", "một mật khẩu dài", "administrator").id


def typed(by, now=NOW, **given):
    return Typed(given, by, now)


def made(session, by, forms=(COUNTER,), **changes):
    return make_wave(session, catalogue(), typed(by, **GIVEN | changes), forms)


def problems(session, by, **changes):
    with pytest.raises(Unfit) as refused:
        made(session, by, **changes)
    return {name: str(told) for name, told in refused.value.problems.items()}


def test_a_wave_is_made_planned_with_its_form_and_defaults(session, by):
    wave = made(session, by)

    assert state_of(wave, NOW) == PLANNED
    assert [(form.questionnaire, form.version) for form in wave.forms] == [("sipas-counter", "1")]
    assert (wave.keeps_partial, wave.issued, wave.links_expire_on) == (False, None, None)
    assert (wave.contacts_until, wave.receipts_until, wave.documents_until) == (None, None, None)


def test_everything_that_can_be_typed_is_kept_and_typed_again(session, by):
    given = GIVEN | {
        "issued": "1.200",
        "opens": "01/12/2026",
        "closes": "2026-12-31",
        "partial": "yes",
        "links": "2027-03-01",
        "contacts": "15/01/2027",
        "receipts": "",
        "documents": "2027-06-30",
    }
    wave = made(session, by, **given)
    again = typed_of(wave)

    assert wave.opened_at == datetime(2026, 11, 30, 17, 0, tzinfo=UTC)  # 0:00 in Viet Nam
    assert wave.closed_at == datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
    assert last_day_of(wave.closed_at) == date(2026, 12, 31)
    assert again == given | {
        "issued": "1200",
        "opens": "2026-12-01",
        "contacts": "2027-01-15",
    }
    change_wave(session, wave, typed(by, **again))
    assert typed_of(wave) == again


def test_a_form_for_a_new_wave_says_this_year_in_viet_nam(session, by):
    eve = datetime(2026, 12, 31, 18, 0, tzinfo=UTC)

    assert untyped(eve)["year"] == "2027"
    assert made(session, by, **untyped(NOW) | {"code": "a", "title": "A"}).year == NOW.year


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("code", "", "1 đến 40"),
        ("code", "đợt-1", "không dấu"),
        ("code", "a/b", "1 đến 40"),
        ("code", "a" * 41, "1 đến 40"),
        ("title", "  ", "từ 1 đến 200"),
        ("title", "a" * 201, "từ 1 đến 200"),
        ("title", "a\u0007b", "ký tự"),
        ("year", "26", "Năm phải"),
        ("year", "1999", "Năm phải"),
        ("year", "²027", "Năm phải"),
        ("source", "reported", "Xin chọn"),
        ("issued", "-1", "số nguyên"),
        ("issued", "10.000.001", "số nguyên"),
        ("issued", "...", "số nguyên"),
        ("opens", "mai", "không đúng"),
        ("opens", "20/11/2026", "sau hôm nay"),
        ("opens", "2999-01-01", "Năm phải"),
        ("closes", "31/12/2026", "ngày mở trước"),
        ("links", "2026-11-19", "từ hôm nay"),
        ("contacts", "19/11/2026", "Thời hạn phải"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(session, by, field, text, told):
    found = problems(session, by, **{field: text})

    assert list(found) == [field]
    assert told in found[field]


def test_all_that_is_wrong_is_said_at_once(session, by):
    given = GIVEN | {"code": "", "year": "x"}
    with pytest.raises(Unfit) as refused:
        make_wave(session, catalogue(), typed(by, **given), [])

    assert set(refused.value.problems) == {"code", "year", "form"}


def test_the_last_day_is_not_before_the_first(session, by):
    found = problems(session, by, opens="2026-12-02", closes="2026-12-01")
    wave = made(session, by, opens="2026-12-02", closes="2026-12-02")

    assert "02/12/2026" in found["closes"]
    assert wave.closed_at - wave.opened_at == DAY


def test_a_code_is_given_once_whatever_its_capitals(session, by):
    made(session, by)

    assert "sipas-2027" in problems(session, by, code="SIPAS-2027")["code"]


def test_of_two_waves_of_one_code_made_at_the_same_moment_one_is_refused(database):
    with database.writing() as session:
        by = create_account(session, "lan", "một mật khẩu dài", "administrator").id

    with pytest.raises(Unfit) as refused:
        one_after_the_other(database, *[lambda session: made(session, by)] * 2)

    assert "sipas-2027" in str(refused.value.problems["code"])


def test_versions_that_cannot_stand_together_are_refused_beside_the_forms(session, by):
    with pytest.raises(Unfit) as refused:
        make_wave(session, catalogue(), typed(by, **GIVEN), ["nothing/1"])

    assert "nothing/1" in str(refused.value.problems["form"])


def test_a_planned_wave_changes_in_everything(session, by):
    wave = made(session, by, opens="2026-12-02", closes="2026-12-20")
    change_wave(
        session, wave, typed(by, **GIVEN | {"code": "b", "opens": "2027-01-02", "closes": ""})
    )

    assert (wave.code, wave.closed_at) == ("b", None)
    assert typed_of(wave)["opens"] == "2027-01-02"


@pytest.mark.parametrize(
    ("changes", "state", "may", "may_not"),
    [
        ({}, OPEN, {"title": "Tên khác", "issued": "7", "closes": "2026-12-01"}, {"year": "2030"}),
        ({}, OPEN, {}, {"code": "other", "partial": "yes", "source": "probability"}),
        ({"closed_at": NOW}, CLOSED, {"issued": "7"}, {"title": "Tên khác", "closes": ""}),
    ],
)
def test_what_a_state_lets_change(session, by, changes, state, may, may_not):
    wave = ready_wave(session, **changes)
    now = NOW + DAY if changes else NOW
    assert state_of(wave, now) == state
    assert set(may) <= set(CHANGEABLE[state])

    change_wave(session, wave, typed(by, now, **typed_of(wave) | may))
    assert {name: typed_of(wave)[name] for name in may} == may
    with pytest.raises(Unfit) as refused:
        change_wave(session, wave, typed(by, now, **may_not))
    assert {name: "đã mở" in str(told) for name, told in refused.value.problems.items()} == (
        dict.fromkeys(may_not, True)
    )


def test_an_open_wave_may_be_given_a_later_end_but_none_that_has_passed(session, by):
    wave = ready_wave(session, closed_at=NOW + DAY)
    change_wave(session, wave, typed(by, closes="2027-01-31"))
    assert last_day_of(wave.closed_at) == date(2027, 1, 31)

    with pytest.raises(Unfit, match="Chưa làm được"):
        change_wave(session, wave, typed(by, closes="2026-11-19"))


def test_a_wave_opens_now(session, by):
    wave = made(session, by, opens="2026-12-02")
    make_point(session, wave)

    assert begin(session, catalogue(), wave, typed(by, closes="2026-12-20")) == "open_wave"
    assert wave.opened_at == NOW
    assert is_open(wave, NOW)
    with pytest.raises(Refusal, match="đã mở rồi"):
        begin(session, catalogue(), wave, typed(by))
    with pytest.raises(Refusal, match="đã mở rồi"):
        begin(session, catalogue(), wave, typed(by, opens="2026-12-03"))


def test_a_wave_opens_and_closes_at_its_dates(session, by):
    wave = made(session, by)
    given = {"opens": "2026-12-02", "closes": "2026-12-03"}

    assert begin(session, catalogue(), wave, typed(by, **given)) == "schedule_wave"
    moments = [datetime(2026, 12, day, hour, tzinfo=UTC) for day in (1, 3) for hour in (16, 17)]
    assert [state_of(wave, moment) for moment in moments] == [PLANNED, OPEN, OPEN, CLOSED]


def test_a_wave_that_asks_nothing_is_not_opened(session, by):
    wave = ready_wave(session, opened_at=None)

    with pytest.raises(Refusal, match="chưa có phiếu"):
        begin(session, catalogue(), wave, typed(by))
    assert wave.opened_at is None


def test_a_wave_is_opened_with_the_words_of_the_day(session, by):
    wave = ready_wave(session, opened_at=None)
    form = make_form(session, wave)
    form.checksum = "0" * 64  # a draft that was mended meanwhile
    begin(session, catalogue(), wave, typed(by))

    assert form.checksum == catalogue().questionnaire(COUNTER).checksum


def test_a_wave_is_closed_before_its_date(session):
    wave = ready_wave(session, closed_at=NOW + DAY)
    close_wave(wave, NOW)

    assert (wave.closed_at, state_of(wave, NOW)) == (NOW, CLOSED)


def test_days_of_retention_are_recorded(session, by):
    made(session, by, receipts="2027-01-15")

    row = session.scalars(select(AuditEntry).where(AuditEntry.action == "set_retention")).one()
    assert (row.subject, row.account_id) == ("sipas-2027 receipts 2027-01-15", by)


def test_what_was_refused_leaves_nothing_behind(sqlite_database):
    with sqlite_database.writing() as session:
        by = create_account(session, "lan", "một mật khẩu dài", "administrator").id
    with pytest.raises(Unfit), sqlite_database.writing() as session:
        made(session, by, receipts="2027-01-15", forms=["nothing/1"])

    with sqlite_database.reading() as session:
        assert session.scalars(select(Wave)).all() == []


def test_a_wave_of_published_results_has_no_plan(session):
    wave = ready_wave(session, source="reported")

    for code in (wave.code, "none"):
        with pytest.raises(NotFound, match=code):
            plannable(session, code)


@pytest.mark.parametrize(
    ("text", "day"),
    [("", None), (" 2026-12-31 ", date(2026, 12, 31)), ("1/2/2027", date(2027, 2, 1))],
)
def test_days_are_read_as_browsers_and_people_write_them(text, day):
    assert read_day(text) == day


@pytest.mark.parametrize("text", ["31/02/2027", "mai", "1/2", "2027"])
def test_what_is_no_day_is_told(text):
    with pytest.raises(Refusal, match=text):
        read_day(text)


# Taken back


def test_a_plan_that_nothing_hangs_on_is_deleted(session, by):
    wave = made(session, by)
    other = made(session, by, code="other")

    remove(session, wave, NOW)

    assert session.scalars(select(Wave.code)).all() == [other.code]
    assert {form.wave_id for form in session.scalars(select(WaveForm))} == {other.id}


def test_a_wave_with_a_point_or_that_was_opened_stays(session, by):
    wave = made(session, by)
    make_point(session, wave)
    with pytest.raises(Refusal, match="đã có quầy"):
        remove(session, wave, NOW)
    opened = made(session, by, code="opened")
    begin(session, catalogue(), opened, typed(by))
    with pytest.raises(Refusal, match="đã mở"):
        remove(session, opened, NOW)

    assert len(session.scalars(select(Wave)).all()) == 2
    assert [len(one.forms) for one in (wave, opened)] == [1, 1]
