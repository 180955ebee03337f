"""`seatlatch backup`: a complete copy or no file, and a sentence that says why."""

import json
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from seatlatch.store.sqlite import backup, schema
from seatlatch.store.sqlite.backup import back_up
from seatlatch.wiring import engine_of
from tests.cli.commands import run_here, run_within, shown_on_terminal
from tests.cli.test_bad_databases import assert_one_sentence
from tests.cli.test_full_disk import run_limited
from tests.databases import Database, Databases
from tests.journals import disagreements
from tests.serving import add_tickets, fill, listed
from tests.sqlite_database import SqliteDatabase, file_of
from tests.store.test_newer_schema import migrate_as_newer

SCHEMA = "SELECT user_version FROM pragma_user_version"

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def database(database: Database) -> Database:
    """An inventory with some tickets."""
    fill(database, [listed(f"t{number}") for number in range(300)])
    return database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The name of a new file in a folder of its own."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "copy.db"


def test_it_makes_a_private_copy(database: Database, file: Path) -> None:
    result = run_here(database, "backup", str(file), "--json")
    assert (result.returncode, result.stderr) == (0, "")
    size_bytes = file.stat().st_size
    about = {"database": database.name, "file": str(file), "bytes": size_bytes}
    assert json.loads(result.stdout) == about
    assert [*file.parent.iterdir()] == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    copy = SqliteDatabase(file)
    assert copy.rows() == database.rows()
    assert copy.table("access_tokens") == database.table("access_tokens")
    assert disagreements(copy) == []
    migrated = run_here(copy, "migrate", "--check")
    assert (migrated.returncode, migrated.stdout) == (0, f"{copy.name} is up to date.\n")


def test_it_says_how_large_the_copy_is(database: Database, file: Path) -> None:
    result = run_here(database, "backup", str(file))
    said = f"Copied {database.name} to {file}: {file.stat().st_size:,} bytes.\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, said, "")


def test_on_a_terminal_it_shows_how_far_it_is(database: Database, file: Path) -> None:
    shown = shown_on_terminal("backup", str(file), "--database", database.url)
    assert b"Copying" in shown
    assert b"100%" in shown


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_it_replaces_nothing(database: Database, file: Path, suffix: str) -> None:
    there = Path(f"{file}{suffix}")
    there.write_bytes(b"a backup")
    result = run_here(database, "backup", str(file))
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{there} exists already" in result.stderr
    assert_one_sentence(result.stderr)
    assert ([*file.parent.iterdir()], there.read_bytes()) == ([there], b"a backup")


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_name_that_sqlite_would_delete(database: Database, suffix: str) -> None:
    """It takes a journal beside the database for its own, and removes it when it opens."""
    there = Path(f"{file_of(database)}{suffix}")
    result = run_here(database, "backup", str(there))
    assert (result.returncode, result.stdout) == (1, "")
    assert "use a name that does not end with -journal, -wal or -shm.\n" in result.stderr
    assert_one_sentence(result.stderr)
    assert not there.exists()


