"""`python -m bench.shapes`: ways to make a group of locks and unlocks durable on PostgreSQL.

Each way flips the same tickets, group after group on one connection, with default durability. Told
are groups a second, and the processor time that a group takes in this process and in the server.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import psycopg
import uvloop

from bench.changes import RESULTS, machine
from bench.postgres import PostgresEngine, postgres
from bench.serving import CHANNEL
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.store.interface import Mpreserve
from seatlatch.store.postgres.connecting import SETTINGS_OF_STATEMENTS, Address
from seatlatch.store.postgres.connection import Connection, Statement, pairs
from seatlatch.store.postgres.store import BEGIN
from seatlatch.store.postgres.transaction import PostgresTransaction

MINE = Channel(CHANNEL, frozenset({"1001"}))
LISTING = Listing("MY_ACCOUNT", "L-2026-000001", None, Decimal("125.50"), None)
SIZES = (1, 10, 100, 1000)
SWITCH_SECONDS = 0.0005

Wishes = dict[str, Mpreserve]
Way = Callable[[Wishes], Awaitable[int]]


class Said(Exception):
    """Enough was said."""


class Asked:
    """Catches what our transaction says, so that other ways can say the same."""

    def __init__(self) -> None:
        self.statements: tuple[Statement, ...] = ()

    async def ask(self, *statements: Statement) -> list[Any]:
        """Nothing is done."""
        self.statements = statements
        raise Said


async def said(wishes: Wishes, *, careful: bool = False) -> tuple[Statement, ...]:
    """The statements that our transaction makes of wishes."""
    asked: Any = Asked()
    with suppress(Said):
        await PostgresTransaction(asked, (), None, careful=careful).change_mpreserve(
            wishes, dict.fromkeys(wishes, 1)
        )
    return tuple(asked.statements)


def for_psycopg(statement: Statement) -> tuple[bytes, dict[str, str]]:
    """With its own placeholders instead of libpq's."""
    sql, values = statement
    for number in range(len(values), 0, -1):
        sql = sql.replace(f"${number}", f"%(v{number})s")
    return sql.encode(), {f"v{number}": value.decode() for number, value in enumerate(values, 1)}


class Ways:
    """All ways, on connections to one database."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._thread = ThreadPoolExecutor(1)

    async def open(self) -> "Ways":
        """Connect."""
        parameters = self._address.parameters(SETTINGS_OF_STATEMENTS, 5) | {"prepare_threshold": 0}
        self._ours = await Connection.connect(**parameters)
        self._connection = await psycopg.AsyncConnection.connect(**parameters)
        self._sync = psycopg.Connection.connect(**parameters)
        return self

    def all(self) -> dict[str, Way]:
        """By what they are called."""
        return {
            "one piece with BEGIN, then COMMIT (ours)": self.ours,
            "the same, tickets read and locked first": self.careful,
            "psycopg async, three statements": self.plain,
            "psycopg async, pipeline mode": self.pipeline,
            "psycopg sync in a thread, three statements": self.thread,
            "psycopg async, one statement that commits itself": self.alone,
            "psycopg async, one statement for each ticket, pipeline mode": self.each,
        }

    async def ours(self, wishes: Wishes) -> int:
        """As the store does it."""
        return await self._say(await said(wishes))

    async def careful(self, wishes: Wishes) -> int:
        """As the store does it after another transaction came in between."""
        return await self._say(await said(wishes, careful=True))

    async def _say(self, statements: tuple[Statement, ...]) -> int:
        *_, result = await self._ours.ask(Statement(BEGIN), *statements)
        flipped = len(pairs(result))
        await self._ours.end("COMMIT")
        return flipped

    async def plain(self, wishes: Wishes) -> int:
        """Through cursors."""
        sql, values = await self._for_psycopg(wishes)
        await self._connection.execute(b"BEGIN")
        rows = await (await self._connection.execute(sql, values)).fetchall()
        await self._connection.execute(b"COMMIT")
        return len(dict(rows))

    async def pipeline(self, wishes: Wishes) -> int:
        """Through cursors, BEGIN and the work in one piece."""
        sql, values = await self._for_psycopg(wishes)
        async with self._connection.pipeline():
            await self._connection.execute(b"BEGIN")
            rows = await (await self._connection.execute(sql, values)).fetchall()
        await self._connection.execute(b"COMMIT")
        return len(dict(rows))

    async def thread(self, wishes: Wishes) -> int:
        """As `plain`, beside the event loop."""
        sql, values = await self._for_psycopg(wishes)

        def work() -> int:
            self._sync.execute(b"BEGIN")
            rows = self._sync.execute(sql, values).fetchall()
            self._sync.execute(b"COMMIT")
            return len(dict(rows))

        return await asyncio.wrap_future(self._thread.submit(work))

    async def alone(self, wishes: Wishes) -> int:
        """It is durable before anybody has seen what it did."""
        sql, values = await self._for_psycopg(wishes)
        return len(dict(await (await self._connection.execute(sql, values)).fetchall()))

    async def each(self, wishes: Wishes) -> int:
        """Many small statements."""
        flipped = 0
        async with self._connection.pipeline():
            await self._connection.execute(b"BEGIN")
            cursors = []
            for token, wish in sorted(wishes.items()):
                sql, values = await self._for_psycopg({token: wish})
                cursors.append(await self._connection.execute(sql, values))
            for cursor in cursors:
                flipped += len(await cursor.fetchall())
        await self._connection.execute(b"COMMIT")
        return flipped

    async def _for_psycopg(self, wishes: Wishes) -> tuple[bytes, dict[str, str]]:
        (statement,) = await said(wishes)
        return for_psycopg(statement)

    async def close(self) -> None:
        """Disconnect."""
        await self._ours.close()
        await self._connection.close()
        self._sync.close()
        self._thread.shutdown()


async def measure(engine: PostgresEngine, seconds: float, sizes: Sequence[int]) -> list[Any]:
    """A row for each way and size."""
    ways = await Ways(Address.of(engine.url)).open()
    rows = []
    for size in sizes:
        for name, way in ways.all().items():
            rows.append({"way": name, "tokens": size, **await _one(engine, way, size, seconds)})
            engine.restore()
    await ways.close()
    return rows


async def _one(engine: PostgresEngine, way: Way, size: int, seconds: float) -> dict[str, float]:
    tokens = list(engine.inventory.listed)
    chance = random.Random(size)
    groups, started = 0, perf_counter()
    own, server = process_time(), engine.cpu_seconds()
    while perf_counter() - started < seconds:
        picked = chance.sample(tokens, size)
        for listing in (None, LISTING):
            flipped = await way(dict.fromkeys(picked, Mpreserve(MINE, listing)))
            assert flipped == size
            groups += 1
    return {
        "groups_per_second": round(groups / (perf_counter() - started)),
        "own_microseconds": round((process_time() - own) / groups * 1e6),
        "server_microseconds": round((engine.cpu_seconds() - server) / groups * 1e6),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="tokens in a group")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_SECONDS)
    with (
        tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as folder,
        postgres(Path(folder), options.tickets, 1) as engine,
    ):
        rows = uvloop.run(measure(engine, options.seconds, options.sizes))
    figures = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "tickets": options.tickets,
        "seconds": options.seconds,
        "ways": rows,
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if not options.no_results:
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-shapes-postgres.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
