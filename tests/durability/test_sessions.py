"""Sessions in which seatlatch must not work: behind a pooler that was not declared, or without
triggers.
"""

import asyncio
from collections.abc import Iterator

import pytest

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Store
from seatlatch.store.postgres.connecting import Address
from seatlatch.store.postgres.store import PostgresStore
from seatlatch.wiring import engine_of
from tests.cli.commands import serve_without
from tests.durability.fault_scenarios import ServersDatabase, WatchedServer, an_inventory
from tests.durability.pooler import pooler

POOLER_SETTING = "SEATLATCH_DATABASE_POOLER=transaction"
ROLE_SETTING = "session_replication_role"
HAS_NO_TRIGGERS = "ALTER DATABASE {name} SET session_replication_role = replica"


@pytest.fixture
def database(server: WatchedServer) -> Iterator[ServersDatabase]:
    with an_inventory(server) as database:
        yield database


def cause_while_running(url: str, *, pooled: bool) -> str:
    """Why a store refuses a connection that it makes later."""

    async def ask() -> str:
        store = PostgresStore(Address.of(url, pooled=pooled))
        try:
            with pytest.raises(Unavailable) as refusal:
                await store.credentials_version()
            return str(refusal.value.__cause__)
        finally:
            await store.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("ignored", ["", "options"], ids=["refuses settings", "drops settings"])
def test_an_undeclared_pooler_is_refused(
    server: WatchedServer, database: ServersDatabase, ignored: str
) -> None:
    with pooler(server, ignored) as address:
        url = address.format(name=database.database)
        assert POOLER_SETTING in serve_without(url)
        if ignored:
            assert POOLER_SETTING in cause_while_running(url, pooled=False)
        declared = engine_of(url, "transaction").open_store("inventory")
        assert asyncio.run(_version(declared)) > 0


async def _version(store: Store) -> int:
    try:
        return await store.credentials_version()
    finally:
        await store.close()


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_a_session_without_triggers_is_refused(
    server: WatchedServer, database: ServersDatabase, pooled: bool
) -> None:
    """A change of credentials would go unnoticed."""
    database.execute(HAS_NO_TRIGGERS.format(name=database.database))
    database.let_go()
    with pooler(server) as address:
        url = address.format(name=database.database) if pooled else database.url
        mode = "transaction" if pooled else "none"
        assert ROLE_SETTING in serve_without(url, SEATLATCH_DATABASE_POOLER=mode)
        assert ROLE_SETTING in cause_while_running(url, pooled=pooled)


def test_a_role_that_switches_the_order_of_locks_off_has_no_effect(
    database: ServersDatabase,
) -> None:
    """Without nested loops the planner would lock tickets in any order."""
    database.execute(f"ALTER DATABASE {database.database} SET enable_nestloop = off")
    database.let_go()

    async def shown() -> bytes | None:
        store = PostgresStore(Address.of(database.url))
        try:
            async with store._writers.borrowed(asyncio.get_running_loop().time() + 5) as connection:
                cursor = await connection.execute("SHOW enable_nestloop")
                assert cursor.pgresult
                return cursor.pgresult.get_value(0, 0)
        finally:
            await store.close()

    assert asyncio.run(shown()) == b"on"
