"""How asyncio waits, locks, and does several things at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Result = TypeVar("Result")

Lock = asyncio.Lock

sleep = asyncio.sleep


async def together(lane: Callable[[], Awaitable[None]], lanes: int) -> None:
    """Run so many lanes at once, until all have ended."""
    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            group.create_task(_run(lane))


async def _run(lane: Callable[[], Awaitable[None]]) -> None:
    await lane()


async def uninterrupted(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do it to its end, even if whoever waits for it is cancelled meanwhile."""
    task = asyncio.ensure_future(work())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def in_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    """Do what may block in a thread of its own."""
    return await asyncio.to_thread(work, *arguments)
