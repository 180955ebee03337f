"""The metrics of a process, in Prometheus's format; it imports nothing of seatlatch."""

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from seatlatch import __version__

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Together(NamedTuple):
    """One of several processes whose metrics are told as one sum.

    `folder`: where each of them counts, in files of its own. `name`: the process's, without an
    underscore. Who takes the place of one that died goes on under its name, so that nothing that
    was counted is lost and there are never more files than places.
    """

    folder: Path
    name: str

    def begin(self) -> None:
        """From now on every metric of this process is counted in the folder."""
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.folder)
        values.ValueClass = values.MultiProcessValue(lambda: self.name)  # type: ignore[no-untyped-call]

    def reserve(self) -> None:
        """Have all the room that its files need: a page that is written for the first time on a
        disk that is full would end the process. Raises `OSError`.
        """
        for path in self.folder.glob(f"*_{self.name}.db"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)

    def forget_present(self) -> None:
        """This process has died: what it counted stays, but nobody waits in it any more."""
        mark_process_dead(self.name, str(self.folder))  # type: ignore[no-untyped-call]


class Metrics:
    """The metrics of one process, in a registry of their own; none carries a tenant's data.

    If processes count `together` each of them tells the sums of all. A process that does so has
    only one object of these.
    """

    def __init__(self, together: Together | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._together = together
        # Else the library would look for PROMETHEUS_MULTIPROC_DIR in the environment.
        values.ValueClass = values.MutexValue
        if together:
            together.begin()
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "seatlatch_requests",
            "Requests answered.",
            ["route", "status"],
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "seatlatch_request_seconds",
            "From a request's head to the end of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._tokens = Counter(
            "seatlatch_tokens", "Tokens answered.", ["outcome"], registry=self.registry
        )
        self._group_requests = Histogram(
            "seatlatch_group_requests",
            "Requests that shared one commit.",
            buckets=COUNTS,
            registry=self.registry,
        )
        self._group_tokens = Histogram(
            "seatlatch_group_tokens",
            "Tokens that shared one commit.",
            buckets=COUNTS,
            registry=self.registry,
        )
        self._commit_seconds = Histogram(
            "seatlatch_commit_seconds",
            "One group's transaction, from its start until it was durable.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._make_states()
        self._make_webhooks()
        if together:
            together.reserve()
        self._count_waiting: Callable[[], int] = lambda: 0
        self._count_unready: Callable[[], int] = lambda: 0
        self._count_unfinished: Callable[[], int] = lambda: 0
        self._tokens_of: dict[str, Counter] = {}
        self._answered: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def _make_states(self) -> None:
        """What is told of the processes, beside what they answered and committed."""
        self._waiting_requests = Gauge(
            "seatlatch_waiting_requests",
            "Requests that wait for a commit now.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._unready_processes = Gauge(
            "seatlatch_unready_processes",
            "Processes in which no change can be made now.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._unfinished_commits = Gauge(
            "seatlatch_unfinished_commits",
            "COMMITs that were given up and may still be waiting inside the database.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._journal_entries = Gauge(
            "seatlatch_journal_entries",
            "Requests that the journal holds.",
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self._journal_damage = Counter(
            "seatlatch_journal_damage",
            "Damaged rows and heads of the journal that were met: somebody edited it.",
            ["part"],
            registry=self.registry,
        )
        for part in ("row", "head"):  # there from the start, so that an alert sees the first one
            self._journal_damage.labels(part)
        self._workers_replaced = Counter(
            "seatlatch_workers_replaced",
            "Worker processes that died and were replaced.",
            registry=self.registry,
        )
        Gauge(
            "seatlatch_build_info",
            "What is running.",
            ["version", "python"],
            registry=self.registry,
            multiprocess_mode="max",
        ).labels(__version__, platform.python_version()).set(1)

    def _make_webhooks(self) -> None:
        """What is told of webhooks."""
        self._webhook_attempts = Counter(
            "seatlatch_webhook_attempts",
            "Attempts to send a message to a webhook.",
            ["result"],
            registry=self.registry,
        )
        self._webhook_pending = Gauge(
            "seatlatch_webhook_pending_messages",
            "Messages that wait to be sent to webhooks, of all processes.",
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )
        self._webhook_lag = Gauge(
            "seatlatch_webhook_lag_seconds",
            "Age of the oldest message that waits to be sent to a webhook.",
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )

    def request_answered(self, route: str, status: int, seconds: float) -> None:
        """One request; `route` is one of the service's own, not what the caller wrote."""
        answered = self._answered.get((route, status))
        if answered is None:
            answered = self._answered[route, status] = (
                self._requests.labels(route, str(status)),
                self._request_seconds.labels(route),
            )
        answered[0].inc()
        answered[1].observe(seconds)

    def tokens_answered(self, outcome: str, tokens: int) -> None:
        """So many tokens came to this outcome."""
        counter = self._tokens_of.get(outcome)
        if counter is None:
            counter = self._tokens_of[outcome] = self._tokens.labels(outcome)
        counter.inc(tokens)

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        """One group was made durable."""
        self._group_requests.observe(requests)
        self._group_tokens.observe(tokens)
        self._commit_seconds.observe(seconds)

    def watch_waiting_requests(self, count: Callable[[], int]) -> None:
        """Ask `count` at every scrape, and when it is noted for the others' scrapes."""
        self._count_waiting = count

    def watch_database(
        self, unready: Callable[[], int], unfinished_commits: Callable[[], int]
    ) -> None:
        """Ask these as well. `unready`: 1 if no change can be made in this process, else 0."""
        self._count_unready = unready
        self._count_unfinished = unfinished_commits

    def note_waiting_requests(self) -> None:
        """Note the present state of this process, for a scrape that comes to another one."""
        self._waiting_requests.set(self._count_waiting())
        self._unready_processes.set(self._count_unready())
        self._unfinished_commits.set(self._count_unfinished())

    def journal_holds(self, entries: int) -> None:
        """So many requests are in the journal."""
        self._journal_entries.set(entries)

    def journal_damaged(self, part: str) -> None:
        """A damaged `row` or `head` of the journal was met."""
        self._journal_damage.labels(part).inc()

    def webhook_attempted(self, result: str) -> None:
        """A message was sent to a webhook: `delivered`, `failed` or `given_up`."""
        self._webhook_attempts.labels(result).inc()

    def webhook_backlog(self, messages: int, lag_seconds: float) -> None:
        """What waits at all webhooks that are told."""
        self._webhook_pending.set(messages)
        self._webhook_lag.set(lag_seconds)

    def worker_replaced(self) -> None:
        """A worker died and another takes its place."""
        self._workers_replaced.inc()

    def exposed(self) -> bytes:
        """All metrics as Prometheus's text; of processes that count together, the sums."""
        self.note_waiting_requests()
        if self._together is None:
            return generate_latest(self.registry)
        sums = CollectorRegistry()
        MultiProcessCollector(sums, str(self._together.folder))  # type: ignore[no-untyped-call]
        return generate_latest(sums)
