"""One connection, with several statements sent together."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.connection import Connection, Statement
from tests.postgres_database import PostgresDatabase

LOCK = "LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE"
UPDATE = Statement("UPDATE seatlatch.tickets SET revision = 2 RETURNING token, owner_id")


def connected(
    database: PostgresDatabase, work: Callable[[Connection], Awaitable[None]], **settings: str
) -> None:
    async def main() -> None:
        connection = await Connection.connect(**Address.of(database.url).parameters(settings, 5))
        try:
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(main())


def test_what_was_not_prepared_is_prepared_the_next_time(database: PostgresDatabase) -> None:
    """The statement before it failed, or it had to wait for the table already to be prepared."""

    async def work(connection: Connection) -> None:
        with psycopg.connect(database.url) as other:
            other.execute("LOCK TABLE seatlatch.tickets IN ACCESS EXCLUSIVE MODE")
            for before in (Statement("SELECT 1"), Statement("SELECT 1 / $1::int", [b"0"])):
                with pytest.raises((psycopg.errors.LockNotAvailable, psycopg.errors.DataError)):
                    await connection.ask(before, UPDATE)
            assert connection.is_idle
            other.rollback()
        await connection.ask(UPDATE)
        await connection.ask(UPDATE)

    connected(database, work, lock_timeout="50ms")


@pytest.mark.parametrize("sent", [0, 1, 5])
def test_a_connection_that_ends_is_an_error_at_once(database: PostgresDatabase, sent: int) -> None:
    """Nothing waits for results that can't come, however many statements were sent."""

    async def work(connection: Connection) -> None:
        end = Statement("SELECT pg_terminate_backend(pg_backend_pid())")
        rest = [Statement(f"SELECT {number}") for number in range(sent)]
        with pytest.raises(psycopg.OperationalError):
            await asyncio.wait_for(connection.ask(end, *rest), 5)
        with pytest.raises(psycopg.OperationalError):
            await asyncio.wait_for(connection.ask(UPDATE), 5)

    connected(database, work)


def test_what_is_broken_off_leaves_the_connection_unfit(database: PostgresDatabase) -> None:
    async def work(connection: Connection) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.ask(Statement("SELECT pg_sleep(5)")), 0.05)
        assert not connection.is_idle

    connected(database, work)


def test_more_than_fits_into_the_network_at_once(database: PostgresDatabase) -> None:
    async def work(connection: Connection) -> None:
        text = b"x" * 5_000_000
        first, second = await connection.ask(
            Statement("SELECT $1::text", [text]), Statement("SELECT $1::text || 'y'", [text])
        )
        assert first.get_value(0, 0) == text
        assert second.get_value(0, 0) == text + b"y"

    connected(database, work)
