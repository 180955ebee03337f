"""A worker: one of several processes that serve on a shared socket.

It stops in order on SIGTERM, and when its supervisor has ended.
"""

import asyncio
import signal
import socket
from functools import partial
from multiprocessing import parent_process
from time import monotonic
from typing import NamedTuple

from seatlatch.assembly import Overrides
from seatlatch.auth.shared_buckets import SharedBuckets
from seatlatch.cli.server_process import server_limits, stop_in_order
from seatlatch.cli.streams import guard_output
from seatlatch.http.server import STOPPING_SIGNALS, Server
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.settings import Settings
from seatlatch.shared_memory import SharedMemory
from seatlatch.shared_metrics import Place, Reports
from seatlatch.wiring import open_app

REPORT_SECONDS = 1.0
"""How often a worker reports its metrics, and that its event loop runs."""


class Heartbeats:
    """The last time the event loop of each worker ran, in monotonic seconds; 0 = never."""

    def __init__(self, memory: SharedMemory) -> None:
        self.memory = memory
        self._times = memory.bytes.cast("d")

    @classmethod
    def of(cls, workers: int) -> "Heartbeats":
        """Allocate them, all 0. Raises `OSError` if there is not enough memory."""
        return cls(SharedMemory.of(workers * 8))

    def __getitem__(self, number: int) -> float:
        return self._times[number]

    def __setitem__(self, number: int, now: float) -> None:
        self._times[number] = now


class Assignment(NamedTuple):
    """The arguments of a worker process, and of the processes that replace it."""

    number: int
    listener: socket.socket
    settings: Settings
    heartbeats: SharedMemory
    reports: SharedMemory
    buckets: SharedMemory


def work(assignment: Assignment) -> None:
    """Serve until SIGTERM or the end of the supervisor. The main function of the process.

    The process starts with the stopping signals blocked. It unblocks them when the server handles
    them, so that no signal interrupts the start.
    """
    stop_in_order()
    settings = assignment.settings
    log = make_log(settings.log_format, settings.log_level)
    metrics = Metrics(Place(Reports(assignment.reports), assignment.number))
    guard_output(metrics)
    overrides = Overrides(buckets=partial(SharedBuckets, assignment.buckets))
    heartbeats = Heartbeats(assignment.heartbeats)
    server = Server(
        open_app(settings, log, metrics, overrides=overrides),
        log,
        metrics,
        server_limits(settings, log),
    )

    def began() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)
        stop_with_supervisor(server)
        beat(heartbeats, assignment.number, metrics)

    server.run(assignment.listener, began)


def beat(heartbeats: Heartbeats, number: int, metrics: Metrics) -> None:
    """Report now, and then every `REPORT_SECONDS`."""
    asyncio.get_running_loop().call_later(REPORT_SECONDS, beat, heartbeats, number, metrics)
    heartbeats[number] = monotonic()
    metrics.report()


def stop_with_supervisor(server: Server) -> None:
    """Stop the server when its supervisor ends, so that it does not keep the address."""
    supervisor = parent_process()
    if supervisor is None:
        raise RuntimeError("only a supervisor starts workers")
    loop = asyncio.get_running_loop()
    sentinel = supervisor.sentinel

    def stop() -> None:
        loop.remove_reader(sentinel)
        server.stop(drain=False)  # the next start needs the port

    loop.add_reader(sentinel, stop)
