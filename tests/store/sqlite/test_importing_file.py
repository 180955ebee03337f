"""Imports into a SQLite file: pauses, files, and filling an empty one."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from seatlatch.store.importing import Portion
from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sqlite import importing as importing_module
from seatlatch.store.sqlite.importing import SqliteImporting, importing
from seatlatch.store.sqlite.opening import open_database
from seatlatch.store.tickets import NewTicket
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, make_inventory
from tests.store.test_importing import no_conflict, ticket

ALL = "SELECT * FROM tickets ORDER BY token"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.db"
    make_inventory(
        path,
        [
            NewTicket("listed", ORGANIZATION, "o", "E", "1", "A", "7", mpreserve_channel=CHANNEL),
            NewTicket("held", ORGANIZATION, "o", "E", seat_status="LOCK"),
            NewTicket("voided", ORGANIZATION, "o", "E", voided=True),
            NewTicket("foreign", FOREIGN_ORGANIZATION, "o", "E"),
        ],
    )
    return path


def rows(path: Path, sql: str = ALL) -> list[Any]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_it_goes_in_by_portions_that_others_can_come_between(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_module, "PORTION_TOKENS", 10)
    connection = open_database(path, "inventory")
    connection.execute(importing_module.ATTACH).fetchall()
    other = open_database(path, "inventory")
    other.set_busy_timeout(0)
    pauses = []

    def write_in_the_pause(seconds: float) -> None:
        pauses.append(seconds)
        other.execute("UPDATE tickets SET revision = revision + 1 WHERE token = 'held'")

    inside = SqliteImporting(connection, ORGANIZATION, pause=write_in_the_pause)
    inside.stage((number, ticket(f"t{number:02}")) for number in range(25))
    inside.remove_conflicts(no_conflict)
    assert list(inside.merge()) == [Portion(n, 0, 0, durable=True) for n in (10, 10, 5)]
    assert len(pauses) == 3
    other.close()
    connection.close()


def test_a_pile_leaves_no_file_behind(path: Path) -> None:
    before = sorted(path.parent.iterdir())
    with importing(path, ORGANIZATION) as inside:
        inside.stage((number, ticket(f"t{number}")) for number in range(20_000))
        assert {file.suffix for file in path.parent.iterdir()} <= {".db", ".db-wal", ".db-shm"}
    assert sorted(path.parent.iterdir()) == before


def test_an_inventory_that_is_empty_is_filled_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_module, "PORTION_TOKENS", 10)
    path = tmp_path / "empty.db"
    make_inventory(path)
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    before = rows(path, schema)
    with importing(path, ORGANIZATION) as inside:
        inside.stage((n, ticket(f"t{n:02}", barcode=f"b{n}", access_id="E")) for n in range(25))
        inside.remove_conflicts(no_conflict)
        merging = inside.merge()
        assert [next(merging) for _ in range(3)] == [Portion(n, 0, 0, False) for n in (10, 10, 5)]
        assert rows(path) == [], "nothing is in before all is"
        assert list(merging) == [Portion(0, 0, 0, durable=True)]
    assert len(rows(path)) == 25
    assert rows(path, schema) == before
    by_barcode = "SELECT token FROM tickets WHERE access_id = 'E' AND barcode = 'b7'"
    assert rows(path, by_barcode) == [("t07",)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    with importing(path, ORGANIZATION) as inside:
        inside.stage([(2, ticket("t07")), (3, ticket("more"))])
        inside.remove_conflicts(no_conflict)
        assert list(inside.merge()) == [Portion(1, 0, 1, durable=True)]


def test_a_fill_that_is_cut_off_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    make_inventory(path)
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    before = rows(path, schema)
    with importing(path, ORGANIZATION) as inside:
        inside.stage(enumerate([ticket("a"), ticket("b")]))
        inside.remove_conflicts(no_conflict)
        assert not next(inside.merge()).durable
    assert (rows(path), rows(path, schema)) == ([], before)


def test_staging_on_a_full_disk_blames_the_temporary_folder(path: Path) -> None:
    with importing(path, ORGANIZATION) as inside:
        inside._connection.execute("PRAGMA staging.max_page_count = 20").fetchall()
        with pytest.raises(DatabaseProblem, match="folder for temporary files is full"):
            inside.stage((n, ticket(f"t{n}")) for n in range(20_000))
