"""Callers in memory: no query while fresh, the change noticed when not, no answer when blind."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import pytest

from seatlatch.auth.directory import MAX_AGE_SECONDS, Directory
from seatlatch.domain.application import ApiKey
from seatlatch.domain.refusal import Unavailable
from tests.databases import Database
from tests.serving import APPLICATION, OTHER_APPLICATION, fill
from tests.stores import OpenStore, opened


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds

    def tick(self) -> None:
        """A moment goes by."""
        self.seconds += 0.001


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database)
    with opened(database.store()) as store:
        yield store


def test_a_change_is_noticed_after_the_age_and_not_asked_for_before(
    store: OpenStore, database: Database
) -> None:
    clock = Clock()
    directory = Directory(store.store, clock)

    def keys() -> tuple[ApiKey, ...]:
        return store.run(directory.credentials()).applications[APPLICATION].api_keys

    assert keys()[0].expires_at is None
    with database.provisioning() as provisioning:
        provisioning.end_api_keys(APPLICATION, datetime(2020, 1, 1, tzinfo=UTC))
    clock.seconds += MAX_AGE_SECONDS
    assert keys()[0].expires_at is None
    clock.tick()
    assert keys() == ()
    assert MAX_AGE_SECONDS < 1, "a revocation works within a second"


def test_a_change_is_noticed_before_the_age_by_who_asks_or_doubts(
    store: OpenStore, database: Database
) -> None:
    clock = Clock()
    directory = Directory(store.store, clock)

    def applications() -> Collection[str]:
        return store.run(directory.credentials()).applications

    def changed() -> bool:
        clock.tick()
        return store.run(directory.confirm())

    assert applications()
    assert not changed()
    with database.provisioning() as provisioning:
        provisioning.remove_application(APPLICATION)
    assert APPLICATION in applications()
    assert changed()
    assert APPLICATION not in applications()
    with database.provisioning() as provisioning:
        provisioning.remove_application(OTHER_APPLICATION)
    assert applications()
    clock.tick()
    directory.doubt()
    assert not applications()
    with database.away(), pytest.raises(Unavailable):
        changed()


def test_credentials_that_nobody_can_confirm_are_not_used(
    store: OpenStore, database: Database
) -> None:
    clock = Clock()
    directory = Directory(store.store, clock)
    assert store.run(directory.credentials())
    with database.away():
        assert store.run(directory.credentials())
        clock.seconds += MAX_AGE_SECONDS + 0.001
        with pytest.raises(Unavailable):
            store.run(directory.credentials())
    assert store.run(directory.credentials())
