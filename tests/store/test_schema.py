"""The schema: made by its migrations alone, whole or not at all, and it holds its own rules."""

from pathlib import Path
from threading import Barrier, Thread

import apsw
import pytest

from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sqlite import schema
from seatlatch.store.sqlite.opening import make_or_migrate
from seatlatch.store.sqlite.schema import APPLICATION_ID, LATEST_SCHEMA, MIGRATIONS, Migration
from tests.serving import make_inventory


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, LATEST_SCHEMA + 1))


def test_a_database_says_whose_it_is_and_which_schema_it_has(tmp_path: Path) -> None:
    make_or_migrate(tmp_path / "new.db", "inventory")
    connection = apsw.Connection(str(tmp_path / "new.db"))
    assert connection.pragma("application_id") == APPLICATION_ID
    assert connection.pragma("user_version") == LATEST_SCHEMA
    assert connection.pragma("journal_mode") == "wal"
    connection.close()


def test_several_processes_may_migrate_at_once(tmp_path: Path) -> None:
    applied: list[int] = []
    together = Barrier(8)

    def migrate() -> None:
        together.wait()
        applied.append(len(make_or_migrate(tmp_path / "new.db", "inventory")))

    threads = [Thread(target=migrate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [0] * 7 + [len(MIGRATIONS)]


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    broken = Migration(
        LATEST_SCHEMA + 1, "broken", "CREATE TABLE half (a); CREATE TABLE tickets (a);"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", [*MIGRATIONS, broken])
    with pytest.raises(DatabaseProblem):
        make_or_migrate(path, "inventory")
    connection = apsw.Connection(str(path))
    assert connection.pragma("user_version") == LATEST_SCHEMA
    assert connection.execute("SELECT * FROM sqlite_schema WHERE name = 'half'").fetchall() == []
    connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tickets SET mpreserve = 0",
        "UPDATE tickets SET mpreserve_channel = NULL",
        "UPDATE tickets SET mpreserve = 2",
        "UPDATE tickets SET voided = 2",
        "UPDATE tickets SET seat_status = 'HELD'",
        "UPDATE tickets SET owner_id = NULL",
        "INSERT INTO tickets (token, organization_id, owner_id) VALUES ('a', '1', 'o')",
        "INSERT INTO organizations VALUES ('10' || char(31), 'n')",
        "INSERT INTO grants VALUES ('nobody', '1001')",
        "INSERT INTO api_keys VALUES (x'00', 'nobody', NULL)",
    ],
)
def test_the_database_itself_refuses_what_can_not_be(tmp_path: Path, change: str) -> None:
    path = tmp_path / "inventory.db"
    make_inventory(path)
    connection = apsw.Connection(str(path))
    connection.pragma("foreign_keys", True)
    connection.execute(
        "INSERT INTO tickets (token, organization_id, owner_id, mpreserve, mpreserve_channel)"
        " VALUES ('a', '1001', 'o', 1, 'c')"
    )
    with pytest.raises(apsw.ConstraintError):
        connection.execute(change)
    connection.close()
