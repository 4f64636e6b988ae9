"""The queue of sealed forms in trouble: a full disk, proxies, weak networks, tabs, cut answers."""

import json

import pytest

from tests.chromium import LAUNCH
from tests.survey_app.web.kiosk_counter import serving

# In the page: a key of a wave, a form to put, and servers of every kind, which say `sent` batches.
READY = """async (keeps) => {
  const { SealedQueue } = await import("/static/js/sealed-queue.js");
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(curve, true, ["deriveBits"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const key = { wave_id: 1, point: btoa(String.fromCharCode(...raw)) };
  window.sent = [];
  window.told = [];
  const signing = { name: "ECDSA", namedCurve: "P-256" };
  const service = await crypto.subtle.generateKey(signing, true, ["sign"]);
  const known = new Uint8Array(await crypto.subtle.exportKey("raw", service.publicKey));
  const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
  window.signed = async (receipt) => {
    const { id, status, receipt: code, received_at: at } = receipt;
    const said = ["sipas receipt 1", id, status, code ?? "", at ?? ""].join("|");
    const way = { name: "ECDSA", hash: "SHA-256" };
    const written = new TextEncoder().encode(said);
    const signature = await crypto.subtle.sign(way, service.privateKey, written);
    return { ...receipt, signature: base64(new Uint8Array(signature)) };
  };
  window.accept = async (items, status = "accepted") => ({ status: 200, body: {
    receipts: await Promise.all(items.map(({ id }) => signed(
      { id, status, receipt: "R" + id.slice(0, 4), problems: [] }))) } });
  window.reject = (code, message = "") => (items) => ({ status: 200, body: { receipts: items.map(
    ({ id }) => ({ id, status: "rejected", problems: [{ item: "", code, message }] })) } });
  window.server = (items) => accept(items);
  const signer = () => base64(known);
  window.queue = new SealedQueue({ name: "outbox-of-a-test", keeps, signer, post: async (items) => {
    sent.push(items.map(({ id }) => id));
    return server(items);
  } });
  queue.addEventListener("change", ({ detail }) => detail.id && told.push(detail));
  window.put = async (id = crypto.randomUUID(), text = "") => {
    await queue.put(key, { id, answers: { text } });
    return id;
  };
  window.states = async () => (await queue.list()).map(({ state }) => state).sort();
}"""
# Stores until nothing more fits, be it ever so small; returns what the browser says then.
FILL = """async () => {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("ballast", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("s", { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
  });
  const add = (size) => new Promise((resolve) => {
    const transaction = database.transaction("s", "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve(null);
    transaction.onabort = () => resolve(transaction.error.name);
    transaction.objectStore("s").add(new Uint8Array(size));
  });
  let refused;
  for (const size of [300000, 30000, 3000, 300, 10]) {
    for (refused = null; refused === null;) refused = await add(size);
  }
  return refused;
}"""
OURS = "{ status: %d, body: { error: 'Không.' } }"
HTML = "{ status: %d, body: null }"


@pytest.fixture
def open_tab(browser, sqlite_database):
    """Open tabs of one browser profile, each with a queue on the same outbox."""
    context = browser.new_context()
    with serving(sqlite_database) as address:

        def open_one(keeps=False):
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.goto(address + "/privacy")
            page.evaluate(READY, keeps)
            return page

        yield open_one
        context.close()


@pytest.fixture
def tab(open_tab):
    return open_tab()


def put(tab, number):
    return sorted(tab.evaluate("put()") for _form in range(number))


@pytest.fixture
def open_small_tab(playwright, sqlite_database, tmp_path):
    """A tab of a browser whose profile on disk has little room."""
    context = playwright.chromium.launch_persistent_context(tmp_path / "profile", **LAUNCH)
    with serving(sqlite_database) as address:

        def open_one(keeps):
            page = context.new_page()
            page.goto(address + "/privacy")
            page.evaluate(READY, keeps)
            limit = {"origin": page.evaluate("location.origin"), "quotaSize": 3_000_000}
            limits.append(context.new_cdp_session(page))  # the limit lives as long as this
            limits[-1].send("Storage.overrideQuotaForOrigin", limit)
            return page

        limits = []
        yield open_one
        context.close()


def test_a_full_device_says_so_and_sends_what_it_holds_all_the_same(open_small_tab):
    tab = open_small_tab(keeps=False)
    put(tab, 3)
    assert tab.evaluate(FILL) == "QuotaExceededError"
    assert tab.evaluate("put().catch((error) => error.name)") == "QuotaExceededError"
    tab.evaluate("queue.flush()")

    assert tab.evaluate("told.length") == 3
    assert tab.evaluate("states()") == []


def test_a_full_tablet_gives_up_receipts_before_it_sends_for_ever(open_small_tab):
    tab = open_small_tab(keeps=True)
    put(tab, 1)
    tab.evaluate("queue.flush()")
    assert tab.evaluate("states()") == ["received"]
    put(tab, 2)
    assert tab.evaluate(FILL) == "QuotaExceededError"
    tab.evaluate("queue.flush()")

    assert tab.evaluate("told.length") == 3
    assert set(tab.evaluate("states()")) == {"received"}


