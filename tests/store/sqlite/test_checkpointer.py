"""The write-ahead log stays short, and errors while copying it affect no commit."""

from collections.abc import Awaitable
from pathlib import Path

import apsw
import pytest

from seatlatch.domain.channel import Channel
from seatlatch.store.interface import Store, Transaction
from seatlatch.store.sqlite import checkpointer
from seatlatch.store.sqlite.opening import PAGE_BYTES
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.store.tickets import Mpreserve
from tests.operations.changes import NO_ENTRY
from tests.serving import CHANNEL, ORGANIZATION, listed, make_inventory
from tests.sqlite_database import SqliteDatabase
from tests.store.sqlite.disks import disk
from tests.stores import OpenStore

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
TICKETS = 3_000


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(checkpointer, "START_PAGES", 100)
    monkeypatch.setattr(checkpointer, "REMAINING_PAGES_MAX", 10)
    make_inventory(tmp_path / "inventory.db", map(listed, map(str, range(TICKETS))))
    return tmp_path / "inventory.db"


async def unlock_all(store: Store, numbers: range) -> None:
    for number in numbers:

        def work(inside: Transaction, token: str = str(number)) -> Awaitable[object]:
            return inside.tickets.change_mpreserve({token: Mpreserve(MINE, None)}, NO_ENTRY)

        await store.commit(work)


def test_the_log_does_not_grow_with_the_number_of_commits(path: Path) -> None:
    store = OpenStore(SqliteStore(path))
    store.run(unlock_all(store.store, range(1000)))
    after_some = path.with_name("inventory.db-wal").stat().st_size
    store.run(unlock_all(store.store, range(1000, TICKETS)))
    assert path.with_name("inventory.db-wal").stat().st_size < 2 * after_some
    assert after_some < 1000 * PAGE_BYTES, "shorter than what was logged"
    store.close()


def test_control_without_the_checkpointer_it_does(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointer, "START_PAGES", 10**9)
    store = OpenStore(SqliteStore(path))
    store.run(unlock_all(store.store, range(1000)))
    assert path.with_name("inventory.db-wal").stat().st_size > 1000 * PAGE_BYTES
    store.close()


def test_a_commit_waits_for_a_copy_that_falls_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointer, "WAIT_PAGES", 101)
    store = OpenStore(SqliteStore(path))
    store.run(unlock_all(store.store, range(500)))
    assert path.with_name("inventory.db-wal").stat().st_size < 200 * PAGE_BYTES
    store.close()


def test_a_copy_that_fails_harms_no_commit_and_is_tried_again(path: Path) -> None:
    with disk() as failing:
        store = OpenStore(SqliteStore(path, vfs=failing.disk_name))
        failing.refuse_only, failing.refuse = ".db", apsw.FullError
        store.run(unlock_all(store.store, range(500)))
        failing.refuse = None
        before = path.stat().st_mtime_ns
        store.run(unlock_all(store.store, range(500, 1000)))
        assert path.stat().st_mtime_ns > before, "the copy goes on"
        store.close()
    mpreserve = SqliteDatabase(path).mpreserve_of()
    assert not any(mpreserve[str(number)] for number in range(1000))
