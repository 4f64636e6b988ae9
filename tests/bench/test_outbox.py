"""The outboxes of the bench do what those of browsers do: the same servers, the same tries."""

import http.server
import threading

import pytest

from bench.outbox import Tablet, poster, rules_of_browsers
from survey_app.services.door.signing import receipt_key, sign_receipt
from tests.static.modules import module_page, run

SECRET = "a-secret-of-the-tests-with-32-signs"
FORMS = [f"00000000-0000-4000-8000-{number:012}" for number in range(40)]
OURS, PAGE = {"error": "Không."}, None
TAKEN = "taken"  # 200, with receipts
# What a server answers one after the other, the last for ever; some answer by what they are sent.
SERVERS = {
    "a weak network": [(0, None)] * 4 + [TAKEN],
    "one that carries seven at most": [("at most", 7)],
    "a gateway in trouble": [(503, OURS), (502, PAGE), TAKEN],
    "a portal": [(200, PAGE), (200, {"receipts": {}}), (302, PAGE), TAKEN],
    "a broken server": [(500, OURS)],
    "one that breaks now and then": [(500, PAGE), TAKEN, (500, PAGE), (500, PAGE), TAKEN],
    "one that takes no large batch": [(413, OURS), (413, OURS), TAKEN],
    "a proxy that takes none": [(413, PAGE)],
    "one that breaks at a form": [("spoilt by", [FORMS[7]], 500, OURS)],
    "one that refuses a form": [("spoilt by", [FORMS[7]], 400, OURS)],
    "one that breaks at many forms": [("spoilt by", FORMS[:5], 500, OURS)],
    "one that could not store": [("refused", "not_stored")],
    "one that refuses each form": [("refused", "unknown_wave")],
    "one that says what nobody knows": [("told", "processing")],
    "one that nobody signed for": [("unsigned", "accepted")],
}
TURNS = 12
OUTBOX = """
  const sizes = [];
  const queue = new m.SealedQueue({ name: "o" + crypto.randomUUID(), signer: () => given.key,
    post: async (items) => {
      sizes.push(items.length);
      const [status, body] = await window.serve(items.map(({ id }) => id));
      return { status, body };
    } });
  for (const id of given.forms) await queue.keep(id, "sealed");
  for (let turn = 0; turn < given.turns; turn += 1) await queue.flush();
  const left = await queue.list();
  const named = (state) => left.filter((form) => form.state === state);
  return { sizes, waiting: named("saved").map(({ id }) => id).sort(),
    help: Object.fromEntries(named("needs-help").map(({ id, problem }) => [id, problem.code])) };
"""


def server_of(plan):
    """What answers a batch of ids, as status and body."""
    left = list(plan)

    def serve(ids):
        said = left.pop(0) if len(left) > 1 else left[0]
        kind = said if said == TAKEN else said[0]
        if kind == "at most":
            return (0, None) if len(ids) > said[1] else taken(ids)
        if kind == "spoilt by":
            return said[2:] if set(ids) & set(said[1]) else taken(ids)
        if kind == "refused":
            return taken(ids, "rejected", [{"item": "", "code": said[1], "message": ""}])
        if kind == "told":
            return taken(ids, said[1])
        if kind == "unsigned":
            return taken(ids, said[1], signed="A" * 86)
        return taken(ids) if said == TAKEN else said

    return serve


def taken(ids, status="accepted", problems=(), signed=None):
    at = "2026-11-29T12:00:00+00:00"
    receipts = []
    for name in ids:
        signature = signed or sign_receipt(SECRET, name, status, "R1", at)
        receipt = {"id": name, "status": status, "receipt": "R1", "received_at": at}
        receipts.append(receipt | {"signature": signature, "problems": list(problems)})
    return 200, {"receipts": receipts}


def in_tablet(plan):
    serve, sizes = server_of(plan), []

    def post(items):
        sizes.append(len(items))
        return serve([item["id"] for item in items])

    tablet = Tablet([{"id": name} for name in FORMS], post, receipt_key(SECRET))
    for _turn in range(TURNS):
        tablet.drain()
    return {"sizes": sizes, "waiting": sorted(tablet.waiting), "help": tablet.help}


@pytest.fixture(scope="module")
def page(browser):
    with module_page(browser) as page:
        serving = []
        page.expose_function("serve", lambda ids: list(serving[-1](ids)))
        page.serving = serving
        yield page


def in_browser(page, plan):
    page.serving.append(server_of(plan))
    given = {"forms": FORMS, "turns": TURNS, "key": receipt_key(SECRET)}
    return run(page, "sealed-queue.js", OUTBOX, given)


@pytest.mark.parametrize("server", SERVERS)
def test_a_tablet_tries_as_a_browser_does(page, monkeypatch, server):
    monkeypatch.setattr("random.randrange", lambda stop: stop // 2)
    page.evaluate("() => { Math.random = () => 0.5; }")

    assert in_tablet(SERVERS[server]) == in_browser(page, SERVERS[server])


@pytest.mark.parametrize("status", [200, 400, 413, 500, 502])
@pytest.mark.parametrize("body", ['{"error": "Không."}', "null", "<h1>Wi-Fi</h1>", ""])
def test_a_tablet_hears_what_a_browser_hears(browser, status, body):
    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as served:
        threading.Thread(target=served.handle_request).start()
        heard = poster(served.server_address[1], "token")([{"id": FORMS[0]}])
    with module_page(browser, lambda route: route.fulfill(status=status, body=body)) as page:
        asked = """const post = m.poster("responses", () => "token", () => ({}), () => null);
          const { status, body } = await post([]);
          return [status, body];"""
        assert list(heard) == run(page, "field/server.js", asked)


def test_the_rules_are_those_of_the_scripts():
    rules = rules_of_browsers()

    assert (rules.batch, rules.patience, rules.first_pause) == (20, 30.0, 2.0)
    assert rules.spoilt == rules.forms_fault | {500}
    assert "accepted" in rules.kept
