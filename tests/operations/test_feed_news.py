"""Waiting for the feed: who is woken, that nothing is missed, and how much is read for it."""

import asyncio
from collections import Counter
from time import monotonic

import pytest

from seatlatch.commit import Committer
from seatlatch.domain.channel import Channel
from seatlatch.domain.refusal import PlaceLost, Unavailable
from seatlatch.operations import feed_news, feed_reads
from seatlatch.operations.feed_news import FeedNews
from seatlatch.operations.read_events import Events, Place, read_feed
from seatlatch.store.interface import Snapshot
from tests.databases import Database
from tests.operations.feed_processes import CHANNELS, Process, cancelled, change
from tests.operations.seat_map_processes import PATIENCE_SECONDS, TICK_SECONDS
from tests.operations.states import MINE, THEIRS

READERS = 300
CHANGES = 30


def test_only_those_are_woken_that_see_something(feed: Process) -> None:
    async def wait() -> None:
        place = await feed.place(THEIRS)
        mine, theirs = await feed.waiting(MINE), await feed.waiting(THEIRS)
        await change(feed.committer, MINE, "t1")
        assert (await mine).has_come
        assert not theirs.done()
        await change(feed.committer, THEIRS, "t2")
        news = await theirs
        assert news.has_come
        assert sum(news.position.values()) > sum(place.position.values()), "it need not skip these"
        found = await feed.read(THEIRS, place._replace(position=news.position))
        assert [event.record.token for event in found.events] == ["t2", "t2"]

    feed.store.run(wait())


def test_a_request_that_waits_in_vain_continues_behind_what_it_does_not_see(
    feed: Process,
) -> None:
    async def wait() -> None:
        place = await feed.place(THEIRS)
        mine = await feed.waiting(MINE)
        theirs = asyncio.create_task(feed.since(THEIRS, place.position, 0.3))
        await change(feed.committer, MINE, "t1")
        assert (await mine).has_come
        reads = feed.counting.reads
        news = await theirs
        assert not news.has_come
        assert news.position == (await feed.place(THEIRS)).position
        assert feed.counting.reads > reads, "the end was read, but no page"

    feed.store.run(wait())


def test_an_entry_between_the_reading_and_the_waiting_is_not_missed(feed: Process) -> None:
    async def wait() -> None:
        place = await feed.place(MINE)
        await change(feed.committer, MINE, "t1")
        assert (await feed.since(MINE, place.position)).has_come
        # Others have waited for longer, and those that follow for them are already behind it.
        theirs, mine = await feed.waiting(THEIRS), await feed.waiting(MINE)
        await change(feed.committer, MINE, "t1")
        await mine
        assert await feed.since(MINE, place.position, seconds=0.1) == (place.position, True)
        await cancelled(theirs)

    feed.store.run(wait())


def test_who_is_behind_those_that_wait_comes_back_no_sooner_than_they_do(
    feed: Process,
) -> None:
    """Where entries are missing, reading does not move its place."""
    news = FeedNews(feed.counting, monotonic, PATIENCE_SECONDS)

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        before = await feed.place(MINE)
        await change(feed.committer, MINE, "t1")
        after = await feed.place(MINE)
        long = loop.time() + PATIENCE_SECONDS
        first = asyncio.create_task(news.since(MINE.code, after.position, long))
        await asyncio.sleep(0)
        deadline = loop.time() + 0.05
        assert await news.since(MINE.code, before.position, deadline) == (before.position, True)
        assert loop.time() >= deadline
        await cancelled(first)

    feed.store.run(wait())


def test_who_has_read_an_entry_is_not_woken_by_it(feed: Process) -> None:
    async def wait() -> None:
        theirs = await feed.waiting(THEIRS)
        await change(feed.committer, MINE, "t1")
        mine = await feed.waiting(MINE)
        await change(feed.committer, THEIRS, "t2")
        assert (await theirs).has_come
        assert not mine.done()
        await cancelled(mine)

    feed.store.run(wait())


