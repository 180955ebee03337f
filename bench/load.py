"""A closed-loop HTTP load: so many keep-alive connections, each sends when it was answered.

Speaks HTTP by hand, since a client library would need more of the machine than the server.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any, NamedTuple, cast
from uuid import uuid4

import uvloop

SOURCE = "MY_ACCOUNT"
LISTING_ID = "L-2026-000001"
PRICE = 125.5


class Load(NamedTuple):
    """What came of a load. `latencies_ms` sorted; `statuses` as they were answered."""

    requests: int
    seconds: float
    latencies_ms: Sequence[float]
    statuses: dict[bytes, int]

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """The latency under which `percent` of the requests stayed."""
        return self.latencies_ms[
            min(len(self.latencies_ms) - 1, int(self.requests * percent / 100))
        ]


def unlock_request(tokens: Sequence[str], credentials: dict[str, str]) -> bytes:
    """A whole `PUT /v1/tickets/unlock` as it goes over the wire."""
    return _request("unlock", {"tokens": tokens}, credentials)


def lock_request(tokens: Sequence[str], credentials: dict[str, str]) -> bytes:
    """A whole `PUT /v1/tickets/lock`, with a price for each ticket."""
    listing = {
        "externalListingId": LISTING_ID,
        "tokens": [{"token": token, "individualPrice": PRICE} for token in tokens],
    }
    return _request("lock", {"source": SOURCE, "listing": listing}, credentials)


def _request(verb: str, content: dict[str, Any], credentials: dict[str, str]) -> bytes:
    body = json.dumps(content).encode()
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
    return "\r\n".join([f"PUT /v1/tickets/{verb} HTTP/1.1", *lines, "", ""]).encode() + body


def run_load(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Send `requests` in turn until they or the seconds are over."""
    return uvloop.run(_run(port, requests, connections, seconds))


class _Counter:
    """Shared by the connections: what to send next, and what was answered."""

    def __init__(self, requests: Sequence[bytes], until: float) -> None:
        self.requests: Iterator[bytes] = iter(requests)
        self.until = until
        self.latencies: list[float] = []
        self.statuses: dict[bytes, int] = {}


class _Connection(asyncio.Protocol):
    def __init__(self, counter: _Counter) -> None:
        self._counter = counter
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        request = None
        self._sent_at = perf_counter()
        if self._sent_at < self._counter.until:
            request = next(self._counter.requests, None)
        if request is None:
            self._transport.close()
            self.done.set_result(None)
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length_at = self._buffer.index(b"content-length: ") + 16
        length = int(self._buffer[length_at : self._buffer.index(b"\r\n", length_at)])
        if len(self._buffer) < head_end + 4 + length:
            return
        status = self._buffer[9:12]
        self._buffer = b""
        counter = self._counter
        counter.latencies.append(perf_counter() - self._sent_at)
        counter.statuses[status] = counter.statuses.get(status, 0) + 1
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed by the server"))


async def _run(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    started = perf_counter()
    counter = _Counter(requests, started + seconds)
    made = [
        await loop.create_connection(lambda: _Connection(counter), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    latencies = sorted(latency * 1000 for latency in counter.latencies)
    return Load(len(latencies), perf_counter() - started, latencies, counter.statuses)
