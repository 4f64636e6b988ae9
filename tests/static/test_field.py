"""What the surveyors' app computes for itself: who is asked, which household, what is believed."""

import json
from pathlib import Path

import pytest

from analysis.dispositions import OUTCOMES
from survey_app.services.door.signing import receipt_key, sign_receipt
from tests.static.modules import module_page, run

ROOT = Path(__file__).parents[2]
KISH = json.loads((ROOT / "tests" / "analysis" / "kish_vectors.json").read_text(encoding="utf-8"))
SECRET = "a-secret-of-the-tests-with-32-signs"
AREA = {"code": "A1", "quota": 3, "reserve": 2}


@pytest.fixture(scope="module")
def page(browser):
    with module_page(browser) as page:
        yield page


def test_the_same_adult_is_chosen_as_on_the_server(page):
    body = "return given.map(([s, g, n]) => [s, g, n, m.tableOf(s, g), m.chosenAdult(s, g, n)])"

    found = run(page, "field/kish.js", body, [vector[:3] for vector in KISH["chosen"]])

    assert len(found) > 50
    assert found == KISH["chosen"]


def test_every_outcome_is_known_and_every_one_of_a_call_is_offered(page):
    offered = run(page, "field/outcomes.js", "return m.GROUPS.flatMap(([, codes]) => codes)")
    final = run(page, "field/outcomes.js", "return given.filter(m.isFinal)", list(OUTCOMES))

    elsewhere = {"complete", "partial", "break_off", "given_out", "not_returned"}
    assert sorted(offered) == sorted(set(OUTCOMES) - elsewhere)
    assert set(final) == {code for code, outcome in OUTCOMES.items() if outcome.number}


@pytest.mark.parametrize(
    ("calls", "states", "locked"),
    [
        ([], "todo todo todo todo todo", [4, 5]),
        ([(1, "complete"), (2, "refusal_household")], "done lost todo todo todo", [5]),
        ([(2, "nobody_home"), (2, "complete")], "todo done todo todo todo", [4, 5]),
        ([(1, "vacant"), (4, "unable"), (3, "given_out")], "lost todo pending lost todo", []),
        ([(1, "given_out"), (1, "not_returned")], "lost todo todo todo todo", [5]),
    ],
)
def test_a_substitute_opens_for_every_household_that_is_lost(page, calls, states, locked):
    given = [{"assignment": "A1", "household": h, "outcome": o} for h, o in calls]
    given.append({"assignment": "A2", "household": 3, "outcome": "vacant"})
    body = "return m.householdsOf(given[0], given[1])"

    found = run(page, "field/outcomes.js", body, [AREA, given])

    assert " ".join(household["state"] for household in found) == states
    assert [household["serial"] for household in found if household["locked"]] == locked


def call_at(day, outcome, **more):
    return {"assignment": "A1", "household": 1, "day": f"2026-11-{day}", "outcome": outcome, **more}


@pytest.mark.parametrize(
    ("told", "own", "state", "last"),
    [
        (("20", "complete"), [], "done", "complete"),
        (("20", "given_out"), [], "pending", "given_out"),
        # its own calls that the service has by now stand there once, in their own order
        (("20", "refusal_household"), ["20 appointment"], "pending", "appointment"),
        (("20", "nobody_home"), ["20 nobody_home", "20 appointment"], "pending", "appointment"),
        # what does not wait at the service yet is newer
        (("20", "nobody_home"), ["20 nobody_home", "21 complete"], "done", "complete"),
        # another tablet went on
        (("22", "complete"), ["20 nobody_home", "21 appointment"], "done", "complete"),
        (("21", "complete"), ["20 nobody_home", "21 nobody_home"], "done", "complete"),
        (("21", "vacant"), ["20 nobody_home", "21 nobody_home"], "lost", "nobody_home"),
        # an interview stays the last word, whoever held it
        (("20", "complete"), ["21 nobody_home"], "done", "complete"),
        (("22", "nobody_home"), ["20 partial"], "done", "partial"),
    ],
)
def test_a_household_stands_where_the_later_of_all_tablets_left_it(page, told, own, state, last):
    area = AREA | {"households": [call_at(*told), call_at("25", "unsafe", household=2)]}
    calls = [call_at(*one.split()) for one in own]
    body = "return m.householdOf(given[0], given[1], 1)"

    found = run(page, "field/outcomes.js", body, [area, calls])

    assert (found["state"], found["last"]["outcome"]) == (state, last)


