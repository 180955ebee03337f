"""Unusable SQLite files: one sentence says what to do, and the file is unchanged."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.sqlite import opening
from seatlatch.wiring import engine_of
from tests.cli.commands import run, serve_without
from tests.serving import listed, make_inventory
from tests.sqlite_database import SqliteDatabase

Make = Callable[[Path], str]
"""Makes a bad database, and returns the expected sentence."""


def contents(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def missing(path: Path) -> str:
    return "There is no database at"


def folder(path: Path) -> str:
    path.mkdir()
    return "is a folder"


def empty_file(path: Path) -> str:
    path.touch()
    return "was not made by seatlatch"


def text_file(path: Path) -> str:
    path.write_text("token,owner\n" * 1000)
    return "is not a SQLite database"


def foreign_with_a_log(path: Path) -> str:
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.execute("CREATE TABLE tickets (token)")
    connection.close()
    return "was not made by seatlatch"


def no_use(path: Path) -> str:
    make_inventory(path)
    alter(path, "DELETE FROM database_use")
    return "was damaged or altered"


def missing_table(path: Path) -> str:
    make_inventory(path)
    alter(path, "DROP TABLE api_keys")
    return "was damaged or altered"


def alter(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


def torn_file(path: Path) -> str:
    make_inventory(path, map(listed, "abc"))
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000)
    return "The database"


def foreign_database(path: Path) -> str:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE tickets (token)")
    connection.close()
    return "was not made by seatlatch"


def newer_schema(path: Path) -> str:
    make_inventory(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 999)
    connection.close()
    return "has schema 999, made by a newer seatlatch"


def sandbox_database(path: Path) -> str:
    engine_of(SqliteDatabase(path).url).make_or_migrate("sandbox")
    return "belongs to a sandbox, whose credentials are public"


BAD = [
    missing,
    folder,
    empty_file,
    text_file,
    foreign_with_a_log,
    no_use,
    torn_file,
    foreign_database,
    newer_schema,
    sandbox_database,
]


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_serve_refuses_with_a_sentence_and_changes_nothing(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    expected = make(path)
    before = contents(path), sorted(tmp_path.iterdir())
    assert_refused("serve", path, expected)
    assert (contents(path), sorted(tmp_path.iterdir())) == before


@pytest.mark.parametrize("make", BAD[1:], ids=lambda make: make.__name__)
def test_migrate_refuses_what_is_not_its_own(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    expected = make(path)
    before = contents(path)
    assert_refused("migrate", path, expected)
    assert contents(path) == before


def test_a_table_that_is_missing_is_reported_at_the_start(tmp_path: Path) -> None:
    assert_refused("serve", tmp_path / "some.db", missing_table(tmp_path / "some.db"))


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_name_that_no_file_can_have(tmp_path: Path, command: str) -> None:
    assert_refused(command, tmp_path / ("x" * 300), "is too long")


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_name_that_is_no_text(command: str) -> None:
    result = run(command, "--database", os.fsdecode(b"sqlite:///\xff.db"))
    assert result.returncode == 2
    assert "--database must be text in UTF-8" in result.stderr
    assert_one_sentence(result.stderr)


def test_an_older_schema_is_to_be_migrated_first(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    make_inventory(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 0)
    connection.close()
    assert_refused("serve", path, "Run `seatlatch migrate`")


def test_a_database_that_another_process_locks_is_refused_after_a_while(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    make_inventory(path)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    assert_refused("serve", path, "is locked by another process; stop that process or wait")
    other.execute("ROLLBACK")
    other.close()


def test_a_database_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert_refused("migrate", tmp_path / "nowhere" / "some.db", "There is no folder")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:///:memory:",
        "sqlite:///x.db?mode=ro",
        "mysql:///x",
        "sqlite://x.db",
        "sqlite:///",
        "x.db",
        "sqlite:/x.db",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    results = [run("serve", "--database", url), run("sandbox", "--database", url)]
    if url:  # an empty variable counts as absent
        results.append(run("serve", SEATLATCH_DATABASE_URL=url))
    for result in results:
        assert result.returncode == 2
        assert_one_sentence(result.stderr)
        assert ("DATABASE_URL" in result.stderr) or ("--database" in result.stderr)


def test_an_unsound_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_inventory(tmp_path / "some.db")
    monkeypatch.setattr(opening, "SOUND_SQLITE", (99, 0, 0))
    with pytest.raises(DatabaseProblem, match="can corrupt its write-ahead log"):
        opening.open_database(tmp_path / "some.db", "inventory")


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder with an inventory that this process may read but not write; never as root."""
    shared_folder = Path(tempfile.mkdtemp(prefix="seatlatch-test-"))
    path = shared_folder / "some.db"
    make_inventory(path)
    path.chmod(0o444)
    shared_folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield path
    if root:
        os.seteuid(0)
    shared_folder.chmod(0o755)
    shutil.rmtree(shared_folder)


def test_a_database_that_may_not_be_written(as_nobody: Path) -> None:
    before = contents(as_nobody)
    with pytest.raises(DatabaseProblem, match="allow this user"):
        opening.open_database(as_nobody, "inventory")
    with pytest.raises(DatabaseProblem, match="allow this user"):
        opening.make_or_migrate(as_nobody, "inventory")
    assert contents(as_nobody) == before


def assert_refused(command: str, path: Path, expected: str) -> None:
    """One sentence gives the reason: on standard error, or in the log of a server, which waits."""
    if command == "serve":
        reason = serve_without(SqliteDatabase(path).url)
        assert expected in reason
        assert str(path.parent) in reason
        return
    result = run(command, "--database", SqliteDatabase(path).url)
    assert result.returncode == 1, result
    assert result.stdout == ""
    assert expected in result.stderr
    assert str(path.parent) in result.stderr
    assert_one_sentence(result.stderr)


def assert_one_sentence(text: str) -> None:
    """It names the program, is one line, and is not a traceback."""
    assert text.startswith("seatlatch: ")
    assert text.endswith(".\n")
    assert text.count("\n") == 1
    assert "Traceback" not in text
