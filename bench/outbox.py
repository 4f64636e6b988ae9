"""Tablets without a screen, in a process of their own: outboxes as static/js/sealed-queue.js."""

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
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from bench.measure import ROOT
from survey_app.services.signing import CURVE, HALF, signed_text

PATIENCE = 30.0  # seconds a tablet waits for an answer
STACK = 256 * 1024
Item = dict[str, Any]
Post = Callable[[Sequence[Item]], tuple[int, list[Any]]]  # status and receipts; 0: no answer


@dataclass(frozen=True)
class Rules:
    """How an outbox tries, read from the script that browsers run; pauses in seconds."""

    batch: int
    first_pause: float
    longest_pause: float
    again: frozenset[str]
    forms_fault: frozenset[int]


@cache
def rules_of_browsers() -> Rules:
    """The rules as they stand in the script."""
    script = (ROOT / "static/js/sealed-queue.js").read_text(encoding="utf-8")

    def constant(name: str) -> Any:
        found = re.search(rf"^const {name} = ([^;]+);", script, re.MULTILINE)
        if found is None:
            raise LookupError(f"sealed-queue.js has no {name}")
        return json.loads(re.sub(r"(?<=\d)_(?=\d)", "", found[1]))

    return Rules(
        batch=constant("BATCH"),
        first_pause=constant("FIRST_PAUSE") / 1000,
        longest_pause=constant("LONGEST_PAUSE") / 1000,
        again=frozenset(constant("AGAIN")),
        forms_fault=frozenset(constant("FORMS_FAULT")),
    )


@dataclass
class Tablet:
    """An outbox: what waits in it, what needs a person, and every receipt it was given.

    `key` is the public point by which it knows the receipts of its server.
    """

    items: Iterable[Item]
    post: Post
    key: str
    pace: float = 1.0  # of the pauses; below 1 they are shortened
    batch: int = 0  # 0: as browsers
    waiting: dict[str, Item] = field(init=False)
    help: dict[str, str] = field(init=False, default_factory=dict)
    receipts: list[Item] = field(init=False, default_factory=list)
    tries: int = field(init=False, default=0)
    unheard: int = field(init=False, default=0)
    failures: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.waiting = {item["id"]: item for item in self.items}
        self.rules = rules_of_browsers()
        self.batch = self.batch or self.rules.batch

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
        alone, clean = False, True
        while left := [item for name, item in self.waiting.items() if name not in tried]:
            items = left[: 1 if alone else self.batch]
            self.tries += 1
            status, receipts = self.post(items)
            self.unheard += status == 0
            if status == 200:
                for place, item in enumerate(items):
                    tried.add(item["id"])
                    receipt = receipts[place] if place < len(receipts) else None
                    settled = self.settle(item["id"], receipt)
                    self.failures = 0 if settled else self.failures
                    clean = settled and clean
            elif status in self.rules.forms_fault and len(items) > 1:
                alone = True
            elif status in self.rules.forms_fault:
                self._to_help(items[0]["id"], f"http_{status}")
            else:
                return False
        return clean

    def settle(self, name: str, receipt: Any) -> bool:
        """Do what a receipt means for a form; False when it has to be tried again."""
        if receipt is None or receipt["id"] != name:
            return False
        codes = [problem["code"] for problem in receipt["problems"]]
        if codes and codes[0] in self.rules.again:
            return False
        if receipt["status"] == "rejected":
            self._to_help(name, codes[0] if codes else "rejected")
            return True
        if not is_signed(self.key, receipt):
            return False
        self.receipts.append(receipt)
        self.waiting.pop(name, None)
        return True

    def report(self) -> dict[str, Any]:
        """What became of everything."""
        told = ("help", "receipts", "tries", "unheard")
        return {"waiting": list(self.waiting)} | {name: getattr(self, name) for name in told}

    def _to_help(self, name: str, code: str) -> None:
        self.waiting.pop(name, None)
        self.help[name] = code


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

    def post(items: Sequence[Item]) -> tuple[int, list[Any]]:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            body = json.dumps({"responses": items})
            connection.request("POST", "/api/v1/responses", body.encode(), headers)
            answer = connection.getresponse()
            said = answer.read()
            receipts = json.loads(said)["receipts"] if answer.status == 200 else []
        except (OSError, HTTPException, ValueError, KeyError):
            return 0, []
        finally:
            connection.close()
        return answer.status, receipts

    return post


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
