"""Counts of holds without an end and of locks: made in the background while somebody looks.

See decision 183.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from seatlatch.domain.performance import EventKey
from seatlatch.domain.refusal import Unavailable
from seatlatch.logs import Log
from seatlatch.store.interface import Snapshot, Store
from seatlatch.store.tickets import LockedPortion, LockedTickets

PORTION_TICKETS = 1_000
"""Reading this many tickets takes a few milliseconds, in which SQLite blocks the event loop."""

PAUSE_PER_READ_SECONDS = 19.0
PAUSE_SECONDS_MAX = 0.05
"""The pause after each second of reading, so that counting takes 5 % of the time; and its maximum,
because a portion may take long for another reason.
"""

KEPT_SECONDS_MIN = 3.0
KEPT_SECONDS_MAX = 300.0
KEPT_PER_READ_SECONDS = 60.0
"""How long counts are kept for each second of reading: few tickets are counted often."""

EVENTS_MAX = 10_000
"""Holds of further events are counted by organization."""


class LockedCounts(NamedTuple):
    """The number of holds without an end by event, and of locks by organization and channel.

    `other_holds`: the holds of events that are not among `holds`, by organization. `held_locks`:
    the locks of tickets that are also held without an end, by channel. `counted_at`: when counting
    began, aware UTC.
    """

    holds: Mapping[EventKey, int]
    other_holds: Mapping[str, int]
    locks: Mapping[tuple[str, str], int]
    held_locks: Mapping[str, int]
    counted_at: datetime


class LockedCounter:
    """Counts the tickets that are held without an end or listed. To be used from one event loop.

    `monotonic`: the seconds of a clock that only advances.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float], log: Log) -> None:
        self._store = store
        self._monotonic = monotonic
        self._log = log
        self._latest: LockedCounts | None = None
        self._due_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Do nothing yet: counting begins when somebody looks."""

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def latest(self) -> LockedCounts | None:
        """The latest counts; None = the first ones are not complete. Begins to count if due."""
        is_counting = self._task is not None and not self._task.done()
        if not is_counting and (self._latest is None or self._monotonic() >= self._due_at):
            self._task = asyncio.get_running_loop().create_task(self._run(), name="locked counts")
        return self._latest

    def forget(self) -> None:
        """Count all again, because many tickets have just changed."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._latest = None

    async def _run(self) -> None:
        try:
            self._latest, read_seconds = await self.count()
            kept_seconds = read_seconds * KEPT_PER_READ_SECONDS
            self._due_at = self._monotonic() + min(
                max(kept_seconds, KEPT_SECONDS_MIN), KEPT_SECONDS_MAX
            )
        except Unavailable as refusal:
            self._log.warning("holds and locks", reason=refusal.message)
        except Exception:
            self._log.exception("bug", reason="Holds and locks were not counted.")

    async def count(self) -> tuple[LockedCounts, float]:
        """Count all tickets, each by its state when its portion is read.

        Returns the counts, and the seconds that reading took. Raises `Unavailable`.
        """
        tally, after_token, counted_at, read_seconds = _Tally(), "", None, 0.0
        while True:
            began_at = self._monotonic()
            now, portion = await self._store.read(partial(_read, after_token=after_token))
            seconds = self._monotonic() - began_at
            read_seconds += seconds
            counted_at = counted_at or now
            tally.add(portion.locked)
            after_token = portion.last_token
            if portion.examined < PORTION_TICKETS:
                return tally.counts(counted_at), read_seconds
            await asyncio.sleep(min(seconds * PAUSE_PER_READ_SECONDS, PAUSE_SECONDS_MAX))


class _Tally:
    """Sums of portions."""

    def __init__(self) -> None:
        self._holds: Counter[EventKey] = Counter()
        self._other_holds: Counter[str] = Counter()
        self._locks: Counter[tuple[str, str]] = Counter()
        self._held_locks: Counter[str] = Counter()

    def add(self, locked: Iterable[LockedTickets]) -> None:
        for organization_id, access_id, channel_code, tickets in locked:
            if channel_code is not None:
                self._locks[organization_id, channel_code] += tickets
            if access_id is None:
                continue
            if channel_code is not None:
                self._held_locks[channel_code] += tickets
            key = EventKey(organization_id, access_id)
            if key in self._holds or len(self._holds) < EVENTS_MAX:
                self._holds[key] += tickets
            else:
                self._other_holds[organization_id] += tickets

    def counts(self, counted_at: datetime) -> LockedCounts:
        return LockedCounts(
            self._holds, self._other_holds, self._locks, self._held_locks, counted_at
        )


async def _read(snapshot: Snapshot, after_token: str) -> tuple[datetime, LockedPortion]:
    portion = await snapshot.tickets.count_locked(after_token, PORTION_TICKETS)
    return await snapshot.now(), portion
