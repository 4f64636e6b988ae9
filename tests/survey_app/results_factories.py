"""Waves with answers that results can be computed from."""

from datetime import timedelta

from survey_app.models.waves import ReportedValue, WaveIndex
from survey_app.services.computing.runs import Order, compute_run
from survey_app.services.door.responses import accept_response
from survey_app.services.door.submissions import ACCEPTED, Arrival
from tests.survey_app.factories import (
    NOW,
    catalogue,
    make_point,
    make_unit,
    make_wave,
    response_content,
)

INDEX = "sipas-counter"


def make_answers(session, wave, point, answers, frame=None):
    """Send one form sipas-counter/1 for each mapping of changed answers."""
    for changed in answers:
        content = response_content(wave=wave.code, collection_point=point.code, answers=changed)
        receipt = accept_response(session, content, NOW, catalogue(), Arrival(frame))
        assert receipt.status == ACCEPTED, receipt


def make_computable(session, n=20, units=1, **changes):
    """A wave computed into sipas-counter with `n` forms at each unit, 3 of 4 satisfied."""
    wave = make_wave(session, **changes)
    session.add(WaveIndex(wave_id=wave.id, index_code=INDEX))
    for _ in range(units):
        point = make_point(session, wave, make_unit(session))
        answers = [{"access": "2"} if k % 4 == 0 else {} for k in range(n)]
        make_answers(session, wave, point, answers)
    session.flush()
    return wave


def make_rated(session, **groups):
    """A wave with so many forms from each group of invited officials; «nobody» belongs to none."""
    wave = make_computable(session, n=0)
    point = make_point(session, wave)
    for group, n in groups.items():
        arrival = Arrival(by_code=True, rater_group=None if group == "nobody" else group)
        for _ in range(n):
            content = response_content(
                wave=wave.code, collection_point=point.code, mode="invitation"
            )
            receipt = accept_response(session, content, NOW, catalogue(), arrival)
            assert (receipt.status, receipt.receipt) == (ACCEPTED, None)
    return wave


def make_reported(session, year, rates, index="sipas-2021"):
    """A wave of which only published results exist."""
    wave = make_wave(session, year=year, source="reported", opened_at=None)
    session.add(WaveIndex(wave_id=wave.id, index_code=index))
    for leaf, rate in rates.items():
        session.add(
            ReportedValue(
                wave_id=wave.id, index_code=index, leaf=leaf, rate=rate, source="Báo cáo, tr. 1"
            )
        )
    session.flush()
    return wave


def make_run(session, wave, index=INDEX, minutes=0, by=None):
    """Compute a wave now, or some minutes later."""
    now = NOW + timedelta(minutes=minutes)
    return compute_run(session, catalogue(), Order(wave, index, by), now)
