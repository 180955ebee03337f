"""Runs shared statements: the one interface between the SQL in this package and an engine.

A statement is written once, in PostgreSQL's dialect apart from its placeholders. Each engine
translates it:

- `:name` is a value: text, number, bytes, bool, aware timestamp, or list of texts or numbers.
- `= ANY (:names)` compares with each of a list.
- `seatlatch.` is the schema of a table.
- `now()` is the timestamp of the transaction.
- `FOR UPDATE` and `FOR NO KEY UPDATE` lock rows, and `LOCK TABLE` locks a table, on engines that
  lock less than the whole database.

See decisions 31 and 137.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

Row = tuple[Any, ...]
Values = Mapping[str, Any]


class Executor(Protocol):
    """Runs statements in one transaction."""

    examined_tickets_at_once: int
    """The most tickets that one statement of a search examines."""

    seeks_rows: bool
    """Whether it finds the first row of an index by several expressions at once."""

    joins_tickets: bool
    """Whether one statement can look for tickets again and again, by the rows of other tables."""

    async def now(self) -> datetime:
        """The timestamp of the transaction, aware UTC."""

    async def fetch(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of a statement. Values that the database cannot hold match no row."""

    async def fetch_in_order(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of a statement that reads them by an index in the order that it asks for."""

    async def fetch_each(self, sql: str, rows: Sequence[Values], /) -> list[Row]:
        """The rows of a statement that is run once for each of `rows`, in their order."""

    async def execute(self, sql: str, /, **values: Any) -> int:
        """Run a statement; returns how many rows it changed."""


def timestamp(value: datetime | str) -> datetime:
    """A timestamp as an engine returns it, aware UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value.astimezone(UTC)


def optional_timestamp(value: datetime | str | None) -> datetime | None:
    """The same for a column that may be NULL."""
    return None if value is None else timestamp(value)
