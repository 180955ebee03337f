"""Importing into SQLite: a pile in a temporary database, sorted once, then merged in portions."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import apsw

from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.importing import BadLine, Portion
from seatlatch.store.sqlite.errors import in_a_command
from seatlatch.store.sqlite.opening import open_database
from seatlatch.store.sqlite.transaction import BRING_UP_TO_DATE, RECORD

PORTION_TOKENS = 10_000
"""So many tickets hold the write lock for some 50 ms."""

BREATH_SECONDS = 0.005
"""Between two portions: longer than a server that waits for the lock takes to look again."""

LOG_PAGES = 8_000
"""The write-ahead log is copied into the database after so many pages."""

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
COUNT_LINES = "SELECT count(*) FROM pile.lines"
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
SELECT lines.line, records.line FROM pile.lines JOIN pile.records USING (token)
WHERE lines.line <> records.line ORDER BY lines.line
"""
OF_OTHERS = """
SELECT records.token, records.line FROM pile.records CROSS JOIN main.tickets USING (token)
WHERE tickets.organization_id <> ?
"""
TAKE_OUT = "DELETE FROM pile.records WHERE token = ?"
EMPTY_LINES = "DROP TABLE pile.lines"
NEXT_PORTION = """
SELECT max(token), count(*)
FROM (SELECT token FROM pile.records WHERE token > ? ORDER BY token LIMIT ?)
"""
MERGE = f"""
INSERT INTO tickets ({RECORD})
SELECT token, ?1, owner_id, access_id, section, "row", seat, barcode
FROM pile.records WHERE token > ?2 ORDER BY token LIMIT ?3
{BRING_UP_TO_DATE}
"""


@contextmanager
def importing(path: Path, organization_id: str) -> Iterator["SqliteImporting"]:
    """An import into an existing database. Raises `DatabaseProblem`, also for trouble inside."""
    connection = open_database(path, "inventory")
    try:
        with in_a_command(path):
            connection.wal_autocheckpoint(LOG_PAGES)
            connection.execute(ATTACH).fetchall()
            yield SqliteImporting(connection, organization_id)
    finally:
        connection.close()


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
        self._connection.execute("BEGIN")
        self._connection.executemany(PILE_UP, rows)
        self._connection.execute("COMMIT")

    def take_out_conflicts(self) -> Iterator[BadLine]:
        """Repeated tokens, and other organizations' tickets."""
        ((lines,),) = self._connection.execute(COUNT_LINES).fetchall()
        self._connection.execute(SORT)
        if self._connection.changes() < cast(int, lines):
            for line, first in self._connection.execute(REPEATED):
                yield BadLine(cast(int, line), "token", f"is in line {first} already")
        self._connection.execute(EMPTY_LINES)
        others = self._connection.execute(OF_OTHERS, (self._organization_id,)).fetchall()
        self._connection.executemany(TAKE_OUT, [(token,) for token, _ in others])
        for _, line in others:
            yield BadLine(cast(int, line), "token", "belongs to another organization")

    def merge(self) -> Iterator[Portion]:
        """Put the pile into the inventory, portion by portion."""
        after = ""
        while True:
            values = (after, PORTION_TOKENS)
            ((last, tokens),) = self._connection.execute(NEXT_PORTION, values).fetchall()
            if not tokens:
                return
            yield self._merge(after, cast(int, tokens))
            after = str(last)
            self._pause(BREATH_SECONDS)

    def _merge(self, after: str, tokens: int) -> Portion:
        self._connection.execute("BEGIN IMMEDIATE")
        values = (self._organization_id, after, tokens)
        news = [bool(new) for _, new in self._connection.execute(MERGE, values)]
        self._connection.execute("COMMIT")
        return Portion(sum(news), len(news) - sum(news), tokens - len(news))
