"""`python -m bench.path`: measures the processor time of a request without socket and database.

It runs the complete service, log and metrics on, on an in-memory transport that sends the next
request at once, and a store that has every ticket. The result is the cost of a request in Python.
"""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import redirect_stderr
from datetime import UTC, datetime
from time import process_time
from typing import Any

import uvloop

from bench.load import lock_request, unlock_request
from bench.serving import ACCESS_TOKEN, API_KEY, APPLICATION, CHANNEL, CREDENTIALS
from seatlatch.assembly import build_app
from seatlatch.auth.keys import hash_secret
from seatlatch.domain.application import AccessToken, ApiKey, Application, Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import NewEntry
from seatlatch.http.connection import Connection
from seatlatch.http.connection_context import ConnectionContext
from seatlatch.http.server import DEFAULT_LIMITS
from seatlatch.journal.chain import chained
from seatlatch.journal.rows import EPOCH, NO_HASH, Head
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.settings import read_settings
from seatlatch.store.journal import OldAddresses
from seatlatch.store.tickets import ChangedTicket
from seatlatch.wiring import COLLECT_AFTER_ALLOCATIONS

CONNECTIONS = 16
SIZES = (1, 10, 100)
DIFFERENT = 64
HEAD = Head(1, 0, NO_HASH)


class EveryTicket:
    """A transaction that changes every ticket; it is its own `tickets`, `journal` and `access`."""

    def __init__(self) -> None:
        self.tickets = self.journal = self.access = self

    async def now(self) -> datetime:
        """Return the current time."""
        return datetime.now(UTC)

    async def note_key_use(self, key_hash: bytes, before: datetime) -> None:
        """Do nothing."""

    async def reserve_entries(self, entries: int) -> int:
        """Return the first entry number."""
        return 1

    async def change_mpreserve(
        self, requested: Mapping[str, Any], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Change all tickets."""
        return dict.fromkeys(requested, ChangedTicket("234567", "[1,0]"))

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Compute the hash chain of the entries, without writing them."""
        chained(HEAD, entries, range(len(entries)), EPOCH)


class InstantStore:
    """A store that commits without a database."""

    lanes = 1
    mixes_kinds = False

    async def commit(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """Run the work in the next iteration of the event loop, so that groups form."""
        await asyncio.sleep(0)
        return await work(EveryTicket())

    async def read(self, _work: Callable[[Any], Awaitable[Any]]) -> OldAddresses:
        """No client address to erase: nothing else is read."""
        return OldAddresses([], None)

    async def credentials_version(self) -> int:
        """A constant version."""
        return 1

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """A constant version, and the current time."""
        return 1, datetime.now(UTC)

    async def read_credentials(self, _known: Credentials | None = None) -> Credentials:
        """The credentials of the one caller."""
        application = Application(
            APPLICATION,
            Channel(CHANNEL, frozenset({"1001"})),
            (ApiKey(hash_secret(API_KEY.encode()), None),),
        )
        token = AccessToken(APPLICATION, None)
        tokens = {hash_secret(ACCESS_TOKEN.encode()): token}
        return Credentials(1, {APPLICATION: application}, tokens, {})

    async def close(self) -> None:
        """Do nothing."""


class Wire(asyncio.Transport):
    """A connection whose client sends its next request after each response."""

    def __init__(self, responded: Callable[["Wire"], None]) -> None:
        super().__init__()
        self._responded = responded
        self.protocol: Any = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Check a response and notify the client."""
        assert bytes(data[9:12]) == b"200", data
        self._responded(self)

    def is_closing(self) -> bool:
        """Return False."""
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The addresses of client and server."""
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)


async def measure(size: int, count: int) -> float:
    """Measure microseconds of processor time for a request of `size` tokens."""
    log, metrics, store = make_log("json", "info"), Metrics(), InstantStore()
    settings = read_settings({}, {"rate_limit": "1000000:1000000"})
    app: Any = build_app(settings, store, log, metrics)  # type: ignore[arg-type]
    context = ConnectionContext(app.handle, log, metrics, DEFAULT_LIMITS.keep_alive_seconds)
    lifespan = app.lifespan()
    await lifespan.__aenter__()
    requests = made_requests(size)
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    sent = 0

    def send(wire: Wire) -> None:
        nonlocal sent
        request = requests[sent % len(requests)]
        sent += 1
        context.read_buffer[: len(request)] = request
        wire.protocol.buffer_updated(len(request))

    def responded(wire: Wire) -> None:
        if sent < count:
            loop.call_soon(send, wire)
        elif not over.done():
            over.set_result(None)

    wires = [Wire(responded) for _ in range(CONNECTIONS)]
    for wire in wires:
        wire.protocol = Connection(context)
        wire.protocol.connection_made(wire)
    started = process_time()
    for wire in wires:
        send(wire)
    await over
    spent = process_time() - started
    await lifespan.__aexit__(None, None, None)
    return spent / sent * 1e6


def made_requests(size: int) -> Sequence[bytes]:
    """Alternating unlocks and locks."""
    requests = []
    for number in range(DIFFERENT):
        tokens = [str(10_000_000_000 + number * 1000 + at) for at in range(size)]
        requests.append(unlock_request(tokens, CREDENTIALS))
        requests.append(lock_request([token + "0" for token in tokens], CREDENTIALS))
    return requests


def main() -> None:
    """Measure, and print the least of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=20_000)
    options = parser.parse_args()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_ALLOCATIONS)
    for size in SIZES:
        count = max(1_000, options.requests // size)
        with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):  # noqa: PTH123
            least = min(uvloop.run(measure(size, count)) for _ in range(options.rounds))
        sys.stdout.write(f"{size:>4} tokens: {least:6.1f} microseconds a request\n")


if __name__ == "__main__":
    main()
