"""The way out of the tablet: what is sealed is counted, handed over and sent, come what may."""

import pytest

from survey_app.services.door.signing import receipt_key, sign_receipt
from tests.static.modules import module_page, run

SECRET = "a-secret-of-the-tests-with-32-signs"
EARLIER = "11111111-1111-4111-8111-111111111111"
DRAFT = "22222222-2222-4222-8222-222222222222"
CALL = "33333333-3333-4333-8333-333333333333"
# An outbox whose queues have no room while `full` says so; one form waits in them from before.
READY = """
  const { calls, drafts, finishing } = await import("/js/field/stores.js");
  window.full = true;
  const box = new m.Outbox(() => ({ token: "t", receiptKey: given[0], app: "v" }), () => null);
  for (const name of ["responses", "visits"]) {
    const keep = box[name].keep.bind(box[name]);
    box[name].keep = (...form) => (window.full
      ? Promise.reject(new DOMException("", "QuotaExceededError")) : keep(...form));
  }
  const put = (id) => { window.full = false; return box.responses.keep(id, "sealed " + id); };
  const interrupted = () => finishing(given[2], "sealed form",
    { id: given[3], at: 1, outcome: "complete", sealed: "sealed call" });
  const arrived = async (most) => {
    for (let turn = 0; turn < 300; turn += 1) {
      const kept = [...await box.responses.list(), ...await box.visits.list()];
      if (kept.filter(({ state }) => state === "received").length >= most) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("never arrived");
  };
"""


@pytest.fixture
def page(browser):
    def answer(route):
        at = "2026-11-29T12:00:00+00:00"
        receipts = []
        kind = "responses" if route.request.url.endswith("/responses") else "visits"
        for one in route.request.post_data_json[kind]:
            queued.append(route.request.post_data_json["queue"])
            receipt = {"id": one["id"], "status": "accepted", "receipt": "R1", "received_at": at}
            signature = sign_receipt(SECRET, one["id"], "accepted", "R1", at)
            receipts.append(receipt | {"signature": signature})
        route.fulfill(json={"receipts": receipts})

    queued = []
    with module_page(browser, answer) as page:
        page.queued = queued
        yield page


def in_outbox(page, body):
    given = [receipt_key(SECRET), EARLIER, DRAFT, CALL]
    return run(page, "field/outbox.js", READY + body, given)


def test_what_has_no_room_keeps_nothing_else_from_being_sent(page):
    found = in_outbox(
        page,
        """
        await put(given[1]);
        window.full = true;
        await interrupted();
        await box.count();
        await box.start();
        await arrived(1);
        await box.count();
        const file = await box.file("m");
        return [box.waiting, box.counts, file.responses, file.visits,
          (await box.forms()).map(({ id, state }) => [id, state])];""",
    )

    waiting, counts, responses, visits, forms = found
    assert waiting == 2
    assert [counts[kind]["waiting"] for kind in ("responses", "visits")] == [1, 1]
    assert responses == [{"id": DRAFT, "sealed": "sealed form"}]
    assert visits == [{"id": CALL, "sealed": "sealed call"}]
    assert forms == [[DRAFT, "saved"], [EARLIER, "received"]]
    assert max(page.queued) == 3  # the service is told of what it cannot be sent yet


def test_what_had_no_room_goes_out_once_a_receipt_has_made_some(page):
    found = in_outbox(
        page,
        """
        await put(given[1]);
        window.full = true;
        await interrupted();
        box.responses.addEventListener("change", ({ detail }) => {
          if (detail.receipt) window.full = false;
        }, { capture: true });
        await box.start();
        await arrived(3);
        await box.count();
        const sealed = (await calls.all()).map((call) => call.sealed);
        return [box.waiting, await drafts.all(), sealed];""",
    )

    assert found == [0, [], [None]]


def test_whoever_finishes_is_told_that_it_is_safe_as_soon_as_it_is_sealed(page):
    found = in_outbox(
        page,
        """
        const curve = { name: "ECDH", namedCurve: "P-256" };
        const pair = await crypto.subtle.generateKey(curve, true, ["deriveBits"]);
        const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
        const key = { wave_id: 1, point: btoa(String.fromCharCode(...raw)) };
        const call = { id: given[3], at: 1, assignment: "A", household: 1, outcome: "complete" };
        await box.finish({ id: given[2], answers: {} }, call, key);
        await box.record({ ...call, id: given[1], at: 2, outcome: "appointment" }, key);
        const before = [box.waiting, (await box.file("m")).visits.length];
        window.full = false;
        await box.send();
        await arrived(3);
        return [...before, (await box.count()).visits.waiting];""",
    )

    assert found == [3, 2, 0]


def test_all_who_ask_at_once_share_one_connection_which_another_may_close(page):
    found = run(
        page,
        "field/stores.js",
        """
        const open = indexedDB.open.bind(indexedDB);
        let opened = 0;
        indexedDB.open = (...named) => { opened += 1; return open(...named); };
        await Promise.all(["token", "name", "pack"].map((name) => m.device.get(name)));
        const first = opened;
        const removed = await new Promise((resolve) => {
          const request = indexedDB.deleteDatabase("field");
          request.onsuccess = () => resolve("removed");
          request.onblocked = () => resolve("blocked");
        });
        if (removed === "blocked") return [first, removed]; // and nothing can be opened after it
        await m.device.set({ name: "again" });
        return [first, removed, await m.device.get("name"), opened];""",
    )

    assert found == [1, "removed", "again", 2]
