"""A checkpoint that was cut off: the file alone is not whole, together with its log it is."""

import shutil
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sqlite.opening import PAGE_BYTES, make_or_migrate, open_database
from tests.serving import listed, make_inventory
from tests.sqlite_database import SqliteDatabase

TICKETS = 2_000


@pytest.fixture
def cut_off(tmp_path: Path) -> Path:
    """A database as a kill leaves it: of a checkpoint that makes the file grow, only the first page
    was written, which tells already how many pages there are to be.
    """
    path, left, whole = (tmp_path / f"{name}.db" for name in ("running", "left", "whole"))
    make_inventory(path)
    with closing(open_database(path, "inventory")) as writer:
        writer.wal_autocheckpoint(0)
        add = "INSERT INTO tickets (token, organization_id, owner_id) VALUES (?, '1001', 'o')"
        writer.executemany(add, [(f"t{number}",) for number in range(TICKETS)])
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{left}{end}")
            shutil.copy(f"{path}{end}", f"{whole}{end}")
    with closing(apsw.Connection(str(whole))) as heals:
        heals.execute("SELECT count(*) FROM tickets").fetchall()
        heals.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    left.write_bytes(whole.read_bytes()[:PAGE_BYTES] + left.read_bytes()[PAGE_BYTES:])
    return left


def test_it_is_as_bad_as_it_looks(cut_off: Path) -> None:
    alone = f"file:{cut_off}?immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with closing(apsw.Connection(alone, flags=flags)) as look, pytest.raises(apsw.CorruptError):
        look.execute("SELECT database_use FROM database_use").fetchall()


def test_it_is_opened_and_nothing_is_lost(cut_off: Path) -> None:
    open_database(cut_off, "inventory").close()
    assert len(SqliteDatabase(cut_off).mpreserve_of()) == TICKETS
    with closing(apsw.Connection(str(cut_off))) as connection:
        assert connection.pragma("integrity_check") == "ok"


def test_it_is_migrated(cut_off: Path) -> None:
    assert make_or_migrate(cut_off, "inventory") == []
    assert len(SqliteDatabase(cut_off).mpreserve_of()) == TICKETS


def test_it_is_still_not_a_sandboxs(cut_off: Path) -> None:
    with pytest.raises(DatabaseProblem, match="holds an inventory"):
        open_database(cut_off, "sandbox")


def test_looking_at_a_database_lets_go_of_no_lock_on_it(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path, [listed("a")])
    with closing(open_database(path, "inventory")) as first:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseProblem, match="holds an inventory"):
            open_database(path, "sandbox")
        other = apsw.Connection(str(path))
        with closing(other), pytest.raises(apsw.BusyError):
            other.execute("BEGIN IMMEDIATE")
