"""The traffic of the last hour, from real metrics and a clock that the test moves."""

import asyncio
from math import inf

import pytest

from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.shared_metrics import Place, Reports
from seatlatch.traffic import KEPT_SECONDS, SAMPLE_SECONDS, Traffic, percentile

UNLOCK = "/v1/tickets/unlock"


class Scene:
    """Metrics with their traffic, and the time."""

    def __init__(self, metrics: Metrics) -> None:
        self.seconds = 1_000.0
        self.metrics = metrics
        self.traffic = Traffic(metrics.samples, lambda: self.seconds, make_log("json", "info"))
        self.traffic.sample()

    def answer(self, *statuses: int, route: str = UNLOCK) -> None:
        for status in statuses:
            self.metrics.request_answered(route, status, 0.001)

    def pass_time(self, seconds: float = SAMPLE_SECONDS) -> None:
        self.seconds += seconds
        self.traffic.sample()


@pytest.fixture
def scene() -> Scene:
    return Scene(Metrics())


def test_requests_of_the_interfaces_are_counted_by_how_they_ended(scene: Scene) -> None:
    scene.answer(200, 207, 409, 409, 503, 422, 401, 500)
    scene.answer(200, 404, route="/operator/v1/tickets")
    scene.answer(200, 404, 503, route="/console")
    scene.answer(200, route="/metrics")
    scene.pass_time()
    reading = scene.traffic.now(10)
    assert (reading.requests, reading.conflicts, reading.unavailable) == (10, 2, 1)
    assert reading.failures == 4
    assert reading.requests_per_second == 1.0


def test_a_period_has_only_its_own_requests(scene: Scene) -> None:
    for requests in range(1, 8):
        scene.answer(*[200] * requests)
        scene.pass_time()
    assert scene.traffic.now(10).requests == 7
    assert scene.traffic.now(60).requests == sum(range(2, 8))
    assert [one.requests for one in scene.traffic.history(10)] == [1, 2, 3, 4, 5, 6, 7]
    assert [one.requests for one in scene.traffic.history(20)] == [1, 3, 5, 7, 9, 11, 13]
    assert [one.requests for one in scene.traffic.periods(30)] == [18, 9, 1]
    assert [one.age_seconds for one in scene.traffic.periods(30)] == [0, 30, 60]


def test_now_is_between_two_samples(scene: Scene) -> None:
    scene.pass_time()
    scene.answer(200, 200, 200, 200)
    scene.seconds += 4
    reading = scene.traffic.now(10)
    assert (reading.requests, reading.seconds) == (4, 14)
    scene.answer(200)
    assert scene.traffic.now(10).requests == 4  # cached, whoever looks
    scene.seconds += 1
    assert scene.traffic.now(10).requests == 5


def test_only_an_hour_is_kept(scene: Scene) -> None:
    for _ in range(400):
        scene.pass_time()
    history = scene.traffic.history(10)
    assert len(history) == KEPT_SECONDS / SAMPLE_SECONDS
    assert history[0].age_seconds == KEPT_SECONDS - SAMPLE_SECONDS
    assert len(scene.traffic.periods(300)) == 12


def test_late_samples_give_the_rate_of_their_time(scene: Scene) -> None:
    """As when a laptop sleeps."""
    scene.answer(*[200] * 50)
    scene.pass_time(100)
    assert scene.traffic.history(10)[-1].requests_per_second == 0.5


def test_gauges_are_those_of_now(scene: Scene) -> None:
    scene.metrics.watch_waiting_requests(lambda: 7)
    scene.metrics.database.webhook_backlog(3, 12.5)
    scene.metrics.journal_damaged("row")
    scene.metrics.journal_damaged("head")
    scene.pass_time()
    reading = scene.traffic.now(10)
    assert (reading.waiting_requests, reading.webhook_lag_seconds) == (7, 12.5)
    assert scene.traffic.totals().damaged_rows == 1


def test_the_percentile_is_of_the_commits_of_the_period(scene: Scene) -> None:
    assert scene.traffic.now(60).commit_p99_seconds is None
    for _ in range(100):
        scene.metrics.group_committed(1, 1, 0.3)
    scene.pass_time()
    slow = scene.traffic.now(10).commit_p99_seconds
    assert slow is not None and 0.25 < slow <= 0.5
    for _ in range(100):
        scene.metrics.group_committed(1, 1, 0.002)
    scene.pass_time()
    fast = scene.traffic.now(10).commit_p99_seconds
    assert fast is not None and 0.001 < fast <= 0.0025
    scene.metrics.group_committed(1, 1, 9.0)
    scene.pass_time()
    assert scene.traffic.now(10).commit_p99_seconds == inf
    scene.pass_time()
    assert scene.traffic.now(10).commit_p99_seconds is None


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, None),
        ({1.0: 0, inf: 0}, None),
        ({1.0: 100, 2.0: 100, inf: 100}, 0.99),
        ({1.0: 98, 2.0: 100, inf: 100}, 1.5),
        ({1.0: 98, 2.0: 98, 4.0: 100, inf: 100}, 3.0),
        ({1.0: 98, inf: 100}, inf),
    ],
)
def test_a_percentile_lies_within_its_bound(
    counts: dict[float, float], expected: float | None
) -> None:
    assert percentile(counts) == pytest.approx(expected)


def test_several_processes_are_added_up() -> None:
    reports = Reports.of(2)
    try:
        scene, other = Scene(Metrics(Place(reports, 0))), Metrics(Place(reports, 1))
        scene.answer(200, 409)
        other.request_answered(UNLOCK, 503, 0.1)
        other.request_answered("/livez", 200, 0.1)
        other.group_committed(1, 1, 0.02)
        for process in (scene.metrics, other):
            process.report()
        scene.pass_time()
        reading = scene.traffic.now(10)
        assert (reading.requests, reading.conflicts, reading.unavailable) == (3, 1, 1)
        assert reading.commit_p99_seconds == pytest.approx(0.025, rel=0.1)
    finally:
        reports.memory.close()


async def run(scene: Scene) -> float:
    scene.seconds += 5
    scene.traffic.start()
    await scene.traffic.close()
    return scene.traffic.sampled_at


def test_it_samples_when_it_starts_and_can_be_stopped(scene: Scene) -> None:
    assert asyncio.run(run(scene)) == 1_005
