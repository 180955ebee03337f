"""The schema is made by its migrations alone, as a whole or not at all."""

from pathlib import Path
from threading import Barrier, Thread

import apsw
import pytest

from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.migrations import Migration
from seatlatch.store.sqlite import schema
from seatlatch.store.sqlite.opening import make_or_migrate
from seatlatch.store.sqlite.schema import APPLICATION_ID, LATEST_SCHEMA, MIGRATIONS
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
        LATEST_SCHEMA + 1, "broken", "CREATE TABLE half (a); CREATE TABLE tickets (a);", "0.1.0"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", [*MIGRATIONS, broken])
    with pytest.raises(DatabaseProblem):
        make_or_migrate(path, "inventory")
    connection = apsw.Connection(str(path))
    assert connection.pragma("user_version") == LATEST_SCHEMA
    assert connection.execute("SELECT * FROM sqlite_schema WHERE name = 'half'").fetchall() == []
    connection.close()
