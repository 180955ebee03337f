"""A result that nobody could read: the message, and the exit code for what was done."""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from seatlatch.commit import Committer
from seatlatch.domain.journal import Asker
from seatlatch.domain.outcome import TicketResult
from seatlatch.operations import change_tickets
from seatlatch.store.tickets import NewTicket
from tests.cli.commands import COMMAND, done, environment, run_here, run_into
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import ON_SQLITE, Database
from tests.forkserver import Command
from tests.serving import APPLICATION, CHANNEL, ORGANIZATION, OWNER, add_tickets

pytestmark = ON_SQLITE  # unread output is the same on every engine

REASON = ("--reason", "moving")
READS = [
    ("app", "list"),
    ("org", "list", "--json"),
    ("channel", "list"),
    ("operator", "list"),
    ("tickets", "show", "listed-1"),
]
NOTHING_NEW = [
    ("migrate",),
    ("channel", "grant", CHANNEL, ORGANIZATION),
    ("tickets", "hold", "nothing", *REASON),
]
CHANGES = [
    ("tickets", "hold", "not-listed", "nothing", *REASON),
    ("org", "add", "9", "--name", "x"),
]
SECRETS = [
    ("app", "add", "com.x", "--channel", CHANNEL),
    ("app", "rotate-key", APPLICATION, "--json"),
    ("app", "authorize", APPLICATION),
    ("operator", "add", "op"),
]


def name(arguments: tuple[str, ...]) -> str:
    return " ".join(arguments[:2])


def said(database: Database, arguments: tuple[str, ...], stdout: int) -> tuple[int, str]:
    result = run_into(stdout, *arguments, SEATLATCH_DATABASE_URL=database.url)
    return result.returncode, result.stderr


def on_a_full_disk(database: Database, *arguments: str) -> tuple[int, str]:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        return said(database, arguments, full)
    finally:
        os.close(full)


def with_nobody_reading(database: Database, *arguments: str) -> tuple[int, str]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return said(database, arguments, writer)
    finally:
        os.close(writer)


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@full
@pytest.mark.parametrize("arguments", [*READS, *NOTHING_NEW], ids=name)
def test_where_nothing_was_changed_nothing_else_is_said(
    inventory: Database, arguments: tuple[str, ...]
) -> None:
    code, error = on_a_full_disk(inventory, *arguments)
    assert code == 1
    assert error.endswith("can't be written (No space left on device). Nothing was changed.\n")
    assert_one_sentence(error)


@full
@pytest.mark.parametrize("arguments", CHANGES, ids=name)
def test_what_was_changed_is_not_called_undone(
    inventory: Database, arguments: tuple[str, ...]
) -> None:
    code, error = on_a_full_disk(inventory, *arguments)
    assert code == 3
    assert error.endswith("The command has finished its work.\n")
    assert_one_sentence(error)


@full
def test_an_import_that_kept_nothing_changed_nothing(inventory: Database, tmp_path: Path) -> None:
    file = tmp_path / "season.csv"
    arguments = ("tickets", "import", str(file), "--org", ORGANIZATION)
    file.write_text("token,owner_id\na,\n")
    code, error = on_a_full_disk(inventory, *arguments)
    assert (code, error.splitlines()[0]) == (1, "line 2, owner_id: must not be empty")
    assert "Nothing was changed." in error
    file.write_text("token,owner_id\na,o\n")
    code, error = on_a_full_disk(inventory, *arguments)
    assert (code, "The command has finished its work." in error) == (3, True)
    code, error = on_a_full_disk(inventory, *arguments)
    assert (code, "Nothing was changed." in error) == (1, True)


@pytest.mark.parametrize("arguments", SECRETS, ids=name)
def test_a_secret_that_nobody_read_is_reported(
    inventory: Database, arguments: tuple[str, ...]
) -> None:
    code, error = with_nobody_reading(inventory, *arguments)
    assert code == 3
    assert error.endswith("the secret was not shown: get a new one.\n")
    assert_one_sentence(error)


@pytest.mark.parametrize("arguments", [*READS, *CHANGES], ids=name)
def test_of_other_results_nothing_is_said(inventory: Database, arguments: tuple[str, ...]) -> None:
    expected = 3 if "nothing" in arguments else 0
    assert with_nobody_reading(inventory, *arguments) == (expected, "")


