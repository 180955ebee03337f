"""One worker of several: a process that serves on the socket that all of them share.

It ends in order on SIGTERM, and by itself when its supervisor is gone.
"""

import asyncio
import signal
import socket
from functools import partial
from multiprocessing import parent_process
from time import monotonic
from typing import NamedTuple

from seatlatch.api.server import STOPPING_SIGNALS, Server
from seatlatch.auth.shared_buckets import SharedBuckets
from seatlatch.cli.running import server_limits, stop_in_order
from seatlatch.cli.streams import guard_output
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.settings import Settings
from seatlatch.shared_memory import SharedMemory
from seatlatch.shared_metrics import Place, Reports
from seatlatch.wiring import Around, service

REPORT_SECONDS = 1.0
"""How often a worker reports what it has counted, and that its event loop runs."""


class Heartbeats:
    """When the event loop of each worker ran last, in seconds of the monotonic clock; 0: never."""

    def __init__(self, memory: SharedMemory) -> None:
        self.memory = memory
        self._times = memory.bytes.cast("d")

    @classmethod
    def of(cls, workers: int) -> "Heartbeats":
        """None yet. Raises `OSError` if there is not enough memory."""
        return cls(SharedMemory.of(workers * 8))

    def __getitem__(self, number: int) -> float:
        return self._times[number]

    def __setitem__(self, number: int, now: float) -> None:
        self._times[number] = now


class Assignment(NamedTuple):
    """What a worker is given, and after it the one that replaces it."""

    number: int
    listener: socket.socket
    settings: Settings
    heartbeats: SharedMemory
    reports: SharedMemory
    buckets: SharedMemory


def work(assignment: Assignment) -> None:
    """Serve until SIGTERM, or until the supervisor is gone. The process's main function.

    The signals come blocked. They are unblocked when the server handles them, so that none can
    arrive in the middle of the start.
    """
    stop_in_order()
    settings = assignment.settings
    log = make_log(settings.log_format, settings.log_level)
    metrics = Metrics(Place(Reports(assignment.reports), assignment.number))
    guard_output(metrics)
    around = Around(buckets=partial(SharedBuckets, assignment.buckets))
    heartbeats = Heartbeats(assignment.heartbeats)
    server = Server(
        service(settings, log, metrics, around=around), log, metrics, server_limits(settings, log)
    )

    def began() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)
        stop_with_supervisor(server)
        beat(heartbeats, assignment.number, metrics)

    server.run(assignment.listener, began)


def beat(heartbeats: Heartbeats, number: int, metrics: Metrics) -> None:
    """Report now, and then regularly."""
    asyncio.get_running_loop().call_later(REPORT_SECONDS, beat, heartbeats, number, metrics)
    heartbeats[number] = monotonic()
    metrics.report()


def stop_with_supervisor(server: Server) -> None:
    """Stop as soon as nobody supervises the server, so that it does not keep the address."""
    supervisor = parent_process()
    if supervisor is None:
        raise RuntimeError("a worker is started by its supervisor alone")
    loop = asyncio.get_running_loop()
    sentinel = supervisor.sentinel

    def stop() -> None:
        loop.remove_reader(sentinel)
        server.stop(drain=False)  # so that nothing holds the port for the next start

    loop.add_reader(sentinel, stop)
