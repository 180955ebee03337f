"""The commands: help, output, exit codes, settings."""

import json
import signal
import socket
from pathlib import Path

import pytest
from typer.core import TyperArgument, TyperCommand, TyperGroup

import seatlatch
from docs.commands import every_command
from seatlatch import __version__
from tests import web
from tests.cases import all_cases
from tests.cli.commands import run, run_here, run_on, run_within, running
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database, Databases
from tests.serving import UNLOCK, fill, listed, valid_headers
from tests.sqlite_database import SqliteDatabase


def test_help() -> None:
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: seatlatch [OPTIONS] COMMAND")


@all_cases(("name", "command"), list(every_command()), ids=str)
def test_every_command_has_help(
    tmp_path: Path, name: str, command: TyperCommand | TyperGroup
) -> None:
    result = run_here(SqliteDatabase(tmp_path / "missing.db"), *name.split()[1:], "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"Usage: {name} " in result.stdout
    assert "--help" in result.stdout
    if isinstance(command, TyperCommand):
        assert f"Example: {name}" in result.stdout


def test_version() -> None:
    assert run("--version").stdout == f"{__version__}\n"


@pytest.mark.parametrize("arguments", [("nonsense",), ("serve", "--nonsense"), ("serve", "extra")])
def test_wrong_usage_exits_2(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


TAKES_ARGUMENTS = [
    (name, command)
    for name, command in every_command()
    if any(isinstance(parameter, TyperArgument) for parameter in command.params)
]


@all_cases("value", ["-98973476444", "--98973476444"])
@all_cases(("name", "command"), TAKES_ARGUMENTS, ids=str)
def test_a_value_that_begins_with_a_dash_has_a_hint(
    name: str, command: TyperCommand | TyperGroup, value: str
) -> None:
    result = run_within(*name.split()[1:], value)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"put -- before it, after all options: `{name} [OPTIONS] -- " in result.stderr
    assert "No such option" not in run_within(*name.split()[1:], "--", value).stderr


def test_a_misspelt_option_has_no_such_hint() -> None:
    for command in (("tickets", "unlock", "a", "--reasn", "x"), ("org", "list", "-x")):
        assert "put --" not in run_within(*command).stderr


def migrations(engine: str) -> list[str]:
    """The names of an engine's migration files, in order."""
    folder = Path(seatlatch.__file__).parent / "store" / "migrations" / engine
    return sorted(file.stem for file in folder.glob("*.sql"))


def test_migrate_makes_a_database_once(databases: Databases) -> None:
    blank = databases.blank()
    migrate = ("migrate", "--database", blank.url)
    first, again = run(*migrate, "--json"), run(*migrate)
    assert json.loads(first.stdout) == {"database": blank.name, "applied": migrations(blank.engine)}
    assert (first.returncode, again.returncode) == (0, 0)
    assert again.stdout == f"{blank.name} was already up to date.\n"
    assert blank.rows() == {}


def test_the_environment_says_which_database_too(databases: Databases) -> None:
    blank = databases.blank()
    assert run_on(blank, "migrate").returncode == 0
    if isinstance(blank, SqliteDatabase):
        assert list(blank.path.parent.iterdir()) == [blank.path]
    assert blank.rows() == {}


@pytest.mark.parametrize("command", [("org", "list"), ("tickets", "show", "a")])
def test_a_database_that_is_away_is_reported_in_a_sentence(
    database: Database, command: tuple[str, ...]
) -> None:
    with database.away():
        result = run_on(database, *command)
    assert (result.returncode, result.stdout) == (1, "")
    assert database.name.removeprefix("sqlite:///") in result.stderr
    assert_one_sentence(result.stderr)


def test_serve_answers_until_sigterm(database: Database) -> None:
    fill(database, [listed("a")])
    with running("serve", "--port", "0", "--database", database.url) as (process, about):
        assert about["database"] == database.name
        answer = web.put(about["url"] + UNLOCK, json={"tokens": ["a"]}, headers=valid_headers())
        assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    if isinstance(database, SqliteDatabase):
        assert list(database.path.parent.iterdir()) == [database.path], "it leaves no log behind"


@ON_SQLITE
def test_a_log_line_tells_of_a_request_but_no_secret_and_no_token(database: Database) -> None:
    fill(database, [listed("ticket-token-1")])
    arguments = ("serve", "--port", "0", "--database", database.url)
    headers = valid_headers()
    with running(*arguments, SEATLATCH_LOG_FORMAT="json") as (process, about):
        for tokens in (["ticket-token-1"], ["nothing-1"]):
            body = {"tokens": tokens}
            web.put(about["url"] + UNLOCK, json=body, headers=headers)
        web.get(about["url"] + "/livez")
        process.terminate()
        assert process.stderr is not None
        log = process.stderr.read()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [(line["level"], line["status"]) for line in lines] == [("info", 200), ("error", 422)]
    for line in lines:
        assert line["requestId"] == headers["Request-ID"]
        assert (line["application"], line["channel"]) == ("com.example.test", "test-channel")
        assert line["milliseconds"] > 0
        assert line["succeeded"] + line["failed"] == 1
    for secret in ("test-api-key", "test-access-token", "ticket-token-1", "nothing-1"):
        assert secret not in log


@ON_SQLITE
def test_at_debug_the_log_has_the_tokens_but_still_no_secret(database: Database) -> None:
    fill(database, [listed("ticket-token-1")])
    arguments = ("serve", "--port", "0", "--database", database.url)
    with running(*arguments, SEATLATCH_LOG_LEVEL="debug") as (process, about):
        body = {"tokens": ["ticket-token-1"]}
        web.put(about["url"] + UNLOCK, json=body, headers=valid_headers())
        process.terminate()
        assert process.stderr is not None
        log = process.stderr.read()
    assert "ticket-token-1" in log
    assert "test-api-key" not in log
    assert "test-access-token" not in log


@pytest.mark.only_on("sqlite")
def test_several_workers_are_refused_on_sqlite(database: Database) -> None:
    fill(database)
    result = run("serve", "--workers", "2", "--database", database.url)
    assert result.returncode == 2
    assert "SQLite has one writer" in result.stderr


@ON_SQLITE
def test_a_port_that_is_taken(database: Database) -> None:
    fill(database)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("serve", "--port", port, "--database", database.url)
    assert result.returncode == 1
    assert f"port {port}" in result.stderr
    assert_one_sentence(result.stderr)


@all_cases(
    ("name", "value"),
    [
        ("SEATLATCH_PORT", "http"),
        ("SEATLATCH_PORT", "65536"),
        ("SEATLATCH_WORKERS", "0"),
        ("SEATLATCH_RATE_LIMIT", "200"),
        ("SEATLATCH_RATE_LIMIT", "0:1"),
        ("SEATLATCH_LOG_FORMAT", "xml"),
        ("SEATLATCH_LOG_LEVEL", "loud"),
        ("SEATLATCH_DATABASE_URL", "x.db"),
        ("SEATLATCH_DATABSE_URL", "sqlite:///x.db"),
    ],
)
def test_a_bad_setting_stops_the_start_with_a_sentence_that_names_it(name: str, value: str) -> None:
    result = run("serve", **{name: value})
    assert result.returncode == 2
    assert name in result.stderr
    assert_one_sentence(result.stderr)


@ON_SQLITE
def test_a_host_that_is_none(database: Database) -> None:
    fill(database)
    result = run("serve", "--port", "0", "--host", "a..b", "--database", database.url)
    assert result.returncode == 1
    assert_one_sentence(result.stderr)


@ON_SQLITE
def test_two_signals_that_come_together_are_one_stop(database: Database) -> None:
    fill(database)
    with running("serve", "--port", "0", "--database", database.url) as (process, about):
        assert web.get(about["url"] + "/livez").status_code == 200
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=15) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_an_option_overrules_the_environment_and_is_named_when_it_is_bad() -> None:
    result = run("serve", "--port", "x", SEATLATCH_PORT="8080")
    assert result.returncode == 2
    assert "--port" in result.stderr


def test_a_database_that_goes_away_does_not_keep_serve_from_stopping(database: Database) -> None:
    fill(database)
    serve = ("serve", "--port", "0", "--database", database.url)
    with running(*serve) as (process, about), database.writing():
        assert web.get(about["url"] + "/livez").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
