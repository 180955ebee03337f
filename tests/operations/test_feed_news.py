"""Waiting for the feed: who is woken, that nothing is missed, and how much is read for it."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic

import pytest

from seatlatch.commit import CommitEach, Committer
from seatlatch.domain.channel import Channel
from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Asker
from seatlatch.domain.listing import Listing
from seatlatch.domain.refusal import PlaceLost, Unavailable
from seatlatch.journal.rows import Head, entry_id_of, place_of
from seatlatch.operations import feed_news, feed_reads
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
from seatlatch.operations.feed_viewers import TICKETS_MAX, read_viewers
from seatlatch.operations.read_events import Events, Place, first_place, last_place, read_feed
from seatlatch.store.interface import Result, Snapshot
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.journals import entries_of
from tests.operations.changes import ASKER
from tests.operations.seat_map_processes import PATIENCE_SECONDS, TICK_SECONDS, CountingStore
from tests.operations.states import MINE, THEIRS
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, fill
from tests.stores import Around, OpenStore, opened

CHANNELS = (MINE, THEIRS)
TOKENS = ("t1", "t2", "t3", "foreign")
MANY = [f"many-{number}" for number in range(TICKETS_MAX + 1)]
LISTING = Listing("MY_ACCOUNT")
READERS = 300
CHANGES = 30
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


async def cancelled(task: "asyncio.Task[News]") -> None:
    """Let a request go away that waits."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
def process(database: Database) -> Iterator[Process]:
    tickets = [NewTicket(token, ORGANIZATION, OWNER) for token in (*TOKENS[:3], *MANY)]
    fill(database, [*tickets, NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER)])
    with opened(database.store()) as store:
        yield Process(store)


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


def events_of(process: Process, channel: Channel) -> Counter[int]:
    """The number of events that a channel sees of each entry."""
    place = process.store.read(lambda snapshot: first_place(snapshot, channel))
    seen: Counter[int] = Counter()
    while True:
        page = partial(read_feed, channel=channel, place=place, limit=PAGE)
        found = process.store.read(page)
        seen.update(event.entry_id for event in found.events)
        if found.is_all:
            return seen
        place = found.place


def test_those_are_named_that_see_something_of_an_entry(process: Process) -> None:
    chance = random.Random(194)
    for _ in range(150):
        process.store.run(change_by_chance(process.committer, chance))
    seen = {channel.code: events_of(process, channel) for channel in CHANNELS}
    named = Counter[int]()
    for entry in entries_of(process.store):
        chain, number = place_of(entry.entry_id)
        part = partial(read_viewers, head=Head(chain, number - 1, b""), limit=1)
        viewers = {code for code in seen if seen[code][entry.entry_id]}
        assert process.store.read(part) == (dict.fromkeys(viewers, number), number)
        named[len(viewers)] += 1
    assert set(named) == {0, 1, 2}


def test_every_channel_is_named_if_it_would_take_long_or_entries_are_missing(
    process: Process, database: Database
) -> None:
    process.store.run(hold_tickets(process.committer, ASKER, MANY[:TICKETS_MAX], "moving"))
    process.store.run(hold_tickets(process.committer, ASKER, MANY[TICKETS_MAX:], "moving"))
    process.store.run(change(process.committer, MINE, "t1"))
    chain, number = place_of(entries_of(process.store)[0].entry_id)
    part = partial(read_viewers, head=Head(chain, number - 1, b""))
    assert process.store.read(partial(part, limit=2)) == (None, number + 1)
    few = process.store.read(partial(part, limit=1))
    assert few == ({MINE.code: number, THEIRS.code: number}, number)
    database.execute("DELETE FROM journal WHERE entry_id = ?", entry_id_of(chain, number))
    assert process.store.read(partial(part, limit=1)) == (None, number + 1)
    beyond = partial(read_viewers, head=Head(chain, number + 3, b""), limit=1)
    assert process.store.read(beyond) == (None, None)


