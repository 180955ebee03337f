"""Importing into PostgreSQL: a pile in temporary tables, looked at once and merged in portions."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.importing import BadLine, OrganizationGone, Portion
from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.schema import (
    KEEP_ORGANIZATIONS,
    SyncConnection,
    connected,
    durable,
    one_row,
    require_ours,
)
from seatlatch.store.postgres.transaction import BRING_UP_TO_DATE, RECORD

PORTION_TOKENS = 2_000
"""So many tickets are held by one transaction, and who wants one of them waits for its end."""

ANSWERS = "SELECT pg_backend_pid()"
TAKE_TIME = "SET statement_timeout = 0"
PILE = """
CREATE TABLE pg_temp.pile (
    line integer, token text COLLATE "C", organization_id text, owner_id text, access_id text,
    section text, "row" text, seat text, barcode text
)
"""
PILE_UP = f"COPY pg_temp.pile (line, {RECORD}) FROM STDIN"
SORT = """
CREATE TABLE pg_temp.records AS
SELECT *
FROM (SELECT *, row_number() OVER (PARTITION BY token ORDER BY line) AS turn FROM pg_temp.pile)
  AS lines
WHERE turn = 1
ORDER BY token
"""
REPEATED = """
SELECT line, first
FROM (SELECT line, min(line) OVER (PARTITION BY token) AS first FROM pg_temp.pile) AS lines
WHERE line <> first
"""
EMPTY_PILE = "DROP TABLE pg_temp.pile"
INDEX_RECORDS = "ALTER TABLE pg_temp.records ADD PRIMARY KEY (token)"
LOOK_AT_RECORDS = "ANALYZE pg_temp.records"
LOOK_AT_TICKETS = "ANALYZE seatlatch.tickets"
"""A server that has planned its statements for a small table plans them anew after that. Who may
not do it, for the table is another user's, is only warned."""
TAKE_OUT_OF_OTHERS = """
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
{BRING_UP_TO_DATE}
"""
OF_OTHERS = """
SELECT records.line FROM pg_temp.records JOIN seatlatch.tickets USING (token)
WHERE token > %s AND token <= %s AND tickets.organization_id <> records.organization_id
"""
ORGANIZATION_EXISTS = """
SELECT EXISTS (SELECT 1 FROM seatlatch.organizations WHERE organization_id = %s)
"""


@contextmanager
def importing(address: Address, organization_id: str) -> Iterator["PostgresImporting"]:
    """An import into an existing database. Raises `DatabaseProblem`, also for trouble inside.

    Its pile belongs to one session, so that it needs the database itself and no pooler.
    """
    with connected(address) as connection:
        _require_no_pooler(connection, address)
        require_ours(connection, address, "inventory", to_write=True)
        connection.execute(PILE)
        connection.execute(TAKE_TIME)
        yield PostgresImporting(connection, address, organization_id)


def _require_no_pooler(connection: SyncConnection, address: Address) -> None:
    """A pooler names another process than the one that answers, for it may be a new one each time.
    It would be left with our pile, and we without it.
    """
    if one_row(connection, ANSWERS)[0] != connection.info.backend_pid:
        raise DatabaseProblem(
            f"The database {address.name} is reached by way of a pooler, and an import needs a"
            " session of its own. Give the URL of PostgreSQL itself."
        )


class PostgresImporting:
    """See `store.importing.Importing`."""

    def __init__(self, connection: SyncConnection, address: Address, organization_id: str) -> None:
        self._connection = connection
        self._address = address
        self._organization_id = organization_id

    def pile_up(self, records: Iterable[tuple[int, TicketRecord]]) -> None:
        """Put records on the pile, which is this session's own, so nobody waits."""
        with self._connection.cursor() as cursor, cursor.copy(PILE_UP) as copy:
            for line, record in records:
                copy.write_row((line, *record))

    def take_out_conflicts(self, tell: Callable[[BadLine], None]) -> None:
        """Repeated tokens, and other organizations' tickets."""
        self._connection.execute(SORT)
        for line, first in self._connection.execute(REPEATED):
            tell(BadLine(line, "token", f"is in line {first} already"))
        self._connection.execute(EMPTY_PILE)
        self._connection.execute(INDEX_RECORDS)
        self._connection.execute(LOOK_AT_RECORDS)
        for (line,) in self._rows(TAKE_OUT_OF_OTHERS, self._organization_id):
            tell(of_another(line))

    def merge(self) -> Iterator[Portion]:
        """Put the pile into the inventory."""
        after = ""
        while True:
            ((last, tokens),) = self._rows(NEXT_PORTION, after, PORTION_TOKENS)
            if not tokens:
                self._connection.execute(LOOK_AT_TICKETS)
                return
            with durable(self._connection, self._address):
                portion = self._merge(after, last, tokens)
            yield portion
            after = last

    def _merge(self, after: str, last: str, tokens: int) -> Portion:
        self._connection.execute(KEEP_ORGANIZATIONS)
        ((exists,),) = self._rows(ORGANIZATION_EXISTS, self._organization_id)
        if not exists:
            raise OrganizationGone
        news = [bool(new) for _, new in self._rows(MERGE, after, last)]
        rest = tokens - len(news)
        # What was not written is so already, or has become another's since it was looked at.
        bad = (
            tuple(of_another(line) for (line,) in self._rows(OF_OTHERS, after, last))
            if rest
            else ()
        )
        added = sum(news)
        return Portion(added, len(news) - added, rest - len(bad), durable=True, bad=bad)

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.encode(), values).fetchall()


def of_another(line: int) -> BadLine:
    """A line whose token is the ticket of another organization."""
    return BadLine(line, "token", "belongs to another organization")
