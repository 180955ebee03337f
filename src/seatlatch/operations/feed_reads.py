"""The readings of the feed: one after the other, between other requests.

Requests of one channel from the same place that come before a reading begins share it. So any
number of readers take no more than a part of the time from locks and unlocks.

See decision 194.
"""

import asyncio
from collections.abc import Hashable, Sequence
from functools import partial
from typing import NamedTuple

from seatlatch.domain.channel import Channel
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.portions import rest
from seatlatch.operations.read_events import Events, Place, read_feed
from seatlatch.store.interface import Store

REQUESTS_AT_ONCE = 5
"""How many requests get a page before others run: each then takes part of a millisecond."""


class _Asked(NamedTuple):
    """A page of the feed, and the requests that wait for it."""

    channel: Channel
    place: Place
    limit: int
    results: list[asyncio.Future[Events]]


class FeedReads:
    """Reads pages of the feed for all requests of a process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[Hashable, _Asked] = {}
        self._reading: asyncio.Task[None] | None = None

    async def read(self, channel: Channel, place: Place, limit: int) -> Events:
        """See `read_feed`. The result is not older than the call. Raises `Unavailable`, too."""
        loop = asyncio.get_running_loop()
        *names, position, entry_id, read_tickets, digest = place
        seen = tuple(sorted(position.items()))
        page = (channel, *names, seen, entry_id, read_tickets, digest, limit)
        asked = self._asked.setdefault(page, _Asked(channel, place, limit, []))
        result: asyncio.Future[Events] = loop.create_future()
        asked.results.append(result)
        if self._reading is None:
            self._reading = loop.create_task(self._read_all())
        return await result

    async def _read_all(self) -> None:
        try:
            while self._asked:
                await self._read(self._asked.pop(next(iter(self._asked))))
        finally:
            self._reading = None

    async def _read(self, asked: _Asked) -> None:
        """Read one page, and give it to those that still wait for it."""
        if all(result.done() for result in asked.results):
            return
        work = partial(read_feed, channel=asked.channel, place=asked.place, limit=asked.limit)
        try:
            found = await self._store.read(work)
        except Exception as error:
            failed = [asked]
            if isinstance(error, Unavailable):  # one after the other, all would wait for the same
                failed += self._asked.values()
                self._asked.clear()
            _fail(failed, error)
            return
        for first in range(0, len(asked.results), REQUESTS_AT_ONCE):
            if first:
                await rest()
            for result in asked.results[first : first + REQUESTS_AT_ONCE]:
                if not result.done():
                    result.set_result(found)
        if self._asked:
            await rest()


def _fail(pages: Sequence[_Asked], error: Exception) -> None:
    for result in (result for asked in pages for result in asked.results):
        if not result.done():
            again = error.again() if isinstance(error, Unavailable) else error
            result.set_exception(again)