def test_only_those_are_woken_that_see_something(process: Process) -> None:
    async def wait() -> None:
        place = await process.place(THEIRS)
        mine, theirs = await process.waiting(MINE), await process.waiting(THEIRS)
        await change(process.committer, MINE, "t1")
        assert (await mine).has_come
        assert not theirs.done()
        await change(process.committer, THEIRS, "t2")
        news = await theirs
        assert news.has_come
        assert sum(news.position.values()) > sum(place.position.values()), "it need not skip these"
        found = await process.read(THEIRS, place._replace(position=news.position))
        assert [event.record.token for event in found.events] == ["t2", "t2"]

    process.store.run(wait())


def test_a_request_that_waits_in_vain_continues_behind_what_it_does_not_see(
    process: Process,
) -> None:
    async def wait() -> None:
        place = await process.place(THEIRS)
        mine = await process.waiting(MINE)
        theirs = asyncio.create_task(process.since(THEIRS, place.position, 0.3))
        await change(process.committer, MINE, "t1")
        assert (await mine).has_come
        reads = process.counting.reads
        news = await theirs
        assert not news.has_come
        assert news.position == (await process.place(THEIRS)).position
        assert process.counting.reads > reads, "the end was read, but no page"

    process.store.run(wait())


def test_an_entry_between_the_reading_and_the_waiting_is_not_missed(process: Process) -> None:
    async def wait() -> None:
        place = await process.place(MINE)
        await change(process.committer, MINE, "t1")
        assert (await process.since(MINE, place.position)).has_come
        # Others have waited for longer, and those that follow for them are already behind it.
        theirs, mine = await process.waiting(THEIRS), await process.waiting(MINE)
        await change(process.committer, MINE, "t1")
        await mine
        assert await process.since(MINE, place.position, seconds=0.1) == (place.position, True)
        await cancelled(theirs)

    process.store.run(wait())


def test_who_is_behind_those_that_wait_comes_back_no_sooner_than_they_do(
    process: Process,
) -> None:
    """Where entries are missing, reading does not move its place."""
    news = FeedNews(process.counting, monotonic, PATIENCE_SECONDS)

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        before = await process.place(MINE)
        await change(process.committer, MINE, "t1")
        after = await process.place(MINE)
        long = loop.time() + PATIENCE_SECONDS
        first = asyncio.create_task(news.since(MINE.code, after.position, long))
        await asyncio.sleep(0)
        deadline = loop.time() + 0.05
        assert await news.since(MINE.code, before.position, deadline) == (before.position, True)
        assert loop.time() >= deadline
        await cancelled(first)

    process.store.run(wait())


def test_who_has_read_an_entry_is_not_woken_by_it(process: Process) -> None:
    async def wait() -> None:
        theirs = await process.waiting(THEIRS)
        await change(process.committer, MINE, "t1")
        mine = await process.waiting(MINE)
        await change(process.committer, THEIRS, "t2")
        assert (await theirs).has_come
        assert not mine.done()
        await cancelled(mine)

    process.store.run(wait())


def test_entries_of_other_processes_wake_as_well(process: Process, database: Database) -> None:
    async def wait() -> None:
        place = await process.place(MINE)
        waiting = await process.waiting(MINE)
        await asyncio.to_thread(database.change, lambda committer: change(committer, MINE, "t1"))
        news = await waiting
        found = await process.read(MINE, place._replace(position=news.position))
        assert [event.record.token for event in found.events] == ["t1", "t1"]

    process.store.run(wait())


def test_a_database_that_is_away_is_reported_to_all_that_wait(process: Process) -> None:
    async def wait() -> None:
        tasks = [await process.waiting(channel) for channel in CHANNELS]
        process.counting.is_away = True
        for task in tasks:
            with pytest.raises(Unavailable):
                await task
        process.counting.is_away = False
        mine = await process.waiting(MINE)
        await change(process.committer, MINE, "t1")
        assert (await mine).has_come

    process.store.run(wait())


def test_a_place_that_is_ahead_of_a_restored_journal_is_not_waited_for(process: Process) -> None:
    async def wait() -> None:
        place = await process.place(MINE)
        ahead = {1: 10**6}
        news = await process.since(MINE, ahead)
        assert news.has_come, "reading then refuses the place"
        assert process.counting.reads == 1
        with pytest.raises(PlaceLost):
            await process.read(MINE, place._replace(position=ahead))

    process.store.run(wait())


