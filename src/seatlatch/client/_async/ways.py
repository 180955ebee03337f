"""Concurrency on asyncio: waiting, parallel lanes, and shared operations."""

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
    """The owner of a connection, a task or a future, which no other owner may use."""

    process_id: int
    loop: asyncio.AbstractEventLoop


def current_owner() -> Owner:
    """The current process and event loop."""
    return Owner(os.getpid(), asyncio.get_running_loop())


def has_ended(owner: Owner) -> bool:
    """Whether the owner's event loop is closed."""
    return owner.loop.is_closed()


def time_limit(seconds: float) -> asyncio.Timeout:
    """Raise `TimeoutError` inside the block if it takes longer."""
    return asyncio.timeout(seconds)


async def together(lane: Callable[[], Awaitable[None]], lanes: int) -> None:
    """Run this many lanes at once, until all have ended."""
    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            group.create_task(_run(lane))


async def _run(lane: Callable[[], Awaitable[None]]) -> None:
    await lane()


async def in_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    """Run work that may block in another thread."""
    return await asyncio.to_thread(work, *arguments)


class Shared(Generic[Result]):
    """Runs an operation once for all concurrent callers, always to its end.

    A cancelled caller first waits for that end, even if it is cancelled repeatedly.
    """

    def __init__(self) -> None:
        self._owner: Owner | None = None
        self._running: asyncio.Future[Result] | None = None

    async def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of the operation. Each caller gets its own copy of an error."""
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
        running.exception()  # asyncio otherwise logs the exception as never retrieved
