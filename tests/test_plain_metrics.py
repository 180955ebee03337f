"""Plain counters and histograms: a scrape shows what prometheus_client's own would show."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client import disable_created_metrics as without_creation_times

from seatlatch.metrics import Metrics
from seatlatch.plain_metrics import PlainCounter, PlainHistogram

NAMES = ("seatlatch_requests_total", "seatlatch_tokens_total", "seatlatch_commit_seconds_bucket")
BOUNDS = (0.001, 0.5, 1.0, 20)
VALUES = (0.0, 0.001, 0.0011, 0.5, 0.75, 1.0, 20.0, 20.1, 1e9)


def test_a_counter_is_as_the_librarys() -> None:
    without_creation_times()  # type: ignore[no-untyped-call]
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    plain = PlainCounter("requests", "Requests.", ("route", "status"), ours)
    counter = Counter("requests", "Requests.", ["route", "status"], registry=theirs)
    assert generate_latest(ours) == generate_latest(theirs)
    for labels, count in ((("/a", "200"), 1), (('/"b"\n', "404"), 3), (("/a", "200"), 2)):
        plain.add(labels, count)
        counter.labels(*labels).inc(count)
    assert generate_latest(ours) == generate_latest(theirs)
    assert b'requests_total{route="/a",status="200"} 3.0' in generate_latest(ours)


def test_a_histogram_is_as_the_librarys() -> None:
    without_creation_times()  # type: ignore[no-untyped-call]
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    plain = PlainHistogram("seconds", "Seconds.", BOUNDS, ours, ("route",))
    histogram = Histogram("seconds", "Seconds.", ["route"], buckets=BOUNDS, registry=theirs)
    bare = PlainHistogram("tokens", "Tokens.", BOUNDS, ours)
    their_bare = Histogram("tokens", "Tokens.", buckets=BOUNDS, registry=theirs)
    assert generate_latest(ours) == generate_latest(theirs)
    for number, value in enumerate(VALUES):
        plain.observe(value, (f"/{number % 2}",))
        histogram.labels(f"/{number % 2}").observe(value)
        bare.observe(value)
        their_bare.observe(value)
    assert generate_latest(ours) == generate_latest(theirs)
    assert b'seconds_bucket{le="0.001",route="/0"} 1.0' in generate_latest(ours)


def test_the_registry_finds_them_by_their_names() -> None:
    """The console reads the traffic in this way."""
    metrics = Metrics()
    metrics.request_answered("/a", 200, 0.1)
    metrics.tokens_answered("locked", 3)
    metrics.group_committed(1, 2, 0.1)
    samples = metrics.samples(NAMES)
    assert {name for name, _, _ in samples} == set(NAMES)
    assert ("seatlatch_tokens_total", {"outcome": "locked"}, 3.0) in samples