def test_too_many_do_not_wait(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_news, "WAITING_REQUESTS_MAX", 1)

    async def wait() -> None:
        place = await process.place(MINE)
        mine = await process.waiting(MINE)
        assert await process.since(MINE, place.position) == (place.position, False)
        await cancelled(mine)
        last = await process.waiting(MINE)
        await change(process.committer, MINE, "t1")
        assert (await last).has_come

    process.store.run(wait())


def test_requests_from_one_place_share_a_reading(process: Process) -> None:
    async def read() -> None:
        places = {channel: await process.place(channel) for channel in CHANNELS}
        await change(process.committer, MINE, "t1")
        asked = [process.read(channel, place) for channel, place in places.items()]
        more = [process.read(MINE, places[MINE]) for _ in range(READERS)]
        mine, theirs, *others = await asyncio.gather(*asked, *more)
        assert process.counting.reads == 2, "one for each channel"
        assert (len(mine.events), len(theirs.events)) == (2, 0)
        assert all(other is mine for other in others)
        await change(process.committer, MINE, "t1")
        again = await process.read(MINE, places[MINE])
        assert len(again.events) == 4, "it is not older than the call"
        before = process.counting.reads
        gone = asyncio.create_task(process.read(MINE, places[MINE]))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait({gone})
        assert process.counting.reads == before, "nobody waited for it any more"

    process.store.run(read())


def test_a_database_that_does_not_answer_is_waited_for_once(process: Process) -> None:
    class Away(Around):
        attempts = 0

        async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
            self.attempts += 1
            await asyncio.sleep(0)
            raise Unavailable("away")

    async def read() -> None:
        places = [await process.place(channel) for channel in CHANNELS]
        away = Away(process.store.store)
        reads = FeedReads(away)
        asked = [
            reads.read(channel, place, PAGE)
            for channel, place in zip(CHANNELS, places, strict=True)
        ]
        errors = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(error) for error in errors] == [Unavailable] * 2
        assert away.attempts == 1

    process.store.run(read())


def test_many_readers_of_two_processes_see_each_event_once_with_few_readings(
    process: Process, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer is a process of its own, and writes beside the readers."""
    pages: Counter[Channel] = Counter()

    async def counted(snapshot: Snapshot, channel: Channel, place: Place, limit: int) -> Events:
        pages[channel] += 1
        return await read_feed(snapshot, channel, place, limit)

    monkeypatch.setattr(feed_reads, "read_feed", counted)
    processes = (process, Process(process.store))
    stopped = asyncio.Event()

    async def follow(reader: Process, place: Place) -> list[tuple[str, int]]:
        seen: list[tuple[str, int]] = []
        is_all = True
        while len(seen) < 2 * CHANGES:
            if is_all:
                news = await reader.since(MINE, place.position)
                assert news.has_come
                place = place._replace(position=news.position)
            found = await reader.read(MINE, place)
            seen += [(event.record.token, event.version) for event in found.events]
            place, is_all = found.place, found.is_all
        return seen

    async def wait_in_vain(reader: Process, place: Place) -> None:
        while not stopped.is_set():
            news = await reader.since(THEIRS, place.position, 0.1)
            if news.has_come:  # it began to wait too late to know, and reads to here
                place = await reader.place(THEIRS)
            else:
                place = place._replace(position=news.position)

    async def write(committer: Committer) -> None:
        for _ in range(CHANGES):
            await change(committer, MINE, "t1")

    async def run() -> None:
        mine, theirs = [await process.place(channel) for channel in CHANNELS]
        each = [processes[number % 2] for number in range(READERS)]
        readers = [asyncio.create_task(follow(reader, mine)) for reader in each]
        others = [asyncio.create_task(wait_in_vain(reader, theirs)) for reader in each]
        await asyncio.sleep(0)
        await asyncio.to_thread(database.change, write)
        expected = [("t1", 2 + number) for number in range(2 * CHANGES)]
        assert await asyncio.gather(*readers) == [expected] * READERS
        stopped.set()
        await asyncio.gather(*others)

    process.store.run(run())
    assert set(pages) == {MINE}
    wakings = 2 * CHANGES * len(processes)
    assert pages[MINE] <= 4 * wakings, "far fewer than one for each reader and waking"
