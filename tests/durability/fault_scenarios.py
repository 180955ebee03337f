"""A service on a PostgreSQL server of its own, with callers, so that a bad day can come over it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, Protocol

import psycopg

from seatlatch.logs import Log
from seatlatch.store.interface import Store
from seatlatch.store.tickets import NewTicket
from seatlatch.wiring import engine_of
from tests.databases import Clock, Database
from tests.durability.callers import READY, Callers, states_of
from tests.durability.mixed_load import State
from tests.postgres import START_SECONDS, PostgresServer
from tests.postgres_database import MAINTENANCE, PostgresDatabase, PostgresMaker
from tests.serving import ORGANIZATION, OWNER, UNLOCK, VERIFY, Served, fill, serving
from tests.waiting import until

TICKETS = 400
TOKENS = [f"ticket-{number:03}" for number in range(TICKETS)]
FREE_TOKENS = [f"free-{number}" for number in range(40)]
"""Tickets that no caller works with."""

CHANGES = UNLOCK
"""The name under which callers keep what they change."""

EVERYTHING = (CHANGES, VERIFY, READY)
REFUSED_SECONDS = 5
HEALED_SECONDS = 10


class Located(Protocol):
    """What has databases: a server, or several that are one to their clients."""

    def __hash__(self) -> int: ...

    def url(self, database: str) -> str:
        """The URL of one of its databases."""


class WatchedServer(PostgresServer):
    """A server that somebody watches, as systemd would."""

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self._data

    def become_standby(self) -> None:
        """At its next start it only follows: a primary that it does not have."""
        standby = self.data / "standby.signal"
        standby.touch()
        os.chown(standby, self.data.stat().st_uid, self.data.stat().st_gid)

    def watch(self) -> None:
        """Wait until it lets in again; start it if it has ended by itself."""
        deadline = monotonic() + START_SECONDS
        while not self._lets_in():
            assert monotonic() < deadline, self._log.read_text(errors="replace")
            if self._process and self._process.poll() is not None:
                self.start()


class ServersDatabase(PostgresDatabase):
    """A database as a server has it that is told of no pooler, at an address of its own if it has
    one: a way there that gets blocked.
    """

    address: str | None = None

    def store(self, at: datetime | Clock | None = None, *, is_patient: bool = False) -> Store:
        """As a server opens it."""
        assert at is None
        return engine_of(self.address or self.url, "none").open_store(
            self.use, is_patient=is_patient
        )

    def moved_to(self, server: Located) -> None:
        """From now on it is the copy on another server."""
        self._disconnect()
        self._url = server.url(self.database)
        self._maintenance = server.url(MAINTENANCE)

    def let_go(self) -> None:
        """Close the connection of the test's own hand, which may be dead."""
        self._disconnect()


class Day(NamedTuple):
    """A running service and who calls it."""

    server: WatchedServer
    database: ServersDatabase
    served: Served
    callers: Callers

    def is_refused(self, *routes: str) -> None:
        """All that is asked from now on is refused, and soon."""
        refused = dict.fromkeys(routes or EVERYTHING, 503)
        self.callers.wait_for(refused, 2 * REFUSED_SECONDS)

    def is_answered(self, *routes: str) -> None:
        """All that is asked is answered again, without anybody's doing."""
        done = dict.fromkeys(routes or EVERYTHING, 200)
        self.callers.wait_for(done, HEALED_SECONDS, times=3)

    def on_server(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement by a connection of its own."""
        with psycopg.connect(self.server.url(MAINTENANCE), autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def lost(self) -> dict[str, State]:
        """What is not as it was acknowledged, once all that was asked for is."""
        with self.callers.paused(HEALED_SECONDS):
            self.database.let_go()
            return self.callers.lost(states_of(self.database.rows()))

    @property
    def name(self) -> str:
        """The database's, on its server."""
        return self.database.database


@cache
def maker_of(server: Located) -> PostgresMaker:
    """What makes a server's databases. On a durable one, to copy files would mean to sync each."""
    return PostgresMaker(server.url, "WAL_LOG")


def add_all_tickets(database: Database) -> None:
    """Put callers, TOKENS and FREE_TOKENS into a database."""
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in TOKENS + FREE_TOKENS])


@contextmanager
def an_inventory(server: Located) -> Iterator[ServersDatabase]:
    """A database with TOKENS and FREE_TOKENS, removed if all went well."""
    made = maker_of(server).unmade("inventory")
    made.begin_with(add_all_tickets)
    database = ServersDatabase(server.url, made.database, "inventory")
    try:
        yield database
    finally:
        database.let_go()
    database.drop()


@contextmanager
def a_day(
    server: WatchedServer,
    address: str | None = None,
    *,
    callers: int = 4,
    seed: int = 0,
    prepare: str = "",
    around: Callable[[Store], Store] | None = None,
    log: Log | None = None,
) -> Iterator[Day]:
    """A service that answers, and its callers; in the end all that was promised was kept.

    The first use of their key is noted before, because that is a commit in the background.

    `address`: by which URL the service reaches its database, with `{name}` in it. `prepare`: SQL
    that is run there before it. `around`, `log`: see `serving`.
    """
    with an_inventory(server) as database:
        if address:
            database.address = address.format(name=database.database)
        if prepare:
            database.execute(prepare)
        with (
            serving(database, around=around, log=log) as served,
            Callers([served.port], TOKENS, callers, seed) as calling,
        ):
            day = Day(server, database, served, calling)
            day.is_answered()
            until(lambda: any(row["last_used_at"] for row in database.table("api_keys")))
            yield day
        database.let_go()
        calling.check(states_of(database.rows()))
