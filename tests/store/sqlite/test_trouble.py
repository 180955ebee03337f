"""Database errors while running: nothing false is confirmed, and the service recovers."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import apsw
import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Transaction
from seatlatch.store.sqlite import store as sqlite_store
from seatlatch.store.sqlite.errors import TROUBLE
from seatlatch.store.sqlite.store import SqliteStore
from seatlatch.store.tickets import Mpreserve
from tests.operations.changes import NO_ENTRY
from tests.serving import (
    CHANNEL,
    ORGANIZATION,
    listed,
    make_inventory,
)
from tests.sqlite_database import SqliteDatabase
from tests.store.sqlite.disks import disk
from tests.stores import OpenStore

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))


def unlock_a(inside: Transaction) -> Awaitable[object]:
    return inside.tickets.change_mpreserve({"a": Mpreserve(MINE, None)}, NO_ENTRY)


@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError, apsw.ReadOnlyError])
def test_a_disk_that_fails_is_a_refusal_and_then_all_is_well(
    tmp_path: Path, error: type[apsw.Error]
) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path, [listed("a")])
    with disk() as failing:
        store = OpenStore(SqliteStore(path, vfs=failing.disk_name))
        failing.refuse = error
        with pytest.raises(Unavailable) as refusal:
            store.commit(unlock_a)
        assert isinstance(refusal.value.__cause__, tuple(TROUBLE))
        assert SqliteDatabase(path).mpreserve_of()["a"]
        failing.refuse = None
        store.commit(unlock_a)
        assert not SqliteDatabase(path).mpreserve_of()["a"]
        store.close()


@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError, apsw.NoMemError])
def test_a_disk_that_can_not_be_read_is_a_refusal_and_then_all_is_well(
    tmp_path: Path, error: type[apsw.Error]
) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path, [listed("a"), *(listed(f"t{number}") for number in range(500))])
    with disk() as failing:
        store = OpenStore(SqliteStore(path, vfs=failing.disk_name))
        failing.refuse, failing.refuse_reads = error, True
        for _ in range(3):
            with pytest.raises(Unavailable):
                store.read(lambda seen: seen.tickets.read(["a"]))
            with pytest.raises(Unavailable):
                store.commit(unlock_a)
        failing.refuse = None
        assert store.read(lambda seen: seen.tickets.read(["a"])).keys() == {"a"}
        store.commit(unlock_a)
        store.close()
    assert not SqliteDatabase(path).mpreserve_of()["a"]


def test_credentials_that_can_not_be_read_are_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    with disk() as failing:
        store = OpenStore(SqliteStore(path, vfs=failing.disk_name))
        before = store.read_credentials()
        with SqliteDatabase(path).provisioning() as provisioning:
            provisioning.add_operator(
                Operator("new", Role.READ)
            )  # the cache of the reader is stale then
        failing.refuse, failing.refuse_reads = apsw.IOError, True
        for read in (store.read_credentials, store.credentials_version, store.read_credentials):
            with pytest.raises(Unavailable):
                read()
        failing.refuse = None
        assert store.read_credentials().version > before.version
        store.close()


def test_a_database_that_stays_locked_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "LOCK_WAIT_SECONDS", 0.05)
    path = tmp_path / "inventory.db"
    make_inventory(path, [listed("a")])
    store = OpenStore(SqliteStore(path))
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        store.commit(unlock_a)
    other.execute("ROLLBACK")
    store.commit(unlock_a)
    assert not SqliteDatabase(path).mpreserve_of()["a"]
    other.close()
    store.close()


def test_a_commit_is_not_broken_off(tmp_path: Path) -> None:
    """A store that is cancelled during COMMIT waits for its end and can continue."""
    make_inventory(tmp_path / "inventory.db", map(listed, ("t1", "t2")))
    store = OpenStore(SqliteStore(tmp_path / "inventory.db"))

    async def cancel() -> None:
        for token in ("t1", "t2"):

            def work(inside: Transaction, token: str = token) -> Awaitable[object]:
                return inside.tickets.change_mpreserve({token: Mpreserve(MINE, None)}, NO_ENTRY)

            running = asyncio.create_task(store.store.commit(work))
            await asyncio.sleep(0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    store.run(cancel())
    assert SqliteDatabase(tmp_path / "inventory.db").mpreserve_of() == {"t1": False, "t2": False}
    store.close()
