"""A tablet long without network: what it asked in three versions arrives under the right ones."""

import json
import tomllib
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from questionnaires.compare import differences
from questionnaires.load import Catalogue
from questionnaires.refusal import Refusal
from questionnaires.vector import dictionary
from survey_app.models.responses import Answer, HeldResponse, Response
from survey_app.models.waves import WaveForm, WaveIndex, WavePoint
from survey_app.services.computing.datasets import dataset_of
from survey_app.services.computing.results import page_of
from survey_app.services.computing.runs import Order, compute_run
from survey_app.services.door.responses import accept_batch, accept_response
from survey_app.services.field.packages import package
from survey_app.services.plan.waves import add_form, add_point, move_points, versions_used
from tests.survey_app.factories import NOW, make_unit, make_wave, response_content
from tests.survey_app.version_factories import ONE, THREE, TWO, publish

DAY = timedelta(days=1)
EACH = 10  # forms of a version; fewer are not shown in a table
NAMES = (ONE, TWO, THREE)
# Of each version what only it can say: an option of the second, an item of the third.
SAID = {ONE: {"trips": "4"}, TWO: {"trips": "5"}, THREE: {"trips": "5", "fee": "1"}}


def opened(session, shelf):
    """A wave whose one point collects the first version."""
    wave = make_wave(session, opened_at=NOW - 20 * DAY)
    session.add(WaveIndex(wave_id=wave.id, index_code="sipas-counter"))
    point = add_point(
        session, wave, make_unit(session), "Ấp 1", add_form(session, wave, ONE, shelf)
    )
    return wave, point


def moved_on(session, shelf, wave, name):
    form = add_form(session, wave, name, shelf)
    move_points(session, wave, form)
    session.expire_all()


def form_of(wave, point, name, **answers):
    code, _, version = name.partition("/")
    where = {"wave": wave.code, "collection_point": point.code}
    said = SAID.get(name, {}) | answers
    return response_content(questionnaire=code, version=version, answers=said, **where)


def offered(session, shelf):
    (wave,) = package(session, shelf, NOW)["waves"]
    return f"{wave['questionnaire']}/{wave['version']}"


def in_the_field(session, shelf):
    """Forms in each version, filled while it was the one to ask; nothing is sent yet."""
    wave, point = opened(session, shelf)
    filled = []
    for name in NAMES:
        if name != ONE:
            moved_on(session, shelf, wave, name)
        assert offered(session, shelf) == name  # a tablet that does come by is given this one
        filled += [form_of(wave, point, name) for _ in range(EACH)]
    return wave, filled


def test_the_three_versions_differ_as_the_field_has_to_bear(shelf):
    versions = [shelf.questionnaire(name).definition for name in NAMES]

    kinds = [[(d.kind, d.severity) for d in differences(*pair)] for pair in pairwise(versions)]

    assert kinds[0] == [("text_changed", "text"), ("option_added", "additive")]
    assert ("item_added", "additive") in kinds[1]
    assert all(shelf.is_published(f"{name}.toml") for name in NAMES)


def test_forms_of_three_versions_that_arrive_late_together_are_stored_under_their_own(
    session, shelf
):
    wave, filled = in_the_field(session, shelf)

    receipts = accept_batch(session, filled, NOW, shelf)

    assert [receipt.status for receipt in receipts] == ["accepted"] * len(filled)
    assert session.scalar(select(func.count()).select_from(HeldResponse)) == 0
    rows = {str(row.id): row for row in session.scalars(select(Response))}
    for content in filled:
        row, name = rows[content["id"]], f"sipas-counter/{content['version']}"
        loaded = shelf.questionnaire(name)
        assert (row.version, row.checksum) == (content["version"], loaded.checksum)
        slots = {slot.item: slot for slot in dictionary(loaded.definition)}
        assert len(row.vector) == sum(slot.width for slot in slots.values())
        query = select(Answer.item, Answer.value).where(Answer.response_id == row.id)
        answers = dict(iter(session.execute(query)))
        assert answers == content["answers"]
        for item, slot in slots.items():
            byte = row.vector[slot.start]
            assert byte
            assert slot.codes[byte - 1] == answers[item]
    assert versions_used(session, wave, "sipas-counter") == NAMES


def test_sending_again_after_the_wave_moved_on_is_answered_with_the_first_receipts(session, shelf):
    _, filled = in_the_field(session, shelf)
    first = accept_batch(session, filled, NOW, shelf)

    again = accept_batch(session, filled, NOW + DAY, shelf)

    assert {receipt.status for receipt in again} == {"duplicate"}
    assert [r.receipt for r in again] == [r.receipt for r in first]


def test_columns_hold_the_answers_of_every_version(session, shelf):
    wave, filled = in_the_field(session, shelf)
    accept_batch(session, filled, NOW, shelf)

    data = dataset_of(session, shelf, wave, *NAMES)

    def counts(item):
        column = data.column(item)
        told = [column.labels[k] if k >= 0 else "" for k in column.codes]
        return {text: told.count(text) for text in set(told)}

    assert data.rows == len(filled)
    assert counts("access") == {"4": 3 * EACH}
    assert counts("trips") == {"4": EACH, "5": 2 * EACH}
    assert counts("fee") == {"": 2 * EACH, "1": EACH}
    items = [slot.item for slot in dictionary(shelf.questionnaire(THREE).definition)]
    assert [name for name in data.columns if name in items] == items


