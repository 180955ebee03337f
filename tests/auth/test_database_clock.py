"""The computed clock of the database, and the log when the clocks differ."""

from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.auth.credentials_cache import MAX_AGE_SECONDS, CredentialsCache
from seatlatch.auth.database_clock import DIFFERENCE_SECONDS_MAX, DatabaseClock
from tests.auth.test_credentials_cache import Clock
from tests.databases import Database
from tests.serving import fill
from tests.stores import opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Lines:
    """A log that keeps its events."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def warning(self, event: str, **members: object) -> None:
        """Keep a warning."""
        self.lines.append(("warning", f"{event}: {members['reason']}"))

    def info(self, event: str, **members: object) -> None:
        """Keep an event."""
        self.lines.append(("info", f"{event}: {members['reason']}"))


def test_it_is_the_last_reading_and_the_seconds_since() -> None:
    monotonic = Clock()
    clock = DatabaseClock(monotonic, process_clock=lambda: NOW)
    assert clock() == NOW
    clock.was_read(NOW + timedelta(hours=2), asked_at=monotonic())
    assert clock() == NOW + timedelta(hours=2)
    monotonic.seconds += 0.25
    assert clock() == NOW + timedelta(hours=2, seconds=0.25)
    clock.was_read(NOW, asked_at=monotonic() - 0.1)
    assert clock() == NOW + timedelta(seconds=0.1)


@pytest.mark.parametrize("hours", [2, -2])
def test_a_difference_is_logged_when_it_begins_and_when_it_ends(hours: int) -> None:
    log, monotonic = Lines(), Clock()
    clock = DatabaseClock(monotonic, log, lambda: NOW)
    allowed = timedelta(seconds=DIFFERENCE_SECONDS_MAX)
    clock.was_read(NOW + allowed, monotonic())
    clock.was_read(NOW - allowed, monotonic())
    assert log.lines == []
    for _ in range(3):
        clock.was_read(NOW - timedelta(hours=hours), monotonic())
    clock.was_read(NOW, monotonic())
    (level, text), *rest = log.lines
    assert level == "warning"
    assert f"differs from the database's by {hours * 3600:+} seconds" in text
    assert [level for level, _ in rest] == ["info"]


@pytest.mark.parametrize("hours", [2, -2])
def test_the_credentials_cache_sets_the_clock(database: Database, hours: int) -> None:
    fill(database)
    shown = database.clock(datetime.now(UTC) + timedelta(hours=hours))
    monotonic = Clock()
    clock = DatabaseClock(monotonic)
    with opened(database.store(shown)) as store:
        cache = CredentialsCache(store.store, monotonic, clock)
        store.run(cache.credentials())
        assert clock() == shown.now
        shown.now += timedelta(hours=hours)
        monotonic.seconds += MAX_AGE_SECONDS + 0.001
        store.run(cache.credentials())
        assert clock() == shown.now


def test_a_difference_near_the_limit_is_logged_once() -> None:
    log, monotonic = Lines(), Clock()
    clock = DatabaseClock(monotonic, log, lambda: NOW)
    for milliseconds in (10, -10, 10, -10):
        seconds = DIFFERENCE_SECONDS_MAX + milliseconds / 1000
        clock.was_read(NOW + timedelta(seconds=seconds), monotonic())
    assert [level for level, _ in log.lines] == ["warning"]
