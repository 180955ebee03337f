"""Facts about a channel at this time: its use of the rate limits, its locks, its failed requests.

See decision 181.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from seatlatch.auth.rate_limit import RateLimit
from seatlatch.operations.journal_scope import EVERYTHING
from seatlatch.operations.list_requests import RequestFilter, list_requests
from seatlatch.operations.locked_counts import LockedCounter
from seatlatch.presentation.requests import status_of
from seatlatch.store.interface import Store

REQUESTS_MAX = 200
"""The requests of which the failed ones are counted. Reading them takes some 15 ms on SQLite, and
some 50 ms on PostgreSQL.
"""

KEPT_SECONDS = 8.0
"""How long these counts are cached: any number of open pages cost no more than one."""

PERIOD = timedelta(hours=1)


class RateUse(NamedTuple):
    """An application's use of a rate limit: `used` of `burst` requests, as this machine counts."""

    kind: str
    used: int
    burst: int
    per_second: float


class Failures(NamedTuple):
    """A channel's latest requests in the last hour. `by_status`: how many of each, in order.

    `is_all`: whether there were no more requests in that time.
    """

    requests: int
    failed: int
    by_status: Sequence[tuple[int, int]]
    is_all: bool

    @property
    def percent(self) -> float:
        """The part that failed, of 100."""
        return 100 * self.failed / self.requests if self.requests else 0.0


class Locks(NamedTuple):
    """The number of tickets that each channel has locked. `held`: the part of them that is held
    without an end. `counted_at`: when counting began, aware UTC.
    """

    locked: Mapping[str, int]
    held: Mapping[str, int]
    counted_at: datetime


class ChannelFacts:
    """Reads the facts. To be used from one event loop.

    `limits`: the rate limits of applications. `monotonic`: the seconds of a clock that only
    advances.
    """

    def __init__(
        self,
        store: Store,
        limits: Sequence[RateLimit],
        locks: LockedCounter,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._limits = limits
        self._locks = locks
        self._monotonic = monotonic
        self._failures: dict[str, tuple[float, Failures]] = {}
        self._lock = asyncio.Lock()

    def rate_uses(self, application_id: str) -> list[RateUse]:
        """The use of the limits by an application that exists; empty = there is no limit."""
        uses = []
        for limit in self._limits:
            left = limit.left(application_id)
            if limit.rate is not None and left is not None:
                per_second, burst = limit.rate
                uses.append(RateUse(limit.kind, burst - left, burst, per_second))
        return uses

    def locks(self) -> Locks | None:
        """The tickets that channels have locked; None = they are being counted."""
        counts = self._locks.latest()
        if counts is None:
            return None
        locked: Counter[str] = Counter()
        for (_, code), tickets in counts.locks.items():
            locked[code] += tickets
        return Locks(locked, counts.held_locks, counts.counted_at)

    def forget_locks(self) -> None:
        """Count the locked tickets again, because many were unlocked."""
        self._locks.forget()

    def cached_failures(self, code: str) -> Failures | None:
        """The result of `failures`, if it was read some seconds ago."""
        due_at, found = self._failures.get(code, (0.0, None))
        return found if self._monotonic() < due_at else None

    async def failures(self, code: str) -> Failures:
        """The latest requests of a channel that exists, and those that failed; some seconds old."""
        async with self._lock:
            found = self.cached_failures(code)
            if found is None:
                due_at = self._monotonic() + KEPT_SECONDS
                found = await self._read_failures(code)
                self._failures[code] = (due_at, found)
            return found

    async def _read_failures(self, code: str) -> Failures:
        now = await self._store.read(lambda snapshot: snapshot.now())
        wanted = RequestFilter(channel_code=code, since=now - PERIOD)
        found = await list_requests(self._store, wanted, EVERYTHING, None, REQUESTS_MAX)
        statuses = Counter(status_of(entry) or 0 for entry in found.entries)
        return Failures(
            requests=len(found.entries),
            failed=sum(count for status, count in statuses.items() if status >= 400),
            by_status=sorted(statuses.items()),
            is_all=found.position is None,
        )
