"""PostgreSQL in a benchmark: a server from its wheel, an inventory, and pgbench as the baseline."""

import os
import random
import re
import resource
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from bench.engine import LISTED, UNLISTED, Figures, Inventory, Turn
from bench.load import LISTING_ID, PRICE, SOURCE
from bench.serving import CHANNEL, Processes, add_caller
from seatlatch.wiring import engine_of, with_store
from tests.postgres import INSTALLED, PostgresServer, installed

FIRST_TOKEN = 10_000_000_000
SEATS = 100
"""The seats of a listing: that many tokens in a row are listed, and as many are not."""

DATABASE = "bench"
CLIENTS, THREADS = 32, 2
SAMPLED = 0.2
"""The part of the transactions of which pgbench logs the latency."""


def options(shared_buffers_mebibytes: int | None = None) -> dict[str, str]:
    """The settings that an operator would choose for this machine. Durability is the default.

    `shared_buffers_mebibytes` None = a quarter of the memory, as PostgreSQL's manual recommends.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1_048_576
    return {
        "shared_buffers": f"{shared_buffers_mebibytes or memory // 4}MB",
        "effective_cache_size": f"{memory * 3 // 4}MB",
        "max_wal_size": "8GB",
        "min_wal_size": "1GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "max_connections": "200",
    }


FILL = f"""
INSERT INTO seatlatch.tickets (token, organization_id, owner_id, access_id, section, "row", seat,
  mpreserve, mpreserve_channel, listing_source, external_listing_id, individual_price)
SELECT ({FIRST_TOKEN} + number)::text, '1001', '234567', 'EVENT',
       CASE WHEN listed THEN '{LISTED}' ELSE '{UNLISTED}' END, 'A', '1', listed,
       CASE WHEN listed THEN '{CHANNEL}' END, CASE WHEN listed THEN '{SOURCE}' END,
       CASE WHEN listed THEN '{LISTING_ID}' END, CASE WHEN listed THEN {PRICE} END