def test_entries_of_other_processes_wake_as_well(feed: Process, database: Database) -> None:
    async def wait() -> None:
        place = await feed.place(MINE)
        waiting = await feed.waiting(MINE)
        await asyncio.to_thread(database.change, lambda committer: change(committer, MINE, "t1"))
        news = await waiting
        found = await feed.read(MINE, place._replace(position=news.position))
        assert [event.record.token for event in found.events] == ["t1", "t1"]

    feed.store.run(wait())


def test_a_database_that_is_away_is_reported_to_all_that_wait(feed: Process) -> None:
    async def wait() -> None:
        tasks = [await feed.waiting(channel) for channel in CHANNELS]
        feed.counting.is_away = True
        for task in tasks:
            with pytest.raises(Unavailable):
                await task
        feed.counting.is_away = False
        mine = await feed.waiting(MINE)
        await change(feed.committer, MINE, "t1")
        assert (await mine).has_come

    feed.store.run(wait())


def test_a_place_that_is_ahead_of_a_restored_journal_is_not_waited_for(feed: Process) -> None:
    async def wait() -> None:
        place = await feed.place(MINE)
        ahead = {1: 10**6}
        news = await feed.since(MINE, ahead)
        assert news.has_come, "reading then refuses the place"
        assert feed.counting.reads == 1
        with pytest.raises(PlaceLost):
            await feed.read(MINE, place._replace(position=ahead))

    feed.store.run(wait())


def test_too_many_do_not_wait(feed: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_news, "WAITING_REQUESTS_MAX", 1)

    async def wait() -> None:
        place = await feed.place(MINE)
        mine = await feed.waiting(MINE)
        assert await feed.since(MINE, place.position) == (place.position, False)
        await cancelled(mine)
        last = await feed.waiting(MINE)
        await change(feed.committer, MINE, "t1")
        assert (await last).has_come

    feed.store.run(wait())


def test_many_readers_of_two_processes_see_each_event_once_with_few_readings(
    feed: Process, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer is another one, and writes beside the readers."""
    pages: Counter[Channel] = Counter()

    async def counted(snapshot: Snapshot, channel: Channel, place: Place, limit: int) -> Events:
        pages[channel] += 1
        return await read_feed(snapshot, channel, place, limit)

    monkeypatch.setattr(feed_reads, "read_feed", counted)
    processes = (feed, Process(feed.store))
    stopped = asyncio.Event()

    async def write(committer: Committer) -> None:
        for _ in range(CHANGES):
            await change(committer, MINE, "t1")

    async def run() -> None:
        mine, theirs = [await feed.place(channel) for channel in CHANNELS]
        each = [processes[number % 2] for number in range(READERS)]
        readers = [asyncio.create_task(reader.follow(mine, 2 * CHANGES)) for reader in each]
        others = [asyncio.create_task(reader.wait_in_vain(theirs, stopped)) for reader in each]
        await asyncio.sleep(0)
        await asyncio.to_thread(database.change, write)
        expected = [("t1", 2 + number) for number in range(2 * CHANGES)]
        assert await asyncio.gather(*readers) == [expected] * READERS
        stopped.set()
        await asyncio.gather(*others)
        await processes[1].news.close()

    feed.store.run(run())
    assert set(pages) == {MINE}
    wakings = 2 * CHANGES * len(processes)
    assert pages[MINE] <= 4 * wakings, "far fewer than one for each reader and waking"


def test_the_lag_grows_until_all_is_read(feed: Process) -> None:
    seconds = 100.0
    news = FeedNews(feed.counting, lambda: seconds, TICK_SECONDS)

    async def wait() -> None:
        nonlocal seconds
        assert news.lag_seconds == 0
        place = await feed.place(MINE)
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        waiting = asyncio.create_task(news.since(THEIRS.code, place.position, deadline))
        await asyncio.sleep(0)
        seconds += 7
        assert news.lag_seconds == 7
        async with asyncio.timeout(PATIENCE_SECONDS):
            while news.lag_seconds:
                await asyncio.wait({waiting}, timeout=TICK_SECONDS)
        assert not waiting.done()
        seconds += 2
        await cancelled(waiting)
        await news.close()
        assert news.lag_seconds == 0, "nobody waits"

    feed.store.run(wait())
