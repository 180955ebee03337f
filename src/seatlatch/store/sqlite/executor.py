"""Runs shared statements on SQLite, see `store.sql.executor`. Its coroutines never wait.

See decision 138.
"""

import re
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any, TypeVar

import apsw
import msgspec

from seatlatch.store.sql.executor import Row, Values

Result = TypeVar("Result")

REWRITES = (
    (r"\bseatlatch\.", ""),
    (r"\bnow\(\)", ":now"),
    (r"= ANY \((:\w+)\)", r"IN (SELECT value FROM json_each(\1))"),
    # SQLite has one writer at a time, and no locks of rows or tables.
    (r"^LOCK TABLE .*", ""),
    (r"\s+FOR (NO KEY )?UPDATE( SKIP LOCKED)?\b", ""),
    # SQLite uses an index on an expression only if the query has the same function.
    (r"\bcoalesce\(", "ifnull("),
    (r"\bstrpos\(", "instr("),
)


def utc_now() -> datetime:
    """The clock that all writers of a SQLite database share: their machine's."""
    return datetime.now(UTC)


def to_text(timestamp: datetime) -> str:
    """A timestamp as it is stored: UTC, ISO 8601 with microseconds. The texts sort by time."""
    return timestamp.astimezone(UTC).isoformat(timespec="microseconds")


@cache
def translated(sql: str) -> str:
    """A shared statement in SQLite's SQL."""
    for pattern, replacement in REWRITES:
        sql = re.sub(pattern, replacement, sql)
    return sql


class SqliteExecutor:
    """Runs statements in the open transaction of a connection, whose timestamp is `timestamp`."""

    examined_tickets_at_once = 500
    """This blocks the event loop for a few milliseconds."""

    seeks_rows = False
    joins_tickets = True

    def __init__(self, connection: apsw.Connection, timestamp: datetime) -> None:
        self.connection = connection
        self.timestamp = timestamp

    @cached_property
    def now_text(self) -> str:
        """The transaction's timestamp as it is stored."""
        return to_text(self.timestamp)

    async def now(self) -> datetime:
        """The timestamp of the transaction."""
        return self.timestamp

    async def fetch(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of a statement."""
        return self._run(sql, values).fetchall()

    async def fetch_in_order(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of a statement. SQLite reads them by the index that has the conditions."""
        return self._run(sql, values).fetchall()

    async def fetch_each(self, sql: str, rows: Sequence[Values], /) -> list[Row]:
        """The rows of a statement that is run once for each of `rows`."""
        return [found for row in rows for found in self._run(sql, row)]

    async def execute(self, sql: str, /, **values: Any) -> int:
        """Run a statement; returns how many rows it changed."""
        self._run(sql, values)
        return self.connection.changes()

    def _run(self, sql: str, values: Values) -> apsw.Cursor:
        translation = translated(sql)
        bindings = {name: _stored(value) for name, value in values.items()}
        if ":now" in translation:
            bindings["now"] = self.now_text
        return self.connection.execute(translation, bindings)


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, list):
        return msgspec.json.encode(value).decode()
    return value


def completed(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that reads from SQLite, and so never waits, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: Result = stop.value
        return result
    raise AssertionError("reading from SQLite never waits")
