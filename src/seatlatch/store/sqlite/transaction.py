"""A transaction on SQLite, composed of its parts. Each part is created on use."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path

import apsw

from seatlatch.store.sql.snapshot import SqlSnapshot, SqlTransaction
from seatlatch.store.sql.tickets import SqlTicketReader
from seatlatch.store.sqlite.errors import in_a_command
from seatlatch.store.sqlite.executor import SqliteExecutor, utc_now
from seatlatch.store.sqlite.journal import SqliteJournal, SqliteJournalReader
from seatlatch.store.sqlite.opening import open_database
from seatlatch.store.sqlite.tickets import SqliteTickets

TEST_WRITE = "UPDATE database_use SET database_use = database_use"


@contextmanager
def reading(path: Path) -> Iterator["SqliteSnapshot"]:
    """A snapshot of an existing database, for a command. Raises `DatabaseProblem`."""
    connection = open_database(path, None, to_write=False)
    try:
        with in_a_command(path):
            connection.execute("BEGIN")
            yield SqliteSnapshot(connection, utc_now())
    finally:
        connection.close()


class SqliteSnapshot(SqlSnapshot):
    """See `store.interface.Snapshot`. The transaction is open, its timestamp is `timestamp`."""

    def __init__(self, connection: apsw.Connection, timestamp: datetime) -> None:
        self._sqlite = SqliteExecutor(connection, timestamp)
        super().__init__(self._sqlite)

    @property
    def tickets(self) -> SqlTicketReader:
        """Tickets."""
        return SqlTicketReader(self._sqlite)

    @property
    def journal(self) -> SqliteJournalReader:
        """The journal."""
        return SqliteJournalReader(self._sqlite)


class SqliteTransaction(SqlTransaction):
    """See `store.interface.Transaction`. It already holds SQLite's one write lock."""

    def __init__(self, connection: apsw.Connection, timestamp: datetime) -> None:
        self._sqlite = SqliteExecutor(connection, timestamp)
        super().__init__(self._sqlite)

    @property
    def tickets(self) -> SqliteTickets:
        """Tickets."""
        return SqliteTickets(self._sqlite)

    @cached_property
    def journal(self) -> SqliteJournal:
        """The journal."""
        return SqliteJournal(self._sqlite)

    async def test_write(self) -> None:
        """Check that an entry can be recorded, and write a row unchanged. SQLite writes its page to
        the log, which fails on a full disk.
        """
        await self.journal.check_head()
        self._sqlite.connection.execute(TEST_WRITE)
