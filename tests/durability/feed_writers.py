"""200 writers that hold their transactions open, and readers of the feed beside them."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial

from seatlatch.commit import CommitEach
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.change_tickets import hold_tickets, release_tickets
from seatlatch.operations.read_events import first_place, read_feed
from seatlatch.store.interface import Result, Snapshot, Store, Transaction
from seatlatch.store.postgres.transaction import PostgresSnapshot
from seatlatch.store.tickets import NewTicket
from seatlatch.wiring import engine_of
from tests.durability.fault_scenarios import an_inventory
from tests.operations.changes import ASKER
from tests.operations.states import MINE
from tests.postgres import FAST, PostgresServer
from tests.postgres_database import PostgresDatabase
from tests.serving import ORGANIZATION, OWNER, add_tickets
from tests.stores import Around

WRITERS = 200
OPTIONS = {**FAST, "max_connections": "300"}
TOKENS = [f"seat-{number}" for number in range(WRITERS)]
SHARED = [f"shared-{number}" for number in range(20)]
"""Seats that several writers want, so that their versions come from many chains."""

LAST_POSITION = "SELECT coalesce(max(position), 0) FROM seatlatch.journal"
BY_POSITION = """
SELECT entry_id FROM seatlatch.journal
WHERE position > :last ORDER BY position, entry_id LIMIT :limit
"""

Seen = tuple[str, int]
"""A change that a reader got: the token of the ticket, and its version."""

READS_MAX = 10


@contextmanager
def feed_database() -> Iterator[PostgresDatabase]:
    """An inventory on a server that accepts all writers at once."""
    server = PostgresServer(OPTIONS)
    try:
        server.start()
        with an_inventory(server) as made:
            new = [NewTicket(token, ORGANIZATION, OWNER) for token in (*TOKENS, *SHARED)]
            add_tickets(made, new)
            yield made
    finally:
        server.close()


class Gates:
    """Where transactions wait before their COMMIT. Which of them goes on next is drawn by lot."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._waiting: list[asyncio.Event] = []
        self._arrived = asyncio.Event()
        self.at_most_open = 0

    async def wait(self) -> None:
        """Wait at a gate."""
        gate = asyncio.Event()
        self._waiting.append(gate)
        self.at_most_open = max(self.at_most_open, len(self._waiting))
        self._arrived.set()
        await gate.wait()

    async def open_all(self) -> None:
        """Open one gate after the other, without an end."""
        while True:
            await self._arrived.wait()
            self._waiting.pop(self._chance.randrange(len(self._waiting))).set()
            if not self._waiting:
                self._arrived.clear()
            await asyncio.sleep(0)


class Held(Around):
    """A store whose transactions stay open until somebody lets them go on."""

    def __init__(self, inside: Store, gates: Gates) -> None:
        super().__init__(inside)
        self._gates = gates

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """All is written, and COMMIT not yet said."""

        async def held(transaction: Transaction) -> Result:
            result = await work(transaction)
            await self._gates.wait()
            return result

        return await self.inside.commit(held)


