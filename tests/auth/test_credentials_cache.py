"""The cache of credentials: no query while fresh, changes noticed, none used unconfirmed."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import pytest

from seatlatch.auth.credentials_cache import MAX_AGE_SECONDS, CredentialsCache
from seatlatch.domain.application import ApiKey
from seatlatch.domain.refusal import Unavailable
from tests.databases import Database
from tests.serving import APPLICATION, OTHER_APPLICATION, fill
from tests.stores import OpenStore, opened


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds

    def tick(self) -> None:
        """Move the clock."""
        self.seconds += 0.001


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database)
    with opened(database.store()) as store:
        yield store


def test_a_change_is_noticed_after_the_maximum_age_and_no_query_runs_before(
    store: OpenStore, database: Database
) -> None:
    clock = Clock()
    cache = CredentialsCache(store.store, clock)

    def keys() -> tuple[ApiKey, ...]:
        return store.run(cache.credentials()).applications[APPLICATION].api_keys

    assert keys()[0].expires_at is None
    with database.provisioning() as provisioning:
        provisioning.end_api_keys(APPLICATION, datetime(2020, 1, 1, tzinfo=UTC))
    clock.seconds += MAX_AGE_SECONDS
    assert keys()[0].expires_at is None
    clock.tick()
    assert keys() == ()
    assert MAX_AGE_SECONDS < 1, "a revocation works within a second"


def test_a_change_is_noticed_at_once_after_refresh_or_invalidate(
    store: OpenStore, database: Database
) -> None:
    clock = Clock()
    cache = CredentialsCache(store.store, clock)

    def applications() -> Collection[str]:
        return store.run(cache.credentials()).applications

    def changed() -> bool:
        clock.tick()
        return store.run(cache.refresh())

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
    cache.invalidate()
    assert not applications()
    with database.away(), pytest.raises(Unavailable):
        changed()


def test_credentials_that_cannot_be_confirmed_are_not_used(
    store: OpenStore, database: Database
) -> None:
    clock = Clock()
    cache = CredentialsCache(store.store, clock)
    assert store.run(cache.credentials())
    with database.away():
        assert store.run(cache.credentials())
        clock.seconds += MAX_AGE_SECONDS + 0.001
        with pytest.raises(Unavailable):
            store.run(cache.credentials())
    assert store.run(cache.credentials())


def test_only_a_change_makes_another_copy(store: OpenStore, database: Database) -> None:
    clock = Clock()
    cache = CredentialsCache(store.store, clock)
    first = store.run(cache.credentials())
    clock.tick()
    assert not store.run(cache.refresh())
    assert cache.in_memory is first, "it was confirmed"
    with database.provisioning() as provisioning:
        provisioning.add_access_token(APPLICATION, b"t")
    clock.tick()
    assert store.run(cache.refresh())
    assert cache.in_memory is not first
    assert cache.in_memory == store.read_credentials()
    assert cache.in_memory.operators is first.operators, "only the change was read"
