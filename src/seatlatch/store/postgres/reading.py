"""What all reading inside a transaction has in common: how it begins, and its moment."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from seatlatch.store.postgres.connection import Connection, Statement

MOMENT = "SELECT now()"

Rows = list[tuple[Any, ...]]


class PostgresReading:
    """The inside of a transaction. It begins with its first statement, by what `begin` says."""

    def __init__(self, connection: Connection, begin: Sequence[Statement]) -> None:
        self._connection = connection
        self._begin = begin
        self._moment: datetime | None = None

    async def _rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Rows:
        if self._begin:
            await self._connection.ask(*self._begin)
            self._begin = ()
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
