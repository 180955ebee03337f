"""The metrics of a process, in Prometheus's format."""

import platform
from collections.abc import Callable, Collection, Sequence
from time import monotonic

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    disable_created_metrics,
    generate_latest,
    values,
)

from seatlatch import __version__
from seatlatch.database_metrics import OF_THE_DATABASE, DatabaseMetrics
from seatlatch.plain_metrics import PlainCounter, PlainHistogram
from seatlatch.shared_metrics import Place, Report, Sample, report_of, summed, sums

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
BUILD_INFO = "seatlatch_build_info"
LATEST_ONLY = (*OF_THE_DATABASE, BUILD_INFO)
"""Gauges that each process sets for the whole service: only the latest value counts."""

FEED_LAG = "seatlatch_feed_lag_seconds"
LARGEST_ONLY = (FEED_LAG,)
"""Gauges of which the largest value of all processes counts."""

EXPOSED_SECONDS = 1.0
"""How long the sums of several processes are cached, because anyone may scrape at any rate."""

COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Metrics:
    """The metrics of one process, in its own registry. None contains a tenant's data.

    `place`: where this process reports its metrics if there are several processes. Each process
    then exposes the sums of all.
    """

    def __init__(self, place: Place | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        values.ValueClass = values.MutexValue  # not the file-based one of PROMETHEUS_MULTIPROC_DIR
        self._place = place
        self._before = Report(place.counted) if place else Report()
        self._set_at: dict[str, float] = {}
        self._exposed = b""
        self._exposed_at = -EXPOSED_SECONDS
        self.registry = CollectorRegistry()
        self._requests = PlainCounter(
            "seatlatch_requests",
            "Requests that were answered.",
            ("route", "status"),
            self.registry,
        )
        self._request_seconds = PlainHistogram(
            "seatlatch_request_seconds",
            "Seconds from a request's head to the end of its response.",
            SECONDS,
            self.registry,
            ("route",),
        )
        self._tokens = PlainCounter(
            "seatlatch_tokens", "Tokens that were answered.", ("outcome",), self.registry
        )
        self._failed_authentications = Counter(
            "seatlatch_failed_authentications",
            "Requests with invalid credentials: refused with 401, or throttled with 429.",
            ["result"],
            registry=self.registry,
        )
        _begin_at_zero(self._failed_authentications, "refused", "throttled")
        self._make_commits()
        self._make_states()
        self._make_connections()
        self._webhook_attempts = Counter(
            "seatlatch_webhook_attempts",
            "Attempts to send a message to a webhook.",
            ["result"],
            registry=self.registry,
        )
        _begin_at_zero(self._webhook_attempts, "delivered", "failed", "given_up")
        self.database = DatabaseMetrics(self.registry, self._set_at)
        self._watch_nothing()

    def _watch_nothing(self) -> None:
        """Report zeros until the sources of these values are set."""
        self._count_waiting: Callable[[], int] = lambda: 0
        self._count_dropped: Callable[[], int] = lambda: 0
        self._count_unready: Callable[[], int] = lambda: 0
        self._count_unfinished: Callable[[], int] = lambda: 0
        self._count_connections: Callable[[], int] = lambda: 0
        self._feed_lag_seconds: Callable[[], float] = lambda: 0.0
        self._dropped_lines = 0

    def _make_commits(self) -> None:
        """Metrics of group commit."""
        registry = self.registry
        self._group_requests = PlainHistogram(
            "seatlatch_group_requests", "Requests in one commit.", COUNTS, registry
        )
        self._group_tokens = PlainHistogram(
            "seatlatch_group_tokens", "Tokens in one commit.", COUNTS, registry
        )
        self._commit_seconds = PlainHistogram(
            "seatlatch_commit_seconds",
            "Seconds from the start of a group's transaction until it is durable.",
            SECONDS,
            registry,
        )

    def _make_states(self) -> None:
        """Metrics of the processes themselves."""
        self._waiting_requests = Gauge(
            "seatlatch_waiting_requests",
            "Requests that are waiting for a commit.",
            registry=self.registry,
        )
        self._unready_processes = Gauge(
            "seatlatch_unready_processes",
            "Processes in which no change is currently possible.",
            registry=self.registry,
        )
        self._unfinished_commits = Gauge(
            "seatlatch_unfinished_commits",
            "Abandoned COMMITs that may still be waiting inside the database.",
            registry=self.registry,
        )
        self._feed_lag = Gauge(
            FEED_LAG,
            "Seconds since waiting requests of the feed had all of the journal; 0 if none waits.",
            registry=self.registry,
        )
        self._journal_damage = Counter(
            "seatlatch_journal_damage",
            "Damaged rows and heads found in the journal: somebody edited it.",
            ["part"],
            registry=self.registry,
        )
        _begin_at_zero(self._journal_damage, "row", "head")
        self._workers_replaced = Counter(
            "seatlatch_workers_replaced",
            "Worker processes that died and were replaced.",
            registry=self.registry,
        )
        self._log_lines_dropped = Counter(
            "seatlatch_log_lines_dropped",
            "Log lines that could not be written to standard error.",
            registry=self.registry,
        )
        Gauge(
            BUILD_INFO,
            "The running version, as labels.",
            ["version", "python"],
            registry=self.registry,
        ).labels(__version__, platform.python_version()).set(1)

    def _make_connections(self) -> None:
        """Metrics of connections."""
        self._open_connections = Gauge(
            "seatlatch_open_connections", "Open connections.", registry=self.registry
        )
        self._connections_refused = Counter(
            "seatlatch_connections_refused",
            "Connections refused above the limit of open connections.",
            registry=self.registry,
        )

    def request_answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is the path template of a route, not the path of the request."""
        self._requests.add((route, str(status)))
        self._request_seconds.observe(seconds, (route,))

    def authentication_failed(self, result: str) -> None:
        """Count a request with invalid credentials: `refused` or `throttled`."""
        self._failed_authentications.labels(result).inc()

    def tokens_answered(self, outcome: str, tokens: int) -> None:
        """Count an outcome of this many tokens."""
        self._tokens.add((outcome,), tokens)

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        """Count a group that was made durable."""
        self._group_requests.observe(requests)
        self._group_tokens.observe(tokens)
        self._commit_seconds.observe(seconds)

    def watch_waiting_requests(self, count: Callable[[], int]) -> None:
        """Call `count` at every scrape and before every report to the other processes."""
        self._count_waiting = count

    def watch_dropped_lines(self, count: Callable[[], int]) -> None:
        """Call `count` likewise. It returns the number of log lines lost so far."""
        self._count_dropped = count

    def watch_database(
        self, unready: Callable[[], int], unfinished_commits: Callable[[], int]
    ) -> None:
        """Call these likewise. `unready`: 1 if this process can make no change, else 0."""
        self._count_unready = unready
        self._count_unfinished = unfinished_commits

    def watch_connections(self, count: Callable[[], int]) -> None:
        """Call `count` likewise. It returns the number of open connections."""
        self._count_connections = count

    def watch_feed(self, lag_seconds: Callable[[], float]) -> None:
        """Call `lag_seconds` likewise: how far the waiting requests of the feed are behind."""
        self._feed_lag_seconds = lag_seconds

    def connection_refused(self) -> None:
        """Count a connection above the limit."""
        self._connections_refused.inc()

    def _note_watched(self) -> None:
        self._open_connections.set(self._count_connections())
        self._waiting_requests.set(self._count_waiting())
        self._unready_processes.set(self._count_unready())
        self._unfinished_commits.set(self._count_unfinished())
        self._feed_lag.set(self._feed_lag_seconds())
        dropped_lines = self._count_dropped()
        self._log_lines_dropped.inc(dropped_lines - self._dropped_lines)
        self._dropped_lines = dropped_lines

    def journal_damaged(self, part: str) -> None:
        """Count a damaged `row` or `head` of the journal."""
        self._journal_damage.labels(part).inc()

    def webhook_attempted(self, result: str) -> None:
        """Count an attempt to send a message: `delivered`, `failed` or `given_up`."""
        self._webhook_attempts.labels(result).inc()

    def worker_replaced(self) -> None:
        """Count a worker that died and was replaced."""
        self._workers_replaced.inc()

    def report(self) -> None:
        """Report this process's metrics to the other processes, if there are any."""
        if self._place:
            self._place.reports.write(self._place.number, self._reported())

    def _reported(self) -> Report:
        self._note_watched()
        return report_of(self.registry, self._set_at, self._before)

    def exposed(self) -> bytes:
        """All metrics in Prometheus's text format; with several processes, their sums."""
        if self._place is None:
            self._note_watched()
            return generate_latest(self.registry)
        now = monotonic()
        if now - self._exposed_at >= EXPOSED_SECONDS:
            self.report()
            self._exposed = generate_latest(sums(self._place.reports, LATEST_ONLY, LARGEST_ONLY))
            self._exposed_at = now
        return self._exposed

    def samples(self, names: Collection[str]) -> Sequence[Sample]:
        """The samples of these names now; with several processes their sums, some seconds old."""
        if self._place is None:
            self._note_watched()
            found = self.registry.restricted_registry(names).collect()
            return [(one.name, one.labels, one.value) for family in found for one in family.samples]
        return summed(self._place.reports, names, LATEST_ONLY, LARGEST_ONLY)


def _begin_at_zero(counter: Counter, *values: str) -> None:
    """Expose a count for each value of a label from the start, so that an alert sees the first."""
    for value in values:
        counter.labels(value)
