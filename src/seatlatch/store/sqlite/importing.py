"""Importing into SQLite: a pile in a temporary database, sorted once, then merged in portions."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import apsw

from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.importing import BadLine, OrganizationGone, Portion
from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sqlite.errors import in_a_command
from seatlatch.store.sqlite.opening import open_database
from seatlatch.store.sqlite.transaction import BRING_UP_TO_DATE, RECORD

PORTION_TOKENS = 10_000
"""So many tickets hold the write lock for some 50 ms; with barcodes, whose index is changed all
over, for some 200 ms.
"""

BREATH_SECONDS = 0.005
"""Between two portions: longer than a server that waits for the lock takes to look again."""

LOG_PAGES = 64_000
"""The write-ahead log is copied into the database after so many pages: barcodes come in no order,
so that each portion changes pages all over their index, and the next one mostly the same."""

CACHE_KIBIBYTES = 98_304
"""For the same reason more than a server has."""

PILE_CACHE_KIBIBYTES = 16_384

# The name '' makes a temporary file that the system forgets with the process.
ATTACH = f"""
ATTACH '' AS pile;
PRAGMA pile.journal_mode = OFF;
PRAGMA pile.cache_size = -{PILE_CACHE_KIBIBYTES};
CREATE TABLE pile.lines (
    line INTEGER PRIMARY KEY, token TEXT, owner_id TEXT,
    access_id TEXT, section TEXT, "row" TEXT, seat TEXT, barcode TEXT
);
CREATE TABLE pile.records (
    token TEXT PRIMARY KEY, line INTEGER, owner_id TEXT,
    access_id TEXT, section TEXT, "row" TEXT, seat TEXT, barcode TEXT
) WITHOUT ROWID;
"""
PILE_UP = """
INSERT INTO pile.lines VALUES (?1, ?2, ?4, nullif(?5, ''), nullif(?6, ''), nullif(?7, ''),
                               nullif(?8, ''), nullif(?9, ''))
"""
SORT = """
INSERT OR IGNORE INTO pile.records
SELECT token, line, owner_id, access_id, section, "row", seat, barcode
FROM pile.lines ORDER BY token, line
"""
REPEATED = """
SELECT line, first
FROM (SELECT line, min(line) OVER (PARTITION BY token) AS first FROM pile.lines)
WHERE line <> first
"""
EMPTY_LINES = "DROP TABLE pile.lines"
TAKE_OUT_OF_OTHERS = """
DELETE FROM pile.records WHERE EXISTS (
  SELECT 1 FROM main.tickets
  WHERE tickets.token = records.token AND tickets.organization_id <> ?)
