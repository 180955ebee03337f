"""How threads wait, and do several things at once or one for several: `_async.ways` for threads."""

import os
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, NamedTuple, TypeVar

from ..errors import own_copy

Result = TypeVar("Result")

sleep = time.sleep

Closing = Generator[None, None, None]
"""A generator that closes something when it is closed."""


class Owner(NamedTuple):
    """What a connection or a future belongs to: no other may use it."""

    process_id: int


def current_owner() -> Owner:
    """The process that this runs in."""
    return Owner(os.getpid())


def has_ended(_owner: Owner) -> bool:
    """A process that runs this has not ended."""
    return False


def time_limit(_seconds: float) -> AbstractContextManager[None]:
    """A thread cannot be interrupted; what is inside looks at the clock itself."""
    return nullcontext()


def together(lane: Callable[[], None], lanes: int) -> None:
    """Run so many lanes at once, until all have ended. Ctrl-C does not wait for them."""
    threads = ThreadPoolExecutor(lanes, "client-lane")
    try:
        for ended in [threads.submit(lane) for _ in range(lanes)]:
            ended.result()
    finally:
        threads.shutdown(wait=False)


def in_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    """Do what may block: this thread may."""
    return work(*arguments)


class Shared(Generic[Result]):
    """Does something once for all who want it meanwhile, and to its end: in a thread of its own,
    which Ctrl-C does not reach. Who is interrupted so waits for that first.
    """

    def __init__(self) -> None:
        self._current: dict[int, tuple[threading.Lock, list[Future[Result]]]] = {}

    def run(self, work: Callable[[], Result]) -> Result:
        """What it gives; what it raises, each their own copy."""
        # A thread of the parent process can hold its lock when it forks, and its future is never
        # done here. So each process has its own.
        lock, kept = self._current.setdefault(os.getpid(), (threading.Lock(), []))
        with lock:
            if not kept or kept[0].done():
                kept[:] = [Future()]
                threading.Thread(target=_work, args=(kept[0], work), name="client-shared").start()
            running = kept[0]
        try:
            return running.result()
        except Exception as problem:
            raise own_copy(problem) from problem
        except BaseException:
            wait([running])
            raise


def _work(running: Future[Result], work: Callable[[], Result]) -> None:
    try:
        running.set_result(work())
    except BaseException as problem:
        running.set_exception(problem)
