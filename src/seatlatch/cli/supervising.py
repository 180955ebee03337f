"""Several workers on one address: started, replaced when they die, and stopped in order.

The supervisor serves nothing itself. It owns the sockets, so that what waits on the one of a worker
that died is there for the next.
"""

import asyncio
import multiprocessing
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from math import inf
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from seatlatch.api.server import STOP_SECONDS_MAX, share_address
from seatlatch.auth.shared_buckets import make_table
from seatlatch.cli.running import STOPPING_SIGNALS, explained, ignore_stopping_signals
from seatlatch.cli.working import Place, work
from seatlatch.logs import Log
from seatlatch.metrics import Metrics, Together
from seatlatch.settings import Settings
from seatlatch.wiring import check_database

SPAWN = multiprocessing.get_context("spawn")
"""Each worker begins as a fresh interpreter: a fork would copy an event loop and locks."""

YOUNG_SECONDS = 1.0
"""A worker that dies within this time of being ready, or before it, dies young."""

RESTART_SECONDS = 1.0
"""Who comes after two that died young is started only after a while: the cause may stay."""

KILL_SECONDS = STOP_SECONDS_MAX + 3
"""A worker that was told to stop and hasn't within this time is killed."""


def supervise(
    settings: Settings, log: Log, listener: socket.socket, say: Callable[[], None]
) -> None:
    """Serve by `settings.workers` processes until a signal. `say` tells the person that it begins.

    Raises `DatabaseProblem` and `ListenProblem` before any of them is started.
    """
    check_database(settings.database_url, settings.database_pooler)
    resource_tracker.ensure_running()  # or it would be started, and unblock signals, in `_start`
    with (
        TemporaryDirectory(prefix="seatlatch-workers-") as name,
        shared_by(settings, listener) as listeners,
    ):
        folder = Path(name)
        buckets = folder / "buckets"
        make_table(buckets)
        metrics = Metrics(Together(folder, "supervisor"))
        heard, ready = SPAWN.Pipe(duplex=False)
        with heard, ready:
            places = [
                Place(number, own, settings, folder, buckets, ready)
                for number, own in enumerate(listeners)
            ]
            asyncio.run(Supervisor(places, heard, log, metrics).run(say))


@contextmanager
def shared_by(settings: Settings, listener: socket.socket) -> Iterator[list[socket.socket]]:
    """A listening socket for each worker, the first of them `listener`. Raises `ListenProblem`."""
    with explained(settings):
        listeners = [listener, *share_address(listener, settings.workers - 1)]
    try:
        yield listeners
    finally:
        for own in listeners:
            own.close()


class Supervisor:
    """Keeps a worker in each place until it is told to stop. `heard`: where they say they serve."""

    def __init__(
        self, places: Sequence[Place], heard: Connection, log: Log, metrics: Metrics
    ) -> None:
        self._places = places
        self._heard = heard
        self._log = log
        self._metrics = metrics
        self._ready_at: dict[int, float] = {}
        self._begun = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self, say: Callable[[], None]) -> None:
        """Until a signal came and all workers ended. `say` is called once when all of them serve.

        No signal is lost: who is just being started is told as soon as it is there.
        """
        loop = asyncio.get_running_loop()
        for number in STOPPING_SIGNALS:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._stopping.set))
        loop.add_reader(self._heard.fileno(), self._hear)
        kept = asyncio.gather(*map(self._keep, self._places))
        begun = asyncio.create_task(self._begun.wait())
        either: set[asyncio.Future[Any]] = {kept, begun}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if begun.done() and not self._stopping.is_set():
            say()
        begun.cancel()
        await kept
        ignore_stopping_signals()

    def _hear(self) -> None:
        """A worker serves."""
        (number,) = self._heard.recv_bytes()
        self._ready_at[number] = monotonic()
        if len(self._ready_at) == len(self._places):
            self._begun.set()

    async def _keep(self, place: Place) -> None:
        """Have a worker in this place, and after it another one, until the stop."""
        died_young = False
        while not self._stopping.is_set():
            self._ready_at.pop(place.number, None)
            try:
                process = self._start(place)
            except OSError as error:
                self._log.error("worker", worker=place.number, reason=f"not started: {error}")
                await self._pause()
                continue
            await self._to_its_end(process, place)
            if self._stopping.is_set():
                return
            self._tell_of(process, place)
            again = died_young
            died_young = monotonic() - self._ready_at.get(place.number, inf) < YOUNG_SECONDS
            if died_young and again:
                await self._pause()

    def _start(self, place: Place) -> SpawnProcess:
        """A new worker. Signals wait until it can take them, and until we know it."""
        process = SPAWN.Process(
            target=work, args=(place,), name=f"worker-{place.number}", daemon=True
        )
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING_SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)
        return process

    async def _to_its_end(self, process: SpawnProcess, place: Place) -> None:
        """Until it has ended; if we are told to stop, so is the worker, and its address is left."""
        ended = asyncio.create_task(readable(process.sentinel))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            place.listener.close()
            process.terminate()
            await asyncio.wait({ended}, timeout=KILL_SECONDS)
        if not ended.done():
            self._log.error("worker", worker=place.number, reason="killed: it did not stop in time")
            process.kill()
        await ended
        process.join()

    def _tell_of(self, process: SpawnProcess, place: Place) -> None:
        place.together.forget_present()
        self._metrics.worker_replaced()
        code = process.exitcode or 0
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        self._log.error(
            "worker",
            worker=place.number,
            process=process.pid,
            reason=f"It ended {how} and is replaced.",
        )

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), RESTART_SECONDS)


async def readable(descriptor: int) -> None:
    """Wait until there is something to read, or an end."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    loop.add_reader(descriptor, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(descriptor)
