"""The commands as they are typed: help, output, exit codes, settings."""

import json
import signal
import socket
from pathlib import Path

import pytest
from typer.core import TyperArgument, TyperCommand, TyperGroup

from docs.commands import every_command
from seatlatch import __version__
from seatlatch.setting_values import RateSetting
from seatlatch.settings import SettingProblem, Settings, read_settings
from tests import web
from tests.cli.commands import run, run_here, run_on, run_within, running
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import Database, Databases
from tests.serving import UNLOCK, fill, listed, valid_headers
from tests.sqlite_database import SqliteDatabase


def test_help() -> None:
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: seatlatch [OPTIONS] COMMAND")


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=str)
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


@pytest.mark.parametrize("value", ["-98973476444", "--98973476444"])
@pytest.mark.parametrize(("name", "command"), TAKES_ARGUMENTS, ids=str)
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


MIGRATIONS = {
    "sqlite": [
        "0001_tickets_and_credentials",
        "0002_lock_and_let_in",
        "0003_journal",
        "0004_webhooks",
        "0005_cursor_key",
        "0006_refresh_reuse",
    ],
    "postgres": [
        "0001_inventory",
        "0002_journal",
        "0003_webhooks",
        "0004_cursor_key",
        "0005_refresh_reuse",
    ],
}


def test_migrate_makes_a_database_once(databases: Databases) -> None:
    blank = databases.blank()
    migrate = ("migrate", "--database", blank.url)
    first, again = run(*migrate, "--json"), run(*migrate)
    assert json.loads(first.stdout) == {"database": blank.name, "applied": MIGRATIONS[blank.engine]}
    assert (first.returncode, again.returncode) == (0, 0)
    assert again.stdout == f"{blank.name} was up to date already.\n"
    assert blank.rows() == {}


def test_the_environment_says_which_database_too(databases: Databases) -> None:
    blank = databases.blank()
    assert run_on(blank, "migrate").returncode == 0
    if isinstance(blank, SqliteDatabase):
        assert list(blank.path.parent.iterdir()) == [blank.path]
    assert blank.rows() == {}


@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("org", "list"), ("tickets", "show", "a")]
)
def test_a_database_that_is_away_is_told_in_a_sentence(
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


def test_a_port_that_is_taken(database: Database) -> None:
    fill(database)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("serve", "--port", port, "--database", database.url)
    assert result.returncode == 1
    assert f"port {port}" in result.stderr
    assert_one_sentence(result.stderr)


@pytest.mark.parametrize(
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


def test_a_host_that_is_none(database: Database) -> None:
    fill(database)
    result = run("serve", "--port", "0", "--host", "a..b", "--database", database.url)
    assert result.returncode == 1
    assert_one_sentence(result.stderr)


def test_a_second_signal_does_not_break_off_a_stop(database: Database) -> None:
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


def test_the_defaults_are_the_contracts() -> None:
    assert read_settings({}) == Settings(
        database_url="sqlite:///seatlatch.db",
        database_pooler="none",
        host="127.0.0.1",
        port=8080,
        workers=1,
        root_path="",
        rate_limit=RateSetting(200, 400),
        trusted_proxies=(),
        authorization_code_seconds=86_400,
        access_token_seconds=3_600,
        refresh_token_seconds=2_592_000,
        refresh_reuse_seconds=0,
        webhook_addresses="public",
        webhook_networks=(),
        log_format="auto",
        log_level="info",
    )


@pytest.mark.parametrize("value", ["61", "-1", "1.5", "off"])
def test_a_bad_reuse_time_stops_the_start(value: str) -> None:
    expected = "SEATLATCH_REFRESH_REUSE_SECONDS must be a whole number from 0 to 60"
    with pytest.raises(SettingProblem, match=expected):
        read_settings({"SEATLATCH_REFRESH_REUSE_SECONDS": value})


def test_trusted_proxies_are_addresses_and_networks() -> None:
    settings = read_settings({"SEATLATCH_TRUSTED_PROXIES": "10.0.0.1, 10.1.0.0/16,fd00::/8"})
    assert [str(network) for network in settings.trusted_proxies] == [
        "10.0.0.1/32",
        "10.1.0.0/16",
        "fd00::/8",
    ]


@pytest.mark.parametrize("value", ["proxy", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.1,", "*", "::g"])
def test_bad_trusted_proxies_stop_the_start(value: str) -> None:
    with pytest.raises(SettingProblem, match="SEATLATCH_TRUSTED_PROXIES must be addresses or net"):
        read_settings({"SEATLATCH_TRUSTED_PROXIES": value})


@pytest.mark.parametrize("path", ["", "/seatlatch", "/a/b-c_d.e~f"])
def test_a_root_path(path: str) -> None:
    assert read_settings({"SEATLATCH_ROOT_PATH": path}).root_path == path


@pytest.mark.parametrize("path", ["/", "seatlatch", "/a/", "//a", "/a b", "/a?b", "https://a/b"])
def test_a_root_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(SettingProblem, match="SEATLATCH_ROOT_PATH must be a path"):
        read_settings({"SEATLATCH_ROOT_PATH": path})


def test_a_database_that_goes_away_does_not_keep_serve_from_stopping(database: Database) -> None:
    fill(database)
    serve = ("serve", "--port", "0", "--database", database.url)
    with running(*serve) as (process, about), database.writing():
        assert web.get(about["url"] + "/livez").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