class Writers:
    """All writers at once, each with a database session of its own."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self._url = url
        self._chance = chance
        self.gates = Gates(chance)

    @asynccontextmanager
    async def at_work(self, events: int) -> AsyncIterator[asyncio.Future[list[None]]]:
        """Write this many events while the block runs, and wait for the end of it."""
        letting = asyncio.create_task(self.gates.open_all())
        tasks = [self._write(token, events // WRITERS) for token in TOKENS]
        writing = asyncio.gather(*tasks)
        yield writing
        await writing
        letting.cancel()

    async def _write(self, token: str, events: int) -> None:
        store = engine_of(self._url, "none").open_store("inventory")
        commits = CommitEach(Held(store, self.gates))
        done = 0
        while done < events:
            wanted = token if self._chance.random() < 0.9 else self._chance.choice(SHARED)
            try:
                results = await self._change(commits, wanted, done)
            except Unavailable:  # somebody else held the shared seat for too long
                continue
            done += len(results)
        await store.close()

    async def _change(self, commits: CommitEach, token: str, number: int) -> list[object]:
        if token in TOKENS and number % 2:
            return list(await release_tickets(commits, ASKER, [token]))
        return list(await hold_tickets(commits, ASKER, [token], f"R{self._chance.random()}"))


Read = Callable[[Store], AsyncIterator[list[Seen]]]


async def ask(store: Store, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
    """The result of a read, retried after a 503: beside 200 writers a machine may be busy."""
    for _ in range(READS_MAX):
        with suppress(Unavailable):
            return await store.read(work)
    raise AssertionError("the database can't be read")


async def pages_by_cursor(store: Store) -> AsyncIterator[list[Seen]]:
    """The feed by its cursor, page by page and without an end."""
    place = await store.read(lambda snapshot: first_place(snapshot, MINE))
    chance = random.Random(2)
    while True:
        page = partial(read_feed, channel=MINE, place=place, limit=chance.choice((1, 7, 100)))
        found = await ask(store, page)
        yield [(event.record.token, event.version) for event in found.events]
        place = found.place


async def pages_by_position(store: Store) -> AsyncIterator[list[Seen]]:
    """The guard taken out: a cursor that is the highest position seen, from now on."""
    last = await store.read(last_position)
    while True:
        seen, last = await ask(store, partial(read_by_position, last=last))
        yield seen


async def last_position(snapshot: Snapshot) -> int:
    """The highest one now."""
    assert isinstance(snapshot, PostgresSnapshot)
    ((last,),) = await snapshot.executor.fetch(LAST_POSITION)
    return int(last)


async def read_by_position(snapshot: Snapshot, last: int) -> tuple[list[Seen], int]:
    """The changes at positions higher than the last one, and the highest of them."""
    assert isinstance(snapshot, PostgresSnapshot)
    ids = [
        entry_id for (entry_id,) in await snapshot.executor.fetch(BY_POSITION, last=last, limit=100)
    ]
    entries = await snapshot.journal.read_entries(ids)
    seen = [(one.token, one.version) for entry in entries for one in entry.changed]
    return seen, max((entry.position for entry in entries), default=last)


async def read_while_written(
    url: str, read: Read, events: int, seed: int
) -> tuple[int, list[Seen]]:
    """The most transactions that were open at once, and the changes that a reader got."""
    writers = Writers(url, random.Random(seed))
    reader = engine_of(url, "none").open_store("inventory")
    pages = read(reader)
    seen = await anext(pages)  # while there is room: soon all writers connect at once
    async with writers.at_work(events) as writing:
        quiet = 0
        async for page in pages:
            seen += page
            quiet = quiet + 1 if writing.done() and not page else 0
            if quiet > 3:
                break
    await reader.close()
    return writers.gates.at_most_open, seen


def versions_in(database: PostgresDatabase) -> dict[str, int]:
    """How often each seat was changed, and once for being there."""
    return dict(database.execute("SELECT token, revision FROM tickets"))


def expected(before: dict[str, int], after: dict[str, int]) -> list[Seen]:
    """Every version of every seat that came to be meanwhile."""
    return [
        (token, version)
        for token, last in after.items()
        for version in range(before[token] + 1, last + 1)
    ]


def wrong_in(seen: Sequence[Seen], before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Events that a reader got twice, never, or out of order."""
    wrong = [f"{event}: {times} times" for event, times in Counter(seen).items() if times > 1]
    fresh = {one for one in seen if one[1] > before[one[0]]}
    wrong += [f"{event}: never" for event in expected(before, after) if event not in fresh]
    latest: dict[str, int] = {}
    for token, version in seen:
        if version != latest.get(token, version - 1) + 1:
            wrong.append(f"{token}: {version} after {latest[token]}")
        latest[token] = version
    return wrong
