"""Waiting for news in the feed: one look at the database for all who wait in a process."""

import asyncio

from seatlatch.domain.feed import Position
from seatlatch.store.interface import Store

LOOK_SECONDS = 0.25
"""So often is looked whether the journal has grown, as long as anybody waits."""

WAITING_REQUESTS_MAX = 1_000
"""Who comes when so many wait already is answered at once."""


class FeedNews:
    """Tells when a journal has grown."""

    def __init__(self, store: Store, look_seconds: float = LOOK_SECONDS) -> None:
        self._store = store
        self._look_seconds = look_seconds
        self._looking: asyncio.Task[Position] | None = None
        self._waiting_requests = 0

    async def since(self, position: Position, deadline: float) -> bool:
        """Wait until there is something that `position` has not seen; False = not by `deadline`,
        which is by the loop's clock. Raises `Unavailable`.
        """
        loop = asyncio.get_running_loop()
        if self._waiting_requests >= WAITING_REQUESTS_MAX:
            return False
        self._waiting_requests += 1
        try:
            while loop.time() + self._look_seconds <= deadline:
                end = await asyncio.shield(self._look())
                if any(number > position.get(chain, 0) for chain, number in end.items()):
                    return True
        finally:
            self._waiting_requests -= 1
        return False

    def _look(self) -> asyncio.Task[Position]:
        """All who wait share the next look."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look_soon())
        return self._looking

    async def _look_soon(self) -> Position:
        await asyncio.sleep(self._look_seconds)
        return await self._store.read(lambda snapshot: snapshot.read_position())
