"""A database for a test, whichever engine it is on: how it is opened, and what stands in it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal, Protocol

import pytest

from seatlatch.commit import CommitEach, Committer
from seatlatch.store.interface import DatabaseUse, Result, Store
from seatlatch.wiring import engine_of, with_store
from tests.provisioning import Provisioning, provisioning
from tests.running_loops import running_loop

EngineName = Literal["sqlite", "postgres"]

ENGINES: tuple[EngineName, ...] = ("sqlite", "postgres")
"""On which engines the tests run. `postgres` is added when its store lands."""

Row = dict[str, Any]
"""A row by column, the same on every engine: flags are bool, moments aware UTC, hashes bytes, and
prices text to the last zero, for as a Decimal 12.5 would equal 12.50.
"""

MOMENTS = frozenset({"expires_at", "hold_expires_at"})
IN_THE_JOURNAL = frozenset({"entry_id", "previous_entry_id"})
FLAGS = frozenset({"voided", "mpreserve"})
PRICES = frozenset({"total_price", "individual_price"})


Work = Callable[["Database"], object]

ON_SQLITE = pytest.mark.only_on("sqlite")


def with_nul(text: str) -> list[pytest.MarkDecorator]:
    """The marks of a case that puts `text` into a database: PostgreSQL can't hold NUL."""
    return [ON_SQLITE] if "\0" in text else []


class Clock:
    """A database's clock that stands until it is moved."""

    def __init__(self, now: datetime, moved: Callable[[datetime], object] = lambda _now: None):
        self._now = now
        self._moved = moved

    @property
    def now(self) -> datetime:
        """The moment that it shows."""
        return self._now

    @now.setter
    def now(self, now: datetime) -> None:
        self._moved(now)
        self._now = now


class Database(ABC):
    """See the module. It exists, with our schema, until `drop`.

    Who opens it `at` a moment or a clock goes by that, everybody else by the true time.

    `make`: makes it when it is first used, as a copy of a database on which this work was done.
    """

    engine: EngineName
    breach: tuple[type[Exception], ...]
    """What is raised when the database's own rules forbid something."""

    def __init__(
        self, url: str, use: DatabaseUse, make: Callable[[Work | None], object] | None = None
    ) -> None:
        self._url = url
        self._make = make
        self.use = use

    @property
    def url(self) -> str:
        """Its URL."""
        self._made()
        return self._url

    def begin_with(self, work: Work) -> None:
        """Do some work that is the same for many tests. On a database that nobody has used yet it
        is not done again: the database becomes a copy of one on which it was done.
        """
        if self._make:
            self._made(work)
        else:
            work(self)

    def _made(self, work: Work | None = None) -> None:
        make, self._make = self._make, None
        if make:
            make(work)

    @abstractmethod
    def clock(self, now: datetime) -> Clock:
        """A clock that stands at `now`, for those who are opened `at` it."""

    def store(self, at: datetime | Clock | None = None, *, is_patient: bool = False) -> Store:
        """As a server opens it, or with `is_patient` a command."""
        if at is None:
            return engine_of(self.url).open_store(self.use, is_patient=is_patient)
        return self._store_by(self.clock(at) if isinstance(at, datetime) else at)

    def provisioning(
        self, at: datetime | Clock | None = None
    ) -> AbstractContextManager[Provisioning]:
        """A transaction that changes callers and what they may see, as a command makes it."""
        return provisioning(self.store(at, is_patient=True))

    def change(self, ask: Callable[[Committer], Awaitable[Result]]) -> Result:
        """What `ask` returns, which submits changes as a command does."""
        with running_loop(None):
            return with_store(self.url, lambda store: ask(CommitEach(store)), self.use)

    @abstractmethod
    def _store_by(self, clock: Clock) -> Store: ...

    @abstractmethod
    def wait_for_locks(self, patch: pytest.MonkeyPatch, seconds: float) -> None:
        """Let who writes wait for so long for somebody else's change; before it is opened."""

    @abstractmethod
    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run SQL by hand, in a transaction of its own: `?` for each value, rows as they come."""

    @abstractmethod
    def table(self, name: str) -> list[Row]:
        """All rows of a table, in no order."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[object]:
        """Somebody else is in the midst of a change, so that nobody can write but all can read."""

    @abstractmethod
    def away(self) -> AbstractContextManager[object]:
        """The database is out of reach for a while, also for who has it open."""

    @abstractmethod
    def kept(self) -> dict[str, bytes]:
        """All that is kept in it as it stands there, in parts by name."""

    @abstractmethod
    def drop(self) -> None:
        """It is needed no more."""

    @property
    def name(self) -> str:
        """What it is called wherever it is told: its URL without a password."""
        return engine_of(self.url).name

    def rows(self) -> dict[str, Row]:
        """Every ticket's whole row, by token, but where the journal tells of it."""
        rows = self.table("tickets")
        return {
            row["token"]: {name: row[name] for name in row if name not in IN_THE_JOURNAL}
            for row in rows
        }

    def mpreserve_of(self) -> dict[str, bool]:
        """Every ticket's mpreserve, by token."""
        found = self.execute("SELECT token, mpreserve FROM tickets")
        return {token: bool(mpreserve) for token, mpreserve in found}


class Maker(Protocol):
    """Makes databases on one engine. Who asks for one drops it."""

    def migrated(self, use: DatabaseUse) -> Database:
        """One that has our schema, and nothing in it."""

    def unmade(self, use: DatabaseUse) -> Database:
        """The same, but made when it is first used."""

    def blank(self, use: DatabaseUse) -> Database:
        """One as it is before `seatlatch migrate`, to be made for this use."""


class Databases:
    """Databases for some tests, which are all dropped in the end."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._made: list[Database] = []

    def new(self, use: DatabaseUse = "inventory") -> Database:
        """One more, with nothing in it."""
        return self._noted(self._maker.unmade(use))

    def blank(self, use: DatabaseUse = "inventory") -> Database:
        """One more, as it is before `seatlatch migrate`."""
        return self._noted(self._maker.blank(use))

    def _noted(self, database: Database) -> Database:
        self._made.append(database)
        return database

    def drop(self, database: Database) -> None:
        """One that is needed no more."""
        self._made.remove(database)
        database.drop()

    def close(self) -> None:
        """Drop those that are left."""
        while self._made:
            self._made.pop().drop()
