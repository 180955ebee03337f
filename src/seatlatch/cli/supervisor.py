"""Several workers on one socket: started, replaced when they die or hang, and stopped in order.

The supervisor serves nothing itself. All workers accept from the same socket, so connections that
wait for a worker that died are accepted by the others.

See decision 24.
"""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
from time import monotonic
from types import FrameType

from seatlatch.auth.shared_buckets import make_table
from seatlatch.cli.streams import guard_output
from seatlatch.cli.worker import REPORT_SECONDS, Assignment, Heartbeats, work
from seatlatch.http.server import SECOND_SIGNAL_SECONDS, STOPPING_SIGNALS
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.settings import Settings
from seatlatch.shared_metrics import Place, Reports

SPAWN = multiprocessing.get_context("spawn")
"""Each worker starts as a fresh interpreter: a fork would copy an event loop and locks."""

POLL_SECONDS = 0.1
"""How often the supervisor checks its workers."""

START_SECONDS_MAX = 60.0
"""A worker that does not serve this long after its start is killed."""

AWAKE_SECONDS = 1.0
"""A supervisor that has not run for this long was frozen, probably together with its workers."""

SILENT_SECONDS_MAX = 10.0
"""A worker whose event loop has not run for this long is killed: it hangs."""

YOUNG_SECONDS = 1.0
"""A worker that dies within this time of being ready, or before it, dies young."""

RESTART_SECONDS = 1.0
"""The delay before a restart after two workers died young: the cause may persist."""

KILL_AFTER_SECONDS = 3.0
"""A worker that has not stopped this long after its limit is killed."""

WORKER_SIGNALS = (signal.SIGINT, signal.SIGHUP)
"""A terminal sends these to the workers too. They ignore them: the supervisor stops them."""


