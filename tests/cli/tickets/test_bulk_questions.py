"""Commands on many tickets ask a person, and report what was done before an interruption."""

import json
import os
import pty
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from seatlatch.domain.outcome import TicketResult
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations import change_tickets
from tests.cli.box_office import add_two
from tests.cli.commands import environment, run_here
from tests.cli.tickets.bulk import OF_CHANNEL, UNLOCK, add_many, outcomes
from tests.databases import Database
from tests.forkserver import Command
from tests.serving import CHANNEL


@pytest.fixture
def venue(inventory: Database) -> Database:
    """An inventory with a ticket for every case, `plain` and `seat`."""
    return add_two(inventory)


def at_a_terminal(database: Database, *arguments: str, answer: str) -> tuple[int, str, str]:
    """The exit code, standard output, and what the terminal shows."""
    master, terminal = pty.openpty()
    settings = environment({"SEATLATCH_DATABASE_URL": database.url})
    process = Command(
        arguments, env=settings, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, text=True
    )
    os.close(terminal)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(master, 10_000)
    os.write(master, answer.encode())
    output, _ = process.communicate(timeout=30)
    with suppress(OSError):  # nothing more, and the other end is closed
        seen += os.read(master, 10_000)
    os.close(master)
    return process.returncode, output, seen.decode()


@pytest.mark.parametrize("answer", ["n\n", "\n", "yes, all\n"])
def test_without_a_yes_nothing_is_changed(venue: Database, answer: str) -> None:
    before = venue.rows()
    code, output, seen = at_a_terminal(venue, *UNLOCK, "--channel", CHANNEL, answer=answer)
    assert (code, output) == (1, "")
    assert seen.startswith(f"Unlock 3 tickets of channel '{CHANNEL}'? [y/N] ")
    assert "Nothing was changed." in seen
    assert venue.rows() == before


def test_a_yes_at_the_terminal(venue: Database, tmp_path: Path) -> None:
    file = tmp_path / "tokens.txt"
    file.write_text("listed-1\n")
    code, output, seen = at_a_terminal(venue, "tickets", "void", "--file", str(file), answer="Y\n")
    assert (code, output) == (0, "listed-1: is now void.\n")
    assert seen.startswith(f"Void 1 ticket in {file}? [y/N] ")


def test_many_tickets_show_progress(venue: Database) -> None:
    add_many(venue)
    code, output, seen = at_a_terminal(venue, *UNLOCK, "--channel", CHANNEL, answer="y\n")
    assert (code, output.splitlines()[0]) == (3, "1,102 unlocked, 1 seat locked.")
    assert "100%" in seen


@pytest.mark.parametrize("portions", [0, 1])
@pytest.mark.parametrize("problem", ["Ctrl-C", "unavailable"])
def test_what_was_done_before_an_interruption_is_reported(
    venue: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, portions: int, problem: str
) -> None:
    add_many(venue)
    real = change_tickets.override_unlock
    calls: list[int] = []

    async def interrupted(*arguments: Any, **more: Any) -> list[TicketResult]:
        calls.append(1)
        if len(calls) > portions:
            if problem == "unavailable":
                raise Unavailable("The database did not confirm. Retry the request.")
            signal.raise_signal(signal.SIGINT)
        return await real(*arguments, **more)

    monkeypatch.setattr(change_tickets, "override_unlock", interrupted)
    file = tmp_path / "results.csv"
    result = run_here(venue, *UNLOCK, *OF_CHANNEL, "--results", str(file), "--json")
    changed = 1_103 - sum(venue.mpreserve_of().values()) + 1  # another channel's
    if not portions:
        assert result.returncode == (130 if problem == "Ctrl-C" else 1)
        assert (result.stdout, file.exists()) == ("", False)
        return
    assert result.returncode == 3
    assert "Not all tickets were changed. Run the command again." in result.stderr
    document = json.loads(result.stdout)
    # The portion that Ctrl-C interrupts may have been committed.
    assert 0 < len(document["success"]) <= changed
    assert len(file.read_text().splitlines()) == 1 + len(outcomes(document))
