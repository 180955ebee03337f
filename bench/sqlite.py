"""SQLite in a benchmark: an inventory in a file, and a bare loop of writes as the baseline."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time

import apsw

from bench.engine import LISTED, UNLISTED, Figures, Inventory, Turn
from bench.load import LISTING_ID, PRICE, SOURCE
from bench.serving import CHANNEL, add_caller
from seatlatch.store.interface import Transaction
from seatlatch.store.sqlite.opening import open_database
from seatlatch.store.tickets import NewTicket
from seatlatch.wiring import engine_of, with_store

AUTOCHECKPOINT_PAGES = 48_000
"""The server's interval between checkpoints."""

BARE_UNLOCK = """
UPDATE tickets SET mpreserve = 0, mpreserve_channel = NULL, listing_source = NULL,
  external_listing_id = NULL, total_price = NULL, individual_price = NULL, seller = NULL,
  revision = revision + 1
WHERE token = ?1 AND mpreserve_channel = ?2 AND seat_status = 'UNLOCK' AND voided = 0
RETURNING token, owner_id
"""
BARE_LOCK = """
UPDATE tickets SET mpreserve = 1, mpreserve_channel = ?2, listing_source = ?3,
  external_listing_id = ?4, individual_price = ?5, revision = revision + 1
WHERE token = ?1 AND mpreserve = 0 AND seat_status = 'UNLOCK' AND voided = 0
RETURNING token, owner_id
"""
RELIST = f"""
UPDATE tickets SET mpreserve = 1, mpreserve_channel = ?, listing_source = ?,
  external_listing_id = ?, individual_price = ?, revision = revision + 1
WHERE section = '{LISTED}' AND mpreserve = 0
"""
UNLIST = f"""
UPDATE tickets SET mpreserve = 0, mpreserve_channel = NULL, listing_source = NULL,
  external_listing_id = NULL, total_price = NULL, individual_price = NULL, seller = NULL,
  revision = revision + 1
WHERE section = '{UNLISTED}' AND mpreserve = 1
"""
LISTING = (SOURCE, LISTING_ID, str(PRICE))


@contextmanager
def sqlite(folder: Path, tickets: int) -> Iterator["SqliteEngine"]:
    """Create an inventory in `folder`, every other ticket listed by one channel."""
    path = folder / "bench.db"
    yield SqliteEngine(path, make_inventory(path, tickets))


class SqliteEngine:
    """See `bench.engine.Engine`."""

    name = "SQLite"
    baseline_name = "loop"
    peer_name = "FastAPI + aiosqlite"
    workers = 1

    def __init__(self, path: Path, inventory: Inventory) -> None:
        self._path = path
        self.url = f"sqlite:///{path}"
        self.inventory = inventory

    def restore(self) -> int:
        """Restore every ticket."""
        return restore(self._path)

    def baseline(self, turn: Turn) -> Figures:
        """Run a loop in one process, with one durable transaction for each request."""
        connection = open_database(self._path, "inventory")
        connection.wal_autocheckpoint(AUTOCHECKPOINT_PAGES)
        latencies_ms = []
        cpu_before, started = process_time(), perf_counter()
        last = started
        for unlock, lock in zip(turn.unlocks, turn.locks, strict=True):
            if last - started > turn.seconds:
                break
            _write(connection, BARE_UNLOCK, [(token, CHANNEL) for token in unlock])
            between = perf_counter()
            _write(connection, BARE_LOCK, [(token, CHANNEL, *LISTING) for token in lock])
            now = perf_counter()
            latencies_ms += [(between - last) * 1000, (now - between) * 1000]
            last = now
        cpu = process_time() - cpu_before
        connection.close()
        count = len(latencies_ms)
        latencies_ms.sort()
        return Figures(
            count / (last - started),
            latencies_ms[count // 2],
            latencies_ms[count * 99 // 100],
            cpu / count * 1e6,
            0.0,
        )

    def cpu_seconds(self) -> float:
        """Return 0: SQLite runs inside the server."""
        return 0.0

    def settings(self) -> Mapping[str, str]:
        """The version, and the settings that the server uses."""
        connection = open_database(self._path, "inventory")
        names = ("journal_mode", "synchronous", "page_size", "cache_size")
        found = {name: str(connection.pragma(name)) for name in names}
        connection.close()
        return {self.name: apsw.sqlite_lib_version(), **found}


def make_inventory(path: Path, tickets: int) -> Inventory:
    """Create a database with `tickets` tickets, every other one listed by one channel."""
    url = f"sqlite:///{path}"
    engine_of(url).make_or_migrate("inventory")
    chance = random.Random(20261123)
    tokens = [str(10_000_000_000 + number) for number in chance.sample(range(10**10), tickets)]
    inventory = Inventory(tokens[::2], tokens[1::2])
    listed = frozenset(inventory.listed)

    async def fill(transaction: Transaction) -> None:
        await add_caller(transaction)
        await transaction.tickets.add(
            NewTicket(
                token, "1001", "234567", "EVENT", LISTED if token in listed else UNLISTED, "A", "1"
            )
            for token in sorted(tokens)
        )

    with_store(url, lambda store: store.commit(fill))
    restore(path)
    return inventory


def restore(path: Path) -> int:
    """Restore every ticket, and return how many had changed."""
    connection = open_database(path, "inventory")
    connection.execute(RELIST, (CHANNEL, *LISTING))
    restored = connection.changes()
    connection.execute(UNLIST)
    restored += connection.changes()
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    return restored


def _write(connection: apsw.Connection, sql: str, bindings: Sequence[tuple[str, ...]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(sql, bindings).fetchall()
    connection.execute("COMMIT")
