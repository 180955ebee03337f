"""One worker of several: a process that serves on a socket which the supervisor has given it.

It ends as a single server does on SIGTERM, and by itself when the supervisor is gone.
"""

import asyncio
import shutil
import signal
import socket
import sys
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from seatlatch.api.server import Server, make_server
from seatlatch.auth.shared_buckets import SharedBuckets
from seatlatch.cli.exit_codes import NOTHING_DONE
from seatlatch.cli.running import STOPPING_SIGNALS, stop_in_order
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics, Together
from seatlatch.settings import Settings
from seatlatch.store.interface import DatabaseProblem
from seatlatch.wiring import Around, service

NOTE_SECONDS = 0.2
"""So often a worker notes what others are to tell of it."""


class Place(NamedTuple):
    """What a worker is given, and after it whoever takes its place.

    `folder`: where all workers count, and `buckets`, the table that they share for the rate limit.
    `ready`: where it says its number once it serves.
    """

    number: int
    listener: socket.socket
    settings: Settings
    folder: Path
    buckets: Path
    ready: Connection

    @property
    def together(self) -> Together:
        """Where its metrics are counted."""
        return Together(self.folder, str(self.number))


def work(place: Place) -> None:
    """Serve until a signal, or until the supervisor is gone. The process's main function.

    The signals that stop it come blocked. They are let in when the server is there to take them,
    so that none can hit what is only half made.
    """
    stop_in_order()
    settings = place.settings
    log = make_log(settings.log_format, settings.log_level)
    metrics = Metrics(place.together)
    around = Around(buckets=partial(SharedBuckets, place.buckets))
    try:
        app = service(settings, log, metrics, around=around)
    except DatabaseProblem as problem:
        log.error("worker", worker=place.number, reason=str(problem))
        sys.exit(NOTHING_DONE)

    def begin() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)
        stop_with_the_supervisor(server)
        note_regularly(metrics)
        place.ready.send_bytes(bytes([place.number]))

    server = make_server(app, log, metrics, begin)
    try:
        server.run(sockets=[place.listener])
    finally:
        if not supervisor().is_alive():  # who would have removed it
            shutil.rmtree(place.folder, ignore_errors=True)


def stop_with_the_supervisor(server: Server) -> None:
    """Have the server end in order as soon as nobody supervises it, so that it holds no address."""
    loop = asyncio.get_running_loop()
    sentinel = supervisor().sentinel

    def stop() -> None:
        loop.remove_reader(sentinel)
        server.handle_exit(signal.SIGTERM, None)

    loop.add_reader(sentinel, stop)


def supervisor() -> BaseProcess:
    """The process that has started this one, be it gone or not."""
    found = parent_process()
    if found is None:
        raise RuntimeError("a worker is started by its supervisor alone")
    return found


def note_regularly(metrics: Metrics) -> None:
    """Keep fresh what a scrape that comes to another worker tells of this one."""
    metrics.note_waiting_requests()
    asyncio.get_running_loop().call_later(NOTE_SECONDS, note_regularly, metrics)
