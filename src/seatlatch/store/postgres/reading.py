"""What all reading inside a transaction has in common: how it begins, and its moment."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg.pq.abc import PGresult

from seatlatch.store.postgres.connection import Connection, Statement

MOMENT = "SELECT now()"

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
            await self.ask()
        cursor = await self._connection.execute(sql.encode(), values)
        return await cursor.fetchall()

    async def moment(self) -> datetime:
        """When this transaction began, by the database's clock, which all who write share."""
        if self._moment is None:
            ((moment,),) = await self._rows(MOMENT)
            self._moment = utc(moment)
        return self._moment


def utc(moment: datetime) -> datetime:
    """A moment as it comes from the database, in UTC whatever the session's time zone is."""
    return moment.astimezone(UTC)
