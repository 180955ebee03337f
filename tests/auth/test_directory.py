"""Callers in memory: no query while fresh, the change noticed when not, no answer when blind."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from seatlatch.auth.directory import MAX_AGE_SECONDS, Directory
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.wiring import open_provisioning
from tests.serving import APPLICATION, OTHER_APPLICATION, database_url, make_inventory


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_change_is_noticed_after_the_age_and_not_asked_for_before(tmp_path: Path) -> None:
    path, clock = tmp_path / "inventory.db", Clock()
    make_inventory(path)
    store = SqliteStore(path)
    directory = Directory(store, clock)
    with open_provisioning(database_url(path)) as provisioning:
        provisioning.end_api_keys(APPLICATION, datetime(2020, 1, 1, tzinfo=UTC))
    clock.seconds += MAX_AGE_SECONDS
    assert directory.credentials().applications[APPLICATION].api_keys[0].expires_at is None
    clock.seconds += 0.001
    assert directory.credentials().applications[APPLICATION].api_keys == ()
    assert MAX_AGE_SECONDS < 1, "a revocation works within a second"
    store.close()


def test_a_change_is_noticed_before_the_age_by_who_asks_or_doubts(tmp_path: Path) -> None:
    path, clock = tmp_path / "inventory.db", Clock()
    make_inventory(path)
    store = SqliteStore(path)
    directory = Directory(store, clock)
    assert not directory.confirm()
    with open_provisioning(database_url(path)) as provisioning:
        provisioning.remove_application(APPLICATION)
    assert APPLICATION in directory.credentials().applications
    assert directory.confirm()
    assert APPLICATION not in directory.credentials().applications
    with open_provisioning(database_url(path)) as provisioning:
        provisioning.remove_application(OTHER_APPLICATION)
    assert directory.credentials().applications
    directory.doubt()
    assert not directory.credentials().applications
    path.rename(tmp_path / "elsewhere.db")
    with pytest.raises(Unavailable):
        directory.confirm()
    store.close()


def test_credentials_that_nobody_can_confirm_are_not_used(tmp_path: Path) -> None:
    path, clock = tmp_path / "inventory.db", Clock()
    make_inventory(path)
    store = SqliteStore(path)
    directory = Directory(store, clock)
    path.rename(tmp_path / "elsewhere.db")
    assert directory.credentials()
    clock.seconds += MAX_AGE_SECONDS + 0.001
    with pytest.raises(Unavailable):
        directory.credentials()
    (tmp_path / "elsewhere.db").rename(path)
    assert directory.credentials()
    store.close()
