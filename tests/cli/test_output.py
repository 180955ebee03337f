"""The output of a command arrives completely, or the command reports that it did not."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seatlatch.cli.output import in_columns, visible
from tests.cases import all_cases
from tests.cli.commands import COMMAND, done, environment, run_here, run_on
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database
from tests.forkserver import Command
from tests.serving import CHANNEL, ORGANIZATION
from tests.sqlite_database import SqliteDatabase

pytestmark = ON_SQLITE  # printing is the same on every engine

NAME = "Café \N{ADMISSION TICKETS}"


@contextmanager
def started(
    database: Database, *arguments: str, stdout: Any = subprocess.PIPE
) -> "Iterator[subprocess.Popen[bytes]]":
    """A running command."""
    settings = environment({"SEATLATCH_DATABASE_URL": database.url})
    with Command(arguments, env=settings, stdout=stdout, stderr=subprocess.PIPE) as process:
        yield process


def test_who_stops_reading_is_not_shouted_at_and_the_exit_code_stays(inventory: Database) -> None:
    cases = [("hold", "not-listed", 0), ("hold", "nothing", 1)]
    for verb, token, code in cases:
        with started(inventory, "tickets", verb, token, "--reason", "moving") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=30) == code
    assert done(inventory, "tickets", "show", "not-listed")["status"] == "LOCK"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_result_that_can_not_be_written_is_reported(inventory: Database) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        add = ("app", "add", "com.x", "--channel", CHANNEL, "--json")
        with started(inventory, *add, stdout=full) as process:
            assert process.stderr is not None
            said = process.stderr.read().decode()
            assert process.wait(timeout=30) == 3
    assert "The command has finished its work, but the secret was not shown: get a new one." in said
    assert_one_sentence(said)
    entries = done(inventory, "app", "list")["applications"]
    assert "com.x" in [entry["applicationId"] for entry in entries]


def test_a_closed_standard_output_is_reported(inventory: Database) -> None:
    settings = environment({"SEATLATCH_DATABASE_URL": inventory.url})
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "operator", "add", "op"]
    result = subprocess.run(
        closed, env=settings, capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 3
    assert_one_sentence(result.stderr)
    listed = done(inventory, "operator", "list")["operators"]
    assert "op" in [one["name"] for one in listed]


def test_ctrl_c_ends_it_with_130_and_no_traceback(inventory: Database) -> None:
    with inventory.provisioning() as provisioning:
        for number in range(2000):
            provisioning.add_organization(f"many-{number:04}", "x" * 200)
    with started(inventory, "org", "list") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)  # there is more than a pipe can hold, so the command waits
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read() == b""


def test_a_terminal_that_lacks_a_letter_sees_its_number_and_json_stays_json(
    inventory: Database,
) -> None:
    done(inventory, "org", "add", "9", "--name", NAME)
    people = run_on(inventory, "org", "list", PYTHONIOENCODING="ascii")
    assert (people.returncode, people.stderr) == (0, "")
    assert "9     Caf\\xe9 \\U0001f39f" in people.stdout
    machine = run_on(inventory, "org", "list", "--json", PYTHONIOENCODING="ascii")
    assert {"organizationId": "9", "name": NAME} in json.loads(machine.stdout)["organizations"]


def test_nothing_that_was_given_works_on_the_terminal(inventory: Database) -> None:
    for arguments in (
        ("tickets", "release", "\x1b[31mred\r\x9b0m", "\u202e"),
        ("tickets", "show", "\x1b[31m"),
        ("\x1b[31m",),
        ("tickets", "hold", "a", "--reason", "x", "--for", "\x1b[31m"),
        ("org", "add", "\x1b[31m", "--name", "x"),
    ):
        result = run_here(inventory, *arguments)
        printed = result.stdout + result.stderr
        assert printed
        assert not {"\x1b", "\r", "\x9b", "\u202e"} & set(printed), arguments


@all_cases(
    ("text", "shown"),
    [
        (NAME, NAME),
        ("", ""),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\u202e"),
        ("\udcff", "\\udcff"),
        ("\0", "\\x00"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_columns_are_as_wide_as_what_is_shown() -> None:
    assert in_columns([("a", "\n", "x"), ("bcd", "e", "")]) == ["a    \\n  x", "bcd  e"]
    assert in_columns([]) == []


def test_the_database_is_reported_by_option_or_by_environment(
    inventory: Database, tmp_path: Path
) -> None:
    missing = SqliteDatabase(tmp_path / "missing.db")
    url = inventory.url
    result = run_on(missing, "org", "list", "--database", url, "--json")
    ids = [entry["organizationId"] for entry in json.loads(result.stdout)["organizations"]]
    assert ids == [ORGANIZATION, "2002"]
    assert run_on(inventory, "org", "list", "--database", missing.url).returncode == 1
