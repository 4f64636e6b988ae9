"""The data set of a wave: from vectors, the same as from the stored answers."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select, update

from questionnaires.refusal import Refusal
from questionnaires.vector import Slot
from survey_app.models.responses import Answer, Response
from survey_app.services.computing.datasets import _item_column, data_checksum, dataset_of, forms_of
from tests.survey_app.factories import COUNTER, NOW, catalogue, make_point, make_unit, make_wave
from tests.survey_app.results_factories import make_answers, make_computable


def texts(column):
    return [column.labels[code] if code >= 0 else "" for code in column.codes]


def dataset(session, wave, name=COUNTER):
    return dataset_of(session, catalogue(), wave, name)


def test_vectors_give_what_the_stored_answers_say(session):
    wave = make_wave(session)
    point = make_point(session, wave)
    make_answers(
        session, wave, point, [{"access": str(k)} for k in range(1, 6)] + [{"trips": "98"}]
    )

    data = dataset(session, wave)

    ids = [form.id for form in forms_of(session, wave, COUNTER)]
    for item in ("access", "staff", "trips", "overall"):
        query = select(Answer.response_id, Answer.value).where(Answer.item == item)
        stored = dict(iter(session.execute(query)))
        assert texts(data.column(item)) == [stored.get(identity, "") for identity in ids]


def test_only_answers_that_were_given_are_labels(session):
    wave = make_computable(session, n=4)

    column = dataset(session, wave).column("access")

    assert set(column.labels) == {"2", "4"}
    assert sorted(set(column.codes.tolist())) == [0, 1]


def test_a_multiple_choice_is_its_codes_in_order():
    slot = Slot("q", 1, ("a", "b", "c"), True)
    matrix = np.array([[9, 1, 0, 1], [9, 0, 0, 0], [9, 0, 1, 0]], dtype=np.uint8)

    assert texts(_item_column(slot, matrix)) == ["a c", "", "b"]


def test_the_frame_the_unit_and_the_provenance_are_columns(session):
    wave = make_wave(session, provenance="reconstructed")
    unit = make_unit(session, code="P1")
    point = make_point(session, wave, unit)
    make_answers(session, wave, point, [{}], {"stratum": "A", "weight": "1.5"})
    make_answers(session, wave, point, [{}], {"stratum": "B"})

    data = dataset(session, wave)

    rows = zip(texts(data.column("stratum")), texts(data.column("weight")), strict=True)
    assert sorted(rows) == [("A", "1.5"), ("B", "")]
    assert texts(data.column("unit")) == ["P1", "P1"]
    assert data.provenance == ("reconstructed",)


def test_original_answers_have_no_provenance(session):
    assert dataset(session, make_computable(session)).provenance == ()


def test_voided_responses_are_left_out(session):
    wave = make_computable(session, n=5)
    one = session.scalar(select(Response.id).limit(1))
    session.execute(
        update(Response).where(Response.id == one).values(voided_at=NOW, void_reason="test")
    )

    assert dataset(session, wave).rows == 4


def test_a_wave_without_responses_is_refused_by_name(session):
    wave = make_wave(session)
    make_point(session, wave)

    with pytest.raises(Refusal, match=wave.code):
        dataset(session, wave)


def test_a_vector_of_another_length_is_refused(session):
    wave = make_computable(session, n=2)
    one = session.scalar(select(Response.id).limit(1))
    session.execute(update(Response).where(Response.id == one).values(vector=b"\x01"))

    with pytest.raises(Refusal, match="mã hóa"):
        dataset(session, wave)


def test_the_checksum_depends_on_the_content_and_not_on_the_order(session):
    forms = list(forms_of(session, make_computable(session, n=3), COUNTER))

    assert data_checksum(forms) == data_checksum(forms[::-1])
    assert data_checksum(forms) != data_checksum(forms[1:])
    weighed = [replace(forms[0], frame='{"weight": "2"}'), *forms[1:]]
    assert data_checksum(forms) != data_checksum(weighed)
