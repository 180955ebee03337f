"""Importing into SQLite: records are staged in a temporary database, sorted, and merged."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import apsw

from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.importing import (
    BadLine,
    OrganizationGone,
    Portion,
    foreign_ticket,
    repeated_token,
)
from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sql.access import ORGANIZATION_EXISTS
from seatlatch.store.sql.tickets import RECORD, UPDATE_EXISTING
from seatlatch.store.sqlite.errors import in_a_command
from seatlatch.store.sqlite.executor import translated
from seatlatch.store.sqlite.opening import open_database

PORTION_TOKENS = 3_000
"""Tickets in one transaction. Each ticket changes six indexes, most of them in another place, and
other writers wait for the lock meanwhile.
"""

PAUSE_SECONDS = 0.005
"""Pause between two portions: longer than the interval at which a waiting server retries the lock.
"""

LOG_PAGES = 64_000
"""Pages after which the write-ahead log is copied into the database. Barcodes, seats and owners are
in random order, so each portion changes pages all over their indexes, and mostly the same ones as
the last.
"""

CACHE_KIBIBYTES = 98_304
"""More than a server uses, for the same reason."""

STAGING_CACHE_KIBIBYTES = 16_384

# The name '' makes a temporary file that disappears with the process.
ATTACH = f"""
ATTACH '' AS staging;
PRAGMA staging.journal_mode = OFF;
PRAGMA staging.cache_size = -{STAGING_CACHE_KIBIBYTES};
CREATE TABLE staging.lines (
    line INTEGER PRIMARY KEY, token TEXT, owner_id TEXT,
    access_id TEXT, section TEXT, "row" TEXT, seat TEXT, barcode TEXT
);
CREATE TABLE staging.records (
    token TEXT PRIMARY KEY, line INTEGER, owner_id TEXT,
    access_id TEXT, section TEXT, "row" TEXT, seat TEXT, barcode TEXT
) WITHOUT ROWID;
"""
STAGE = """
INSERT INTO staging.lines VALUES (?1, ?2, ?4, nullif(?5, ''), nullif(?6, ''), nullif(?7, ''),
                               nullif(?8, ''), nullif(?9, ''))
"""
SORT = """
INSERT OR IGNORE INTO staging.records
SELECT token, line, owner_id, access_id, section, "row", seat, barcode
FROM staging.lines ORDER BY token, line
"""
REPEATED = """
SELECT line, first
FROM (SELECT line, min(line) OVER (PARTITION BY token) AS first FROM staging.lines)
WHERE line <> first
"""
DROP_LINES = "DROP TABLE staging.lines"
REMOVE_FOREIGN = """
DELETE FROM staging.records WHERE EXISTS (
  SELECT 1 FROM main.tickets
  WHERE tickets.token = records.token AND tickets.organization_id <> ?)
RETURNING line
"""
NEXT_PORTION = """
SELECT max(token), count(*)
FROM (SELECT token FROM staging.records WHERE token > ? ORDER BY token LIMIT ?)
"""
FILL = f"""
INSERT INTO tickets AS t ({RECORD})
SELECT token, ?1, owner_id, access_id, section, "row", seat, barcode
FROM staging.records WHERE token > ?2 AND token <= ?3 ORDER BY token
"""
MERGE = FILL + UPDATE_EXISTING
FOREIGN_LINES = """
SELECT records.line FROM staging.records CROSS JOIN main.tickets USING (token)
WHERE token > ?2 AND token <= ?3 AND tickets.organization_id <> ?1
"""
IS_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM tickets)"
INDEXES = "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'tickets' AND type = 'index'"


@contextmanager
def importing(path: Path, organization_id: str) -> Iterator["SqliteImporting"]:
    """An import into an existing database. Raises `DatabaseProblem`, also for errors inside."""
    connection = open_database(path, "inventory")
    try:
        with in_a_command(path):
            connection.wal_autocheckpoint(LOG_PAGES)
            connection.pragma("cache_size", -CACHE_KIBIBYTES)
            connection.execute(ATTACH).fetchall()
            yield SqliteImporting(connection, organization_id)
    finally:
        connection.close()


@contextmanager
def staging_errors() -> Iterator[None]:
    """Raise `DatabaseProblem` if the disk of the temporary file, not the database's, is full."""
    try:
        yield
    except apsw.FullError as error:
        raise DatabaseProblem(
            f"The folder for temporary files is full ({error});"
            " free some space there, or set TMPDIR to another folder."
        ) from error


