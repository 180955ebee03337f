"""`seatlatch` without its journal: what the benchmark of the journal's cost compares with.

Patched when it is imported, so that the workers that it starts are so, too.
"""

from collections.abc import Sequence
from typing import Any

from psycopg.pq.abc import PGresult

from seatlatch.cli.main import main
from seatlatch.domain.journal import NewEntry
from seatlatch.store.postgres.connection import Statement
from seatlatch.store.postgres.transaction import PostgresTransaction
from seatlatch.store.sqlite.transaction import SqliteTransaction


async def _open_entries(_transaction: Any, _entries: int) -> int:
    return 0


async def _record(_transaction: Any, _entries: Sequence[NewEntry]) -> None:
    """Nothing is written down."""


async def _write(transaction: Any, *statements: Statement) -> list[PGresult]:
    begin, transaction._begin = transaction._begin, ()
    results: list[PGresult] = await transaction._connection.ask(*begin, *statements)
    return results[len(begin) :]


for kind in (SqliteTransaction, PostgresTransaction):
    setattr(kind, "open_entries", _open_entries)  # noqa: B010 - a class of ours, changed here only
    setattr(kind, "record", _record)  # noqa: B010
setattr(PostgresTransaction, "_write", _write)  # noqa: B010

if __name__ == "__main__":
    main()
