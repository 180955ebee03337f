"""Processes of a server as tests of the feed use them, and changes of tickets."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import monotonic

from seatlatch.commit import CommitEach, Committer
from seatlatch.domain.channel import Channel
from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Asker
from seatlatch.domain.listing import Listing
from seatlatch.operations.change_tickets import (
    hold_tickets,
    lock_tickets,
    override_unlock,
    release_tickets,
    unlock_tickets,
    void_tickets,
)
from seatlatch.operations.feed_news import FeedNews, News
from seatlatch.operations.feed_reads import FeedReads
from seatlatch.operations.feed_viewers import TICKETS_MAX
from seatlatch.operations.read_events import Events, Place, last_place
from tests.operations.changes import ASKER
from tests.operations.seat_map_processes import PATIENCE_SECONDS, TICK_SECONDS, CountingStore
from tests.operations.states import MINE, THEIRS
from tests.stores import OpenStore

CHANNELS = (MINE, THEIRS)
TOKENS = ("t1", "t2", "t3", "foreign")
MANY = [f"many-{number}" for number in range(TICKETS_MAX + 1)]
LISTING = Listing("MY_ACCOUNT")
PAGE = 100


def asker(channel: Channel) -> Asker:
    """An application of a channel."""
    return Asker(ASKER.request_id, "com.example.test", channel.code)


class Process:
    """A process of a server, as far as the feed is concerned."""

    def __init__(self, store: OpenStore) -> None:
        self.store = store
        self.counting = CountingStore(store.store)
        self.news = FeedNews(self.counting, monotonic, TICK_SECONDS)
        self.reads = FeedReads(self.counting)
        self.committer = CommitEach(store.store)

    async def place(self, channel: Channel) -> Place:
        """The place after the newest entry."""
        return await self.store.store.read(lambda snapshot: last_place(snapshot, channel))

    async def since(
        self, channel: Channel, position: Position, seconds: float = PATIENCE_SECONDS
    ) -> News:
        """Wait for what a channel sees after a position."""
        deadline = asyncio.get_running_loop().time() + seconds
        return await self.news.since(channel.code, position, deadline)

    async def read(self, channel: Channel, place: Place) -> Events:
        return await self.reads.read(channel, place, PAGE)

    async def waiting(self, channel: Channel) -> "asyncio.Task[News]":
        """A request that waits from now on."""
        place = await self.place(channel)
        task = asyncio.create_task(self.since(channel, place.position))
        await asyncio.sleep(0)
        return task

    async def follow(self, place: Place, count: int) -> list[tuple[str, int]]:
        """The first `count` changes that MINE sees after a place, by waiting for them."""
        seen: list[tuple[str, int]] = []
        is_all = True
        while len(seen) < count:
            if is_all:
                news = await self.since(MINE, place.position)
                assert news.has_come
                place = place._replace(position=news.position)
            found = await self.read(MINE, place)
            seen += [(event.record.token, event.version) for event in found.events]
            place, is_all = found.place, found.is_all
        return seen

    async def wait_in_vain(self, place: Place, stopped: asyncio.Event) -> None:
        """Wait for what THEIRS sees, which is nothing."""
        while not stopped.is_set():
            news = await self.since(THEIRS, place.position, 0.1)
            if news.has_come:  # it began to wait too late to know, and reads to here
                place = await self.place(THEIRS)
            else:
                place = place._replace(position=news.position)


async def cancelled(task: "asyncio.Task[News]") -> None:
    """Let a request go away that waits."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def change(committer: Committer, channel: Channel, *tokens: str) -> None:
    """Change tickets by a request of a channel."""
    await lock_tickets(committer, asker(channel), channel, dict.fromkeys(tokens, LISTING))
    await unlock_tickets(committer, asker(channel), channel, tokens)


async def change_by_chance(committer: Committer, chance: random.Random) -> None:
    """Make some request, which may change nothing."""
    channel = chance.choice(CHANNELS)
    tokens = chance.sample(TOKENS, chance.randrange(1, len(TOKENS)))
    locks = dict.fromkeys(tokens, LISTING)
    over = chance.random() < 0.5
    changes: Sequence[Callable[[], Awaitable[object]]] = [
        lambda: lock_tickets(committer, asker(channel), channel, locks),
        lambda: lock_tickets(committer, asker(channel), channel, locks),
        lambda: unlock_tickets(committer, asker(channel), channel, tokens),
        lambda: hold_tickets(committer, ASKER, tokens, "moving", over_listing=over),
        lambda: release_tickets(committer, ASKER, tokens),
        lambda: override_unlock(committer, ASKER, tokens, "sold"),
        lambda: void_tickets(committer, ASKER, tokens[:1]),
    ]
    await chance.choice(changes)()
