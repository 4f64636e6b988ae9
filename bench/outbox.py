"""Tablets without a screen, in a process of their own: outboxes as static/js/sealed-queue.js.

They hear a server as static/js/field/server.js does.
"""

import base64
import json
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException
from itertools import zip_longest
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from bench.measure import ROOT
from survey_app.services.door.signing import CURVE, HALF, signed_text
from survey_app.services.door.submissions import REJECTED

STACK = 256 * 1024
OK, BROKEN = 200, 500  # statuses; from the second on it is the server's own trouble
Item = dict[str, Any]
Post = Callable[[Sequence[Item]], tuple[int, Any]]  # status, 0 for no answer, and the JSON if any


@dataclass(frozen=True)
class Rules:
    """How an outbox tries, read from the scripts that browsers run; times in seconds.

    `patience` is how long it waits for an answer, `kept` what the server says of forms it has,
    `again` of those that a later try may mend. `forms_fault` are the statuses that a form brings
    upon a batch, `spoilt` those that it may bring; after `most_spoilt` it is not the forms.
    """

    batch: int
    patience: float
    first_pause: float
    longest_pause: float
    kept: frozenset[str]
    again: frozenset[str]
    forms_fault: frozenset[int]
    spoilt: frozenset[int]
    most_spoilt: int


@cache
def rules_of_browsers() -> Rules:
    """The rules as they stand in the scripts."""
    queue, server = _constants("sealed-queue.js"), _constants("field/server.js")
    return Rules(
        batch=queue("BATCH"),
        patience=server("PATIENCE") / 1000,
        first_pause=queue("FIRST_PAUSE") / 1000,
        longest_pause=queue("LONGEST_PAUSE") / 1000,
        kept=frozenset(queue("KEPT")),
        again=frozenset(queue("AGAIN")),
        forms_fault=frozenset(queue("FORMS_FAULT")),
        spoilt=frozenset(queue("SPOILT")),
        most_spoilt=queue("MOST_SPOILT"),
    )


def _constants(script: str) -> Callable[[str], Any]:
    """What the constants of a script are, by their names; a list may take in another one."""
    text = (ROOT / "static/js" / script).read_text(encoding="utf-8")

    def constant(name: str) -> Any:
        found = re.search(rf"^const {name} = ([^;]+);", text, re.MULTILINE)
        if found is None:
            raise LookupError(f"{script} has no {name}")
        whole = re.sub(r"\.\.\.(\w+)", lambda one: json.dumps(constant(one[1]))[1:-1], found[1])
        return json.loads(re.sub(r"(?<=\d)_(?=\d)", "", whole))

    return constant


