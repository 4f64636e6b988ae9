"""The outbox that tablets have, in browsers, through a bad network to a server that is killed.

`bench.outbox` does the same for two hundred tablets without browsers; here a few show that what it
imitates keeps the promise itself.
"""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Error

from bench.bad_network import CUT, DROPPED, Weather
from bench.field import SECRET, Trouble, faults_of, prepare_field, serve_field, sync
from survey_app.db import Database
from survey_app.services.door.sealing import seal
from survey_app.services.door.signing import receipt_key

TABLETS, INTERVIEWS = 3, 25
LONGEST = 300.0  # seconds until a sync gives up
MODULES = """() => Promise.all([
  import("/static/js/sealed-queue.js"), import("/static/js/field/server.js")])"""
# The modules of the surveyors' app; somebody presses «Gửi ngay» again and again.
OUTBOX = """({ held, token, key, seconds }) => {
  window.told = { receipts: [], tries: 0, unheard: 0 };
  window.synced = (async () => {
    const { SealedQueue } = await import("/static/js/sealed-queue.js");
    const { poster } = await import("/static/js/field/server.js");
    const heard = ({ status }) => { told.tries += 1; told.unheard += status === 0; };
    const post = poster("responses", () => token, () => ({}), heard);
    const queue = new SealedQueue({ name: "field", post, signer: () => key, keeps: true });
    queue.addEventListener("change", ({ detail }) => detail.receipt && told.receipts.push(detail));
    for (const { id, sealed } of held) await queue.keep(id, sealed);
    const end = performance.now() + 1000 * seconds;
    while ((await queue.counts()).waiting && performance.now() < end) {
      await queue.flush();
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    const left = await queue.list();
    told.waiting = left.filter(({ state }) => state === "saved").map(({ id }) => id);
    told.help = Object.fromEntries(left.filter(({ state }) => state === "needs-help")
      .map(({ id, problem }) => [id, problem.code]));
  })();
}"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="processes are found in /proc"
)


def open_app(page, address):
    """Load the modules; a server that is killed meanwhile is asked again."""
    for _turn in range(100):
        try:
            page.goto(address)
            page.evaluate(MODULES)
        except Error:
            continue
        return
    pytest.fail("the app never opened")


def in_browsers(browser):
    """Tablets that are browsers, each with its own storage."""

    def run(field, port, _trouble, seconds):
        contexts = [browser.new_context() for _ in field.tablets]
        pages = [context.new_page() for context in contexts]
        for page, (token, held) in zip(pages, field.tablets.items(), strict=True):
            sealed = [
                {"id": one["id"], "sealed": seal(field.key, one["id"], json.dumps(one).encode())}
                for one in held
            ]
            open_app(page, f"http://127.0.0.1:{port}/privacy")
            given = {"held": sealed, "token": token, "key": receipt_key(SECRET)}
            page.evaluate(OUTBOX, given | {"seconds": seconds})
        told = []
        for page in pages:
            page.evaluate("synced")
            told.append(page.evaluate("told"))
        for context in contexts:
            context.close()
        return {"seconds": 0.0, "tablets": told}

    return run


def test_the_outbox_of_browsers_loses_and_doubles_nothing_on_a_bad_day(
    browser, sqlite_template, tmp_path
):
    shutil.copyfile(sqlite_template, tmp_path / "field.sqlite3")
    database = Database(f"sqlite:///{tmp_path}/field.sqlite3")
    field = prepare_field(database, TABLETS, INTERVIEWS)
    with serve_field(database, tmp_path) as served:
        trouble = Trouble(Weather(cut=0.45, dropped=0.25), kill_every=1)
        bad = sync(field, served, trouble, LONGEST, in_browsers(browser))
        again = sync(field, served, Trouble(Weather(0, 0), kill_every=0, seed=2), LONGEST)

    assert faults_of(field, bad, again) == []
    assert [tablet["waiting"] for tablet in bad.tablets] == [[]] * TABLETS
    assert {receipt["id"] for receipt in bad.heard} == set(field.interviews)
    assert min(bad.fates[CUT], bad.fates[DROPPED], bad.killed) > 0
    assert {receipt["status"] for receipt in again.given} == {"duplicate"}
    database.engine.dispose()
