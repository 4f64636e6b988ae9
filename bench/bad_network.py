"""A network that breaks: replies cut after the commit, connections dropped in mid-body."""

import json
import random
import re
import socket
import socketserver
import threading
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

PATIENCE: Final = 60.0
HEAD_END: Final = b"\r\n\r\n"
PIECE: Final = 64 * 1024
KEPT_OPEN: Final = re.compile(rb"(?i)connection: *keep-alive")
WAITING: Final = 512  # connections that may stand before the door
CUT, DROPPED, PASSED, BROKEN = "cut", "dropped", "passed", "broken"


@dataclass(frozen=True)
class Weather:
    """Which shares of the requests suffer what."""

    cut: float = 0.3  # the server has committed and answered; the tablet hears nothing or half
    dropped: float = 0.1  # the server hears only the beginning of a request


class BadNetwork(socketserver.ThreadingTCPServer):
    """A proxy before a server on this machine; it reads along, so nothing said is unknown to it.

    Only what is sent suffers: a page that a browser asks for comes through.

    `receipts` holds every receipt the server ever gave, heard or not; `statuses` counts its
    answers, `fates` what became of the requests: `broken` are those during which the server died.
    """

    daemon_threads = True
    request_queue_size = WAITING

    def __init__(self, server_port: int, weather: Weather, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passage)
        self.server_port, self.weather = server_port, weather
        self.receipts: list[dict[str, Any]] = []
        self.statuses: Counter[int] = Counter()
        self.fates: Counter[str] = Counter()
        self.under_way = 0
        self._chance, self._lock = random.Random(seed), threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        """Where tablets find the network."""
        port: int = self.server_address[1]
        return port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None = None,
        _error: BaseException | None = None,
        _trace: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def decide(self) -> tuple[str, float]:
        """The fate of a request, and how much of what is cut comes through."""
        with self._lock:
            drawn, share = self._chance.random(), self._chance.random()
        if drawn < self.weather.cut:
            return CUT, max(0.0, 2 * share - 1)  # half of the time not a byte
        return (DROPPED if drawn < self.weather.cut + self.weather.dropped else PASSED), share

    def note(self, fate: str, reply: bytes = b"") -> None:
        """Remember what became of a request and what the server said to it."""
        status, receipts = _read(reply) if reply else (0, [])
        with self._lock:
            self.fates[fate] += 1
            self.receipts += receipts
            if reply:
                self.statuses[status] += 1

    def move(self, change: int) -> None:
        """Count the requests that are with the server."""
        with self._lock:
            self.under_way += change


class _Passage(socketserver.StreamRequestHandler):
    server: BadNetwork
    timeout = PATIENCE

    def handle(self) -> None:
        """Take one request through, as far as it gets."""
        try:
            request = _message(self.connection)
        except OSError:
            return
        # One request a connection, so that each has a fate of its own.
        request = KEPT_OPEN.sub(b"Connection: close", request, count=1)
        if not request.startswith(b"POST "):
            self.connection.sendall(self._ask(request, hear=True))
            return
        fate, share = self.server.decide()
        if fate == DROPPED:
            head = request.index(HEAD_END) + len(HEAD_END)
            request = request[: head + int(share * (len(request) - head))]
        reply = self._ask(request, hear=fate != DROPPED)
        if fate != DROPPED and not _is_whole(reply):
            fate = BROKEN
        self.server.note(fate, reply if fate in (CUT, PASSED) else b"")
        if fate == CUT:
            reply = reply[: int(share * len(reply))]
        try:
            self.connection.sendall(reply)
        except OSError:
            return  # the tablet has given up

    def _ask(self, request: bytes, hear: bool) -> bytes:
        address = ("127.0.0.1", self.server.server_port)
        reply = b""
        try:
            with socket.create_connection(address, PATIENCE) as upstream:
                self.server.move(1)
                try:
                    upstream.sendall(request)
                    while hear and (piece := upstream.recv(PIECE)):
                        reply += piece
                finally:
                    self.server.move(-1)
        except OSError:
            pass  # killed under way: what was heard until then goes on to the tablet
        return reply


def _message(connection: socket.socket) -> bytes:
    """A request with the body that its head announces; raises `OSError` when it breaks off."""
    received = b""
    while not _is_whole(received):
        piece = connection.recv(PIECE)
        if not piece:
            raise ConnectionError
        received += piece
    return received


def _is_whole(message: bytes) -> bool:
    head, found, body = message.partition(HEAD_END)
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(found) and len(body) >= (int(length[1]) if length else 0)


def _read(reply: bytes) -> tuple[int, list[dict[str, Any]]]:
    head, _, body = reply.partition(HEAD_END)
    status = int(head.split(b" ", 2)[1])
    return status, json.loads(body)["receipts"] if status == 200 else []
