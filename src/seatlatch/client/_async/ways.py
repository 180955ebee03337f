"""How asyncio waits, and does several things at once or one thing for several."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar

from ..errors import own_copy

Result = TypeVar("Result")

sleep = asyncio.sleep

Closing = AsyncGenerator[None, None]
"""A generator that closes something when it is closed."""


class Owner(NamedTuple):
    """What a connection, a task or a future belongs to: no other may use it."""

    process_id: int
    loop: asyncio.AbstractEventLoop


def current_owner() -> Owner:
    """The process and event loop that this runs in."""
    return Owner(os.getpid(), asyncio.get_running_loop())


def has_ended(owner: Owner) -> bool:
    """Whether its event loop is closed."""
    return owner.loop.is_closed()


def time_limit(seconds: float) -> asyncio.Timeout:
    """Raise `TimeoutError` in what is inside if it takes longer."""
    return asyncio.timeout(seconds)


async def together(lane: Callable[[], Awaitable[None]], lanes: int) -> None:
    """Run so many lanes at once, until all have ended."""
    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            group.create_task(_run(lane))


async def _run(lane: Callable[[], Awaitable[None]]) -> None:
    await lane()


async def in_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    """Do what may block in a thread of its own."""
    return await asyncio.to_thread(work, *arguments)


class Shared(Generic[Result]):
    """Does something once for all who want it meanwhile, and to its end: who is cancelled waits
    for that first, however often.
    """

    def __init__(self) -> None:
        self._owner: Owner | None = None
        self._running: asyncio.Future[Result] | None = None

    async def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """What it gives; what it raises, each their own copy."""
        owner = current_owner()
        if self._running is None or self._running.done() or self._owner != owner:
            self._owner = owner
            self._running = asyncio.ensure_future(work())
        running = self._running
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await _ended(running)
            raise
        except Exception as problem:
            raise own_copy(problem) from problem


async def _ended(running: asyncio.Future[Any]) -> None:
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            continue
    if not running.cancelled():
        running.exception()  # now it counts as seen
