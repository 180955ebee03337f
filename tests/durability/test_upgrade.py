"""To the next version under load and back again: every response is 200, and nothing is lost.

The next version has a migration more, of the kind that adds. This version runs beside it, also when
it was started after the migration.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from seatlatch import __version__
from tests import web
from tests.databases import Database
from tests.durability import next_version
from tests.durability.balancer import Balancer, balancer
from tests.durability.callers import READY, Callers, states_of
from tests.durability.fault_scenarios import (
    CHANGES,
    HEALED_SECONDS,
    TOKENS,
    ServersDatabase,
    WatchedServer,
    an_inventory,
)
from tests.durability.next_version import NextVersion
from tests.durability.processes import ServerProcess
from tests.forkserver import Command
from tests.journals import disagreements
from tests.serving import UNLOCK, VERIFY, fill, listed, valid_headers
from tests.waiting import until

DRAIN_SECONDS = "1"
ANSWERS = 10
EVENTS = "/v1/events"
WAITS = """
SELECT 1 FROM pg_locks
WHERE relation = 'seatlatch.tickets'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted
"""


@pytest.fixture(scope="module")
def following(tmp_path_factory: pytest.TempPathFactory) -> NextVersion:
    return NextVersion(tmp_path_factory.mktemp("next"))


class Rolling:
    """Two servers behind HAProxy, and callers. Each server can be replaced."""

    def __init__(self, url: str, errors: Path) -> None:
        self._url = url
        self._errors = errors
        self.servers = {name: self.new() for name in ("one", "two")}
        self.ports = {name: server.begun() for name, server in self.servers.items()}

    def new(self, version: NextVersion | None = None) -> ServerProcess:
        """A server of this version, or of the next one, that begins."""
        settings = {"SEATLATCH_DRAIN_SECONDS": DRAIN_SECONDS}
        start = version.start if version else Command
        return ServerProcess(self._url, self._errors, start, **settings)

    def replace(self, front: Balancer, name: str, version: NextVersion | None = None) -> None:
        """Stop one in order, and use another one in its place."""
        taking_over = self.new(version)
        assert self.servers[name].stop() == 0
        self.servers[name] = taking_over
        self.ports[name] = taking_over.begun()
        front.use(name, self.ports[name])

    def versions(self) -> set[str]:
        """The versions that serve."""
        start = {"Accept": "application/json"}
        return {
            web.get(f"http://127.0.0.1:{port}/", headers=start).json()["version"]
            for port in self.ports.values()
        }

    def close(self) -> None:
        """End all."""
        for server in self.servers.values():
            server.kill()


@contextmanager
def rolling(database: ServersDatabase, errors: Path) -> Iterator[tuple[Rolling, Balancer]]:
    made = Rolling(database.url, errors)
    try:
        with balancer(list(made.ports.values())) as front:
            yield made, front
    finally:
        made.close()


@contextmanager
def a_reader(port: int) -> Iterator[list[int]]:
    """Waits for events all the time; yields the statuses that it got."""
    statuses: list[int] = []
    over = threading.Event()

    def read() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            while not over.is_set():
                found = client.get(EVENTS, params={"wait": 2}, headers=valid_headers())
                statuses.append(found.status_code)

    thread = threading.Thread(target=read, name="reader")
    thread.start()
    try:
        yield statuses
    finally:
        over.set()
        thread.join(30)


def test_every_response_is_200_on_the_way_there_and_back(
    server: WatchedServer, tmp_path: Path, following: NextVersion
) -> None:
    errors = tmp_path / "errors"
    with (
        an_inventory(server) as database,
        rolling(database, errors) as (servers, front),
        Callers([front.port], TOKENS, 2) as callers,
        a_reader(front.port) as statuses,
    ):

        def is_answered() -> None:
            callers.wait_for({CHANGES: 200, VERIFY: 200}, HEALED_SECONDS, times=ANSWERS)

        is_answered()
        migrate_beside_a_dump(database, following, is_answered)
        servers.replace(front, "one", following)
        is_answered()
        servers.replace(front, "two")
        assert servers.versions() == {__version__, next_version.VERSION}, "side by side"
        is_answered()
        servers.replace(front, "one")
        assert servers.versions() == {__version__}, "and back"
        is_answered()
        callers.stop()
        refused = [one for one in callers.answers if one.status != 200 and one.route != READY]
        assert (refused, callers.wrong) == ([], [])
        assert callers.lost(states_of(database.rows())) == {}
        assert disagreements(database) == []
    assert set(statuses) == {200}
    logged = [json.loads(line) for line in errors.read_text().splitlines()]
    assert [line for line in logged if line.get("route") != READY] == [], "one that stops says so"


def migrate_beside_a_dump(
    database: ServersDatabase, following: NextVersion, is_answered: Callable[[], None]
) -> None:
    """Migrate while a transaction that reads the tickets, as a dump does, keeps the migration from
    them. It waits for them only briefly, so all others go on.
    """
    with (
        psycopg.connect(database.url) as dump,
        psycopg.connect(database.url, autocommit=True) as hand,
    ):
        dump.execute("SELECT FROM seatlatch.tickets LIMIT 1")
        with following.migrating(database.url) as migrating:
            until(lambda: hand.execute(WAITS).fetchall(), 60)
            is_answered()
            assert migrating.poll() is None
            dump.rollback()
            done, errors = migrating.communicate(timeout=30)
    assert (migrating.returncode, errors) == (0, ""), errors
    assert f"_{next_version.NAME}." in done


@pytest.mark.only_on("sqlite")
def test_on_sqlite_a_stop_leads_there_and_another_one_back(
    database: Database, tmp_path: Path, following: NextVersion
) -> None:
    """One process serves a file. Going back needs no backup: what was changed since stays."""
    fill(database, [listed(token) for token in ("a", "b", "c")])
    errors = tmp_path / "errors"
    unlock_by(ServerProcess(database.url, errors), "a")
    following.migrate(database.url)
    unlock_by(ServerProcess(database.url, errors, following.start), "b")
    unlock_by(ServerProcess(database.url, errors), "c")
    assert database.mpreserve_of() == {"a": False, "b": False, "c": False}
    assert disagreements(database) == []
    assert errors.read_text() == ""


def unlock_by(process: ServerProcess, token: str) -> None:
    """Unlock a ticket by a server, and stop it."""
    try:
        url = f"http://127.0.0.1:{process.begun()}{UNLOCK}"
        done = web.put(url, json={"tokens": [token]}, headers=valid_headers())
        assert done.status_code == 200
        assert process.stop() == 0
    finally:
        process.kill()
