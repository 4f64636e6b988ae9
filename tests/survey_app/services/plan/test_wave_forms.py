"""Forms of a wave: which may join by its state, and what the comparison of versions says."""

import pytest
from sqlalchemy import select

from questionnaires.refusal import Refusal
from survey_app.models.waves import WaveForm, WaveIndex, WavePoint
from survey_app.services.plan.wave_forms import forms_of, join, joining, leave, may_join
from survey_app.services.plan.waves import add_form, add_point, move_points
from tests.survey_app.factories import NOW, catalogue, make_unit, make_wave
from tests.survey_app.version_factories import ONE, THREE, TWO, publish

PLANNED = {"opened_at": None}
CLOSED = {"closed_at": NOW}


def asking(session, shelf, **changes):
    """A wave with one point that asks the first version."""
    wave = make_wave(session, **changes)
    point = add_point(
        session, wave, make_unit(session), "Quầy", add_form(session, wave, ONE, shelf)
    )
    session.refresh(wave)
    return wave, point


def changed(shelf, number, old, new):
    """Publish the first version with something else in it."""
    text = (shelf.folder / "sipas-counter" / "1.toml").read_text(encoding="utf-8")
    assert old in text
    text = text.replace('version = "1"', f'version = "{number}"').replace(old, new)
    publish(shelf.folder, f"sipas-counter/{number}.toml", text)
    return f"sipas-counter/{number}"


def names(lines):
    return [line.name for line in lines]


def test_a_planned_wave_takes_any_form_and_an_open_one_further_versions(session):
    waves = [make_wave(session, **changes) for changes in (PLANNED, {}, CLOSED)]
    for wave in waves:
        add_form(session, wave, "sipas-citizen/2022", catalogue())
        session.refresh(wave)
    planned, running, closed = (names(may_join(catalogue(), wave, NOW)) for wave in waves)

    assert "sipas-counter/1" in planned
    assert "sipas-citizen/2022" not in planned
    assert running == ["sipas-citizen/2022-routed"]
    assert closed == []


def test_forms_are_told_in_words_with_their_points(session, shelf):
    wave, _point = asking(session, shelf, **PLANNED)
    join(session, shelf, wave, TWO, NOW)

    first, second = forms_of(session, shelf, wave)
    assert (first.name, first.version, first.points, first.published) == (ONE, "1", 1, True)
    assert first.title == "Ý kiến của Ông/Bà về sự phục vụ tại đây"
    assert (second.name, second.points, second.changed) == (TWO, 0, False)


def test_a_form_whose_words_have_changed_since_is_told(session, shelf):
    wave, _point = asking(session, shelf)
    session.scalars(select(WaveForm)).one().checksum = "0" * 64

    assert [form.changed for form in forms_of(session, shelf, wave)] == [True]


def test_a_form_that_has_left_the_catalogue_is_still_listed(session, shelf):
    wave, _point = asking(session, shelf)
    (shelf.folder / "sipas-counter" / "1.toml").unlink()

    (form,) = forms_of(session, shelf, wave)
    assert (form.title, form.points, form.changed) == (ONE, 1, True)


def test_joining_tells_the_difference_to_the_newest_version(session, shelf):
    wave, _point = asking(session, shelf)
    join(session, shelf, wave, TWO, NOW)
    found = joining(session, shelf, wave, THREE, NOW)

    assert found.refusal is None
    assert found.comparison.old.version == "2"
    assert list(found.comparison.found) == ["additive"]
    assert (found.points, found.items) == (1, 9)
    assert found.apart == ()


def test_points_ask_what_they_asked_until_they_are_moved(session, shelf):
    wave, point = asking(session, shelf)
    form = join(session, shelf, wave, TWO, NOW)

    def asked():
        return session.get_one(WavePoint, (wave.id, point.id), populate_existing=True).version

    assert asked() == "1"
    move_points(session, wave, form)
    assert asked() == "2"


def test_what_was_answered_alone_stays_so_with_all_that_would_tell_it(session, shelf):
    wave, _point = asking(session, shelf)
    session.scalars(select(WaveForm)).one().private_items = "staff trips"
    asked = 'code = "feedback"\nkind = "scale"\n'
    name = changed(shelf, 9, asked, f'{asked}asked_if = ["==", ["item", "staff"], "1"]\n')
    join(session, shelf, wave, TWO, NOW)
    form = join(session, shelf, wave, name, NOW)

    same = session.get_one(WaveForm, (wave.id, "sipas-counter", "2"))
    assert same.private_items == "staff trips"
    assert form.private_items == "staff feedback trips"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('code = "trips"\nkind = "single"', 'code = "trips"\nkind = "multiple"'),
        ('{ code = "5", label = "Rất hài lòng" },', ""),
    ],
)
def test_another_kind_or_scale_under_the_same_code_is_refused(session, shelf, old, new):
    wave, _point = asking(session, shelf)
    name = changed(shelf, 9, old, new)
    found = joining(session, shelf, wave, name, NOW)

    assert "phải mang mã mới" in str(found.refusal)
    assert "refused" in found.comparison.found
    with pytest.raises(Refusal, match="phải mang mã mới"):
        join(session, shelf, wave, name, NOW)
    assert names(forms_of(session, shelf, wave)) == [ONE]


def test_an_index_that_could_not_count_both_is_told_before(session, shelf):
    wave, _point = asking(session, shelf)
    session.add(WaveIndex(wave_id=wave.id, index_code="sipas-counter"))
    session.flush()
    asked = 'code = "feedback"\nkind = "scale"\n'
    name = changed(shelf, 9, asked, f'{asked}asked_if = ["==", ["item", "staff"], "1"]\n')

    assert joining(session, shelf, wave, name, NOW).apart == (("sipas-counter", 1),)
    join(session, shelf, wave, name, NOW)


@pytest.mark.parametrize(
    ("changes", "name", "told"),
    [
        (CLOSED, TWO, "đã đóng"),
        ({}, ONE, "đã dùng"),
        ({}, "sipas-counter/8", "danh mục"),
    ],
)
def test_what_may_not_join_is_told(session, shelf, changes, name, told):
    wave, _point = asking(session, shelf, **changes)

    with pytest.raises(Refusal, match=told):
        join(session, shelf, wave, name, NOW)


def test_an_open_wave_takes_no_other_questionnaire(session):
    wave = make_wave(session)
    add_form(session, wave, ONE, catalogue())
    session.refresh(wave)
    found = joining(session, catalogue(), wave, "sipas-citizen/2022", NOW)

    assert found.comparison is None
    assert "chỉ nhận thêm phiên bản" in str(found.refusal)
    with pytest.raises(Refusal, match="chỉ nhận thêm phiên bản"):
        join(session, catalogue(), wave, "sipas-citizen/2022", NOW)


def test_a_form_leaves_a_planned_wave_when_nobody_asks_it(session, shelf):
    wave, _point = asking(session, shelf, **PLANNED)
    join(session, shelf, wave, TWO, NOW)
    leave(session, wave, TWO, NOW)

    assert names(forms_of(session, shelf, wave)) == [ONE]
    with pytest.raises(Refusal, match="Còn 1 điểm"):
        leave(session, wave, ONE, NOW)
    with pytest.raises(Refusal, match="không dùng phiếu"):
        leave(session, wave, TWO, NOW)


def test_a_form_stays_in_a_wave_that_was_opened(session, shelf):
    wave = make_wave(session)
    add_form(session, wave, ONE, shelf)

    with pytest.raises(Refusal, match="đã mở"):
        leave(session, wave, ONE, NOW)
