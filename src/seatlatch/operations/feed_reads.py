"""The readings of the feed: one after the other, between other requests.

Requests of one channel from the same place that come before a reading begins share it. So any
number of readers take no more than a part of the time from locks and unlocks.

See decision 194.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Any, NamedTuple

from seatlatch.domain.channel import Channel
from seatlatch.domain.feed import Position
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.portions import rest
from seatlatch.operations.read_events import Events, Place, read_feed, with_digest
from seatlatch.store.interface import Result, Snapshot, Store

REQUESTS_AT_ONCE = 5
"""How many requests get a page before others run: each then takes part of a millisecond."""


class _Asked(NamedTuple):
    """A reading, and the requests that wait for its result."""

    work: Callable[[Snapshot], Awaitable[Any]]
    results: list[asyncio.Future[Any]]


class FeedReads:
    """Reads pages of the feed for all requests of a process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[Hashable, _Asked] = {}
        self._reading: asyncio.Task[None] | None = None

    async def read(self, channel: Channel, place: Place, limit: int) -> Events:
        """See `read_feed`. The result is not older than the call. Raises `Unavailable`, too."""
        *names, position, entry_id, read_tickets, digest = place
        page = (channel, *names, _seen(position), entry_id, read_tickets, digest, limit)
        return await self._shared(
            page, partial(read_feed, channel=channel, place=place, limit=limit)
        )

    async def with_digest(self, place: Place) -> Place:
        """See `read_events.with_digest`. Requests that end at one time share it: those that waited
        in vain are all at one position. Raises `Unavailable`.
        """
        entries = (_seen(place.position), place.entry_id)
        found = await self._shared(entries, partial(with_digest, place=place))
        return place._replace(digest=found.digest)

    async def _shared(
        self, asked_for: Hashable, work: Callable[[Snapshot], Awaitable[Result]]
    ) -> Result:
        loop = asyncio.get_running_loop()
        asked = self._asked.setdefault(asked_for, _Asked(work, []))
        result: asyncio.Future[Result] = loop.create_future()
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
        """Read once, and give the result to those that still wait for it."""
        if all(result.done() for result in asked.results):
            return
        try:
            found = await self._store.read(asked.work)
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


def _seen(position: Position) -> Hashable:
    return tuple(sorted(position.items()))


def _fail(pages: Sequence[_Asked], error: Exception) -> None:
    for result in (result for asked in pages for result in asked.results):
        if not result.done():
            again = error.again() if isinstance(error, Unavailable) else error
            result.set_exception(again)
