"""Corrections under review: what stood before is kept, and nothing is lost, doubled or joined."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from questionnaires.refusal import Refusal
from questionnaires.vector import dictionary, encode
from survey_app.errors import NotFound, Stale
from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import Answer, Response, ResponseRevision
from survey_app.models.waves import WaveForm
from survey_app.services.checking.revisions import Correction, open_response, revise_response
from survey_app.services.computing.runs import Order, compute_run
from survey_app.services.door.receipts import delete_by_receipt
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from survey_app.services.operation.accounts import create_account
from survey_app.services.operation.retention import purge_batch
from tests.survey_app.factories import (
    COUNTER,
    NOW,
    catalogue,
    make_point,
    make_wave,
    response_content,
)
from tests.survey_app.results_factories import make_computable

DAY = timedelta(days=1)
COMMENT = "Chờ lâu ở cửa số 3"
PHONE = "0912345678"


@pytest.fixture
def by(session):
    return create_account(session, "lan", "một mật khẩu dài", "supervisor").id, NOW + DAY


@pytest.fixture
def sent(session):
    """A form that came from a tablet: its wave, content and receipt."""
    wave = make_wave(session)
    point = make_point(session, wave)
    where = {"wave": wave.code, "collection_point": point.code}
    content = response_content(**where, answers={"comment": COMMENT})
    return wave, content, accept_response(session, content, NOW, catalogue())


def response(session, content):
    return session.get_one(Response, UUID(content["id"]))


def correction(session, content, reason="Hỏi lại hộ", **changed):
    row = response(session, content)
    fields = {"id": row.id, "revision": row.revision, "version": row.version}
    answers = {k: v for k, v in (content["answers"] | changed).items() if v is not None}
    return Correction(answers=answers, reason=reason, **fields)


def revise(session, wave, found, by):
    return revise_response(session, catalogue(), wave, found, by)


def answers_of(session, content):
    query = select(Answer.item, Answer.value).where(Answer.response_id == UUID(content["id"]))
    return dict(iter(session.execute(query)))


def test_a_correction_replaces_answers_and_vector_and_keeps_what_stood_before(session, sent, by):
    wave, content, _ = sent

    assert revise(session, wave, correction(session, content, access="2"), by) == ()

    row, slots = (
        response(session, content),
        dictionary(catalogue().questionnaire(COUNTER).definition),
    )
    assert answers_of(session, content) == content["answers"] | {"access": "2"}
    assert row.vector == encode(slots, content["answers"] | {"access": "2"})
    assert row.revision == 1
    kept = session.scalars(select(ResponseRevision)).one()
    assert (kept.number, kept.version, kept.checksum) == (0, row.version, row.checksum)
    assert json.loads(kept.answers) == content["answers"]
    assert (kept.account_id, kept.replaced_at, kept.reason) == (*by, "Hỏi lại hộ")


def test_the_history_tells_old_and_new_item_by_item(session, sent, by):
    wave, content, _ = sent
    revise(session, wave, correction(session, content, access="2"), by)
    revise(session, wave, correction(session, content, access="2", trips="4", comment=None), by)

    opened = open_response(session, catalogue(), wave, UUID(content["id"]), by)

    assert [revision.number for revision in opened.history] == [2, 1]
    told = [[(c.item.code, c.before, c.after) for c in one.changes] for one in opened.history]
    assert told == [
        [("trips", ("2 lần",), ("5 lần trở lên",)), ("comment", (COMMENT,), ())],
        [("access", ("Hài lòng",), ("Không hài lòng",))],
    ]
    assert {one.version for one in opened.history} == {"1"}
    assert opened.history[0].by == "lan"


def test_the_original_sent_again_after_a_correction_has_its_first_receipt(session, sent, by):
    wave, content, first = sent
    revise(session, wave, correction(session, content, access="1"), by)

    again = accept_response(session, content, NOW + 2 * DAY, catalogue())

    assert (again.status, again.receipt, again.received_at) == ("duplicate", first.receipt, NOW)
    assert answers_of(session, content)["access"] == "1"
    other = accept_response(session, content | {"locale": "km"}, NOW + 2 * DAY, catalogue())
    assert other.status == "conflict"


def test_a_reviewer_with_an_older_page_is_told_and_changes_nothing(session, sent, by):
    wave, content, _ = sent
    early = correction(session, content, access="1")
    revise(session, wave, correction(session, content, access="2"), by)

    with pytest.raises(Stale):
        revise(session, wave, early, by)
    newer = correction(session, content, access="1")
    with pytest.raises(Stale):
        revise(session, wave, Correction(newer.id, 1, "2", newer.answers, newer.reason), by)

    assert answers_of(session, content)["access"] == "2"
    assert session.scalar(select(func.count()).select_from(ResponseRevision)) == 1


def test_a_correction_is_checked_as_a_form_is(session, sent, by):
    wave, content, _ = sent

    wrong = correction(session, content, access=None, trips="7")
    found = revise(session, wave, wrong, by)

    assert [(p.item, p.code) for p in found] == [
        ("access", "required"),
        ("trips", "unknown_option"),
    ]
    assert answers_of(session, content) == content["answers"]
    assert response(session, content).revision == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_correction_needs_a_reason_of_some_words(session, sent, by, reason):
    wave, content, _ = sent

    with pytest.raises(Refusal):
        revise(session, wave, correction(session, content, reason, access="2"), by)


def test_a_correction_that_changes_nothing_is_none(session, sent, by):
    wave, content, _ = sent

    with pytest.raises(Refusal, match="thay đổi"):
        revise(session, wave, correction(session, content), by)


def test_numbers_of_people_are_hidden_in_answers_and_reason(session, sent, by):
    wave, content, _ = sent

    said = correction(session, content, f"Gọi {PHONE}", comment=f"Gọi lại {PHONE}")
    revise(session, wave, said, by)

    kept = session.scalars(select(ResponseRevision)).one()
    assert PHONE not in kept.reason
    assert PHONE not in answers_of(session, content)["comment"]


def test_what_was_done_is_recorded_without_an_answer(session, sent, by):
    wave, content, _ = sent
    open_response(session, catalogue(), wave, UUID(content["id"]), by)
    revise(session, wave, correction(session, content, comment="Lời khác hẳn"), by)

    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()

    assert [(row.action, row.account_id) for row in rows] == [
        ("response_opened", by[0]),
        ("response_revised", by[0]),
    ]
    assert rows[1].subject == f"{wave.code} {content['id']} 1"
    assert all(COMMENT not in str(vars(row)) for row in rows)
    assert all("Lời khác hẳn" not in str(vars(row)) for row in rows)


@pytest.mark.parametrize(
    "closed",
    [
        {"receipt": None},
        {"voided_at": NOW, "void_reason": "Phiếu thử máy"},
        {"mode": "web"},
        {"mode": "kiosk"},
        {"mode": "invitation", "receipt": None},
        {"mode": "code", "receipt": None},
    ],
)
def test_what_nobody_may_correct_is_refused(session, sent, by, closed):
    wave, content, _ = sent
    row = response(session, content)
    for name, value in closed.items():
        setattr(row, name, value)
    session.flush()

    with pytest.raises(Refusal):
        revise(session, wave, correction(session, content, access="2"), by)

    assert answers_of(session, content) == content["answers"]


def test_an_answer_by_code_is_not_even_opened(session, by):
    wave = make_wave(session)
    point = make_point(session, wave, by_code=True)
    content = response_content(wave=wave.code, collection_point=point.code, mode="invitation")
    accept_response(session, content, NOW, catalogue(), Arrival(by_code=True, rater_group="A"))

    with pytest.raises(Refusal, match="mã dùng một lần"):
        open_response(session, catalogue(), wave, UUID(content["id"]), by)
    with pytest.raises(NotFound):
        open_response(session, catalogue(), make_wave(session), UUID(content["id"]), by)


def test_answers_given_alone_are_neither_shown_nor_changed(session, sent, by):
    wave, content, _ = sent
    session.get_one(WaveForm, (wave.id, "sipas-counter", "1")).private_items = "staff overall"

    opened = open_response(session, catalogue(), wave, UUID(content["id"]), by)
    revise(session, wave, correction(session, content, staff="1", access="1"), by)
    after = open_response(session, catalogue(), wave, UUID(content["id"]), by)

    assert not {"staff", "overall"} & set(opened.answers)
    assert answers_of(session, content)["staff"] == content["answers"]["staff"]
    assert [c.item.code for c in after.history[0].changes] == ["access"]


def test_on_paper_an_answer_may_be_taken_back(session, by):
    wave = make_wave(session)
    point = make_point(session, wave)
    content = response_content(wave=wave.code, collection_point=point.code, mode="paper")
    accept_response(session, content, NOW, catalogue())

    assert revise(session, wave, correction(session, content, access=None), by) == ()

    assert "access" not in answers_of(session, content)


def test_results_are_of_the_answers_as_they_read_now(session, by):
    wave = make_computable(session, n=20)
    row = session.scalars(select(Response).order_by(Response.id)).first()
    before = compute_run(session, catalogue(), Order(wave, "sipas-counter"), NOW)
    answers = dict(
        iter(session.execute(select(Answer.item, Answer.value).where(Answer.response_id == row.id)))
    )
    turned = "1" if answers["staff"] == "5" else "5"

    found = Correction(row.id, 0, "1", answers | {"staff": turned}, "Đối chiếu phiếu giấy")
    assert revise(session, wave, found, by) == ()
    after = compute_run(session, catalogue(), Order(wave, "sipas-counter"), NOW + DAY)

    def staff(run):
        rows = json.loads(run.result)["results"]
        return next(r["estimate"] for r in rows if r["node"] == "S3" and not r["domain"])

    assert staff(before) - staff(after) == pytest.approx(1 / 20)
    assert before.data_checksum != after.data_checksum


def test_a_deleted_form_takes_its_revisions_along(session, sent, by):
    wave, content, first = sent
    revise(session, wave, correction(session, content, access="2"), by)

    delete_by_receipt(session, first.receipt, NOW + 2 * DAY)

    assert session.scalar(select(func.count()).select_from(ResponseRevision)) == 0


def test_words_of_revisions_end_with_the_documents_and_ticks_stay(session, sent, by):
    wave, content, _ = sent
    revise(session, wave, correction(session, content, comment="Đã mở thêm cửa"), by)
    wave.closed_at = NOW + 2 * DAY
    session.flush()

    while purge_batch(session, catalogue(), NOW + 800 * DAY):
        pass

    kept = json.loads(session.scalars(select(ResponseRevision)).one().answers)
    ticks = {k: v for k, v in content["answers"].items() if k != "comment"}
    assert kept == ticks
