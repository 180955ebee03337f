"""`python -m bench.shapes`: compares ways to make a group of changes durable on PostgreSQL.

Each way changes the same tickets, group after group on one connection, with default durability. The
figures are groups a second, and the processor time of a group in this process and in the server.
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

from bench.measuring import RESULTS, machine
from bench.postgres import PostgresEngine, postgres
from bench.serving import CHANNEL
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.store.postgres.connecting import SETTINGS_OF_STATEMENTS, Address
from seatlatch.store.postgres.connection import Connection, Statement, pairs
from seatlatch.store.postgres.store import BEGIN
from seatlatch.store.postgres.transaction import PostgresTransaction
from seatlatch.store.tickets import Mpreserve

MINE = Channel(CHANNEL, frozenset({"1001"}))
LISTING = Listing("MY_ACCOUNT", "L-2026-000001", None, Decimal("125.50"), None)
SIZES = (1, 10, 100, 1000)
SWITCH_SECONDS = 0.0005

Changes = dict[str, Mpreserve]
Way = Callable[[Changes], Awaitable[int]]


class Captured(Exception):
    """Stops a transaction after its statements were captured."""


class StatementCapture:
    """Captures the statements of the store's transaction, so that other ways can run them."""

    def __init__(self) -> None:
        self.statements: tuple[Statement, ...] = ()

    async def ask(self, *statements: Statement) -> list[Any]:
        """Capture the statements without running them."""
        self.statements = statements
        raise Captured


async def captured_statements(changes: Changes, *, careful: bool = False) -> tuple[Statement, ...]:
    """The statements of the store's transaction for these changes."""
    capture: Any = StatementCapture()
    with suppress(Captured):
        transaction = PostgresTransaction(capture, (), None, careful=careful)
        await transaction.tickets.change_mpreserve(changes, dict.fromkeys(changes, 1))
    *statements, _mark = capture.statements
    return tuple(statements)


def for_psycopg(statement: Statement) -> tuple[bytes, dict[str, str | None]]:
    """A statement with psycopg's placeholders instead of libpq's."""
    sql, values = statement
    for number in range(len(values), 0, -1):
        sql = sql.replace(f"${number}", f"%(v{number})s")
    texts = [None if value is None else value.decode() for value in values]
    return sql.encode(), {f"v{number}": text for number, text in enumerate(texts, 1)}


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
        """The ways by name."""
        return {
            "one piece with BEGIN, then COMMIT (ours)": self.ours,
            "the same, tickets read and locked first": self.careful,
            "psycopg async, three statements": self.plain,
            "psycopg async, pipeline mode": self.pipeline,
            "psycopg sync in a thread, three statements": self.thread,
            "psycopg async, one statement that commits itself": self.alone,
            "psycopg async, one statement for each ticket, pipeline mode": self.each,
        }

    async def ours(self, changes: Changes) -> int:
        """The way of the store."""
        return await self._run(await captured_statements(changes))

    async def careful(self, changes: Changes) -> int:
        """The way of the store after a conflict with another transaction."""
        return await self._run(await captured_statements(changes, careful=True))

    async def _run(self, statements: tuple[Statement, ...]) -> int:
        *_, result = await self._ours.ask(Statement(BEGIN), *statements)
        flipped = len(pairs(result))
        await self._ours.end("COMMIT")
        return flipped

    async def plain(self, changes: Changes) -> int:
        """Execute with cursors."""
        sql, values = await self._for_psycopg(changes)
        await self._connection.execute(b"BEGIN")
        rows = await (await self._connection.execute(sql, values)).fetchall()
        await self._connection.execute(b"COMMIT")
        return len(rows)

    async def pipeline(self, changes: Changes) -> int:
        """Execute with cursors, BEGIN and the statement in one pipeline."""
        sql, values = await self._for_psycopg(changes)
        async with self._connection.pipeline():
            await self._connection.execute(b"BEGIN")
            rows = await (await self._connection.execute(sql, values)).fetchall()
        await self._connection.execute(b"COMMIT")
        return len(rows)

    async def thread(self, changes: Changes) -> int:
        """The same as `plain`, in a thread."""
        sql, values = await self._for_psycopg(changes)

        def work() -> int:
            self._sync.execute(b"BEGIN")
            rows = self._sync.execute(sql, values).fetchall()
            self._sync.execute(b"COMMIT")
            return len(rows)

        return await asyncio.wrap_future(self._thread.submit(work))

    async def alone(self, changes: Changes) -> int:
        """Execute one statement in autocommit mode, durable before its result is known."""
        sql, values = await self._for_psycopg(changes)
        return len(await (await self._connection.execute(sql, values)).fetchall())

    async def each(self, changes: Changes) -> int:
        """Execute one statement for each ticket."""
        flipped = 0
        async with self._connection.pipeline():
            await self._connection.execute(b"BEGIN")
            cursors = []
            for token, change in sorted(changes.items()):
                sql, values = await self._for_psycopg({token: change})
                cursors.append(await self._connection.execute(sql, values))
            for cursor in cursors:
                flipped += len(await cursor.fetchall())
        await self._connection.execute(b"COMMIT")
        return flipped

    async def _for_psycopg(self, changes: Changes) -> tuple[bytes, dict[str, str | None]]:
        (statement,) = await captured_statements(changes)
        return for_psycopg(statement)

    async def close(self) -> None:
        """Disconnect."""
        await self._ours.close()
        await self._connection.close()
        self._sync.close()
        self._thread.shutdown()


async def measure(engine: PostgresEngine, seconds: float, sizes: Sequence[int]) -> list[Any]:
    """Measure a row for each way and size."""
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