RETURNING line
"""
NEXT_PORTION = """
SELECT max(token), count(*)
FROM (SELECT token FROM pile.records WHERE token > ? ORDER BY token LIMIT ?)
"""
FILL = f"""
INSERT INTO tickets ({RECORD})
SELECT token, ?1, owner_id, access_id, section, "row", seat, barcode
FROM pile.records WHERE token > ?2 AND token <= ?3 ORDER BY token
"""
MERGE = FILL + BRING_UP_TO_DATE
OF_OTHERS = """
SELECT records.line FROM pile.records CROSS JOIN main.tickets USING (token)
WHERE token > ?2 AND token <= ?3 AND tickets.organization_id <> ?1
"""
IS_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM tickets)"
INDEXES = "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'tickets' AND type = 'index'"
ORGANIZATION_EXISTS = "SELECT EXISTS (SELECT 1 FROM organizations WHERE organization_id = ?)"


@contextmanager
def importing(path: Path, organization_id: str) -> Iterator["SqliteImporting"]:
    """An import into an existing database. Raises `DatabaseProblem`, also for trouble inside."""
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
def on_the_pile() -> Iterator[None]:
    """Where only the temporary file grows, it is not the database's disk that is full."""
    try:
        yield
    except apsw.FullError as error:
        raise DatabaseProblem(
            f"The folder for temporary files is full ({error});"
            " make room there, or set TMPDIR to another folder."
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

    def pile_up(self, records: Iterable[tuple[int, TicketRecord]]) -> None:
        """Put records on the pile. Only the temporary file is written, so nobody waits."""
        rows = ((line, *record) for line, record in records)
        with on_the_pile():
            self._connection.execute("BEGIN")
            self._connection.executemany(PILE_UP, rows)
            self._connection.execute("COMMIT")

    def take_out_conflicts(self, tell: Callable[[BadLine], None]) -> None:
        """Repeated tokens, and other organizations' tickets."""
        lines = self._one("SELECT count(*) FROM pile.lines")
        with on_the_pile():
            self._connection.execute(SORT)
        if self._connection.changes() < lines:
            for line, first in self._connection.execute(REPEATED):
                tell(BadLine(cast(int, line), "token", f"is in line {first} already"))
        self._connection.execute(EMPTY_LINES)
        if self._one(IS_EMPTY):
            return
        for line in self._numbers(TAKE_OUT_OF_OTHERS, (self._organization_id,)):
            tell(of_another(line))

    def merge(self) -> Iterator[Portion]:
        """Put the pile into the inventory."""
        if self._one(IS_EMPTY):
            yield from self._fill()
        for after, last, tokens in self._portions():
            self._begin()
            portion = self._merge(after, last, tokens)
            self._connection.execute("COMMIT")
            yield portion
            self._pause(BREATH_SECONDS)

    def _fill(self) -> Iterator[Portion]:
        """All of it in one transaction, and the indexes made anew at its end, each in its order.

        Kept up to date ticket by ticket, an index on barcodes would cost more than all the rest.
        """
        self._begin()
        if not self._one(IS_EMPTY):
            self._connection.execute("ROLLBACK")
            return
        self._connection.pragma("cache_size", -PILE_CACHE_KIBIBYTES)  # all goes in in its order
        indexes = [row for row in self._connection.execute(INDEXES) if row[1]]
        for name, _ in indexes:
            self._connection.execute(f"DROP INDEX {name}")
        for after, last, tokens in self._portions():
            self._connection.execute(FILL, (self._organization_id, after, last))
            yield Portion(tokens, 0, 0, durable=False)
        for _, sql in indexes:
            self._connection.execute(cast(str, sql))
        self._connection.execute("COMMIT")
        self._connection.execute("DELETE FROM pile.records")
        self._connection.pragma("cache_size", -CACHE_KIBIBYTES)
        yield Portion(0, 0, 0, durable=True)

    def _portions(self) -> Iterator[tuple[str, str, int]]:
        """The token after which each begins, its last one, and how many it has."""
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
        if not self._one(ORGANIZATION_EXISTS, (self._organization_id,)):
            self._connection.execute("ROLLBACK")
            raise OrganizationGone

    def _merge(self, after: str, last: str, tokens: int) -> Portion:
        values = (self._organization_id, after, last)
        news = self._news(values)
        rest = tokens - len(news)
        # What was not written is so already, or has become another's since it was looked at.
        bad = tuple(map(of_another, self._numbers(OF_OTHERS, values))) if rest else ()
        added = sum(news)
        return Portion(added, len(news) - added, rest - len(bad), durable=True, bad=bad)

    def _news(self, values: tuple[str, str, str]) -> list[bool]:
        """Of each ticket that was written, whether it is new."""
        return [bool(new) for _, new in self._connection.execute(MERGE, values)]

    def _numbers(self, sql: str, values: tuple[str, ...]) -> Iterator[int]:
        return (cast(int, number) for (number,) in self._connection.execute(sql, values))

    def _one(self, sql: str, values: tuple[str, ...] = ()) -> int:
        return next(self._numbers(sql, values))


def of_another(line: int) -> BadLine:
    """A line whose token is the ticket of another organization."""
    return BadLine(line, "token", "belongs to another organization")