@dataclass
class Tablet:
    """An outbox: what waits in it, what needs a person, and every receipt it was given.

    `key` is the public point by which it knows the receipts of its server.
    """

    items: Iterable[Item]
    post: Post
    key: str
    pace: float = 1.0  # of the pauses; below 1 they are shortened
    batch: int = 0  # at most; 0: as browsers
    waiting: dict[str, Item] = field(init=False)
    help: dict[str, str] = field(init=False, default_factory=dict)
    receipts: list[Item] = field(init=False, default_factory=list)
    tries: int = field(init=False, default=0)
    unheard: int = field(init=False, default=0)
    failures: int = field(init=False, default=0)
    size: int = field(init=False)  # of the next batch

    def __post_init__(self) -> None:
        self.waiting = {item["id"]: item for item in self.items}
        self.rules = rules_of_browsers()
        self.batch = self.batch or self.rules.batch
        self.size = self.batch

    def sync(self, deadline: float) -> None:
        """Send and wait and send again, until nothing waits or until `deadline` (monotonic)."""
        while self.waiting and time.monotonic() < deadline:
            self.failures = 0 if self.drain() else self.failures + 1
            if self.waiting:
                pause = self.rules.first_pause * 2 ** min(self.failures, 10)
                jitter = 0.5 + random.random()
                pause = min(self.rules.longest_pause, pause) * jitter * self.pace
                time.sleep(max(0.0, min(pause, deadline - time.monotonic())))

    def drain(self) -> bool:
        """Send until nothing is left that can be sent; False when some must be tried later."""
        tried: set[str] = set()
        spoilt, clean = 0, True
        while left := [item for name, item in self.waiting.items() if name not in tried]:
            items = _some_of(left, self.size)
            status, said = self._ask(items)
            receipts = _part(said, "receipts")
            if status == OK and isinstance(receipts, list):
                self.size = min(self.batch, 2 * self.size)
                spoilt = 0
                tried |= {item["id"] for item in items}
                clean = self._settle_all(items, receipts) and clean
            elif status not in self.rules.spoilt:
                self.size = -(-self.size // 2)  # a weak network carries a few at a time
                return False
            elif len(items) > 1:
                self.size = 1
            else:
                (name,) = (item["id"] for item in items)
                tried.add(name)
                spoilt += 1
                clean = self._blame(name, status, said) and clean
                if spoilt >= self.rules.most_spoilt:
                    return False
        return clean

    def settle(self, name: str, receipt: Any) -> bool:
        """Do what a receipt means for a form; False when it has to be tried again."""
        if _part(receipt, "id") != name:
            return False
        status = receipt.get("status")
        code = next((one["code"] for one in receipt.get("problems", ())), REJECTED)
        if status in self.rules.kept and is_signed(self.key, receipt):
            self.receipts.append(receipt)
            self.waiting.pop(name, None)
            return True
        if status != REJECTED or code in self.rules.again:
            return False
        self._to_help(name, code)
        return True

    def report(self) -> dict[str, Any]:
        """What became of everything."""
        told = ("help", "receipts", "tries", "unheard")
        return {"waiting": list(self.waiting)} | {name: getattr(self, name) for name in told}

    def _ask(self, items: Sequence[Item]) -> tuple[int, Any]:
        self.tries += 1
        status, said = self.post(items)
        self.unheard += status == 0
        return status, said

    def _settle_all(self, items: Sequence[Item], receipts: Sequence[Any]) -> bool:
        """Settle each form by its receipt; False when some have to be tried again."""
        clean = True
        for item, receipt in zip_longest(items, receipts[: len(items)]):
            settled = self.settle(item["id"], receipt)
            self.failures = 0 if settled else self.failures  # on a bad line some get through
            clean = settled and clean
        return clean

    def _blame(self, name: str, status: int, said: Any) -> bool:
        """A form that spoils a batch by itself needs a person, where our server says so."""
        is_ours = status in self.rules.forms_fault and isinstance(_part(said, "error"), str)
        if is_ours:
            self._to_help(name, f"http_{status}")
        return is_ours

    def _to_help(self, name: str, code: str) -> None:
        self.waiting.pop(name, None)
        self.help[name] = code


def _some_of(items: Sequence[Item], most: int) -> Sequence[Item]:
    """Some items from a place of chance, so that none of them can stand before all others."""
    start = random.randrange(len(items))
    return [*items[start:], *items[:start]][:most]


def _part(said: Any, name: str) -> Any:
    """A part of a JSON object; None of anything else."""
    return said.get(name) if isinstance(said, dict) else None


def is_signed(key: str, receipt: Item) -> bool:
    """Say whether the holder of a public point has signed a receipt."""
    parts = (receipt.get(name, "") for name in ("id", "status", "receipt", "received_at"))
    try:
        raw = _bytes(receipt["signature"])
        numbers = (int.from_bytes(half, "big") for half in (raw[:HALF], raw[HALF:]))
        said = signed_text(*parts).encode()
        _point(key).verify(encode_dss_signature(*numbers), said, ECDSA(SHA256()))
    except (InvalidSignature, KeyError, ValueError):
        return False
    return True


@cache
def _point(key: str) -> EllipticCurvePublicKey:
    return EllipticCurvePublicKey.from_encoded_point(CURVE, _bytes(key))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def poster(port: int, token: str) -> Post:
    """What sends items to the collection interface on this machine and hears the answer."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Connection": "close",
    }

    def post(items: Sequence[Item]) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", port, timeout=rules_of_browsers().patience)
        try:
            body = json.dumps({"responses": items})
            connection.request("POST", "/api/v1/responses", body.encode(), headers)
            answer = connection.getresponse()
            return _heard(answer.status, answer.read())
        except (OSError, HTTPException):
            return 0, None
        finally:
            connection.close()

    return post


def _heard(status: int, body: bytes) -> tuple[int, Any]:
    """What an answer says; one that is no JSON is a page of some network in between: nobody's."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    return (status if said is not None or status >= BROKEN else 0), said


def sync_at_once(tablets: Sequence[Tablet], seconds: float) -> float:
    """Let all tablets sync from the same moment on, for so long at most; returns the seconds."""
    gate = threading.Barrier(len(tablets) + 1)
    deadline = time.monotonic() + seconds

    def run(tablet: Tablet) -> None:
        gate.wait()
        tablet.sync(deadline)

    threads = [threading.Thread(target=run, args=(tablet,)) for tablet in tablets]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.monotonic()
    for thread in threads:
        thread.join()
    return time.monotonic() - begun


def main() -> None:
    """Read what the tablets hold, sync, and print what became of it; all in JSON."""
    job = json.load(sys.stdin)
    threading.stack_size(STACK)
    tablets = [
        Tablet(
            held["items"],
            poster(job["port"], held["token"]),
            job["key"],
            job["pace"],
            job["batch"],
        )
        for held in job["tablets"]
    ]
    seconds = sync_at_once(tablets, job["seconds"])
    told = [tablet.report() for tablet in tablets]
    json.dump({"seconds": seconds, "tablets": told}, sys.stdout)


if __name__ == "__main__":
    main()
