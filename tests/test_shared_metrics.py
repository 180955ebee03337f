"""Metrics of several processes as one: sums, latest values, and those of a dead process."""

import threading
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from seatlatch import metrics
from seatlatch.metrics import Metrics
from seatlatch.shared_metrics import PLACE_BYTES, Place, Report, Reports

PLACES = 3


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reports]:
    monkeypatch.setattr(metrics, "EXPOSED_SECONDS", 0.0)
    reports = Reports.of(PLACES)
    yield reports
    reports.memory.close()


def value(process: Metrics, name: str, **labels: str) -> float:
    """One sample of a scrape."""
    (found,) = [
        sample.value
        for family in text_string_to_metric_families(process.exposed().decode())
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return found


def test_counts_are_added_and_the_gauge_that_was_set_last_counts(reports: Reports) -> None:
    first, second = Metrics(Place(reports, 0)), Metrics(Place(reports, 1))
    first.watch_connections(lambda: 2)
    second.watch_connections(lambda: 3)
    first.request_answered("/livez", 200, 0.001)
    second.request_answered("/livez", 200, 0.3)
    first.database.journal(10, 0, 0)
    second.database.journal(7, 0, 0)
    first.report()
    assert value(second, "seatlatch_requests_total", route="/livez", status="200") == 2
    assert value(second, "seatlatch_request_seconds_count", route="/livez") == 2
    assert value(second, "seatlatch_request_seconds_bucket", route="/livez", le="0.1") == 1
    assert value(second, "seatlatch_open_connections") == 5
    assert value(second, "seatlatch_journal_entries") == 7
    first.database.journal(12, 0, 0)
    assert value(first, "seatlatch_journal_entries") == 12


def test_the_process_whose_feed_is_furthest_behind_counts(reports: Reports) -> None:
    behind, others = Metrics(Place(reports, 0)), Metrics(Place(reports, 1))
    behind.watch_feed(lambda: 7.5)
    others.watch_feed(lambda: 0.25)
    behind.report()
    assert value(others, "seatlatch_feed_lag_seconds") == 7.5


def test_a_process_continues_the_counts_of_its_predecessor(reports: Reports) -> None:
    dead, other = Metrics(Place(reports, 0)), Metrics(Place(reports, 1))
    dead.watch_connections(lambda: 2)
    dead.tokens_answered("unlocked", 5)
    dead.report()
    reports.forget_gauges(0)
    assert value(other, "seatlatch_open_connections") == 0
    assert value(other, "seatlatch_tokens_total", outcome="unlocked") == 5
    successor = Metrics(Place(reports, 0))
    successor.tokens_answered("unlocked", 1)
    successor.report()
    successor.report()
    assert value(other, "seatlatch_tokens_total", outcome="unlocked") == 6


def test_scrapes_within_a_second_share_their_sums(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "EXPOSED_SECONDS", 600.0)
    one = Metrics(Place(reports, 0))
    exposed = one.exposed()
    one.tokens_answered("unlocked", 5)
    assert one.exposed() is exposed


def test_a_report_that_is_not_finished_is_not_read(reports: Reports) -> None:
    reports.write(1, Report(set_at={"a": 1.0}))
    half = slice(PLACE_BYTES, 2 * PLACE_BYTES)
    whole = bytes(reports.memory.bytes[half])
    reports.write(1, Report(set_at={"a": 2.0}))
    written = bytes(reports.memory.bytes[half])
    reports.memory.bytes[half] = whole[:8] + written[8:]  # as if it had died before its last step
    assert reports.read(1) == Report(set_at={"a": 1.0})


def test_a_report_that_is_too_large_is_refused(reports: Reports) -> None:
    with pytest.raises(ValueError, match="bytes"):
        reports.write(0, Report(set_at={"x" * 600_000: 1.0}))
    assert reports.read(0) == Report()


def test_a_report_that_is_replaced_while_it_is_read_is_read_again(reports: Reports) -> None:
    over = threading.Event()

    def write() -> None:
        number = 0.0
        while not over.is_set():
            number += 1
            reports.write(2, Report(set_at={f"x{key}": number for key in range(200)}))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            assert len(set(reports.read(2).set_at.values())) <= 1
    finally:
        over.set()
        writer.join()
