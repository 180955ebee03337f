"""Servers in processes of their own that are killed, with their database, while others use them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from seatlatch.store.tickets import NewTicket
from tests.durability.fault_scenarios import WatchedServer
from tests.durability.histories import OPERATIONS, Histories
from tests.durability.processes import ServerProcess
from tests.postgres import DURABLE
from tests.postgres_database import END_CONNECTIONS, MAINTENANCE, PostgresMaker
from tests.serving import ORGANIZATION, OWNER, fill, make_inventory

Trouble = Callable[[Histories], Coroutine[Any, Any, None]]


class Servers:
    """Some servers of one database. `ports`: where they are now."""

    def __init__(self, url: str, folder: Path, servers: int) -> None:
        self._url = url
        self._errors = folder / "log"
        self._processes = [ServerProcess(url, self._errors) for _ in range(servers)]
        self.ports = [process.begun() for process in self._processes]

    async def kill(self, chance: Random) -> None:
        """kill -9 one of them, and start another one in its place."""
        place = chance.randrange(len(self._processes))
        self._processes[place].kill()
        self._processes[place] = ServerProcess(self._url, self._errors)
        self.ports[place] = await asyncio.to_thread(self._processes[place].begun)

    def close(self) -> None:
        """End them all."""
        for process in self._processes:
            process.kill()


def troubles(chance: Random, tickets: int, kinds: Sequence[Trouble], faults: int) -> Trouble:
    """So many faults of these kinds, spread over the first half of a run."""

    async def trouble(histories: Histories) -> None:
        for number in range(1, faults + 1):
            await histories.reach(tickets * OPERATIONS * number // (2 * faults))
            await chance.choice(kinds)(histories)

    return trouble


@contextmanager
def on_sqlite(
    folder: Path, tokens: Sequence[str], chance: Random
) -> Iterator[tuple[Servers, list[Trouble]]]:
    """One server, which is killed."""
    tickets = [NewTicket(token, ORGANIZATION, OWNER) for token in tokens]
    database = make_inventory(folder / "inventory.db", tickets)
    servers = Servers(database.url, folder, 1)
    try:
        yield servers, [lambda _: servers.kill(chance)]
    finally:
        servers.close()


@contextmanager
def on_postgres(
    folder: Path, tokens: Sequence[str], chance: Random
) -> Iterator[tuple[Servers, list[Trouble]]]:
    """Two servers of one PostgreSQL. A server is killed, all its sessions, or PostgreSQL."""
    postgres = WatchedServer(DURABLE)
    try:
        postgres.start()
        database = PostgresMaker(postgres.url, "WAL_LOG").migrated("inventory")
        fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in tokens])
        servers = Servers(database.url, folder, 2)

        async def end_sessions(_histories: Histories) -> None:
            with psycopg.connect(postgres.url(MAINTENANCE), autocommit=True) as connection:
                connection.execute(END_CONNECTIONS.encode(), [database.database])

        async def kill_postgres(_histories: Histories) -> None:
            postgres.kill()
            await asyncio.to_thread(postgres.start)

        try:
            yield servers, [lambda _: servers.kill(chance), end_sessions, kill_postgres]
        finally:
            servers.close()
    finally:
        postgres.close()


def recorded(folder: Path, engine: str, tickets: int, seed: int, faults: int) -> Histories:
    """The histories of this many tickets, on servers that have this many faults meanwhile."""
    tokens = [f"ticket-{number}" for number in range(tickets)]
    chance = Random(seed)
    made = on_sqlite if engine == "sqlite" else on_postgres
    with made(folder, tokens, chance) as (servers, kinds):
        histories = Histories(servers.ports, tokens, seed)
        asyncio.run(histories.record(troubles(chance, tickets, kinds, faults)))
    return histories
