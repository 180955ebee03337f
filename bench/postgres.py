"""PostgreSQL in a benchmark: a server from its wheel, an inventory, and pgbench as the baseline."""

import random
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench.engine import LISTED, UNLISTED, Inventory, Turn
from bench.load import LISTING_ID, PRICE, SOURCE
from bench.serving import CHANNEL, Processes, add_caller
from seatlatch.wiring import engine_of, with_store
from tests.postgres import INSTALLED, PostgresServer, installed

FIRST_TOKEN = 10_000_000_000
DATABASE = "bench"
CLIENTS, THREADS = 32, 2
OPTIONS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "max_connections": "200"}
"""Default durability, memory for the inventory, and no checkpoint during a measurement."""

FILL = f"""
INSERT INTO seatlatch.tickets (token, organization_id, owner_id, access_id, section, "row", seat,
  mpreserve, mpreserve_channel, listing_source, external_listing_id, individual_price)
SELECT ({FIRST_TOKEN} + number)::text, '1001', '234567', 'EVENT',
       CASE WHEN listed THEN '{LISTED}' ELSE '{UNLISTED}' END, 'A', '1', listed,
       CASE WHEN listed THEN '{CHANNEL}' END, CASE WHEN listed THEN '{SOURCE}' END,
       CASE WHEN listed THEN '{LISTING_ID}' END, CASE WHEN listed THEN {PRICE} END
FROM (SELECT number, mod(number, 2) = 0 AS listed FROM generate_series(0, %s) AS number) AS made
"""
RELIST = f"""
UPDATE seatlatch.tickets SET mpreserve = true, mpreserve_channel = '{CHANNEL}',
  listing_source = '{SOURCE}', external_listing_id = '{LISTING_ID}', individual_price = {PRICE}
WHERE section = '{LISTED}' AND NOT mpreserve
"""
UNLIST = f"""
UPDATE seatlatch.tickets SET mpreserve = false, mpreserve_channel = NULL, listing_source = NULL,
  external_listing_id = NULL, individual_price = NULL
WHERE section = '{UNLISTED}' AND mpreserve
"""
FLIP = f"""
UPDATE seatlatch.tickets SET mpreserve = NOT mpreserve,
  mpreserve_channel = CASE WHEN mpreserve THEN NULL ELSE '{CHANNEL}' END,
  listing_source = CASE WHEN mpreserve THEN NULL ELSE '{SOURCE}' END,
  external_listing_id = CASE WHEN mpreserve THEN NULL ELSE '{LISTING_ID}' END,
  individual_price = CASE WHEN mpreserve THEN NULL ELSE {PRICE} END, revision = revision + 1
WHERE token = ANY (ARRAY[{{tokens}}]) RETURNING token, owner_id;
"""
"""The statement of pgbench: locks or unlocks every ticket, whichever changes it."""


@contextmanager
def postgres(folder: Path, tickets: int, workers: int) -> Iterator["PostgresEngine"]:
    """Run a server with `tickets` tickets, every other one listed by one channel."""
    server = PostgresServer(OPTIONS)
    try:
        server.start()
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        yield PostgresEngine(server, folder, tickets, workers)
    finally:
        server.close()


class PostgresEngine:
    """See `bench.engine.Engine`."""

    name = "PostgreSQL"
    baseline_name = "pgbench"

    def __init__(self, server: PostgresServer, folder: Path, tickets: int, workers: int) -> None:
        self._server = server
        self._folder = folder
        self._tickets = tickets
        self.workers = workers
        self.url = server.url(DATABASE)
        engine_of(self.url).make_or_migrate("inventory")
        with_store(self.url, lambda store: store.commit(add_caller))
        self._execute(FILL, tickets - 1)
        self.restore()
        chance = random.Random(20261123)
        parts = [[str(FIRST_TOKEN + n) for n in range(start, tickets, 2)] for start in (0, 1)]
        for part in parts:
            chance.shuffle(part)
        self.inventory = Inventory(*parts)

    def restore(self) -> int:
        """Restore every ticket and remove dead rows; the number of restored tickets."""
        restored = self._execute(RELIST) + self._execute(UNLIST)
        self.tidy()
        return restored

    def tidy(self) -> None:
        """Remove dead rows, and run a checkpoint so that none is due."""
        self._execute("VACUUM ANALYZE seatlatch.tickets")
        self._execute("CHECKPOINT")

    def baseline(self, turn: Turn) -> float:
        """Run pgbench without HTTP: one UPDATE of `turn.size` tickets in each transaction."""
        script = self._folder / "flip.sql"
        names = [f"n{number}" for number in range(turn.size)]
        chance = "".join(f"\\set {name} random(0, {self._tickets - 1})\n" for name in names)
        tokens = ", ".join(f"({FIRST_TOKEN} + :{name})::text" for name in names)
        script.write_text(chance + FLIP.format(tokens=tokens).replace("\n", " "))
        done = subprocess.run(
            [
                *(_pgbench(), "--no-vacuum", "--protocol=prepared", f"--file={script}"),
                *(f"--client={CLIENTS}", f"--jobs={THREADS}"),
                *(f"--time={max(1, round(turn.seconds))}", self.url),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        assert found, done
        assert "number of failed transactions: 0 " in done.stdout, done
        return float(found[1])

    def changes(self) -> int:
        """The total number of changes to the tickets."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SELECT sum(revision - 1) FROM seatlatch.tickets").fetchone()
        assert row
        return int(row[0])

    def cpu_seconds(self) -> float:
        """The processor time of the server and all its processes."""
        return Processes(self._server.pid).cpu_seconds()

    def _execute(self, sql: str, *values: Any) -> int:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.encode(), values or None).rowcount


def _pgbench() -> Path:
    package = installed()
    assert package, "install requirements-dev.lock, which brings pgbench with PostgreSQL"
    return package / INSTALLED / "bin" / "pgbench"