def test_a_refusal_that_cannot_be_noted_holds_up_no_other_form(open_small_tab):
    tab = open_small_tab(keeps=False)
    put(tab, 6)
    bad = put(tab, 1)[0]
    assert tab.evaluate(FILL) == "QuotaExceededError"
    tab.evaluate(f"""() => {{
      server = async (items) => {{
        const answer = await accept(items);
        for (const one of answer.body.receipts) {{
          if (one.id === "{bad}") Object.assign(one, {{ status: "rejected", receipt: undefined }});
        }}
        return answer;
      }};
      return queue.flush();
    }}""")

    assert [form["id"] for form in tab.evaluate("queue.list()")] == [bad]


@pytest.mark.parametrize("answer", [HTML % 200, HTML % 403, HTML % 400, HTML % 413, OURS % 401,
                                    OURS % 503, "{ status: 200, body: {} }",
                                    "{ status: 200, body: { receipts: [null] } }",
                                    "{ status: 200, body: { receipts: [{}] } }"])  # fmt: skip
def test_a_page_of_somebody_else_clears_nothing_and_refuses_nothing(tab, answer):
    put(tab, 2)
    tab.evaluate(f"() => {{ server = () => ({answer}); return queue.flush(); }}")
    assert tab.evaluate("states()") == ["saved", "saved"]
    assert tab.evaluate("told") == []
    tab.evaluate("() => { server = accept; return queue.flush(); }")

    assert tab.evaluate("states()") == []


@pytest.mark.parametrize(
    "change", ["receipt: 'R0000'", "status: 'duplicate'", "received_at: 'x'", "signature: ''"]
)
def test_a_receipt_that_the_service_did_not_sign_clears_nothing(tab, change):
    put(tab, 2)
    tab.evaluate(f"""() => {{
      server = async (items) => {{
        const answer = await accept(items);
        answer.body.receipts = answer.body.receipts.map((one) => ({{ ...one, {change} }}));
        return answer;
      }};
      return queue.flush();
    }}""")

    assert tab.evaluate("states()") == ["saved", "saved"]


def test_a_receipt_whose_code_is_forgotten_clears_all_the_same(tab):
    put(tab, 1)
    tab.evaluate("""() => {
      server = async ([{ id }]) => ({ status: 200, body: { receipts: [
        await signed({ id, status: "duplicate", problems: [] })] } });
      return queue.flush();
    }""")

    assert tab.evaluate("states()") == []


@pytest.mark.parametrize("status", ["processing", "", None])
def test_only_a_status_that_is_known_clears_a_form(tab, status):
    put(tab, 1)
    tab.evaluate(f"() => {{ server = (items) => accept(items, {json.dumps(status)}); }}")
    tab.evaluate("queue.flush()")

    assert tab.evaluate("states()") == ["saved"]


@pytest.mark.parametrize("status", ["accepted", "duplicate", "conflict", "quarantined"])
def test_what_the_server_has_leaves_the_device(tab, status):
    put(tab, 1)
    tab.evaluate(f"() => {{ server = (items) => accept(items, '{status}'); }}")
    tab.evaluate("queue.flush()")

    assert tab.evaluate("states()") == []


def test_an_answer_cut_after_the_commit_is_asked_for_again(tab):
    ids = put(tab, 3)
    tab.evaluate("""() => {
      let cut = 0;
      server = (items) => { if (cut++ < 1) throw new TypeError("cut"); return accept(items); };
    }""")
    tab.evaluate("queue.flush()")
    assert tab.evaluate("states()") == ["saved"] * 3
    tab.evaluate("queue.flush()")

    assert tab.evaluate("states()") == []
    assert sorted({one for batch in tab.evaluate("sent") for one in batch}) == ids


def test_a_receipt_without_its_neighbours_settles_its_own_form_only(tab):
    put(tab, 3)
    tab.evaluate("""() => {
      server = async (items) => {
        const whole = await accept(items);
        whole.body.receipts.length = 1;
        return whole;
      };
      return queue.flush();
    }""")

    assert tab.evaluate("states()") == ["saved", "saved"]


def test_refused_forms_wait_for_a_person_and_are_told_of(tab):
    ids = put(tab, 2)
    tab.evaluate(
        "() => { server = reject('unknown_wave', 'Không có đợt.'); return queue.flush(); }"
    )
    forms = tab.evaluate("queue.list()")

    assert [form["state"] for form in forms] == ["needs-help"] * 2
    assert forms[0]["problem"] == {"code": "unknown_wave", "message": "Không có đợt."}
    assert sorted(detail["id"] for detail in tab.evaluate("told")) == ids
    tab.evaluate("() => { server = () => ({ status: 0, body: null }); return queue.retry(); }")
    forms = tab.evaluate("queue.list()")

    assert [form["state"] for form in forms] == ["saved"] * 2
    assert [form.get("problem") for form in forms] == [None] * 2


