"""A database that several processes create at once, and databases that are refused."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from seatlatch.store.interface import DatabaseProblem
from seatlatch.store.postgres import schema
from tests.cli.commands import environment, run, serve_without
from tests.durability.fault_scenarios import WatchedServer
from tests.forkserver import Command
from tests.postgres import FAST
from tests.postgres_database import AS_WE_NEED_IT, PostgresDatabase, PostgresMaker
from tests.serving import fill

PASSWORD = "s3cret"
"""A password that the tests' server does not check."""

PROCESSES = 8
Bare = Callable[..., PostgresDatabase]

COMMANDS = {
    "serve": ("serve", "--port", "0"),
    "org add": ("org", "add", "77", "--name", "Seventy-seven"),
    "org list": ("org", "list"),
    "tickets show": ("tickets", "show", "t"),
    "tickets hold": ("tickets", "hold", "t", "--reason", "r"),
    "tickets import": ("tickets", "import", "{file}", "--org", "1001"),
}
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('seatlatch')"


@pytest.fixture
def bare(postgres: PostgresMaker) -> Iterator[Bare]:
    """Databases that are not migrated, with these options of CREATE DATABASE."""
    made: list[PostgresDatabase] = []

    def new(options: str = AS_WE_NEED_IT) -> PostgresDatabase:
        made.append(postgres.blank("inventory", options))
        return made[-1]

    yield new
    for database in made:
        database.drop()


def with_password(url: str) -> str:
    user, _, rest = url.removeprefix("postgresql://").partition("@")
    return f"postgresql://{user.partition(':')[0]}:{PASSWORD}@{rest}"


def contents(database: PostgresDatabase) -> list[object]:
    """The tables, and the content of the migrations' own table if there is one."""
    tables = database.execute(TABLES)
    return [tables, database.table("seatlatch.migrations") if ("migrations",) in tables else None]


def require_refused(
    database: PostgresDatabase, tmp_path: Path, says: str, *commands: tuple[str, ...]
) -> None:
    """Each command prints one sentence, exits with 1, and changes nothing.

    `serve` logs it, and waits.
    """
    file = tmp_path / "season.csv"
    file.write_text("token,owner_id\nt,o\n")
    before = contents(database)
    for command in commands:
        if command == COMMANDS["serve"]:
            reason = serve_without(with_password(database.url))
            assert says in reason
            assert PASSWORD not in reason
            continue
        arguments = [part.format(file=file) for part in command]
        done = run(*arguments, SEATLATCH_DATABASE_URL=with_password(database.url))
        assert done.returncode == 1, done
        assert (done.stdout, done.stderr.count("\n")) == ("", 1), done
        assert says in done.stderr, done
        assert done.stderr.startswith("seatlatch: ") and done.stderr.endswith(".\n"), done
        assert PASSWORD not in done.stderr, done
    assert contents(database) == before


def test_options_of_the_environment_have_no_effect(database: PostgresDatabase) -> None:
    url = with_password(database.url)
    options = "-c there_is_no_such_parameter=1"
    listed = run("org", "list", SEATLATCH_DATABASE_URL=url, PGOPTIONS=options)
    assert (listed.returncode, listed.stderr) == (0, "")
    separator = "&" if "?" in url else "?"
    refused = run("org", "list", "--database", f"{url}{separator}options={quote(options)}")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "there_is_no_such_parameter" in refused.stderr


def test_it_is_made_once_by_many_at_once(bare: Bare) -> None:
    database = bare()
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                Command(
                    ["migrate", "--json"],
                    env=environment({"SEATLATCH_DATABASE_URL": with_password(database.url)}),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(PROCESSES)
        ]
        said = [process.communicate(timeout=30) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    assert {errors for _, errors in said} == {""}
    assert sum("0001_" in printed for printed, _ in said) == 1, said
    assert PASSWORD not in str(said)
    applied = database.execute(
        "SELECT number, count(*) FROM seatlatch.migrations GROUP BY 1 ORDER BY 1"
    )
    assert applied == [(migration.number, 1) for migration in schema.MIGRATIONS]
    assert database.execute("SELECT count(*) FROM seatlatch.database_use") == [(1,)]


def test_no_schema(bare: Bare, tmp_path: Path) -> None:
    database = bare()
    require_refused(database, tmp_path, "has no seatlatch schema yet", *COMMANDS.values())
    checked = run("migrate", "--check", SEATLATCH_DATABASE_URL=database.url)
    assert checked.returncode == 1


def test_an_older_schema(database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database as a newer seatlatch finds it."""
    made = schema.LATEST_SCHEMA
    monkeypatch.setattr(schema, "LATEST_SCHEMA", made + 1)
    expected = f"has schema {made}, this seatlatch needs {made + 1}"
    with pytest.raises(DatabaseProblem, match=expected):
        database.store()


def test_a_newer_schema(database: PostgresDatabase, tmp_path: Path) -> None:
    database.execute("INSERT INTO migrations (number, name) VALUES (99, 'of_the_future')")
    commands = [*COMMANDS.values(), ("migrate",), ("migrate", "--check")]
    require_refused(database, tmp_path, "made by a newer seatlatch", *commands)


def test_a_schema_of_somebody_else(bare: Bare, tmp_path: Path) -> None:
    database = bare()
    database.execute("CREATE SCHEMA seatlatch")
    database.execute("CREATE TABLE seatlatch.theirs (number integer)")
    require_refused(database, tmp_path, "was not made by seatlatch", ("migrate",))
    require_refused(database, tmp_path, "has no seatlatch schema", COMMANDS["serve"])


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_an_encoding_that_can_not_hold_every_token(
    bare: Bare, tmp_path: Path, encoding: str
) -> None:
    database = bare(f"ENCODING '{encoding}' LOCALE 'C'")
    commands = [("migrate",), ("migrate", "--check"), COMMANDS["serve"], COMMANDS["org list"]]
    require_refused(database, tmp_path, f"is encoded in {encoding}", *commands)


def test_a_sandbox(postgres: PostgresMaker, tmp_path: Path) -> None:
    database = postgres.migrated("sandbox")
    fill(database)
    commands = [COMMANDS["serve"], COMMANDS["tickets import"], ("migrate",)]
    require_refused(database, tmp_path, "belongs to a sandbox", *commands)
    database.drop()


def test_a_standby(tmp_path: Path) -> None:
    server = WatchedServer(FAST)
    try:
        server.start()
        made = PostgresMaker(server.url).migrated("inventory")
        fill(made)
        name = made.database
        server.stop()
        server.become_standby()
        server.start()
        database = PostgresDatabase(server.url, name, "inventory")
        writing = [command for said, command in COMMANDS.items() if said != "org list"]
        writing.remove(COMMANDS["tickets show"])
        require_refused(database, tmp_path, "standby", *writing)
        for command in (COMMANDS["org list"], ("migrate",), ("migrate", "--check")):
            done = run(*command, SEATLATCH_DATABASE_URL=database.url)
            assert done.returncode == 0, done
        database._disconnect()
    finally:
        server.close()


def test_a_server_that_is_away(tmp_path: Path) -> None:
    away = "postgresql://user:s3cret@127.0.0.1:1/inventory"
    assert PASSWORD not in serve_without(away)
    others = [command for command in COMMANDS.values() if command != COMMANDS["serve"]]
    for command in (*others, ("migrate",), ("migrate", "--check")):
        file = tmp_path / "season.csv"
        file.write_text("token,owner_id\nt,o\n")
        done = run(*[part.format(file=file) for part in command], SEATLATCH_DATABASE_URL=away)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
        assert PASSWORD not in done.stderr
