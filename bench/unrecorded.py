"""Runs `seatlatch` without its journal, for the benchmark of the journal's cost.

The import patches the classes, so that the workers are patched too.
"""

from collections.abc import Sequence
from typing import Any

from psycopg.pq.abc import PGresult

from seatlatch.cli.main import main
from seatlatch.domain.journal import NewEntry
from seatlatch.store.postgres.connection import Statement
from seatlatch.store.postgres.journal_writer import PostgresJournal
from seatlatch.store.postgres.tickets import PostgresTickets
from seatlatch.store.sqlite.journal import SqliteJournal


async def _reserve_entries(_journal: Any, _entries: int) -> int:
    return 0


async def _record(_journal: Any, _entries: Sequence[NewEntry]) -> None:
    """Write nothing."""


async def _write(tickets: Any, *statements: Statement) -> list[PGresult]:
    results: list[PGresult] = await tickets._statements.ask(*statements)
    return results


for kind in (SqliteJournal, PostgresJournal):
    setattr(kind, "reserve_entries", _reserve_entries)  # noqa: B010 - patched only here
    setattr(kind, "record", _record)  # noqa: B010
setattr(PostgresTickets, "_write", _write)  # noqa: B010

if __name__ == "__main__":
    main()
