"""How threads wait, lock, and do several things at once: what `_async.ways` is for asyncio."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")

Lock = threading.Lock

sleep = time.sleep


def together(lane: Callable[[], None], lanes: int) -> None:
    """Run so many lanes at once, until all have ended. Ctrl-C does not wait for them."""
    threads = ThreadPoolExecutor(lanes, "client-lane")
    try:
        for ended in [threads.submit(lane) for _ in range(lanes)]:
            ended.result()
    finally:
        threads.shutdown(wait=False)


def uninterrupted(work: Callable[[], Result]) -> Result:
    """Do it to its end. A thread is not interrupted anyway."""
    return work()


def in_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    """Do what may block: this thread may."""
    return work(*arguments)