def test_what_the_server_could_not_store_is_tried_again_by_itself(tab):
    put(tab, 1)
    tab.evaluate("() => { server = reject('not_stored'); return queue.flush(); }")

    assert tab.evaluate("states()") == ["saved"]


@pytest.mark.parametrize(("status", "left"), [(400, "needs-help"), (413, "needs-help"),
                                              (500, "saved")])  # fmt: skip
def test_one_form_that_spoils_the_others_is_found_and_holds_up_none(tab, status, left):
    put(tab, 30)
    bad = put(tab, 1)[0]
    answer = OURS % status
    tab.evaluate(f"""() => {{
      server = (items) => (items.some(({{ id }}) => id === "{bad}") ? {answer} : accept(items));
      return queue.flush();
    }}""")
    assert [(form["id"], form["state"]) for form in tab.evaluate("queue.list()")] == [(bad, left)]


def test_a_broken_server_is_not_asked_once_for_each_form(tab):
    put(tab, 12)
    tab.evaluate(f"() => {{ server = () => ({OURS % 500}); return queue.flush(); }}")

    assert len(tab.evaluate("sent")) == 4  # all together, then three alone
    assert tab.evaluate("states()") == ["saved"] * 12


def test_what_stands_before_the_others_does_not_starve_them(tab):
    put(tab, 8)
    bad = [tab.evaluate(f"put('0000000{n}-0000-4000-8000-000000000000')") for n in range(4)]
    tab.evaluate(f"""() => {{
      const bad = {json.dumps(bad)};
      server = (items) => (items.some(({{ id }}) => bad.includes(id))
        ? {OURS % 500} : accept(items));
    }}""")
    for _turn in range(40):
        tab.evaluate("queue.flush()")

    assert [form["id"] for form in tab.evaluate("queue.list()")] == bad


def test_a_network_that_carries_few_forms_at_a_time_carries_all(tab):
    put(tab, 20)
    tab.evaluate("""() => {
      server = (items) => {
        if (items.length > 3) throw new Error("too slow");
        return accept(items);
      };
    }""")
    for _turn in range(12):
        tab.evaluate("queue.flush()")

    assert tab.evaluate("states()") == []


def test_two_tabs_send_in_turn_and_both_are_told(open_tab):
    first, second = open_tab(), open_tab()
    ids = sorted(put(first, 2) + put(second, 2))
    slow = """() => {
      server = async (items) => {
        await new Promise((resolve) => { setTimeout(resolve, 300); });
        return accept(items);
      };
    }"""
    for tab in (first, second):
        tab.evaluate(slow)
        tab.evaluate("() => { queue.flush(); }")
    for tab in (first, second):
        tab.wait_for_function("() => told.length === 4")

    batches = first.evaluate("sent") + second.evaluate("sent")
    assert sorted(one for batch in batches for one in batch) == ids


def test_a_tab_that_dies_while_it_sends_leaves_the_turn_and_the_forms_to_the_other(open_tab):
    first, second = open_tab(), open_tab()
    put(first, 3)
    first.evaluate("() => { server = () => new Promise(() => {}); queue.flush(); }")
    first.wait_for_function("() => sent.length === 1")
    assert first.evaluate("states()") == ["sending"] * 3
    second.evaluate("() => { queue.flush(); }")
    assert second.evaluate("sent") == []
    first.close()
    second.wait_for_function("() => told.length === 3")

    assert second.evaluate("states()") == []


def test_a_server_that_never_answers_gives_the_turn_back(open_tab):
    tab = open_tab()
    tab.clock.install()
    put(tab, 1)
    tab.evaluate("() => { server = () => new Promise(() => {}); window.done = queue.flush(); }")
    tab.wait_for_function("() => sent.length === 1")
    tab.clock.run_for(60_000)
    tab.evaluate("done")

    assert tab.evaluate("states()") == ["saved"]


def test_a_newer_app_in_another_tab_is_not_kept_waiting(open_tab):
    older, newer = open_tab(), open_tab()
    put(older, 1)
    version = newer.evaluate("""() => new Promise((resolve, reject) => {
      const request = indexedDB.open("outbox-of-a-test", 2);
      request.onsuccess = () => resolve(request.result.version);
      request.onblocked = () => setTimeout(() => reject(new Error("blocked")), 3000);
    })""")

    assert version == 2
    assert older.evaluate("put().catch((error) => error.name)") == "VersionError"


def test_a_clock_that_is_set_changes_nothing(tab):
    put(tab, 1)
    tab.clock.install(time="2001-01-01")
    tab.evaluate("() => { server = () => ({ status: 0, body: null }); return queue.flush(); }")
    tab.clock.set_system_time("2031-01-01")
    tab.evaluate("() => { server = accept; }")
    tab.clock.run_for(10_000)  # the pause goes by time that passed
    tab.wait_for_function("() => told.length === 1")

    assert tab.evaluate("states()") == []