def test_the_adult_chosen_with_another_tablet_stays_chosen(page):
    told = call_at("20", "appointment", eligible=3, chosen=2)
    body = "return m.householdOf(given[0], given[1], 1).selected"

    for own in ([], [call_at("21", "nobody_home")]):
        found = run(page, "field/outcomes.js", body, [AREA | {"households": [told]}, own])
        assert (found["eligible"], found["chosen"]) == (3, 2)


def test_only_what_the_service_signed_is_believed(page):
    at, identity = "2026-11-28T12:00:00+00:00", "5b4d0a52-5a43-4d0e-9a3c-0f4f2f9d8c11"
    signature = sign_receipt(SECRET, identity, "accepted", "ABCDE23456", at)
    receipt = {"id": identity, "status": "accepted", "receipt": "ABCDE23456", "received_at": at}
    receipt["signature"] = signature
    changed = [receipt | {name: receipt[name][:-1] + "x"} for name in receipt]
    changed += [receipt | {"signature": None}, receipt | {"signature": signature + "AA"}]
    body = "return Promise.all(given[1].map((one) => m.isGenuine(given[0], one)))"

    own = run(page, "sealed-queue.js", body, [receipt_key(SECRET), [receipt, *changed]])
    other = run(page, "sealed-queue.js", body, [receipt_key(SECRET + "!"), [receipt]])

    assert own == [True] + [False] * len(changed)
    assert other == [False]


def test_a_draft_opens_with_its_pin_only(page):
    body = """
      const { wrapped, key } = await m.makeKey("13572468");
      const hidden = await m.hide(key, "d1", { answers: { q1: "Đường xấu" } });
      const again = await m.openKey(wrapped, "13572468");
      const moved = await m.reveal(again, { ...hidden, id: "d2" }).catch(() => "no");
      return [await m.openKey(wrapped, "13572469"), await m.reveal(again, hidden), moved,
        new TextDecoder().decode(hidden.hidden).includes("answers")];"""

    found = run(page, "field/vault.js", body)

    assert found == [None, {"answers": {"q1": "Đường xấu"}}, "no", False]


def test_seconds_are_those_on_the_screen_and_pauses_are_told(page):
    body = """
      let now = 0; const real = performance.now; performance.now = () => now;
      const watch = new m.Watch();
      watch.enter("q1"); now = 5_000; watch.enter("q2"); now = 8_000; watch.changed("q1");
      const kept = watch.kept();
      kept.at = Date.now() - 90_000;
      const again = new m.Watch(JSON.parse(JSON.stringify(kept)));
      again.enter("q2"); now = 10_000; again.leave(); now = 75_000; again.enter("review");
      now = 76_000; const sent = again.sent("v1"); performance.now = real; return sent;"""

    found = run(page, "paradata.js", body)

    assert found["pages"] == [["q1", 5], ["q2", 5], ["review", 1]]
    assert (found["seconds"], found["changes"]) == (11, {"q1": 1})
    assert found["pauses"] == [90, 65]
    assert found["elapsed"] == 166
    assert json.dumps(found["clock"]["monotonic_ms"])[:3] == "166"


# Two clocks that only the test moves; `after` lets seconds pass, of which the device sleeps some.
CLOCKS = """
  let [now, at] = [0, Date.parse("2026-11-29T08:00:00Z")];
  const [ticks, date] = [performance.now, Date.now];
  performance.now = () => now;
  Date.now = () => at;
  const after = (awake, asleep = 0) => { now += awake * 1000; at += (awake + asleep) * 1000; };
  const watch = new m.Watch();
"""
REAL = "performance.now = ticks; Date.now = date;"


def test_time_out_of_sight_is_a_pause_and_no_time_at_the_form(page):
    body = """
      watch.enter("q1"); after(5); watch.hide(); after(30, 240); watch.show();
      after(7); watch.hide(); after(20); watch.hide(); watch.show(); watch.show();
      after(1); watch.enter("q2"); at -= 3_600_000; after(2);"""

    body = f"{CLOCKS}{body}const sent = watch.sent('v'); {REAL} return sent"
    found = run(page, "paradata.js", body)

    assert found["pages"] == [["q1", 13], ["q2", 2]]
    assert (found["seconds"], found["elapsed"]) == (15, 305)
    assert found["pauses"] == [270]


def test_a_draft_kept_while_nobody_sees_it_knows_since_when(page):
    body = """
      watch.enter("q1"); after(5); watch.hide(); after(10, 600);
      const again = new m.Watch(JSON.parse(JSON.stringify(watch.kept()))); after(0, 90);
      again.enter("q1"); after(1); const sent = again.sent("v");"""

    found = run(page, "paradata.js", f"{CLOCKS}{body} {REAL} return sent")

    assert found["pages"] == [["q1", 6]]
    assert (found["seconds"], found["pauses"]) == (6, [610, 90])
