"""Sends HTTP loads over keep-alive connections: closed (the next request follows the response) or
open (at a fixed rate).

It writes HTTP on plain sockets, because an HTTP client would use more processor time than the
server that it measures.
"""

import json
import select
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import NamedTuple
from uuid import uuid4

SOURCE = "MY_ACCOUNT"
LISTING_ID = "L-2026-000001"
PRICE = 125.5
READ_BYTES = 65536


class Load(NamedTuple):
    """The result of a load. `latencies_ms` is sorted; `statuses` counts the responses by status."""

    requests: int
    seconds: float
    latencies_ms: Sequence[float]
    statuses: dict[bytes, int]

    @property
    def per_second(self) -> float:
        """The completed requests a second."""
        return self.requests / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """The latency that `percent` of the requests did not exceed."""
        return self.latencies_ms[
            min(len(self.latencies_ms) - 1, int(self.requests * percent / 100))
        ]


def unlock_request(tokens: Sequence[str], credentials: dict[str, str]) -> bytes:
    """A complete `PUT /v1/tickets/unlock` as bytes on the wire."""
    return _request("unlock", {"tokens": tokens}, credentials)


def lock_request(tokens: Sequence[str], credentials: dict[str, str]) -> bytes:
    """A complete `PUT /v1/tickets/lock`, with a price for each ticket."""
    listing = {
        "externalListingId": LISTING_ID,
        "tokens": [{"token": token, "individualPrice": PRICE} for token in tokens],
    }
    return _request("lock", {"source": SOURCE, "listing": listing}, credentials)


def verify_request(tokens: Sequence[str], credentials: dict[str, str]) -> bytes:
    """A complete `POST /v1/tickets/verify` as bytes on the wire."""
    return _request("verify", {"tickets": {"tokens": tokens}}, credentials, "POST")


def _request(
    verb: str, message: dict[str, object], credentials: dict[str, str], method: str = "PUT"
) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    headers = {
        "Host": "127.0.0.1",
        "User-Agent": "Bench/1.0",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Request-ID": str(uuid4()),
        "Content-Length": str(len(body)),
        **credentials,
    }
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{method} /v1/tickets/{verb} HTTP/1.1", *lines, "", ""]).encode() + body


class _Responses:
    """The latencies and statuses of the responses so far."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.statuses: dict[bytes, int] = {}

    def add(self, status: bytes, seconds: float) -> None:
        self.latencies.append(seconds)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def load(self, seconds: float) -> Load:
        latencies = sorted(latency * 1000 for latency in self.latencies)
        return Load(len(latencies), seconds, latencies, self.statuses)


class _Connection:
    """A socket with at most one request in flight. `sent_at` is the start of its latency."""

    __slots__ = ("buffer", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.sent_at = 0.0

    def send(self, request: bytes, sent_at: float) -> None:
        self.sent_at = sent_at
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """The status of the response, or None if it is not complete."""
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError("closed by the server")
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        length_at = self.buffer.index(b"content-length: ") + 16
        length = int(self.buffer[length_at : self.buffer.index(b"\r\n", length_at)])
        if len(self.buffer) < head_end + 4 + length:
            return None
        status = self.buffer[9:12]
        self.buffer = b""
        return status


class _Connections:
    """All connections, and a poll for those with data to read."""

    def __init__(self, port: int, count: int) -> None:
        self._poll = select.epoll()
        self.all = [_Connection(port) for _ in range(count)]
        self._by_number = {made.socket.fileno(): made for made in self.all}
        for number in self._by_number:
            self._poll.register(number, select.EPOLLIN)

    def readable(self, seconds: float) -> Iterator[_Connection]:
        for number, _ in self._poll.poll(seconds):
            yield self._by_number[number]

    def close(self) -> None:
        self._poll.close()
        for made in self.all:
            made.socket.close()


def run_load(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Run a closed load: send `requests` in order until the list or the time ends."""
    opened = _Connections(port, connections)
    responses, waiting = _Responses(), iter(requests)
    started = perf_counter()
    until = started + seconds
    in_flight = 0
    for connection in opened.all:
        connection.send(next(waiting), perf_counter())
        in_flight += 1
    while in_flight:
        for connection in opened.readable(10):
            status = connection.receive()
            if status is None:
                continue
            now = perf_counter()
            responses.add(status, now - connection.sent_at)
            request = next(waiting, None) if now < until else None
            if request is None:
                in_flight -= 1
            else:
                connection.send(request, now)
    ended = perf_counter()
    opened.close()
    return responses.load(ended - started)


def run_open_load(port: int, requests: Sequence[bytes], connections: int, rate: float) -> Load:
    """Run an open load: send `requests` at `rate` a second.

    If every connection is busy, a request waits, and its latency includes the wait.
    """
    opened = _Connections(port, connections)
    free, responses = deque(opened.all), _Responses()
    started = perf_counter()
    due: Callable[[int], float] = lambda number: started + number / rate  # noqa: E731
    sent = completed = 0
    while completed < len(requests):
        now = perf_counter()
        while sent < len(requests) and free and due(sent) <= now:
            free.popleft().send(requests[sent], due(sent))
            sent += 1
        wait = due(sent) - now if sent < len(requests) and free else 1.0
        for connection in opened.readable(max(0.0, wait)):
            status = connection.receive()
            if status is not None:
                responses.add(status, perf_counter() - connection.sent_at)
                completed += 1
                free.append(connection)
    ended = perf_counter()
    opened.close()
    return responses.load(ended - started)
