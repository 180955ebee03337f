"""The inventory of a benchmark: a real database, a real server on it, and the bare loop."""

import http.client
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import apsw

from bench.load import LISTING_ID, PRICE, SOURCE
from seatlatch.auth.keys import hash_secret
from seatlatch.store.interface import NewTicket
from seatlatch.store.sqlite.opening import open_database
from seatlatch.wiring import make_database, open_provisioning

CHANNEL = "bench-channel"
APPLICATION = "com.example.bench"
API_KEY = "bench-api-key"
ACCESS_TOKEN = "bench-access-token"
CREDENTIALS = {
    "Authorization": f"Bearer {ACCESS_TOKEN}",
    "PAC-Application-ID": APPLICATION,
    "PAC-API-Key": API_KEY,
    "PAC-Channel-Code": CHANNEL,
}

AUTOCHECKPOINT_PAGES = 48_000
"""As often as the server checkpoints."""

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
LISTED, UNLISTED = "listed", "unlisted"
"""The sections of the inventory: how its tickets are at the start of every round."""

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


class Inventory(NamedTuple):
    """The tokens of its tickets, shuffled, by how they are at the start of every round."""

    listed: Sequence[str]
    unlisted: Sequence[str]


class Server(NamedTuple):
    """A running server. `start_seconds`: from its start to its first answer."""

    port: int
    pid: int
    start_seconds: float

    def resident_mebibytes(self) -> float:
        """The memory that it holds now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_inventory(path: Path, tickets: int) -> Inventory:
    """A database with so many tickets, every other one listed by one channel."""
    url = f"sqlite:///{path}"
    make_database(url)
    chance = random.Random(20261123)
    tokens = [str(10_000_000_000 + number) for number in chance.sample(range(10**10), tickets)]
    inventory = Inventory(tokens[::2], tokens[1::2])
    listed = frozenset(inventory.listed)
    with open_provisioning(url) as provisioning:
        provisioning.add_organization("1001", "Bench")
        provisioning.add_channel(CHANNEL, "Bench", ["1001"])
        provisioning.add_application(APPLICATION, CHANNEL)
        provisioning.add_api_key(APPLICATION, hash_secret(API_KEY.encode()))
        provisioning.add_access_token(APPLICATION, hash_secret(ACCESS_TOKEN.encode()))
        provisioning.add_tickets(
            NewTicket(
                token, "1001", "234567", "EVENT", LISTED if token in listed else UNLISTED, "A", "1"
            )
            for token in sorted(tokens)
        )
    restore(path)
    return inventory


def restore(path: Path) -> int:
    """Bring every ticket back to how it was, outside of any timing; how many were not so."""
    connection = open_database(path, "inventory")
    connection.execute(RELIST, (CHANNEL, *LISTING))
    restored = connection.changes()
    connection.execute(UNLIST)
    restored += connection.changes()
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    return restored


def bare_loop(
    path: Path, unlocks: Sequence[Sequence[str]], locks: Sequence[Sequence[str]], seconds: float
) -> float:
    """The same writes in turn, one durable transaction each, without HTTP; how many a second."""
    connection = open_database(path, "inventory")
    connection.wal_autocheckpoint(AUTOCHECKPOINT_PAGES)
    started = perf_counter()
    done = 0
    for unlock, lock in zip(unlocks, locks, strict=True):
        if perf_counter() - started > seconds:
            break
        _write(connection, BARE_UNLOCK, [(token, CHANNEL) for token in unlock])
        _write(connection, BARE_LOCK, [(token, CHANNEL, *LISTING) for token in lock])
        done += 2
    rate = done / (perf_counter() - started)
    connection.close()
    return rate


def _write(connection: apsw.Connection, sql: str, bindings: Sequence[tuple[str, ...]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(sql, bindings).fetchall()
    connection.execute("COMMIT")


@contextmanager
def running_server(path: Path) -> Iterator[Server]:
    """`seatlatch serve` on the database, with its limits and its log on."""
    environment = {
        **os.environ,
        "SEATLATCH_RATE_LIMIT": "1000000:1000000",
        "SEATLATCH_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-m", "seatlatch", "serve", "--port", "0", "--json"]
    started = perf_counter()
    with (
        (path.parent / "server.log").open("wb") as log,
        subprocess.Popen(
            [*command, "--database", f"sqlite:///{path}"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["url"].rpartition(":")[2])
        try:
            _first_answer(port)
            yield Server(port, process.pid, perf_counter() - started)
        finally:
            process.terminate()


def _first_answer(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/readyz")
    assert connection.getresponse().status == 200
    connection.close()
