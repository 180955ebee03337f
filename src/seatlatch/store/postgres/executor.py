"""Runs statements on PostgreSQL: shared ones, see `store.sql.executor`, and the store's own."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from psycopg.pq.abc import PGresult

from seatlatch.journal.rows import from_microseconds
from seatlatch.store.postgres.arrays import array, is_storable
from seatlatch.store.postgres.connection import Connection, Statement
from seatlatch.store.sql.executor import Row, Values

NOW_MICROSECONDS = "(extract(epoch FROM now()) * 1000000)::bigint"
"""The transaction's timestamp. A transaction reads it once, in a statement that uses no table: on a
database with several nodes, a statement about tickets may see the clock of another node.
"""

TIMESTAMP = Statement(f"SELECT {NOW_MICROSECONDS}")

IN_ORDER = Statement(
    "SELECT set_config('enable_sort', 'off', true),"
    " set_config('enable_incremental_sort', 'off', true)"
)
"""Leaves only plans that read an index in the order of the statement, until the end of the
transaction.
"""

PLACEHOLDER = re.compile(r"(?<![:\w]):(\w+)")


@cache
def translated(sql: str) -> bytes:
    """A shared statement with psycopg's placeholders."""
    return PLACEHOLDER.sub(r"%(\1)s", sql).encode()


def adapted(values: Values) -> dict[str, Any]:
    """Values in the form that psycopg expects. A list becomes one text: psycopg would write each
    element in Python.

    Texts that the database cannot store are left out of a list, since they match nothing.
    """
    return {name: _adapted(value) for name, value in values.items()}


def _adapted(value: Any) -> Any:
    if isinstance(value, list):
        return array([one for one in value if not _is_unstorable(one)]).decode()
    return value


def _is_unstorable(value: Any) -> bool:
    return isinstance(value, str) and not is_storable(value)


class PostgresExecutor:
    """Runs statements in one transaction. `begin` is sent together with the first ones."""

    examined_tickets_at_once = 5_000
    """This takes some ten milliseconds, far less than a statement may take."""

    seeks_rows = True

    def __init__(self, connection: Connection, begin: Sequence[Statement]) -> None:
        self._connection = connection
        self._begin = begin
        self._timestamp: datetime | None = None
        self._is_in_order = False
        self.is_distributed = connection.is_distributed
        self.joins_tickets = not self.is_distributed

    async def ask(self, *statements: Statement) -> list[PGresult]:
        """The result of each statement. The first ones are sent together with BEGIN."""
        begin, self._begin = self._begin, ()
        results = await self._connection.ask(*begin, *statements)
        if begin and not self._connection.prepares:  # the settings of a pooled transaction
            self._connection.note_session(results[1])
        return results[len(begin) :]

    async def fetch(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of a statement."""
        if any(map(_is_unstorable, values.values())):
            return []
        if self._begin:
            await self._begin_now()
        cursor = await self._connection.execute(translated(sql), adapted(values))
        return await cursor.fetchall()

    async def fetch_in_order(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of a statement that reads them by an index in the order that it asks for."""
        if not self._is_in_order:
            self._is_in_order = True
            await self.ask(IN_ORDER)
        return await self.fetch(sql, **values)

    async def fetch_each(self, sql: str, rows: Sequence[Values], /) -> list[Row]:
        """The rows of a statement that is run once for each of `rows`."""
        if not rows:
            return []
        if self._begin:
            await self._begin_now()
        found: list[Row] = []
        async with self._connection.cursor() as cursor:
            await cursor.executemany(translated(sql), list(map(adapted, rows)), returning=True)
            async for one in cursor.results():
                found += await one.fetchall()
        return found

    async def execute(self, sql: str, /, **values: Any) -> int:
        """Run a statement; returns how many rows it changed."""
        if self._begin:
            await self._begin_now()
        cursor = await self._connection.execute(translated(sql), adapted(values))
        return cursor.rowcount

    async def now(self) -> datetime:
        """The timestamp of the transaction by the database's clock, which all writers share."""
        return self._timestamp or await self._begin_now()

    def note_timestamp(self, microseconds: int) -> datetime:
        """Remember the transaction's timestamp, unless it is known; returns the known one."""
        if self._timestamp is None:
            self._timestamp = from_microseconds(microseconds)
        return self._timestamp

    async def _begin_now(self) -> datetime:
        """Begin the transaction, and read its timestamp in the same round trip."""
        (result,) = await self.ask(TIMESTAMP)
        return self.note_timestamp(int(result.get_value(0, 0) or 0))