def test_it_replaces_nothing_that_appears_meanwhile(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_check", lambda *_made: file.write_bytes(b"another"))
    result = run_here(database, "backup", str(file))
    assert (result.returncode, file.read_bytes()) == (1, b"another")
    assert [*file.parent.iterdir()] == [file]


def test_a_folder_that_is_missing(database: Database, file: Path) -> None:
    result = run_here(database, "backup", str(file.parent / "none" / "copy.db"))
    assert (result.returncode, result.stdout) == (1, "")
    assert_one_sentence(result.stderr)


def test_a_database_that_is_missing(file: Path) -> None:
    url = f"sqlite:///{file.parent / 'missing.db'}"
    result = run_within("backup", str(file), "--database", url)
    assert (result.returncode, result.stdout) == (1, "")
    assert "There is no database at" in result.stderr
    assert [*file.parent.iterdir()] == []


def test_a_disk_that_takes_no_more(database: Database, file: Path) -> None:
    result = run_limited(database, 50_000, "backup", str(file))
    assert (result.returncode, result.stdout) == (1, "")
    assert str(file) in result.stderr
    assert_one_sentence(result.stderr)
    assert [*file.parent.iterdir()] == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (apsw.FullError("full"), "The disk is too full for"),
        (apsw.CorruptError("malformed"), "is damaged; restore it from a backup"),
    ],
    ids=["full", "damaged"],
)
def test_trouble_during_the_copy(
    database: Database,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: apsw.Error,
    sentence: str,
) -> None:
    def fail(*_files: object) -> None:
        raise error

    monkeypatch.setattr(backup, "_copy", fail)
    result = run_here(database, "backup", str(file))
    assert (result.returncode, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert_one_sentence(result.stderr)
    assert [*file.parent.iterdir()] == []


def test_a_page_that_is_damaged_is_found(database: Database, file: Path) -> None:
    path = file_of(database)
    content = bytearray(path.read_bytes())
    ((root, page_bytes),) = database.execute(
        "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'tickets'"
    )
    begin = (root - 1) * page_bytes
    content[begin : begin + page_bytes] = b"\xff" * page_bytes
    path.write_bytes(content)
    result = run_here(database, "backup", str(file))
    assert (result.returncode, result.stdout) == (1, "")
    assert "is damaged; restore it from a backup" in result.stderr
    assert [*file.parent.iterdir()] == []


def during_the_copy(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Do some work whenever the copy reports how far it is, which it does often."""
    monkeypatch.setattr(backup, "PROGRESS_STEPS", 100)
    monkeypatch.setattr("seatlatch.cli.backup._Progress.copying", lambda *_sizes: work())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_leaves_nothing(
    database: Database,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    code: int,
) -> None:
    during_the_copy(monkeypatch, lambda: signal.raise_signal(number))
    result = run_here(database, "backup", str(file))
    assert (result.returncode, result.stdout) == (code, "")
    assert [*file.parent.iterdir()] == []


def test_a_change_during_the_copy_is_made_and_not_in_it(database: Database, file: Path) -> None:
    before = database.rows()
    added = iter(range(3))

    def add(_copied_bytes: int, all_bytes: int) -> None:
        if (number := next(added, None)) is not None:
            add_tickets(database, [listed(f"later{number}")])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backup, "PROGRESS_STEPS", 100)
        back_up(file_of(database), file, add)
    assert SqliteDatabase(file).rows() == before
    assert len(database.rows()) == len(before) + 3


def test_a_newer_schema_is_copied_as_it_is(database: Database, file: Path) -> None:
    number = migrate_as_newer(database, "0.1.0")
    assert run_here(database, "backup", str(file)).returncode == 0
    assert SqliteDatabase(file).execute(SCHEMA) == [(number,)]


def test_an_older_schema_is_copied_as_it_is(databases: Databases, file: Path) -> None:
    """A backup before a migration is made by the version that migrates."""
    older = databases.blank()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-1])
        engine_of(older.url).make_or_migrate("inventory")
    assert run_here(older, "backup", str(file)).returncode == 0
    assert SqliteDatabase(file).execute(SCHEMA) == [(schema.LATEST_SCHEMA - 1,)]


def test_a_sandbox_is_copied_too(databases: Databases, file: Path) -> None:
    sandbox = databases.new("sandbox")
    assert run_here(sandbox, "backup", str(file)).returncode == 0
    assert SqliteDatabase(file).execute("SELECT * FROM database_use") == sandbox.execute(
        "SELECT * FROM database_use"
    )


def test_postgres_has_its_own_programs(file: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    result = run_within("backup", str(file), "--database", url)
    assert (result.returncode, result.stdout) == (1, "")
    assert "back up PostgreSQL with pg_dump or pg_basebackup" in result.stderr
    assert_one_sentence(result.stderr)