def test_a_computation_reads_all_versions_and_tells_which(session, shelf):
    wave, filled = in_the_field(session, shelf)
    accept_batch(session, filled, NOW, shelf)

    run = compute_run(session, shelf, Order(wave, "sipas-counter"), NOW)

    tables = json.loads(run.tables)
    assert run.responses == len(filled)
    assert tables["questionnaire"] == THREE
    assert tables["older"] == {name: shelf.questionnaire(name).checksum for name in (ONE, TWO)}
    by_item = {}
    for row in tables["results"]:
        by_item.setdefault(row["item"], {})[row["option"]] = row["count"]
    assert (by_item["trips"]["4"], by_item["trips"]["5"], by_item["fee"]["1"]) == (
        EACH,
        2 * EACH,
        EACH,
    )
    groups = page_of(session, shelf, run).perceptions
    assert "fee" in {table.item for group in groups for table in group.items}


def test_a_version_that_gives_an_item_of_the_index_another_meaning_is_not_joined(session, shelf):
    """`feedback` of the fourth version is asked of few people only."""
    wave, filled = in_the_field(session, shelf)
    accept_batch(session, filled, NOW, shelf)
    text = (shelf.folder / "sipas-counter" / "3.toml").read_text(encoding="utf-8")
    text = text.replace('version = "3"', 'version = "4"')
    asked = 'code = "feedback"\nkind = "scale"\n'
    text = text.replace(asked, f'{asked}asked_if = ["==", ["item", "staff"], "1"]\n')
    publish(shelf.folder, "sipas-counter/4.toml", text)
    add_form(session, wave, "sipas-counter/4", shelf)
    session.expire_all()

    with pytest.raises(Refusal, match="feedback"):
        compute_run(session, shelf, Order(wave, "sipas-counter"), NOW)


def test_a_version_nobody_published_waits_and_is_told_as_the_same_ever_after(session, shelf):
    wave, point = opened(session, shelf)
    unknown = form_of(wave, point, TWO)

    first = accept_response(session, unknown, NOW, shelf)
    again = accept_response(session, unknown, NOW + DAY, shelf)

    assert (first.status, again.status) == ("quarantined", "duplicate")
    assert first.receipt == again.receipt
    held = session.scalars(select(HeldResponse)).one()
    assert (held.reason, json.loads(held.document)["answers"]) == (
        "quarantined",
        unknown["answers"],
    )
    assert session.scalar(select(func.count()).select_from(Response)) == 0


def test_what_is_sent_once_its_version_is_known_is_taken(session, shelf):
    wave, point = opened(session, shelf)
    assert accept_response(session, form_of(wave, point, TWO), NOW, shelf).status == "quarantined"

    moved_on(session, shelf, wave, TWO)
    later = accept_response(session, form_of(wave, point, TWO), NOW + DAY, shelf)

    assert later.status == "accepted"


def test_words_other_than_those_the_wave_uses_wait_too(session, shelf, tmp_path):
    wave, point = opened(session, shelf)
    other = tmp_path / "other" / "sipas-counter"
    other.mkdir(parents=True)
    text = (shelf.folder / "sipas-counter" / "1.toml").read_text(encoding="utf-8")
    (other / "1.toml").write_text(text.replace("trang thiết bị", "thiết bị"), encoding="utf-8")

    receipt = accept_response(session, form_of(wave, point, ONE), NOW, Catalogue(other.parent))

    assert receipt.status == "quarantined"


# A scale or a kind keeps its meaning under its code


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('  { code = "5", label = "Rất hài lòng" },\n', ""),  # a step taken off the scale
        ('code = "5", label = "Rất hài lòng"', 'code = "6", label = "Rất hài lòng"'),
        ('code = "trips"\nkind = "single"', 'code = "trips"\nkind = "multiple"'),
    ],
)
def test_another_scale_or_kind_without_another_code_is_not_taken_into_a_wave(
    session, shelf, before, after
):
    wave, _ = opened(session, shelf)
    text = (shelf.folder / "sipas-counter" / "1.toml").read_text(encoding="utf-8")
    assert before in text
    changed = text.replace('version = "1"', 'version = "9"').replace(before, after)
    tomllib.loads(changed)
    publish(shelf.folder, "sipas-counter/9.toml", changed)

    with pytest.raises(Refusal, match="mã mới"):
        add_form(session, wave, "sipas-counter/9", shelf)

    assert session.get(WaveForm, (wave.id, "sipas-counter", "9")) is None
    assert add_form(session, make_wave(session), "sipas-counter/9", shelf).version == "9"


def test_another_scale_under_another_code_is_taken(session, shelf):
    wave, _ = opened(session, shelf)
    text = (shelf.folder / "sipas-counter" / "1.toml").read_text(encoding="utf-8")
    changed = text.replace('version = "1"', 'version = "9"')
    changed = changed.replace(
        'code = "trips"\nkind = "single"', 'code = "trips_all"\nkind = "multiple"'
    )
    publish(shelf.folder, "sipas-counter/9.toml", changed)

    assert add_form(session, wave, "sipas-counter/9", shelf).version == "9"


def test_points_of_other_questionnaires_and_waves_stay_where_they_are(session, shelf):
    wave, point = opened(session, shelf)
    other, untouched = opened(session, shelf)

    moved_on(session, shelf, wave, TWO)

    assert session.get_one(WavePoint, (wave.id, point.id)).version == "2"
    assert session.get_one(WavePoint, (other.id, untouched.id)).version == "1"


def test_versions_are_in_the_order_of_their_numbers(session):
    wave = make_wave(session)
    for version in ("10", "9", "2022-routed", "2022"):
        session.add(
            WaveForm(wave_id=wave.id, questionnaire="q", version=version, checksum="0" * 64)
        )
    session.flush()

    assert versions_used(session, wave, "q") == ("q/9", "q/10", "q/2022", "q/2022-routed")
