"""The room of corrections: opening a response is recorded, and a change is kept with its reason."""

import pytest
from sqlalchemy import func, select

from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import Answer, Response, ResponseRevision
from survey_app.models.waves import WaveForm
from survey_app.services.door.responses import accept_response
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_wave,
    response_content,
)
from tests.survey_app.web.citizen_door import hidden, make_app, words
from tests.survey_app.web.office import PASSWORD, browser_of

COMMENT = "Chim bay qua cửa sổ"


@pytest.fixture
def sent(sqlite_database):
    """The id of a form from a tablet; its wave is «dot»."""
    with sqlite_database.writing() as session:
        wave = make_wave(session, code="dot")
        point = make_point(session, wave)
        content = response_content(
            wave="dot", collection_point=point.code, answers={"comment": COMMENT}
        )
        accept_response(session, content, NOW, catalogue())
    return content["id"]


def browser(database, role="supervisor"):
    with database.writing() as session:
        create_account(session, role, PASSWORD, role)
    return browser_of(make_app(database), role)


def address(sent, room):
    return f"/admin/waves/dot/quality/{sent}/{room}"


def filled(page, **changes):
    """The fields of the form as it is shown, some changed."""
    answers = {"access": "4", "procedure_clear": "4", "staff": "5", "result": "4"}
    answers |= {"feedback": "3", "trips": "2", "overall": "4", "comment": COMMENT}
    answers |= {k: v for k, v in changes.items() if k != "reason"}
    return (
        hidden(page)
        | {f"q-{code}": value for code, value in answers.items()}
        | {"reason": changes.get("reason", "Hỏi lại hộ")}
    )


def count(database, thing):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(thing))


def test_answers_are_shown_with_their_questions_and_opening_them_is_recorded(sqlite_database, sent):
    client = browser(sqlite_database)
    listed = client.get(f"/admin/waves/dot/quality/{sent}")
    assert address(sent, "answers") in listed.text
    assert COMMENT not in listed.text

    page = client.get(address(sent, "answers"))

    assert COMMENT in page.text
    assert "nơi tiếp đón" in words(page)
    assert "chưa sửa lần nào" in words(page)
    with sqlite_database.reading() as session:
        opened = select(AuditEntry.subject).where(AuditEntry.action == "response_opened")
        assert session.scalars(opened).all() == [f"dot {sent}"]


def test_an_auditor_opens_no_answers(sqlite_database, sent):
    client = browser(sqlite_database, "auditor")

    assert client.get(address(sent, "answers")).status_code == 403
    assert client.get(address(sent, "revise")).status_code == 403
    assert address(sent, "answers") not in client.get(f"/admin/waves/dot/quality/{sent}").text


def test_a_correction_is_kept_and_told_item_by_item(sqlite_database, sent):
    client = browser(sqlite_database)
    page = client.get(address(sent, "revise"))
    assert COMMENT in page.text

    answer = client.post(address(sent, "revise"), data=filled(page, access="2"))

    assert (answer.status_code, answer.location) == (303, address(sent, "answers"))
    told = words(client.get(answer.location))
    assert "Lần sửa 1" in told
    assert "Trước Hài lòng Nay Không hài lòng" in told
    assert "Hỏi lại hộ" in told
    with sqlite_database.reading() as session:
        assert session.scalars(select(Answer.value).where(Answer.item == "access")).all() == ["2"]


def test_a_form_with_nothing_changed_is_not_kept(sqlite_database, sent):
    client = browser(sqlite_database)

    answer = client.post(address(sent, "revise"), data=filled(client.get(address(sent, "revise"))))

    assert answer.status_code == 422
    assert "không có gì để lưu" in words(answer)
    assert count(sqlite_database, ResponseRevision) == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reason": ""}, "Xin ghi lý do"),
        ({"access": ""}, "Vui lòng chọn một câu trả lời cho câu 1"),
        ({"trips": "9"}, "chọn trong các phương án có sẵn"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(sqlite_database, sent, changes, told):
    client = browser(sqlite_database)
    page = client.get(address(sent, "revise"))

    answer = client.post(
        address(sent, "revise"), data=filled(page, **{"comment": "Lời mới"} | changes)
    )

    assert answer.status_code == 422
    assert told in words(answer)
    assert "Lời mới" in answer.text
    assert count(sqlite_database, ResponseRevision) == 0


def test_two_reviewers_do_not_overwrite_each_other(sqlite_database, sent):
    client = browser(sqlite_database)
    early = client.get(address(sent, "revise"))
    client.post(address(sent, "revise"), data=filled(early, access="2"))

    answer = client.post(address(sent, "revise"), data=filled(early, access="1"))

    assert answer.status_code == 409
    assert count(sqlite_database, ResponseRevision) == 1


def test_answers_given_alone_stay_closed(sqlite_database, sent):
    with sqlite_database.writing() as session:
        session.scalars(select(WaveForm)).one().private_items = "comment"
    client = browser(sqlite_database)

    for room in ("answers", "revise"):
        page = client.get(address(sent, room))
        assert COMMENT not in page.text
        assert "trả lời riêng" in words(page)


def test_a_form_people_sent_themselves_is_read_and_not_corrected(sqlite_database, sent):
    with sqlite_database.writing() as session:
        session.scalars(select(Response)).one().mode = "web"
    client = browser(sqlite_database)

    assert "không ai được sửa" in words(client.get(address(sent, "answers")))
    assert client.get(address(sent, "revise")).status_code == 400