FROM (SELECT number, mod(number / {SEATS}, 2) = 0 AS listed
      FROM generate_series(0, %s) AS number) AS made
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
TOUCH = """
SELECT count(*) FROM (
  SELECT FROM seatlatch.tickets WHERE mod(token::bigint, 16) = 0 FOR NO KEY UPDATE
) AS locked
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
def postgres(
    folder: Path, tickets: int, workers: int, shared_buffers_mebibytes: int | None = None
) -> Iterator["OwnEngine"]:
    """Run a server with `tickets` tickets, half of them listed by one channel."""
    server = PostgresServer(options(shared_buffers_mebibytes))
    try:
        server.start()
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        yield OwnEngine(server, folder, tickets, workers)
    finally:
        server.close()


class DatabaseServer(Protocol):
    """A server that runs: its first process, and the URL of each of its databases."""

    @property
    def pid(self) -> int:
        """The process that has started all the others."""

    def url(self, database: str) -> str:
        """The URL of one of its databases."""


class PostgresEngine:
    """See `bench.engine.Engine`."""

    name = "PostgreSQL"
    baseline_name = "pgbench"
    peer_name = "FastAPI + asyncpg"

    blocks: Inventory
    """The same tokens with the seats of a listing in a row, the listings shuffled."""

    def __init__(self, server: DatabaseServer, folder: Path, tickets: int, workers: int) -> None:
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
        parts: tuple[list[str], list[str]] = ([], [])
        for number in range(tickets):
            parts[number // SEATS % 2].append(str(FIRST_TOKEN + number))
        self.blocks = Inventory(*(_shuffled_blocks(part, chance) for part in parts))
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
        self.vacuum()
        self.checkpoint()

    def vacuum(self) -> None:
        """Remove dead rows."""
        self._execute("VACUUM ANALYZE seatlatch.tickets")

    def checkpoint(self) -> None:
        """Write all changed pages. The next change of a page writes all of it into the log."""
        self._execute("CHECKPOINT")

    def touch(self) -> None:
        """Write every page of the table into the log, as some minutes of work would."""
        self._execute(TOUCH)

    def baseline(self, turn: Turn) -> Figures:
        """Run pgbench without HTTP: one UPDATE of `turn.size` tickets in each transaction.

        Its own processor time is that of the service in the other measurements.
        """
        for log in self._folder.glob("pgbench.*"):
            log.unlink()
        command = self._pgbench_command(turn)
        own_before, database_before = _children_cpu_seconds(), self.cpu_seconds()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        own = _children_cpu_seconds() - own_before
        database = self.cpu_seconds() - database_before
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        made = re.search(r"transactions actually processed: (\d+)", done.stdout)
        assert found, done
        assert made, done
        assert "number of failed transactions: 0 " in done.stdout, done
        latencies_ms = sorted(
            int(line.split()[2]) / 1000
            for log in self._folder.glob("pgbench.*")
            for line in log.read_text().splitlines()
        )
        each = 1e6 / int(made[1])
        return Figures(
            float(found[1]),
            latencies_ms[len(latencies_ms) // 2],
            latencies_ms[len(latencies_ms) * 99 // 100],
            own * each,
            database * each,
        )

    def _pgbench_command(self, turn: Turn) -> list[str]:
        script = self._folder / "flip.sql"
        names = [f"n{number}" for number in range(turn.size)]
        chance = "".join(f"\\set {name} random(0, {self._tickets - 1})\n" for name in names)
        tokens = ", ".join(f"({FIRST_TOKEN} + :{name})::text" for name in names)
        script.write_text(chance + FLIP.format(tokens=tokens).replace("\n", " "))
        return [
            *(str(_pgbench()), "--no-vacuum", "--protocol=prepared", f"--file={script}"),
            *(f"--client={CLIENTS}", f"--jobs={THREADS}"),
            *("--log", f"--log-prefix={self._folder / 'pgbench'}", f"--sampling-rate={SAMPLED}"),
            *(f"--time={max(1, round(turn.seconds))}", self.url),
        ]

    def changes(self) -> int:
        """The total number of changes to the tickets."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SELECT sum(revision - 1) FROM seatlatch.tickets").fetchone()
        assert row
        return int(row[0])

    def cpu_seconds(self) -> float:
        """The processor time of the server and all its processes."""
        return Processes(self._server.pid).cpu_seconds()

    def settings(self) -> Mapping[str, str]:
        """The version, and the settings in effect."""
        with psycopg.connect(self.url) as connection:
            found = {
                name: str(connection.execute(f"SHOW {name}".encode()).fetchall()[0][0])
                for name in ("server_version", *options())
            }
        return {self.name: found.pop("server_version"), **found}

    def _execute(self, sql: str, *values: Any) -> int:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.encode(), values or None).rowcount


class OwnEngine(PostgresEngine):
    """An inventory on a server of its own."""

    def __init__(self, server: PostgresServer, folder: Path, tickets: int, workers: int) -> None:
        self._own_server = server
        super().__init__(server, folder, tickets, workers)

    def restart(self, shared_buffers_mebibytes: int) -> None:
        """Restart the server with another amount of memory."""
        self._execute(f"ALTER SYSTEM SET shared_buffers = '{shared_buffers_mebibytes}MB'")
        self._own_server.stop()
        self._own_server.start()


def _shuffled_blocks(tokens: Sequence[str], chance: random.Random) -> Sequence[str]:
    blocks = [tokens[at : at + SEATS] for at in range(0, len(tokens), SEATS)]
    chance.shuffle(blocks)
    return [token for block in blocks for token in block]


def _children_cpu_seconds() -> float:
    """The processor time of the child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _pgbench() -> Path:
    package = installed()
    assert package, "install requirements-dev.lock, which brings pgbench with PostgreSQL"
    return package / INSTALLED / "bin" / "pgbench"
