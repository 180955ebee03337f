"""How threads wait, and do several things at once or one for several: `_async.ways` for threads."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

from ..errors import own_copy

Result = TypeVar("Result")

sleep = time.sleep


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
        self._lock = threading.Lock()
        self._running: Future[Result] | None = None

    def run(self, work: Callable[[], Result]) -> Result:
        """What it gives; what it raises, each their own copy."""
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                arguments = (self._running, work)
                threading.Thread(target=_work, args=arguments, name="client-shared").start()
            running = self._running
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
