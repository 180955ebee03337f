"""Work that runs to its end even if the task that waits for it is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Wait for `work`, however often this task is cancelled meanwhile.

    Returns the work's result or raises its error. If this task was cancelled, raises
    `CancelledError` instead, after the work has ended.
    """
    task = asyncio.create_task(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation:
        if not task.cancelled():
            task.exception()  # Without this, asyncio logs that nobody retrieved it.
        raise cancellation
    return task.result()