class SqliteImporting:
    """See `store.importing.Importing`."""

    def __init__(
        self,
        connection: apsw.Connection,
        organization_id: str,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._organization_id = organization_id
        self._pause = pause

    def stage(self, records: Iterable[tuple[int, TicketRecord]]) -> None:
        """Stage records. Only the temporary file is written, so nothing is locked."""
        rows = ((line, *record) for line, record in records)
        with staging_errors():
            self._connection.execute("BEGIN")
            self._connection.executemany(STAGE, rows)
            self._connection.execute("COMMIT")

    def remove_conflicts(self, report: Callable[[BadLine], None]) -> None:
        """Remove repeated tokens, and other organizations' tickets."""
        lines = self._one("SELECT count(*) FROM staging.lines")
        with staging_errors():
            self._connection.execute(SORT)
        if self._connection.changes() < lines:
            for line, first in self._connection.execute(REPEATED):
                report(repeated_token(cast(int, line), cast(int, first)))
        self._connection.execute(DROP_LINES)
        if self._one(IS_EMPTY):
            return
        for line in self._numbers(REMOVE_FOREIGN, (self._organization_id,)):
            report(foreign_ticket(line))

    def merge(self) -> Iterator[Portion]:
        """Merge the staged records into the inventory."""
        if self._one(IS_EMPTY):
            yield from self._fill()
        for after, last, tokens in self._portions():
            self._begin()
            portion = self._merge(after, last, tokens)
            self._connection.execute("COMMIT")
            yield portion
            self._pause(PAUSE_SECONDS)

    def _fill(self) -> Iterator[Portion]:
        """Fill an empty inventory in one transaction, and rebuild the indexes at its end.

        Updating the index on barcodes ticket by ticket would take longer than everything else. The
        long write lock delays no unlock, since there is no ticket yet.
        """
        self._begin()
        if not self._one(IS_EMPTY):  # another process has added tickets since the first check
            self._connection.execute("ROLLBACK")
            return
        self._connection.pragma(
            "cache_size", -STAGING_CACHE_KIBIBYTES
        )  # tickets are added in order
        indexes = [row for row in self._connection.execute(INDEXES) if row[1]]
        for name, _ in indexes:
            self._connection.execute(f"DROP INDEX {name}")
        for after, last, tokens in self._portions():
            self._connection.execute(FILL, (self._organization_id, after, last))
            yield Portion(tokens, 0, 0, durable=False)
        for _, sql in indexes:
            self._connection.execute(cast(str, sql))
        self._connection.execute("COMMIT")
        self._connection.execute("DELETE FROM staging.records")
        self._connection.pragma("cache_size", -CACHE_KIBIBYTES)
        yield Portion(0, 0, 0, durable=True)

    def _portions(self) -> Iterator[tuple[str, str, int]]:
        """For each portion, the token before its first one, its last token, and its token count."""
        after = ""
        while True:
            values = (after, PORTION_TOKENS)
            ((last, tokens),) = self._connection.execute(NEXT_PORTION, values).fetchall()
            if not tokens:
                return
            yield after, str(last), cast(int, tokens)
            after = str(last)

    def _begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        if not self._one(translated(ORGANIZATION_EXISTS), (self._organization_id,)):
            self._connection.execute("ROLLBACK")
            raise OrganizationGone

    def _merge(self, after: str, last: str, tokens: int) -> Portion:
        values = (self._organization_id, after, last)
        are_new = self._merged(values)
        rest = tokens - len(are_new)
        # A ticket that was not written is unchanged, or another organization has just added it.
        bad = tuple(map(foreign_ticket, self._numbers(FOREIGN_LINES, values))) if rest else ()
        added = sum(are_new)
        return Portion(added, len(are_new) - added, rest - len(bad), durable=True, bad=bad)

    def _merged(self, values: tuple[str, str, str]) -> list[bool]:
        """Merge a portion. For each ticket that was written, whether it is new."""
        return [bool(new) for _, new in self._connection.execute(MERGE, values)]

    def _numbers(self, sql: str, values: tuple[str, ...]) -> Iterator[int]:
        return (cast(int, number) for (number,) in self._connection.execute(sql, values))

    def _one(self, sql: str, values: tuple[str, ...] = ()) -> int:
        return next(self._numbers(sql, values))
