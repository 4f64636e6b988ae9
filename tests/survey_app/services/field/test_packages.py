"""The package of a device: everything that may be collected now, and nothing else."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from questionnaires.answers import check_answers
from questionnaires.load import Catalogue
from survey_app.models.waves import WaveForm
from survey_app.services.field.packages import package
from survey_app.services.plan.waves import add_form, add_point
from tests.survey_app.factories import NOW, catalogue, make_point, make_unit, make_wave

ROUTED = "sipas-citizen/2022-routed"


def packed(database, now=NOW):
    with database.reading() as session:
        return package(session, catalogue(), now)


def items_of(questionnaire):
    return [item for section in questionnaire["sections"] for item in section["items"]]


def test_nothing_is_open_nothing_is_packed(database):
    assert packed(database) == {"waves": [], "questionnaires": [], "assignments": []}


def test_an_open_wave_with_its_units_and_points(database):
    with database.writing() as session:
        wave = make_wave(session, code="w1")
        unit = make_unit(session, code="X", name="Phường X")
        points = [make_point(session, wave, unit).code for _ in range(2)]

    found = packed(database)

    (part,) = found["waves"]
    assert part["code"] == "w1"
    assert (part["questionnaire"], part["version"]) == ("sipas-counter", "1")
    assert part["units"] == [{"code": "X", "name": "Phường X"}]
    assert part["collection_points"] == [{"code": code, "unit": "X"} for code in sorted(points)]
    assert [(q["code"], q["version"]) for q in found["questionnaires"]] == [("sipas-counter", "1")]


def test_a_wave_with_two_forms_is_listed_once_for_each(database):
    with database.writing() as session:
        wave = make_wave(session)
        make_point(session, wave)
        make_point(session, wave, form="par-officials/2022")

    found = packed(database)

    forms = [(part["questionnaire"], part["version"]) for part in found["waves"]]
    assert forms == [("par-officials", "2022"), ("sipas-counter", "1")]
    assert all(len(part["collection_points"]) == 1 for part in found["waves"])


def test_a_form_of_two_waves_is_packed_once(database):
    with database.writing() as session:
        make_point(session)
        make_point(session)

    found = packed(database)

    assert (len(found["waves"]), len(found["questionnaires"])) == (2, 1)


@pytest.mark.parametrize(
    "changes",
    [{"opened_at": None}, {"opened_at": NOW + timedelta(seconds=1)}, {"closed_at": NOW}],
)
def test_a_wave_that_is_not_open_is_not_packed(database, changes):
    with database.writing() as session:
        make_point(session, make_wave(session, **changes))

    assert packed(database)["waves"] == packed(database)["questionnaires"] == []


def test_a_closed_point_is_not_packed(database):
    with database.writing() as session:
        wave = make_wave(session)
        closed, still_open = make_point(session, wave, closed_at=NOW), make_point(session, wave)

    (part,) = packed(database)["waves"]
    assert [point["code"] for point in part["collection_points"]] == [still_open.code]
    assert closed.code not in str(part)


def test_a_form_whose_words_have_changed_is_not_packed(database):
    with database.writing() as session:
        make_point(session)
        session.scalars(select(WaveForm)).one().checksum = "0" * 64

    assert packed(database)["waves"] == packed(database)["questionnaires"] == []


def test_texts_come_in_every_language_there_is(database):
    with database.writing() as session:
        make_point(session)
        make_point(session, form=ROUTED)

    routed, counter = packed(database)["questionnaires"]
    staff = next(item for item in items_of(counter) if item["code"] == "staff")
    assert set(staff["text"]) == set(staff["options"][0]["label"]) == {"vi", "km", "en"}
    assert set(counter["sections"][0]["title"]) == {"vi", "km", "en"}
    assert staff["options"][4]["label"]["vi"] == "Rất hài lòng"
    assert set(items_of(routed)[0]["text"]) == {"vi"}


def test_options_include_the_codes_outside_the_scale(database):
    with database.writing() as session:
        make_point(session)

    (counter,) = packed(database)["questionnaires"]
    feedback = next(item for item in items_of(counter) if item["code"] == "feedback")
    assert [(o["code"], o["outside"]) for o in feedback["options"][-4:]] == [
        ("5", None),
        ("97", "not_applicable"),
        ("98", "dont_know"),
        ("99", "no_answer"),
    ]


def test_limits_and_routing_come_along(database):
    with database.writing() as session:
        make_point(session)
        make_point(session, form=ROUTED)

    routed, counter = packed(database)["questionnaires"]
    comment = next(item for item in items_of(counter) if item["code"] == "comment")
    assert (comment["required"], comment["max_length"], comment["asked_if"]) == (False, 500, None)
    ruled = next(item for item in items_of(routed) if item["code"] == "p2_1")
    assert ruled["asked_if"] == ["not", ["has", ["item", "readiness"], "2"]]


def test_a_package_is_plain_json_and_enough_to_fill_the_form(database):
    with database.writing() as session:
        make_point(session)

    found = packed(database)

    del found["waves"][0]["notice_points"]  # sentences, which the door translates
    assert json.loads(json.dumps(found)) == found
    (counter,) = found["questionnaires"]
    answers = {i["code"]: i["options"][0]["code"] for i in items_of(counter) if i["options"]}
    form = catalogue().questionnaire("sipas-counter/1").definition
    assert check_answers(form, answers).problems == ()


TELLING = """
code = "told"
version = "1"
title = "Phiếu thử"
legal_basis = "Phép thử."
source = "Phép thử."
[[section]]
code = "A"
title = "Phần một"
[[section.item]]
code = "bribe"
kind = "single"
text = "Có phải đưa tiền không?"
option = [{ code = "1", label = "Có" }, { code = "2", label = "Không" }]
[[section.item]]
code = "hotline"
kind = "note"
text = "Xin gọi đường dây nóng."
asked_if = ["==", ["item", "bribe"], "1"]
"""


def test_a_note_that_hangs_on_a_private_question_is_private_too(database, tmp_path):
    (tmp_path / "told").mkdir()
    (tmp_path / "told" / "1.toml").write_text(TELLING, encoding="utf-8")
    (tmp_path / "PUBLISHED").touch()
    definitions = Catalogue(tmp_path)
    with database.writing() as session:
        wave = make_wave(session)
        form = add_form(session, wave, "told/1", definitions)
        add_point(session, wave, make_unit(session), "Ấp 1", form)
        form.private_items = "bribe"

    with database.reading() as session:
        (part,) = package(session, definitions, NOW)["waves"]

    assert part["private_items"] == ["bribe", "hotline"]
