"""What a supervisor sees, filters and voids, and that everything voided can be counted again."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, func, select

from questionnaires.refusal import Refusal
from survey_app.errors import NotFound, Stale
from survey_app.models.accounts import AuditEntry
from survey_app.models.responses import Answer, Response
from survey_app.services.checking.quality import FLAGGED
from survey_app.services.checking.review import (
    A_PAGE,
    Choice,
    Sweep,
    Void,
    chosen_count,
    restore_response,
    review_line,
    review_page,
    void_chosen,
    void_response,
)
from survey_app.services.computing.overview import counts_of
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import Arrival
from survey_app.services.operation.accounts import create_account
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)

TRIAL = Void("trial", "Phiếu thử máy")
STAFF = Void("staff", "Cán bộ trả lời thay người dân", "  thấy trên  camera ")


class Wave:
    """A wave of two counters, and a way to send forms there."""

    def __init__(self, session):
        self.session, self.sent = session, 0
        self.wave = make_wave(session)
        self.points = [make_point(session, self.wave, make_unit(session)) for _ in range(2)]
        account = create_account(session, "hoa", "một mật khẩu dài", "supervisor")
        self.by = (account.id, NOW)

    def send(self, point=0, took=60, arrival=None, **changes):
        """Send a form; its answers differ from those before, so that only `took` is odd."""
        k = self.sent = self.sent + 1
        answers = {"trips": str(1 + k % 4), "staff": str(1 + k // 4 % 5)}
        answers |= {"result": str(1 + k // 20 % 5), "access": str(1 + k // 100 % 5)}
        content = response_content(
            wave=self.wave.code,
            collection_point=self.points[point].code,
            answers=answers,
            started_at=(NOW - timedelta(seconds=took)).isoformat(),
            submitted_at=NOW.isoformat(),
            **changes,
        )
        accept_response(self.session, content, NOW, catalogue(), arrival)
        return self.session.get_one(Response, UUID(content["id"]))

    def page(self, after="", **choice):
        return review_page(self.session, self.wave, Choice(**choice), after)


@pytest.fixture
def wave(database):
    with database.writing() as session:
        yield Wave(session)


def test_scores_and_signals_are_counted_over_what_counts(wave):
    for took in (60, 60, 1):
        wave.send(took=took)
    void_response(wave.session, wave.wave, wave.send(took=1).id, TRIAL, wave.by)

    page = wave.page()

    assert (page.total, page.flagged) == (3, 1)
    assert page.scores == ((0, 2), (3, 1))
    assert page.signals == (("too_fast", 1),)


def test_each_counter_has_its_number_flags_median_and_help(wave):
    for took in (1, 20, 30, 40):
        wave.send(0, took)
    wave.send(1, 50, helped="official")
    wave.send(1, 60)

    first, second = sorted(wave.page().points, key=lambda line: line.code)

    assert (first.n, first.flagged, first.median_seconds, first.helped) == (4, 0.25, 25, 0)
    assert (second.n, second.flagged, second.median_seconds, second.helped) == (2, 0, 55, 0.5)


def test_a_counter_without_answers_is_listed_empty(wave):
    assert [(line.n, line.median_seconds) for line in wave.page().points] == [(0, None)] * 2


def test_the_list_shows_how_an_answer_came_and_never_what_it_says(wave):
    sent = wave.send(1, took=3, helped="official")

    (line,) = wave.page().lines

    assert (line.id, line.point, line.seconds, line.score) == (sent.id, wave.points[1].code, 3, 5)
    assert line.signals == ("too_fast", "helped_by_official")
    values = wave.session.scalars(select(Answer.value)).all()
    assert values
    assert not {"answers", "vector", "document"} & set(type(line).__dataclass_fields__)


def test_the_list_is_filtered_by_signal_counter_unit_score_and_state(wave):
    fast, helped = wave.send(0, took=1), wave.send(1, helped="official")
    unit = wave.session.get_one(Response, helped.id).unit_id
    code = next(p.unit.code for p in wave.points if p.unit_id == unit)

    def found(**choice):
        return [line.id for line in wave.page(**choice).lines]

    assert found() == [fast.id]
    assert found(least=0) == [fast.id, helped.id]
    assert found(least=0, signal="helped_by_official") == [helped.id]
    assert found(least=0, point=wave.points[0].code) == [fast.id]
    assert found(least=0, unit=code) == [helped.id]
    assert found(signal="helped_by_official") == found(voided=True) == []


def test_pages_follow_each_other_without_a_gap_or_a_repetition(wave):
    sent = {wave.send(took=1 if k % 3 else 60).id for k in range(2 * A_PAGE + 7)}
    seen, after, sizes = [], "", []
    while True:
        page = wave.page(after, least=0)
        seen += page.lines
        sizes.append(len(page.lines))
        if page.following is None:
            break
        after = page.following

    assert sizes == [A_PAGE, A_PAGE, 7]
    assert len(seen) == len({line.id for line in seen})
    assert {line.id for line in seen} == sent
    assert [line.score for line in seen] == sorted((line.score for line in seen), reverse=True)


@pytest.mark.parametrize("after", ["x", "3-", "3-xyz", "-", "9" * 30 + "-zz"])
def test_an_edited_page_key_begins_at_the_beginning(wave, after):
    wave.send(took=1)

    assert len(wave.page(after).lines) == 1


def test_a_voided_response_does_not_count_keeps_its_answers_and_counts_again_when_restored(wave):
    sent = wave.send(took=1)
    answers = select(func.count()).select_from(Answer)
    before = wave.session.scalar(answers)

    void_response(wave.session, wave.wave, sent.id, STAFF, wave.by)
    voided = counts_of(wave.session, wave.wave)
    reason = review_line(wave.session, wave.wave, sent.id).void_reason
    restore_response(wave.session, wave.wave, sent.id, wave.by)
    restored = counts_of(wave.session, wave.wave)

    assert (voided.valid, restored.valid) == (0, 1)
    assert reason == "Cán bộ trả lời thay người dân: thấy trên camera"
    assert (sent.voided_at, sent.void_reason) == (None, None)
    assert wave.session.scalar(answers) == before
    entries = wave.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [e.action for e in entries] == ["response_voided", "response_restored"]
    assert {e.account_id for e in entries} == {wave.by[0]}


@pytest.mark.parametrize(
    "void",
    [
        Void("", None),
        Void("nothing", None),
        Void("other", "Lý do khác"),
        Void("other", "Lý do khác", " "),
        replace(TRIAL, words="x" * 201),
    ],
)
def test_nothing_is_voided_without_a_reason_that_says_something(wave, void):
    sent = wave.send()

    with pytest.raises(Refusal):
        void_response(wave.session, wave.wave, sent.id, void, wave.by)
    assert sent.voided_at is None


def test_voiding_twice_or_restoring_what_counts_is_told(wave):
    sent = wave.send()

    with pytest.raises(Stale):
        restore_response(wave.session, wave.wave, sent.id, wave.by)
    void_response(wave.session, wave.wave, sent.id, TRIAL, wave.by)
    with pytest.raises(Stale):
        void_response(wave.session, wave.wave, sent.id, TRIAL, wave.by)


def test_a_response_of_another_wave_is_not_found(wave):
    sent, other = wave.send(), make_wave(wave.session)

    with pytest.raises(NotFound):
        review_line(wave.session, other, sent.id)
    with pytest.raises(NotFound):
        void_response(wave.session, other, sent.id, TRIAL, wave.by)


def test_forms_of_invited_officials_are_neither_listed_nor_voided_nor_restored(wave):
    wave.send(took=1)
    secret = wave.send(took=1, mode="invitation", arrival=Arrival(by_code=True))

    assert secret.id not in [line.id for line in wave.page(least=0).lines]
    for deed in (
        lambda: review_line(wave.session, wave.wave, secret.id),
        lambda: void_response(wave.session, wave.wave, secret.id, TRIAL, wave.by),
        lambda: restore_response(wave.session, wave.wave, secret.id, wave.by),
    ):
        with pytest.raises(Refusal, match="thư mời"):
            deed()
    assert void_chosen(wave.session, wave.wave, Sweep(Choice(least=0), TRIAL, 1), wave.by) == 1
    assert secret.voided_at is None


def test_a_whole_choice_is_voided_with_the_number_that_was_agreed_to(wave):
    kept = [wave.send(), wave.send(1, took=1)]
    for _ in range(3):
        wave.send(0, took=1)
    choice = Choice(point=wave.points[0].code)

    done = void_chosen(wave.session, wave.wave, Sweep(choice, TRIAL, 3), wave.by)

    assert done == 3
    assert chosen_count(wave.session, wave.wave, choice) == 0
    assert chosen_count(wave.session, wave.wave, Choice(voided=True)) == 3
    assert [r.voided_at for r in kept] == [None, None]
    (entry,) = wave.session.scalars(select(AuditEntry)).all()
    assert entry.subject == f"{wave.wave.code} score>={FLAGGED} point={choice.point}: 3"


def test_a_choice_that_has_grown_since_it_was_shown_is_not_voided(wave):
    wave.send(took=1)
    expected = chosen_count(wave.session, wave.wave, Choice())
    wave.send(took=1)

    with pytest.raises(Stale, match="2"):
        void_chosen(wave.session, wave.wave, Sweep(Choice(), TRIAL, expected), wave.by)
    assert chosen_count(wave.session, wave.wave, Choice()) == 2


def test_a_choice_that_grows_between_counting_and_voiding_is_not_voided(postgresql_database):
    database = postgresql_database
    with database.writing() as session:
        wave = Wave(session)
        wave.send(took=1)
    late = []

    def arrive(_connection, _cursor, statement, *_more):
        if statement.startswith("UPDATE response") and not late:
            late.append(statement)
            with database.writing() as other:
                wave.session = other
                wave.send(took=1)

    event.listen(database.engine, "before_cursor_execute", arrive)
    with database.writing() as session:
        with pytest.raises(Stale, match="2"):
            void_chosen(session, wave.wave, Sweep(Choice(), TRIAL, 1), wave.by)
        assert chosen_count(session, wave.wave, Choice()) == 2
    assert late


def test_what_is_voided_already_is_not_voided_by_a_choice(wave):
    void_response(wave.session, wave.wave, wave.send(took=1).id, TRIAL, wave.by)

    with pytest.raises(Stale):
        void_chosen(wave.session, wave.wave, Sweep(Choice(voided=True), TRIAL, 1), wave.by)