@pytest.mark.parametrize(("calls", "code", "held"), [(1, 130, 0), (2, 3, 1000), (3, 3, 2000)])
def test_ctrl_c_in_the_midst_of_a_portion(
    inventory: Database, monkeypatch: pytest.MonkeyPatch, calls: int, code: int, held: int
) -> None:
    many = [f"m{number:04}" for number in range(2500)]
    add_tickets(inventory, [NewTicket(token, ORGANIZATION, OWNER) for token in many])
    asked: list[int] = []
    real = change_tickets.hold_tickets

    async def hold(
        committer: Committer, asker: Asker, tokens: Sequence[str], **more: Any
    ) -> list[TicketResult]:
        asked.append(len(tokens))
        if len(asked) == calls:
            signal.raise_signal(signal.SIGINT)
        return await real(committer, asker, tokens, **more)

    monkeypatch.setattr(change_tickets, "hold_tickets", hold)
    result = run_here(inventory, "tickets", "hold", *many, *REASON, "--json")
    assert (result.returncode, result.stderr) == (code, "")
    if not held:
        assert result.stdout == ""
        return
    document = json.loads(result.stdout)
    assert [one["token"] for one in document["success"]] == many[:held]
    assert [one["token"] for one in document["failure"]] == many[held:]
    assert {one["outcome"] for one in document["failure"]} == {"unconfirmed"}


def test_ctrl_c_while_it_prints_is_not_taken_for_undone(inventory: Database) -> None:
    many = [f"m{number:05}" for number in range(5000)]
    add_tickets(inventory, [NewTicket(token, ORGANIZATION, OWNER) for token in many])
    settings = environment({"SEATLATCH_DATABASE_URL": inventory.url})
    arguments = ("tickets", "hold", *REASON, *many, "--json")
    with Command(
        arguments, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)  # there is more than a pipe can hold, so the command waits
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 3
        assert b"(Ctrl-C). The command has finished its work." in process.stderr.read()
    assert done(inventory, "tickets", "show", many[-1])["status"] == "LOCK"


@full
@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-", "2>/dev/full 0<&-"])
def test_messages_that_cant_be_written_dont_change_the_exit_code(
    inventory: Database, tmp_path: Path, redirected: str
) -> None:
    file = tmp_path / "season.csv"
    file.write_text("token,owner_id\nnew,o\nbad,\n")
    arguments = ["tickets", "import", str(file), "--org", ORGANIZATION, "--keep-good"]
    code, output = redirecting(inventory, redirected, *arguments)
    assert (code, output) == (
        3,
        "1 added, 0 updated, 0 unchanged, 1 bad line skipped.\n",
    )
    assert redirecting(inventory, redirected, "tickets", "show", "nothing") == (1, "")
    assert redirecting(inventory, redirected, "nothing") == (2, "")


@full
@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("tickets", "--help")])
def test_a_help_that_cant_be_printed_is_reported(
    inventory: Database, arguments: tuple[str, ...]
) -> None:
    code, error = on_a_full_disk(inventory, *arguments)
    assert code == 1
    assert "can't be written (No space left on device)" in error
    assert_one_sentence(error)


def redirecting(database: Database, redirected: str, *arguments: str) -> tuple[int, str]:
    """The exit code and the output of a command whose descriptors are redirected as by a shell."""
    settings = environment({"SEATLATCH_DATABASE_URL": database.url})
    if redirected == "2>/dev/full":
        with (
            Path("/dev/full").open("wb") as disk,
            Command(arguments, env=settings, stdout=subprocess.PIPE, stderr=disk, text=True) as ran,
        ):
            output, _ = ran.communicate(timeout=60)
        return ran.returncode, output
    result = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *COMMAND, *arguments],
        env=settings,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    return result.returncode, result.stdout


def test_a_bad_line_does_nothing_to_the_terminal(inventory: Database, tmp_path: Path) -> None:
    file = tmp_path / "season.ndjson"
    file.write_text('{"token":"a","owner_id":"o","\\u001b[31m":1}\n')
    result = run_here(inventory, "tickets", "import", str(file), "--org", ORGANIZATION)
    assert result.returncode == 1
    assert "\\x1b[31m" in result.stderr
    assert "\x1b" not in result.stderr
