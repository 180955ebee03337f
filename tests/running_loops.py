"""Which event loop asyncio takes for the running one of a thread.

Between two calls, Playwright leaves its own loop there, and asyncio refuses to run another one.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running_loop(loop: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """Make `loop` the running one of this thread, until the end."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)
