"""A process that was paused does not take the pause for a server that does not respond."""

import asyncio

import psycopg
import pytest

from seatlatch.store.postgres import connections
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.connection import Connection, Statement
from seatlatch.store.postgres.connections import cut_at
from tests.postgres_database import PostgresDatabase

LIMIT_SECONDS = 0.05
PAUSE = "SELECT pg_sleep(0.3)"


def ask_across_a_pause(database: PostgresDatabase, statement: str) -> None:
    """Ask with a time limit that passes while the event loop can't run."""

    async def main() -> None:
        connection = await Connection.connect(**Address.of(database.url).parameters({}, 5))
        try:
            with cut_at(asyncio.get_running_loop().time() + LIMIT_SECONDS, connection):
                asked = asyncio.ensure_future(connection.ask(Statement(statement)))
                await asyncio.sleep(0)  # it is sent
                database.execute(PAUSE)
                await asked
                await connection.ask(Statement("SELECT 1"))  # as COMMIT would follow
        finally:
            await connection.close()

    asyncio.run(main())


def test_a_transaction_whose_result_arrived_meanwhile_goes_on(database: PostgresDatabase) -> None:
    ask_across_a_pause(database, "SELECT 1")


def test_without_more_time_it_would_fail(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PAUSED_SECONDS", 60)
    with pytest.raises(psycopg.OperationalError):
        ask_across_a_pause(database, "SELECT 1")


def test_a_server_that_does_not_respond_is_left_all_the_same(database: PostgresDatabase) -> None:
    with pytest.raises(psycopg.OperationalError):
        ask_across_a_pause(database, "SELECT pg_sleep(60)")
