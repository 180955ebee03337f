"""2,000 connections that send garbage: each gets a response that is not a 5xx, or is closed, in
time.
"""

import asyncio
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest

from seatlatch.http import connection_times
from seatlatch.http.server import ServerLimits
from tests.conftest import EVERY_CASE
from tests.databases import ON_SQLITE, Databases
from tests.http.test_connection import MALFORMED
from tests.http.wire import put, put_chunked, tokens_body
from tests.serving import Served, fill, serving

pytestmark = [ON_SQLITE, pytest.mark.slow]

CONNECTIONS = 2000
AT_ONCE = 200
ANSWER_SECONDS_MAX = 5.0
PATIENCE_SECONDS = 0.5
IMPATIENT = ServerLimits(keep_alive_seconds=PATIENCE_SECONDS)

BODY = tokens_body("not-listed", "unknown")


class Garbage(NamedTuple):
    """The bytes of one connection, and whether it closes its side."""

    data: bytes
    ends: bool


@pytest.fixture(scope="module")
def impatient(databases: Databases) -> Iterator[Served]:
    """A server with short time limits, so that the test takes seconds."""
    database = databases.new()
    fill(database, EVERY_CASE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection_times, "STALL_SECONDS", PATIENCE_SECONDS)
        with serving(database, limits=IMPATIENT) as running:
            yield running


def mutated(chance: random.Random, data: bytes) -> bytes:
    """The bytes with some replaced, removed, doubled or inserted."""
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        length = chance.choice([0, 0, 1, 1, 5, 40])
        text = chance.choice(
            [chance.randbytes(chance.randint(0, 4)), data[at : at + 9] * 2, b"\r\n", b"\0", b": "]
        )
        data = data[:at] + text + data[at + length :]
    return data


def garbage(chance: random.Random) -> Garbage:
    """A randomly broken request."""
    valid = chance.choice([put(BODY), put_chunked(BODY[:9], BODY[9:])])
    size = chance.choice([0, 1, len(BODY) - 1, len(BODY) + 1, 10**6, 10**12])
    long = b"X-Long: " + chance.randbytes(2).hex().encode() * chance.choice([20_000, 100_000])
    makers: list[Callable[[], bytes]] = [
        lambda: chance.randbytes(chance.randint(1, 2000)),
        lambda: mutated(chance, valid),
        lambda: mutated(chance, valid),
        lambda: valid[: chance.randrange(1, len(valid))],
        lambda: valid.replace(b"\r\n", b"\r\n" + long + b"\r\n", 1),
        lambda: put_chunked(BODY, end=chance.randbytes(chance.randint(1, 40)) + b"\r\n"),
        lambda: put(BODY).replace(b"Content-Length: %d" % len(BODY), b"Content-Length: %d" % size),
        lambda: chance.choice(list(MALFORMED.values())),
        lambda: valid + chance.randbytes(chance.randint(1, 200)),
        lambda: b"\r\n" * chance.randint(1, 50) + mutated(chance, valid),
    ]
    return Garbage(chance.choice(makers)(), chance.random() < 0.5)


async def status_of(port: int, sent: Garbage) -> int:
    """The status of the response, 0 if there was none before the connection ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        with suppress(OSError):  # the server may have closed already
            writer.write(sent.data)
            if sent.ends:
                writer.write_eof()
            await writer.drain()
        with suppress(ConnectionError):
            line = await reader.readline()
            return int(line.split(b" ")[1]) if line else 0
        return 0
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def statuses_of(port: int, all_sent: list[Garbage]) -> list[int | str]:
    """The status of each; a word if nothing arrived in time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(sent: Garbage) -> int | str:
        async with gate:
            try:
                return await asyncio.wait_for(status_of(port, sent), ANSWER_SECONDS_MAX)
            except TimeoutError:
                return "no answer in time"

    return await asyncio.gather(*[one(sent) for sent in all_sent])


def test_garbage_is_answered_or_closed_and_the_service_goes_on(impatient: Served) -> None:
    seed = secrets.randbits(32)
    chance = random.Random(seed)
    all_sent = [garbage(chance) for _ in range(CONNECTIONS)]
    statuses = asyncio.run(statuses_of(impatient.port, all_sent))
    wrong = [
        (status, sent.ends, sent.data[:1000])
        for status, sent in zip(statuses, all_sent, strict=True)
        if isinstance(status, str) or status >= 500
    ]
    assert wrong == [], f"seed {seed}"
    assert {207, 400, 408, 431} <= set(statuses), f"seed {seed}"
    assert impatient.unlock("not-listed").status_code == 200
