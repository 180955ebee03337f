"""The traffic of the last hour: differences of the metrics, which are counted anyway.

See decision 183.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from math import inf
from typing import NamedTuple

from seatlatch.logs import Log
from seatlatch.shared_metrics import Sample

SAMPLE_SECONDS = 10.0
KEPT_SECONDS = 3_600.0
FRESH_SECONDS = 1.0
"""How long a reading is cached, however many people look."""

REQUESTS = "seatlatch_requests_total"
COMMITS = "seatlatch_commit_seconds_bucket"
WAITING = "seatlatch_waiting_requests"
LAG = "seatlatch_webhook_lag_seconds"
DAMAGE = "seatlatch_journal_damage_total"
NAMES = (REQUESTS, COMMITS, WAITING, LAG, DAMAGE)

INTERFACES = ("/v1/", "/operator/v1/")
"""The routes that count as traffic. Pages, probes and scrapes do not."""

PERCENTILE = 99 / 100

ReadSamples = Callable[[Collection[str]], Sequence[Sample]]


class Totals(NamedTuple):
    """The counts since the start of the server, and the gauges, at a time.

    `failures`: responses of status 400 or more that are neither conflicts (409) nor unavailable
    (503). `commits`: the number of commits up to each bound in seconds. `damaged_rows`: how often
    a damaged row of the journal was read.
    """

    at: float
    requests: float
    failures: float
    conflicts: float
    unavailable: float
    commits: Mapping[float, float]
    waiting_requests: float
    webhook_lag_seconds: float
    damaged_rows: float


class Reading(NamedTuple):
    """The traffic of a period of `seconds` that ended `age_seconds` ago.

    `commit_p99_seconds` None = there was no commit; infinite = above the largest bound. The number
    of waiting requests and the lag are those at its end.
    """

    age_seconds: float
    seconds: float
    requests: float
    failures: float
    conflicts: float
    unavailable: float
    commit_p99_seconds: float | None
    waiting_requests: float
    webhook_lag_seconds: float

    @property
    def requests_per_second(self) -> float:
        """The rate of all requests."""
        return self.requests / self.seconds if self.seconds else 0.0


class Traffic:
    """Samples the metrics in the background, and keeps an hour of them.

    `read` reads the samples of metrics, `monotonic` the seconds of a clock that only advances.
    """

    def __init__(self, read: ReadSamples, monotonic: Callable[[], float], log: Log) -> None:
        self._read = read
        self._monotonic = monotonic
        self._log = log
        self._kept: deque[Totals] = deque(maxlen=round(KEPT_SECONDS / SAMPLE_SECONDS) + 1)
        self._latest: Totals | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the event loop of the application."""
        self.sample()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="traffic")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            try:
                self.sample()
            except Exception:
                self._log.exception("bug", reason="The traffic was not sampled.")

    def sample(self) -> None:
        """Keep the totals of now, and forget those that are older than an hour."""
        self._kept.append(self.totals())

    @property
    def sampled_at(self) -> float:
        """When the latest sample was taken, by the clock."""
        return self._kept[-1].at if self._kept else 0.0

    def totals(self) -> Totals:
        """The totals of now; at most a second old."""
        now = self._monotonic()
        if self._latest is None or now - self._latest.at >= FRESH_SECONDS:
            self._latest = totals_of(self._read(NAMES), now)
        return self._latest

    def now(self, seconds: float) -> Reading:
        """The traffic of the last `seconds`, or since the first sample."""
        totals = self.totals()
        if not self._kept:
            self._kept.append(totals)
        return self._reading(self._begin(totals, seconds, len(self._kept)), totals)

    def history(self, seconds: float) -> Sequence[Reading]:
        """For each sample of the last hour, the traffic of the `seconds` before it."""
        return [
            self._reading(self._begin(totals, seconds, place), totals)
            for place, totals in enumerate(self._kept)
            if place
        ]

    def periods(self, seconds: float) -> Sequence[Reading]:
        """The traffic of the last hour in periods of `seconds`, the latest first."""
        readings = []
        place = len(self._kept) - 1
        while place > 0:
            begin = self._begin(self._kept[place], seconds, place)
            readings.append(self._reading(begin, self._kept[place]))
            place = begin
        return readings

    def _begin(self, totals: Totals, seconds: float, place: int) -> int:
        """The place of the sample with which a period begins that ends with `totals`.

        It is one of the first `place` samples, of which there is at least one.
        """
        begins_at = totals.at - seconds + SAMPLE_SECONDS / 2
        while place > 1 and self._kept[place - 1].at > begins_at:
            place -= 1
        return place - 1

    def _reading(self, begin: int, after: Totals) -> Reading:
        before = self._kept[begin]
        return Reading(
            self._monotonic() - after.at,
            after.at - before.at,
            after.requests - before.requests,
            after.failures - before.failures,
            after.conflicts - before.conflicts,
            after.unavailable - before.unavailable,
            percentile(
                {
                    bound: count - before.commits.get(bound, 0)
                    for bound, count in after.commits.items()
                }
            ),
            after.waiting_requests,
            after.webhook_lag_seconds,
        )


def _difference(
    before: Mapping[float, float], after: Mapping[float, float]
) -> Mapping[float, float]:
    return {bound: count - before.get(bound, 0.0) for bound, count in after.items()}


def totals_of(samples: Sequence[Sample], at: float) -> Totals:
    """The totals in these samples."""
    requests = failures = conflicts = unavailable = damaged_rows = 0.0
    gauges = {WAITING: 0.0, LAG: 0.0}
    commits: dict[float, float] = {}
    for name, labels, value in samples:
        if name == COMMITS:
            commits[float(labels["le"])] = value
        elif name == DAMAGE:
            damaged_rows += value if labels["part"] == "row" else 0
        elif name != REQUESTS:
            gauges[name] = value
        elif labels["route"].startswith(INTERFACES):
            status = int(labels["status"])
            requests += value
            if status == 409:
                conflicts += value
            elif status == 503:
                unavailable += value
            elif status >= 400:
                failures += value
    return Totals(
        at,
        requests,
        failures,
        conflicts,
        unavailable,
        dict(sorted(commits.items())),
        gauges[WAITING],
        gauges[LAG],
        damaged_rows,
    )


def percentile(counts: Mapping[float, float]) -> float | None:
    """The 99th percentile of a histogram: the number of values up to each bound, in their order.

    Within a bound's values it is interpolated. None = there are no values; infinite = it is above
    the largest finite bound.
    """
    total = counts.get(inf, 0.0)
    if not total:
        return None
    wanted = PERCENTILE * total
    lower, below = 0.0, 0.0
    for bound, count in counts.items():
        if count >= wanted:
            return lower + (bound - lower) * (wanted - below) / (count - below)
        lower, below = bound, count
    return inf
