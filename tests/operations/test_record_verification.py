"""Verifications of the journal are kept, and the latest one is found."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.verification import NewVerification, Tampered, Verification
from seatlatch.operations.record_verification import last_verification, record_verification
from tests.databases import Clock, Database
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEGUN = NOW - timedelta(minutes=3)
ANCHORED = NOW - timedelta(days=1, microseconds=1)
FOUND = [Tampered(1, 7, "The row was edited."), Tampered(2, 1, 'Not "UTF-8": \U0001f3ab')]


@pytest.fixture
def clock(database: Database) -> Clock:
    return database.clock(NOW)


@pytest.fixture
def store(database: Database, clock: Clock) -> Iterator[OpenStore]:
    with opened(database.store(clock)) as store:
        yield store


def record(store: OpenStore, verification: NewVerification) -> None:
    store.run(record_verification(CommitEach(store.store), verification))


def test_there_is_none_at_first(store: OpenStore) -> None:
    assert store.read(last_verification) is None
    assert store.read(lambda s: s.verifications.latest(5)) == []


def test_it_is_kept_as_it_was(store: OpenStore) -> None:
    record(store, NewVerification(BEGUN, "ann", 12, 2, FOUND, ANCHORED))
    kept = Verification(BEGUN, NOW, "ann", 12, 2, FOUND, ANCHORED)
    assert store.read(last_verification) == kept
    assert not kept.is_intact


def test_the_latest_comes_first(store: OpenStore, clock: Clock) -> None:
    record(store, NewVerification(BEGUN, "ann", 1, 2, FOUND))
    record(store, NewVerification(BEGUN, "ben", 2))
    clock.now = NOW + timedelta(seconds=1)
    record(store, NewVerification(BEGUN, "cy", 3))
    latest = store.read(last_verification)
    assert latest == Verification(BEGUN, clock.now, "cy", 3, 0, [], None)
    assert latest.is_intact
    shown = store.read(lambda s: s.verifications.latest(2))
    assert [one.actor for one in shown] == ["cy", "ben"]
