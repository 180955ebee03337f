"""What all reading inside a transaction has in common: how it begins, and its moment."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg.pq.abc import PGresult

from seatlatch.store.journal import moment_of
from seatlatch.store.postgres.connection import Connection, Statement

NOW_MICROSECONDS = "(extract(epoch FROM now()) * 1000000)::bigint"
"""The transaction's timestamp. A transaction reads it once, in a statement that touches no ticket.
On a database of several nodes a statement about tickets may see another node's clock.
"""

TIMESTAMP = Statement(f"SELECT {NOW_MICROSECONDS}")

Rows = list[tuple[Any, ...]]


class PostgresReading:
    """The inside of a transaction. It begins with its first statement, by what `begin` says."""

    def __init__(self, connection: Connection, begin: Sequence[Statement]) -> None:
        self._connection = connection
        self._begin = begin
        self._moment: datetime | None = None

    async def ask(self, *statements: Statement) -> list[PGresult]:
        """The result of each statement. The first ones go out together with BEGIN."""
        begin, self._begin = self._begin, ()
        results = await self._connection.ask(*begin, *statements)
        if len(begin) > 1:  # the settings of a pooled transaction
            self._connection.note_session(results[1])
        return results[len(begin) :]

    async def _rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Rows:
        if self._begin:
            await self._begin_now()
        cursor = await self._connection.execute(sql.encode(), values)
        return await cursor.fetchall()

    async def moment(self) -> datetime:
        """When this transaction began, by the database's clock, which all who write share."""
        return self._moment or await self._begin_now()

    async def _begin_now(self) -> datetime:
        """Begin the transaction, and read its timestamp in the same round trip."""
        (told,) = await self.ask(TIMESTAMP)
        self._moment = moment_of(int(told.get_value(0, 0) or 0))
        return self._moment


def utc(moment: datetime) -> datetime:
    """A moment as it comes from the database, in UTC whatever the session's time zone is."""
    return moment.astimezone(UTC)
