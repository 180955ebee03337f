"""An interrupted checkpoint: the file is complete only together with its log."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from seatlatch import __version__
from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sqlite.opening import PAGE_BYTES, make_or_migrate, open_database
from seatlatch.store.sqlite.schema import LATEST_SCHEMA, NOTE_OLDEST_VERSION
from tests.serving import listed, make_inventory
from tests.sqlite_database import SqliteDatabase

TICKETS = 2_000
NEWER_SCHEMA = LATEST_SCHEMA + 1


@pytest.fixture
def cut_off(tmp_path: Path) -> Path:
    """A database after an interrupted checkpoint that makes the file grow: the first page already
    has the new number of pages.
    """
    return cut_off_after(add_tickets, tmp_path)


def add_tickets(writer: apsw.Connection) -> None:
    add = "INSERT INTO tickets (token, organization_id, owner_id) VALUES (?, '1001', 'o')"
    writer.executemany(add, [(f"t{number}",) for number in range(TICKETS)])


def note_newer_schema(writer: apsw.Connection, oldest_version: str) -> None:
    """The schema as a newer seatlatch writes it in a migration."""
    with writer:
        writer.pragma("user_version", NEWER_SCHEMA)
        writer.execute(NOTE_OLDEST_VERSION, (NEWER_SCHEMA, oldest_version))


def cut_off_after(change: Callable[[apsw.Connection], None], tmp_path: Path) -> Path:
    """A database after a kill: only the first page of the checkpoint of a change was written."""
    path, left, whole = (tmp_path / f"{name}.db" for name in ("running", "left", "whole"))
    make_inventory(path)
    with closing(open_database(path, "inventory")) as writer:
        writer.wal_autocheckpoint(0)
        change(writer)
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{left}{end}")
            shutil.copy(f"{path}{end}", f"{whole}{end}")
    with closing(apsw.Connection(str(whole))) as heals:
        heals.execute("SELECT count(*) FROM tickets").fetchall()
        heals.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    left.write_bytes(whole.read_bytes()[:PAGE_BYTES] + left.read_bytes()[PAGE_BYTES:])
    return left


def test_it_is_as_bad_as_it_looks(cut_off: Path) -> None:
    with pytest.raises(apsw.CorruptError):
        look_at_the_file_alone(cut_off, "SELECT database_use FROM database_use")


def test_it_is_opened_and_nothing_is_lost(cut_off: Path) -> None:
    open_database(cut_off, "inventory").close()
    assert len(SqliteDatabase(cut_off).mpreserve_of()) == TICKETS
    with closing(apsw.Connection(str(cut_off))) as connection:
        assert connection.pragma("integrity_check") == "ok"


def test_it_is_migrated(cut_off: Path) -> None:
    assert make_or_migrate(cut_off, "inventory") == []
    assert len(SqliteDatabase(cut_off).mpreserve_of()) == TICKETS


def test_it_is_still_not_a_sandboxs(cut_off: Path) -> None:
    with pytest.raises(DatabaseProblem, match="contains an inventory"):
        open_database(cut_off, "sandbox")


def look_at_the_file_alone(path: Path, sql: str) -> list[tuple[object, ...]]:
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with closing(apsw.Connection(f"file:{path}?immutable=1", flags=flags)) as look:
        return look.execute(sql).fetchall()


def test_a_newer_schema_that_is_recorded_in_the_log_alone_is_used(tmp_path: Path) -> None:
    path = cut_off_after(lambda writer: note_newer_schema(writer, __version__), tmp_path)
    assert look_at_the_file_alone(path, "PRAGMA user_version") == [(NEWER_SCHEMA,)]
    recorded = "SELECT number FROM schema_compatibility"
    assert look_at_the_file_alone(path, recorded) == [(LATEST_SCHEMA,)]
    open_database(path, "inventory").close()


def test_a_newer_schema_in_the_log_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    with closing(open_database(path, "inventory")) as writer:
        writer.wal_autocheckpoint(0)
        note_newer_schema(writer, "999.0.0")
        assert look_at_the_file_alone(path, "PRAGMA user_version") == [(LATEST_SCHEMA,)]
        for opened in (open_database, make_or_migrate):
            with pytest.raises(DatabaseProblem, match="The oldest version that can use it is 999"):
                opened(path, "inventory")


def test_looking_at_a_database_lets_go_of_no_lock_on_it(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path, [listed("a")])
    with closing(open_database(path, "inventory")) as first:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseProblem, match="contains an inventory"):
            open_database(path, "sandbox")
        other = apsw.Connection(str(path))
        with closing(other), pytest.raises(apsw.BusyError):
            other.execute("BEGIN IMMEDIATE")