class Worker:
    """The current process of one worker number, and how its predecessors ended."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.process: SpawnProcess | None = None
        self.started_at = 0.0
        self.ready_at: float | None = None
        self.start_at = 0.0
        self.died_young = False


def supervise(
    settings: Settings, log: Log, listener: socket.socket, say: Callable[[], None]
) -> None:
    """Serve by `settings.workers` processes until a signal. `say` prints that they serve."""
    resource_tracker.ensure_running()  # or `_start` would start it, and it unblocks signals
    reports = Reports.of(settings.workers + 1)
    metrics = Metrics(Place(reports, settings.workers))
    guard_output(metrics)
    heartbeats = Heartbeats.of(settings.workers)
    buckets = make_table()
    assignments = [
        Assignment(number, listener, settings, heartbeats.memory, reports.memory, buckets)
        for number in range(settings.workers)
    ]
    stop_seconds = settings.drain_seconds + settings.shutdown_seconds + KILL_AFTER_SECONDS
    workers = [Worker(assignment) for assignment in assignments]
    Supervisor(workers, heartbeats, reports, stop_seconds, log, metrics).run(say)


class Supervisor:
    """Keeps all workers running until a signal. `stop_seconds`: how long a stop may take."""

    def __init__(
        self,
        workers: list[Worker],
        heartbeats: Heartbeats,
        reports: Reports,
        stop_seconds: float,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._workers = workers
        self._heartbeats = heartbeats
        self._reports = reports
        self._stop_seconds = stop_seconds
        self._log = log
        self._metrics = metrics
        self._stopping = threading.Event()
        self._stop_at = 0.0
        self._reported_at = 0.0
        self._round_at = self._awake_since = monotonic()

    def run(self, say: Callable[[], None]) -> None:
        """Run until a signal and the end of all workers. Call `say` when all of them serve."""
        for number in STOPPING_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, self._signalled)
        said = False
        while not self._stopping.wait(POLL_SECONDS):
            self._note_round()
            for worker in self._workers:
                self._tend(worker)
            if not said and all(worker.ready_at for worker in self._workers):
                said = True
                say()
            if monotonic() - self._reported_at >= REPORT_SECONDS:
                self._reported_at = monotonic()
                self._metrics.report()
        self._stop()

    def _note_round(self) -> None:
        """Start to measure silence from now on if all processes were frozen for a while."""
        now = monotonic()
        if now - self._round_at > AWAKE_SECONDS:
            self._awake_since = now
        self._round_at = now

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        now = monotonic()
        if not self._stopping.is_set():
            self._stop_at = now
            self._stopping.set()
        elif now - self._stop_at > SECOND_SIGNAL_SECONDS:
            for worker in self._workers:
                if worker.process:
                    worker.process.kill()
            os._exit(128 + number)

    def _tend(self, worker: Worker) -> None:
        """Start a worker that does not run, and replace one that died or hangs."""
        process = worker.process
        if process is None:
            if monotonic() >= worker.start_at:
                self._start(worker)
        elif process.is_alive():
            self._check(worker, process)
        else:
            self._replace(worker, process)

    def _start(self, worker: Worker) -> None:
        number = worker.assignment.number
        self._heartbeats[number] = 0.0
        process = SPAWN.Process(
            target=work, args=(worker.assignment,), name=f"worker-{number}", daemon=True
        )
        try:
            with _signals_kept_from_workers():
                process.start()
        except OSError as error:
            self._log.error("worker", worker=number, reason=f"not started: {error}")
            worker.start_at = monotonic() + RESTART_SECONDS
            return
        worker.process = process
        worker.started_at = monotonic()
        worker.ready_at = None

    def _check(self, worker: Worker, process: SpawnProcess) -> None:
        beat = self._heartbeats[worker.assignment.number]
        if worker.ready_at is None:
            worker.ready_at = beat or None
        silent_seconds = monotonic() - max(beat or worker.started_at, self._awake_since)
        if silent_seconds > (SILENT_SECONDS_MAX if beat else START_SECONDS_MAX):
            self._log.error(
                "worker",
                worker=worker.assignment.number,
                process=process.pid,
                reason=f"It has not responded for {silent_seconds:.0f} seconds and is killed.",
            )
            process.kill()
            self._heartbeats[worker.assignment.number] = monotonic()  # it may need time to end

    def _replace(self, worker: Worker, process: SpawnProcess) -> None:
        """Report a worker that ended, and prepare for the next one."""
        process.join()
        number = worker.assignment.number
        self._reports.forget_gauges(number)
        self._metrics.worker_replaced()
        code = process.exitcode or 0
        self._log.error(
            "worker",
            worker=number,
            process=process.pid,
            reason=f"It ended {_ending(code)} and is replaced.",
        )
        now = monotonic()
        is_young = worker.ready_at is None or now - worker.ready_at < YOUNG_SECONDS
        worker.start_at = now + RESTART_SECONDS if is_young and worker.died_young else now
        worker.died_young = is_young
        worker.process = None
        worker.ready_at = None
        self._tend(worker)

    def _stop(self) -> None:
        """Stop all workers, and kill those that do not stop in time."""
        self._workers[0].assignment.listener.close()
        processes = [worker.process for worker in self._workers if worker.process]
        for process in processes:
            process.terminate()
        deadline = monotonic() + self._stop_seconds
        for process in processes:
            process.join(max(deadline - monotonic(), 0))
            if process.is_alive():
                self._log.error(
                    "worker", process=process.pid, reason="killed: it did not stop in time"
                )
                process.kill()
                process.join()
        for number in STOPPING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _ending(code: int) -> str:
    """How a process ended, from its exit code in the format of `multiprocessing`."""
    if code >= 0:
        return f"with exit code {code}"
    known = {number.value: number.name for number in signal.Signals}
    return f"by {known.get(-code, f'signal {-code}')}"


@contextmanager
def _signals_kept_from_workers() -> Iterator[None]:
    """Start a worker with these signals blocked, and the signals of a terminal ignored.

    Linux keeps a blocked signal even while it is ignored, so it reaches the supervisor afterwards.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING_SIGNALS)
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in WORKER_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)
