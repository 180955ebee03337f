"""The readings of the feed, which requests share."""

import asyncio
from collections.abc import Awaitable, Callable

from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.feed_reads import FeedReads
from seatlatch.store.interface import Result, Snapshot
from tests.operations.feed_processes import CHANNELS, PAGE, Process, change
from tests.operations.states import MINE
from tests.stores import Around

READERS = 300


def test_requests_from_one_place_share_a_reading(feed: Process) -> None:
    async def read() -> None:
        places = {channel: await feed.place(channel) for channel in CHANNELS}
        await change(feed.committer, MINE, "t1")
        asked = [feed.read(channel, place) for channel, place in places.items()]
        more = [feed.read(MINE, places[MINE]) for _ in range(READERS)]
        mine, theirs, *others = await asyncio.gather(*asked, *more)
        assert feed.counting.reads == 2, "one for each channel"
        assert (len(mine.events), len(theirs.events)) == (2, 0)
        assert all(other is mine for other in others)
        await change(feed.committer, MINE, "t1")
        again = await feed.read(MINE, places[MINE])
        assert len(again.events) == 4, "it is not older than the call"
        before = feed.counting.reads
        gone = asyncio.create_task(feed.read(MINE, places[MINE]))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait({gone})
        assert feed.counting.reads == before, "nobody waited for it any more"

    feed.store.run(read())


def test_requests_that_waited_in_vain_share_the_digest_of_their_place(feed: Process) -> None:
    async def read() -> None:
        places = [(await feed.place(channel))._replace(digest="") for channel in CHANNELS]
        before = feed.counting.reads
        asked = [feed.reads.with_digest(place) for place in places * READERS]
        found = await asyncio.gather(*asked)
        assert feed.counting.reads == before + 1, "the entries are those of both channels"
        assert [place._replace(digest="") for place in found] == places * READERS, "each its own"
        assert len({place.digest for place in found}) == 1
        page = await feed.read(MINE, places[0])
        assert found[0] == page.place, "as a page has it"

    feed.store.run(read())


def test_a_database_that_does_not_answer_is_waited_for_once(feed: Process) -> None:
    class Away(Around):
        attempts = 0

        async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
            self.attempts += 1
            await asyncio.sleep(0)
            raise Unavailable("away")

    async def read() -> None:
        places = [await feed.place(channel) for channel in CHANNELS]
        away = Away(feed.store.store)
        reads = FeedReads(away)
        asked = [
            reads.read(channel, place, PAGE)
            for channel, place in zip(CHANNELS, places, strict=True)
        ]
        errors = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(error) for error in errors] == [Unavailable] * 2
        assert away.attempts == 1

    feed.store.run(read())
