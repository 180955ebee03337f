"""Concurrency on threads: the counterpart of `_async.ways`."""

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
    """The owner of a connection or a future, which no other owner may use."""

    process_id: int


def current_owner() -> Owner:
    """The current process."""
    return Owner(os.getpid())


def has_ended(_owner: Owner) -> bool:
    """Return False: a running process has not ended."""
    return False


def time_limit(_seconds: float) -> AbstractContextManager[None]:
    """Do nothing: a thread cannot be interrupted, so the block checks the clock itself."""
    return nullcontext()


def together(lane: Callable[[], None], lanes: int) -> None:
    """Run this many lanes at once, until all have ended. Ctrl-C does not wait for them."""
    threads = ThreadPoolExecutor(lanes, "client-lane")
    try:
        for ended in [threads.submit(lane) for _ in range(lanes)]:
            ended.result()
    finally:
        threads.shutdown(wait=False)


def in_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    """Run work that may block, in this thread."""
    return work(*arguments)


class Shared(Generic[Result]):
    """Runs an operation once for all concurrent callers, always to its end.

    It runs in its own thread, which Ctrl-C does not reach. An interrupted caller first waits for
    its end.
    """

    def __init__(self) -> None:
        self._current: dict[int, tuple[threading.Lock, list[Future[Result]]]] = {}

    def run(self, work: Callable[[], Result]) -> Result:
        """Return the result of the operation. Each caller gets its own copy of an error."""
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
