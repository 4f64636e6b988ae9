"""The satisfied share with and without doubtful answers, against a count by hand."""

from datetime import timedelta

from sqlalchemy import update

from survey_app.models.responses import Response
from survey_app.services.checking.sensitivity import sensitivity_of
from survey_app.services.codes.pooling import FEWEST
from survey_app.services.door.responses import accept_response
from tests.survey_app.factories import NOW, catalogue, make_point, make_wave, response_content

SCALES = ("access", "procedure_clear", "staff", "result", "feedback", "overall")


def send(session, wave, point, n, level, took=60, **changes):
    for k in range(n):
        answers = dict.fromkeys(SCALES, level) | {"trips": str(1 + k % 4), "feedback": "97"}
        content = response_content(
            wave=wave.code,
            collection_point=point.code,
            answers=answers,
            started_at=(NOW - timedelta(seconds=took)).isoformat(),
            submitted_at=NOW.isoformat(),
            **changes,
        )
        now = NOW - timedelta(hours=k)
        assert accept_response(session, content, now, catalogue()).receipt, content


def test_doubtful_answers_are_left_out_one_kind_at_a_time(session):
    wave = make_wave(session, opened_at=NOW - timedelta(days=9))
    point = make_point(session, wave)
    send(session, wave, point, FEWEST, "2")
    send(session, wave, point, 14, "5", took=1)
    send(session, wave, point, 16, "4", helped="official", mode="paper")

    (found,) = sensitivity_of(session, catalogue(), wave)

    assert found.form == "sipas-counter/1"
    assert (found.everything.n, found.everything.rate) == (40, 30 / 40)
    assert (found.without_helped.n, found.without_helped.rate) == (24, 14 / 24)
    assert (found.without_flagged.n, found.without_flagged.rate) == (26, 16 / 26)


def test_no_subtraction_tells_the_share_of_a_few(session):
    wave = make_wave(session, opened_at=NOW - timedelta(days=9))
    point = make_point(session, wave)
    send(session, wave, point, FEWEST, "2")
    send(session, wave, point, FEWEST - 1, "4", helped="official", mode="paper")

    (found,) = sensitivity_of(session, catalogue(), wave)

    assert found.everything.rate == (FEWEST - 1) / (2 * FEWEST - 1)
    assert (found.without_helped.n, found.without_helped.rate) == (FEWEST, None)
    assert found.without_flagged.rate == found.everything.rate  # nobody is left out


def test_voided_and_partial_answers_are_in_none(session):
    wave = make_wave(session, opened_at=NOW - timedelta(days=9))
    point = make_point(session, wave)
    send(session, wave, point, FEWEST, "4")
    send(session, wave, point, 3, "1", partial=True)
    session.execute(
        update(Response)
        .where(Response.partial)
        .values(partial=False, voided_at=NOW, void_reason="thử")
    )
    send(session, wave, point, 2, "1", partial=True)

    (found,) = sensitivity_of(session, catalogue(), wave)

    assert (found.everything.n, found.everything.rate) == (FEWEST, 1)


def test_a_share_of_few_is_not_shown(session):
    wave = make_wave(session, opened_at=NOW - timedelta(days=9))
    point = make_point(session, wave)
    send(session, wave, point, FEWEST - 1, "4")

    (found,) = sensitivity_of(session, catalogue(), wave)

    assert (found.everything.n, found.everything.rate) == (FEWEST - 1, None)


def test_a_wave_without_answers_compares_nothing(session):
    wave = make_wave(session)
    make_point(session, wave)

    assert sensitivity_of(session, catalogue(), wave) == ()
