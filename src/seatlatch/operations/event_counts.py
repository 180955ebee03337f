"""Counts of an event's tickets by state: made when they are read, and cached for some seconds.

See decision 148.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from seatlatch.domain.performance import EventKey, TicketCounts
from seatlatch.operations.portions import Portions
from seatlatch.store.events import CountedPortion
from seatlatch.store.interface import Snapshot, Store

KEPT_SECONDS = 8.0
"""How long counts are cached. A response may be made of them until they are 10 seconds old."""

KEPT_EVENTS_MAX = 10_000

PORTION_TICKETS_MIN = 100
PORTION_TICKETS_MAX = 2_000
PORTION_SECONDS_MAX = 0.008
PORTION_SECONDS_MIN = 0.003
"""See `Portions`."""


class Counted(NamedTuple):
    """The counts of an event. `counted_at`: when counting began, aware UTC."""

    counts: TicketCounts
    counted_at: datetime


class _Cached(NamedTuple):
    counted: Counted
    ends_at: float


class EventCounter:
    """Counts tickets, one event at a time. To be used from one event loop.

    `monotonic`: the seconds of a clock that only advances.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self._cached: dict[EventKey, _Cached] = {}
        self._portions = Portions(
            PORTION_TICKETS_MIN, PORTION_TICKETS_MAX, PORTION_SECONDS_MIN, PORTION_SECONDS_MAX
        )
        self._lock = asyncio.Lock()

    def cached(self, key: EventKey) -> Counted | None:
        """The counts of an event, if they were made some seconds ago."""
        found = self._cached.get(key)
        return found.counted if found and self._monotonic() < found.ends_at else None

    async def count(self, key: EventKey) -> Counted:
        """The counts of an event. Raises `Unavailable`.

        Each ticket is counted once, by its state when its portion is read. Only one event is
        counted at a time, so that any number of callers delay other requests no more than one does.
        """
        async with self._lock:
            if found := self.cached(key):  # another caller has counted meanwhile
                return found
            ends_at = self._monotonic() + KEPT_SECONDS
            counted = await self._count(key)
            self._cached.pop(key, None)
            self._cached[key] = _Cached(counted, ends_at)
            while len(self._cached) > KEPT_EVENTS_MAX:
                del self._cached[next(iter(self._cached))]
            return counted

    async def _count(self, key: EventKey) -> Counted:
        counts, after_token, counted_at = TicketCounts(), "", None
        while True:
            tickets = self._portions.size
            began_at = self._monotonic()
            now, portion = await self._store.read(
                partial(_read, key=key, after_token=after_token, tickets=tickets)
            )
            self._portions.adapt(self._monotonic() - began_at)
            counts, after_token = counts.plus(portion.counts), portion.last_token
            counted_at = counted_at or now
            if portion.counts.total < tickets:
                return Counted(counts, counted_at)
            await asyncio.sleep(0)


async def _read(
    snapshot: Snapshot, key: EventKey, after_token: str, tickets: int
) -> tuple[datetime, CountedPortion]:
    return await snapshot.now(), await snapshot.events.count_tickets(key, after_token, tickets)
