"""Waits for new entries in the feed: one query for all requests of a process that wait."""

import asyncio

from seatlatch.domain.feed import Position
from seatlatch.store.interface import Store

CHECK_SECONDS = 0.25
"""How often to check whether the journal has grown, while any request waits."""

WAITING_REQUESTS_MAX = 1_000
"""How many requests may wait; further ones get their response at once."""


class FeedNews:
    """Reports when the journal has grown."""

    def __init__(self, store: Store, check_seconds: float = CHECK_SECONDS) -> None:
        self._store = store
        self._check_seconds = check_seconds
        self._checking: asyncio.Task[Position] | None = None
        self._waiting_requests = 0

    async def since(self, position: Position, deadline: float) -> bool:
        """Wait until the journal has entries after `position`; False = it has none at `deadline`,
        a time of the event loop's clock. Raises `Unavailable`.
        """
        loop = asyncio.get_running_loop()
        if self._waiting_requests >= WAITING_REQUESTS_MAX:
            return False
        self._waiting_requests += 1
        try:
            while loop.time() + self._check_seconds <= deadline:
                end = await asyncio.shield(self._check())
                if any(number > position.get(chain, 0) for chain, number in end.items()):
                    return True
        finally:
            self._waiting_requests -= 1
        return False

    def _check(self) -> asyncio.Task[Position]:
        """The next check, which all waiting requests share."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.get_running_loop().create_task(self._check_soon())
        return self._checking

    async def _check_soon(self) -> Position:
        await asyncio.sleep(self._check_seconds)
        return await self._store.read(lambda snapshot: snapshot.journal.read_position())
