"""The list of invited officials: all of it or nothing, and each wrong line is named."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from survey_app.errors import Gone
from survey_app.models.codes import Invitation, InvitationContact
from survey_app.models.waves import Wave
from survey_app.services.codes.invitation_lists import (
    counts_of_list,
    import_list,
    is_mail,
    list_of,
)
from survey_app.services.operation.retention import purge_batch
from survey_app.services.tables.sheets import read_sheet
from tests.survey_app.factories import NOW, catalogue, make_unit, make_wave
from tests.survey_app.invitation_factories import codes_of, sheet_of
from tests.survey_app.services.two_writers import one_after_the_other
from tests.survey_app.web.citizen_door import SECRET

LAN = ("Lãnh đạo sở", "STC", "Trần Thị Lan", "Lan.Tran@soctrang.gov.vn")
NAM = ("Lãnh đạo xã", "", "Lê Văn Nam", "0912 345 678")


@pytest.fixture
def wave(sqlite_database):
    with sqlite_database.writing() as session:
        make_unit(session, code="STC", name="Sở Tài chính")
        return make_wave(session)


def take(database, wave, *people, secret=SECRET):
    with database.writing() as session:
        return import_list(session, session.merge(wave), sheet_of(list(people)), NOW, secret)


def stored(database):
    with database.reading() as session:
        return [
            session.scalar(select(func.count()).select_from(table))
            for table in (Invitation, InvitationContact)
        ]


def sentences(report):
    return {problem.row: str(problem.refusal) for problem in report.problems}


def test_everybody_on_the_list_is_invited_with_a_code(sqlite_database, wave):
    report = take(sqlite_database, wave, LAN, NAM)

    assert (report.stored, report.added, report.known, report.problems) == (True, 2, 0, [])
    with sqlite_database.reading() as session:
        lan, nam = list_of(session, wave)
        assert len(set(codes_of(session, wave))) == 2
    assert (lan.group, lan.unit, lan.name) == ("Lãnh đạo sở", "Sở Tài chính", "Trần Thị Lan")
    assert lan.contact == "lan.tran@soctrang.gov.vn"
    assert (nam.unit, nam.contact, nam.written) == (None, "0912345678", False)


def test_a_dry_run_says_the_same_and_stores_nothing(sqlite_database, wave):
    report = take(sqlite_database, wave, LAN, NAM, secret=None)

    assert (report.stored, report.added) == (False, 2)
    assert stored(sqlite_database) == [0, 0]


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        (("", "STC", "A", "a@b.vn"), "Ô «nhóm» để trống."),
        (("G", "STC", "", "a@b.vn"), "Ô «họ tên» để trống."),
        (("G", "STC", "A", ""), "Ô «liên hệ» để trống."),
        (("G", "KHAC", "A", "a@b.vn"), "Không có đơn vị mã «KHAC»."),
        (("G", "STC", "A", "a@b"), "Liên hệ phải là địa chỉ thư điện tử hoặc số điện thoại."),
        (("G", "STC", "A", "12345"), "Liên hệ phải là địa chỉ thư điện tử hoặc số điện thoại."),
        (("G" * 65, "STC", "A", "a@b.vn"), "Ô «nhóm» quá dài hoặc có ký tự không đọc được."),
        (("G", "STC", "A\u200b\u0007", "a@b.vn"), "Ô «họ tên» quá dài"),
    ],
)
def test_a_wrong_line_is_named_and_no_line_is_stored(sqlite_database, wave, person, sentence):
    report = take(sqlite_database, wave, LAN, person)

    assert sentence in sentences(report)[3]
    assert not report.stored
    assert stored(sqlite_database) == [0, 0]


def test_the_same_contact_twice_is_found_however_it_is_written(sqlite_database, wave):
    again = ("Lãnh đạo sở", "STC", "Lan", "LAN.TRAN@soctrang.gov.vn")
    report = take(sqlite_database, wave, LAN, NAM, again, (*NAM[:3], "0912.345.678"))

    assert sentences(report) == {
        4: "Trùng liên hệ với dòng 2. Mỗi người chỉ có một dòng.",
        5: "Trùng liên hệ với dòng 3. Mỗi người chỉ có một dòng.",
    }


def test_a_longer_list_adds_only_the_new_people(sqlite_database, wave):
    take(sqlite_database, wave, LAN)
    report = take(sqlite_database, wave, LAN, NAM)

    assert (report.added, report.known, report.stored) == (1, 1, True)
    assert stored(sqlite_database) == [2, 2]


def test_somebody_who_changed_groups_is_not_invited_twice(sqlite_database, wave):
    take(sqlite_database, wave, LAN)
    report = take(sqlite_database, wave, ("Lãnh đạo xã", *LAN[1:]))

    assert sentences(report) == {2: "Liên hệ này đã có trong đợt, nhưng ở nhóm hoặc đơn vị khác."}


def test_a_list_imported_in_two_windows_at_the_same_moment_invites_nobody_twice(database):
    with database.writing() as session:
        wave = make_wave(session)

    def take_in(session):
        return import_list(session, session.merge(wave), sheet_of([NAM]), NOW, SECRET)

    first, second = one_after_the_other(database, take_in, take_in)

    assert (first.added, second.added, second.known) == (1, 0, 1)
    assert stored(database) == [1, 1]


def test_nobody_is_invited_twice_once_it_is_forgotten_who_was(sqlite_database, wave):
    take(sqlite_database, wave, NAM)
    with sqlite_database.writing() as session:
        session.get_one(Wave, wave.id).contacts_until = (NOW - timedelta(days=1)).date()
        while purge_batch(session, catalogue(), NOW):
            pass
    with sqlite_database.reading() as session:
        wave = session.get_one(Wave, wave.id)
    with pytest.raises(Gone, match=wave.code):
        take(sqlite_database, wave, NAM)

    assert stored(sqlite_database) == [1, 0]


def test_a_unit_of_today_is_one_of_today_in_viet_nam(sqlite_database):
    night = datetime(2026, 11, 19, 20, 0, tzinfo=UTC)  # three o'clock of the 20th in Viet Nam
    with sqlite_database.writing() as session:
        make_unit(session, code="STC", valid_from=date(2026, 11, 20))
        report = import_list(session, make_wave(session), sheet_of([LAN]), night, SECRET)

    assert report.problems == []


def test_titles_may_be_english_and_in_any_order(sqlite_database, wave):
    sheet = read_sheet(b"Name,Contact,Unit,Group\nA,a@b.vn,STC,G\n", "x.csv")
    with sqlite_database.writing() as session:
        assert import_list(session, session.merge(wave), sheet, NOW, SECRET).stored


def test_a_sheet_without_a_column_is_refused_by_its_name(sqlite_database, wave):
    sheet = read_sheet("nhóm,họ tên,liên hệ\nG,A,a@b.vn\n".encode(), "x.csv")
    with sqlite_database.writing() as session, pytest.raises(Refusal, match="mã đơn vị"):
        import_list(session, session.merge(wave), sheet, NOW, SECRET)


def test_the_counts_above_the_list(sqlite_database, wave):
    take(sqlite_database, wave, LAN, NAM)
    with sqlite_database.reading() as session:
        counts = counts_of_list(list_of(session, wave))

    assert (counts.invited, counts.contacts, counts.mails, counts.unwritten) == (2, 2, 1, 2)


@pytest.mark.parametrize(
    "text", ["a b@c.vn", "a@b.vn\nBcc: x@y.vn", "<a@b.vn>", "a@b.vn,c@d.vn", "@b.vn", "ă@b.vn"]
)
def test_what_could_lead_a_letter_astray_is_no_mail_address(text):
    assert not is_mail(text)


@pytest.mark.parametrize("phone", ["+84 912 345 678", "84912345678", "0084912345678", "912345678"])
def test_a_telephone_is_one_person_however_it_is_written(sqlite_database, wave, phone):
    report = take(sqlite_database, wave, NAM, (*NAM[:3], phone))

    assert list(sentences(report)) == [3]
