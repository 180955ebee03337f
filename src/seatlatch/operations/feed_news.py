"""Waits for new entries in the feed: one reading of the journal for all that wait in a process.

While any request waits, one task reads what is new and wakes those whose channel sees some of it.
All others wait on, and have nothing to read: their place moves with the task's.

See decision 194.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from seatlatch.domain.feed import Position, covers
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.feed_viewers import Viewers, read_viewers
from seatlatch.operations.new_entries import NewEntries
from seatlatch.store.interface import Store

CHECK_SECONDS = 0.25
"""How often to check whether the journal has grown, while any request waits."""

WAITING_REQUESTS_MAX = 1_000
"""How many requests may wait; further ones get their response at once."""

WOKEN_REQUESTS_AT_ONCE = 100
"""How many requests are woken before others run."""


class News(NamedTuple):
    """The result of waiting. `position`: up to where the channel sees nothing. `has_come`: whether
    it may see something after that.
    """

    position: Position
    has_come: bool


class _Waiter:
    """A request that waits, and has read up to `position`. `seen_from`: the position after which
    its channel sees something; None = it sees nothing yet.
    """

    __slots__ = ("ended", "position", "seen_from")

    def __init__(self, ended: asyncio.Future[None], position: Position) -> None:
        self.ended = ended
        self.position = position
        self.seen_from: Position | None = None

    def end(self) -> None:
        """Let it continue."""
        if not self.ended.done():
            self.ended.set_result(None)

    def fail(self, error: Exception) -> None:
        """Let it raise an error."""
        if not self.ended.done():
            self.ended.set_exception(error)


class FeedNews:
    """Reports to waiting requests when the journal has something that their channel sees.

    `monotonic`: the seconds of a clock that only advances.
    """

    def __init__(
        self,
        store: Store,
        monotonic: Callable[[], float],
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._entries = NewEntries(store, monotonic)
        self._monotonic = monotonic
        self._check_seconds = check_seconds
        self._waiting: defaultdict[str, set[_Waiter]] = defaultdict(set)
        self._waiting_requests = 0
        self._following: asyncio.Task[None] | None = None
        self._complete_at = 0.0
        # Up to here, no channel sees anything for which it still waits.
        self._position: Position = {}

    def start(self) -> None:
        """Nothing to do: following the journal begins with the first request that waits."""

    async def close(self) -> None:
        """Stop following the journal."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    @property
    def lag_seconds(self) -> float:
        """How long ago the requests that wait had all that was in the journal; 0 = none waits."""
        return 0.0 if self._following is None else self._monotonic() - self._complete_at

    async def since(self, channel_code: str, position: Position, deadline: float) -> News:
        """Wait until a channel sees something after `position`, up to which it has read; or until
        `deadline`, a time of the event loop's clock. Raises `Unavailable`.
        """
        loop = asyncio.get_running_loop()
        if self._waiting_requests >= WAITING_REQUESTS_MAX or loop.time() >= deadline:
            return News(position, has_come=False)
        if self._following is None:
            self._position = position
            self._complete_at = self._monotonic()
            self._following = loop.create_task(self._follow())
        elif not covers(position, self._position):
            # Whether the channel sees something of what is between is no longer known. It waits
            # as long as others do, in case entries are missing there and it comes back at once.
            await asyncio.sleep(min(self._check_seconds, deadline - loop.time()))
            return News(position, has_come=True)
        waiter = _Waiter(loop.create_future(), position)
        self._waiting[channel_code].add(waiter)
        self._waiting_requests += 1
        timer = loop.call_at(deadline, waiter.end)
        try:
            await waiter.ended
        finally:
            timer.cancel()
            self._waiting_requests -= 1
            self._forget(channel_code, waiter)
        if waiter.seen_from is None:
            return News(_later(position, self._position), has_come=False)
        return News(_later(position, waiter.seen_from), has_come=True)

    def _forget(self, channel_code: str, waiter: _Waiter) -> None:
        waiters = self._waiting.get(channel_code)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[channel_code]

    async def _follow(self) -> None:
        """Follow the journal as long as any request waits."""
        try:
            while self._waiting_requests:
                await asyncio.sleep(self._check_seconds)
                await self._read_on()
        except Unavailable as refusal:
            for waiter in self._take_all():
                waiter.fail(refusal.again())
        except Exception as error:  # a bug, which each request reports
            for waiter in self._take_all():
                waiter.fail(error)
        finally:
            self._following = None

    async def _read_on(self) -> None:
        """Read to the present end of the journal, and wake those that see something."""
        began_at = self._monotonic()
        end = await self._entries.end()
        if not covers(end, self._position):  # an older state of the database was restored
            woken = self._take_all()
            self._position = end
            await _wake(woken)
        async for chain, part in self._entries.parts(self._position, end, read_viewers):
            number = end[chain] if part.number is None else part.number
            woken = self._take(part.viewers, chain)
            self._position = {**self._position, chain: number}
            await _wake(woken)
        self._complete_at = began_at

    def _take(self, viewers: Viewers, chain: int) -> list[_Waiter]:
        """Remove those from the waiting that see something of entries of a chain; return them."""
        if viewers is None:
            return self._take_all()
        taken = []
        for channel in self._waiting.keys() & viewers:
            for waiter in list(self._waiting[channel]):
                if waiter.position.get(chain, 0) < viewers[channel]:
                    waiter.seen_from = self._position
                    self._forget(channel, waiter)
                    taken.append(waiter)
        return taken

    def _take_all(self) -> list[_Waiter]:
        """Remove all from the waiting, and return them."""
        taken = [waiter for waiters in self._waiting.values() for waiter in waiters]
        self._waiting.clear()
        for waiter in taken:
            waiter.seen_from = self._position
        return taken


async def _wake(waiters: Sequence[_Waiter]) -> None:
    """Let them continue, some at a time."""
    for first in range(0, len(waiters), WOKEN_REQUESTS_AT_ONCE):
        for waiter in waiters[first : first + WOKEN_REQUESTS_AT_ONCE]:
            waiter.end()
        await asyncio.sleep(0)


def _later(position: Position, other: Position) -> Position:
    """The position of a reader that has read up to both."""
    return {
        chain: max(position.get(chain, 0), other.get(chain, 0))
        for chain in position.keys() | other.keys()
    }
