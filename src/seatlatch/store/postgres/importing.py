"""Importing into PostgreSQL: records are staged in temporary tables, checked, and merged."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.importing import (
    BadLine,
    OrganizationGone,
    Portion,
    foreign_ticket,
    repeated_token,
)
from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.executor import translated
from seatlatch.store.postgres.schema import (
    LOCK_ORGANIZATIONS,
    SyncConnection,
    connected,
    durable,
    one_row,
    require_ours,
)
from seatlatch.store.sql.access import ORGANIZATION_EXISTS
from seatlatch.store.sql.tickets import RECORD, UPDATE_EXISTING

PORTION_TOKENS = 2_000
"""The number of tickets that one transaction locks. Requests for these tickets wait until it ends.
"""

BACKEND_PID = "SELECT pg_backend_pid()"
NO_STATEMENT_TIMEOUT = "SET statement_timeout = 0"
WAIT_FOR_NO_STANDBY = "SET synchronous_commit = local"
"""For temporary tables and statistics. Their commits would wait for a standby too, without a limit.
"""
WAIT_FOR_STANDBYS = "RESET synchronous_commit"
MAKE_LINES = """
CREATE TABLE pg_temp.lines (
    line integer, token text COLLATE "C", organization_id text, owner_id text, access_id text,
    section text, "row" text, seat text, barcode text
)
"""
STAGE = f"COPY pg_temp.lines (line, {RECORD}) FROM STDIN"
SORT = """
CREATE TABLE pg_temp.records AS
SELECT *
FROM (SELECT *, row_number() OVER (PARTITION BY token ORDER BY line) AS turn FROM pg_temp.lines)
  AS lines
WHERE turn = 1
ORDER BY token
"""
REPEATED = """
SELECT line, first
FROM (SELECT line, min(line) OVER (PARTITION BY token) AS first FROM pg_temp.lines) AS lines
WHERE line <> first
"""
DROP_LINES = "DROP TABLE pg_temp.lines"
INDEX_RECORDS = "ALTER TABLE pg_temp.records ADD PRIMARY KEY (token)"
ANALYZE_RECORDS = "ANALYZE pg_temp.records"
ANALYZE_TICKETS = "ANALYZE seatlatch.tickets"
"""Makes running servers replace query plans that were made for a small table. A user who does not
own the table only gets a warning.
"""
REMOVE_FOREIGN = """
DELETE FROM pg_temp.records USING seatlatch.tickets
WHERE tickets.token = records.token AND tickets.organization_id <> %s
RETURNING records.line
"""
NEXT_PORTION = """
SELECT max(token), count(*)
FROM (SELECT token FROM pg_temp.records WHERE token > %s ORDER BY token LIMIT %s) AS portion
"""
MERGE = f"""
INSERT INTO seatlatch.tickets AS t ({RECORD})
SELECT token, organization_id, owner_id, nullif(access_id, ''), nullif(section, ''),
       nullif("row", ''), nullif(seat, ''), nullif(barcode, '')
FROM pg_temp.records WHERE token > %s AND token <= %s ORDER BY token
{UPDATE_EXISTING}
"""
FOREIGN_LINES = """
SELECT records.line FROM pg_temp.records JOIN seatlatch.tickets USING (token)
WHERE token > %s AND token <= %s AND tickets.organization_id <> records.organization_id
"""


@contextmanager
def importing(address: Address, organization_id: str) -> Iterator["PostgresImporting"]:
    """An import into an existing database. Raises `DatabaseProblem`, also for errors inside.

    Temporary tables belong to one session, so an import needs a connection without a pooler.
    """
    with connected(address) as connection:
        _require_no_pooler(connection, address)
        require_ours(connection, address, "inventory", to_write=True)
        connection.execute(WAIT_FOR_NO_STANDBY)
        connection.execute(MAKE_LINES)
        connection.execute(NO_STATEMENT_TIMEOUT)
        yield PostgresImporting(connection, address, organization_id)


def _require_no_pooler(connection: SyncConnection, address: Address) -> None:
    """Raise `DatabaseProblem` behind a pooler, where the staged records would be lost.

    A pooler may use another session for each transaction, and reports a process id of its own.
    """
    if one_row(connection, BACKEND_PID)[0] != connection.info.backend_pid:
        raise DatabaseProblem(
            f"The database {address.name} is reached through a pooler, and an import needs a"
            " session of its own. Use the URL of PostgreSQL itself."
        )


class PostgresImporting:
    """See `store.importing.Importing`."""

    def __init__(self, connection: SyncConnection, address: Address, organization_id: str) -> None:
        self._connection = connection
        self._address = address
        self._organization_id = organization_id

    def stage(self, records: Iterable[tuple[int, TicketRecord]]) -> None:
        """Stage records in a table of this session, so nothing is locked."""
        with self._connection.cursor() as cursor, cursor.copy(STAGE) as copy:
            for line, record in records:
                copy.write_row((line, *record))

    def remove_conflicts(self, report: Callable[[BadLine], None]) -> None:
        """Remove repeated tokens, and other organizations' tickets."""
        self._connection.execute(SORT)
        for line, first in self._connection.execute(REPEATED):
            report(repeated_token(line, first))
        self._connection.execute(DROP_LINES)
        self._connection.execute(INDEX_RECORDS)
        self._connection.execute(ANALYZE_RECORDS)
        for (line,) in self._rows(REMOVE_FOREIGN, self._organization_id):
            report(foreign_ticket(line))

    def merge(self) -> Iterator[Portion]:
        """Merge the staged records into the inventory."""
        self._connection.execute(WAIT_FOR_STANDBYS)
        after = ""
        while True:
            ((last, tokens),) = self._rows(NEXT_PORTION, after, PORTION_TOKENS)
            if not tokens:
                self._connection.execute(WAIT_FOR_NO_STANDBY)
                self._connection.execute(ANALYZE_TICKETS)
                return
            # Portions follow the order of tokens, in which every transaction locks tickets, so an
            # import and the requests beside it cannot deadlock.
            with durable(self._connection, self._address):
                portion = self._merge(after, last, tokens)
            yield portion
            after = last

    def _merge(self, after: str, last: str, tokens: int) -> Portion:
        self._connection.execute(LOCK_ORGANIZATIONS)
        values = {"organization_id": self._organization_id}
        ((exists,),) = self._connection.execute(translated(ORGANIZATION_EXISTS), values).fetchall()
        if not exists:
            raise OrganizationGone
        are_new = [bool(new) for _, new in self._rows(MERGE, after, last)]
        rest = tokens - len(are_new)
        # A ticket that was not written is unchanged, or another organization has just added it.
        bad = (
            tuple(foreign_ticket(line) for (line,) in self._rows(FOREIGN_LINES, after, last))
            if rest
            else ()
        )
        added = sum(are_new)
        return Portion(added, len(are_new) - added, rest - len(bad), durable=True, bad=bad)

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.encode(), values).fetchall()
