"""Two servers that want the same tickets in opposed order: no deadlock, and nobody is refused.

SEATLATCH_TEST_DEADLOCK_SECONDS says for how long (10).
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial

import psycopg
import pytest

from seatlatch.assembly import BOUNDS
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.ticket import TicketRecord
from seatlatch.group_commit import GroupCommit
from seatlatch.metrics import Metrics
from seatlatch.operations.change_tickets import (
    hold_tickets,
    lock_tickets,
    release_tickets,
    unlock_tickets,
)
from seatlatch.operations.put_tickets import put_tickets
from seatlatch.store.postgres import tickets
from seatlatch.wiring import engine_of
from tests.durability.fault_scenarios import WatchedServer
from tests.operations.changes import ASKER
from tests.postgres_database import MAINTENANCE, PostgresDatabase
from tests.serving import CHANNEL, ORGANIZATION, OWNER, fill

SECONDS = float(os.environ.get("SEATLATCH_TEST_DEADLOCK_SECONDS") or "10")
BATCH = 100
TOKENS = [f"{letter}{number}" for number in range(BATCH // 2) for letter in "aB"]
"""By letters as people read them they stand in another order than by their bytes."""

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = ?"
NAME = "opposed"
MAKE = f"CREATE DATABASE {NAME} TEMPLATE template0 LOCALE"
LOCALES = ("en_US.UTF-8", "C")
"""In a language's order, where the machine knows one, which is not that of the bytes."""

GONE = """
SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'seatlatch' AND datname = ?
"""

Order = Callable[[list[str], random.Random], list[str]]
ORDERS: tuple[Order, ...] = (
    lambda tokens, _chance: sorted(tokens),
    lambda tokens, _chance: sorted(tokens, reverse=True),
    lambda tokens, chance: chance.sample(tokens, len(tokens)),
    lambda tokens, chance: chance.sample(tokens, chance.randint(2, len(tokens))),
)


class Opposed:
    """Two servers' stores on one database, each with callers that ask in every order."""

    def __init__(self, database: PostgresDatabase, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self.answered = 0
        self.refused: list[Unavailable] = []

    def run(self) -> int:
        """How many deadlocks there were."""
        asyncio.run(self._run())
        return self._deadlocks()

    def _deadlocks(self) -> int:
        """As they are counted when a session has ended, at the latest."""
        while self._database.execute(GONE, NAME) != [(True,)]:
            pass
        ((deadlocks,),) = self._database.execute(DEADLOCKS, NAME)
        return int(deadlocks)

    async def _run(self) -> None:
        stores = [engine_of(self._database.url, "none").open_store("inventory") for _ in range(2)]
        several = [GroupCommit(store, Metrics(), BOUNDS) for store in stores]
        for commits in several:
            commits.start()
        end = asyncio.get_running_loop().time() + self._seconds
        callers = [
            self._call(commits, order, random.Random(number), end)
            for commits in several
            for number, order in enumerate(ORDERS * 2)
        ]
        await asyncio.gather(*callers, *(self._put(commits, end) for commits in several))
        for commits, store in zip(several, stores, strict=True):
            await commits.close()
            await store.close()

    async def _call(
        self, commits: GroupCommit, order: Order, chance: random.Random, end: float
    ) -> None:
        while asyncio.get_running_loop().time() < end:
            await self._ask(partial(ask_once, commits, order(TOKENS, chance), chance))

    async def _put(self, commits: GroupCommit, end: float) -> None:
        number = 0
        while asyncio.get_running_loop().time() < end:
            number += 1
            await self._ask(partial(put_tickets, commits, records(TOKENS, f"S{number}")))

    async def _ask(self, ask: Callable[[], Awaitable[object]]) -> None:
        try:
            await ask()
            self.answered += 1
        except Unavailable as refusal:
            self.refused.append(refusal)


async def ask_once(commits: GroupCommit, tokens: list[str], chance: random.Random) -> None:
    """A lock or an unlock mostly, or what the box office wants."""
    verb = chance.choice(("lock", "lock", "lock", "unlock", "unlock", "unlock", "hold", "release"))
    if verb == "lock":
        listing = Listing("BROKER", f"L{chance.random()}")
        await lock_tickets(commits, ASKER, MINE, dict.fromkeys(tokens, listing))
    elif verb == "unlock":
        await unlock_tickets(commits, ASKER, MINE, tokens)
    elif verb == "hold":
        await hold_tickets(commits, ASKER, tokens, f"R{chance.random()}")
    else:
        await release_tickets(commits, ASKER, tokens)


def records(tokens: Iterable[str], section: str) -> list[TicketRecord]:
    return [TicketRecord(t, ORGANIZATION, OWNER, None, section, None, None, None) for t in tokens]


@pytest.fixture
def database(server: WatchedServer) -> Iterator[PostgresDatabase]:
    with psycopg.connect(server.url(MAINTENANCE), autocommit=True) as hand:
        try:
            hand.execute(f"{MAKE} '{LOCALES[0]}'".encode())
        except psycopg.errors.WrongObjectType:
            hand.execute(f"{MAKE} '{LOCALES[1]}'".encode())
    made = PostgresDatabase(server.url, NAME, "inventory")
    engine_of(made.url).make_or_migrate("inventory")
    fill(made)
    yield made
    made.drop()


def test_no_deadlock(database: PostgresDatabase) -> None:
    opposed = Opposed(database, SECONDS)
    deadlocks = opposed.run()
    figures = {"deadlocks": deadlocks, "refused": len(opposed.refused)}
    assert figures == {"deadlocks": 0, "refused": 0}, opposed.refused[:1]
    assert opposed.answered > 20 * SECONDS


def test_control_in_the_order_given_they_deadlock(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "_in_order", list)
    opposed = Opposed(database, 4)
    assert opposed.run() > 0
