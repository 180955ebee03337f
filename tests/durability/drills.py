"""Drills of backups: a service under load, and what is compared after a restore.

The commands are those of the page about backups, with other names of folders and databases.
"""

import logging
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from shlex import split
from time import monotonic
from typing import Any
from uuid import UUID

from tests.cli.commands import environment, run, run_on
from tests.databases import Database
from tests.docs.pages import DOCS
from tests.durability.callers import Caller, Callers, states_of
from tests.durability.fault_scenarios import CHANGES, HEALED_SECONDS, TOKENS
from tests.durability.mixed_load import OPEN, State
from tests.durability.processes import ServerProcess
from tests.journals import disagreements

LOG = logging.getLogger(__name__)
PAGE = DOCS / "operating" / "backup.md"
CALLERS = 4
LOAD_ANSWERS = 40
HASHES = "SELECT entry_id, hash FROM journal"
REQUESTS = "SELECT DISTINCT request_id FROM journal"


class Load:
    """A service process on a database, and its callers."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self._folder = folder
        self._server = ServerProcess(database.url, folder / "errors")
        self.callers = Callers([self._server.begun()], TOKENS, CALLERS)

    def go_on(self) -> float:
        """Wait for some more changes. Returns how long that took, in seconds."""
        return self.callers.wait_for({CHANGES: 200}, HEALED_SECONDS, times=LOAD_ANSWERS)

    def acknowledged(self) -> list[int]:
        """For each caller, how many of its changes were acknowledged until now."""
        return [caller.acknowledged for caller in self.callers.callers]

    def anchor(self) -> Path:
        """A new anchor."""
        taken = run_on(self.database, "journal", "anchor")
        assert taken.returncode == 0, taken
        file = self._folder / "anchor.json"
        file.write_text(taken.stdout)
        return file

    def stop(self) -> None:
        """End the callers, and then the server."""
        self.callers.stop()
        assert self._server.stop() == 0
        self.callers.check(states_of(self.database.rows()))


@contextmanager
def loaded(database: Database, folder: Path) -> Iterator[Load]:
    """A load on a database with TOKENS, for as long as the block runs. It has begun."""
    load = Load(database, folder)
    try:
        with load.callers:
            load.go_on()
            yield load
    finally:
        load.stop()


def check_restored(load: Load, restored: Database, anchor: Path, folder: Path) -> list[int]:
    """Check a restored database after the load has ended, and that it can be served.

    Returns for each caller how many of its changes are there: the first ones.
    """
    for command in (("migrate", "--check"), ("journal", "verify", "--anchor", str(anchor))):
        done = run_on(restored, *command)
        assert (done.returncode, done.stderr) == (0, ""), done
    assert set(restored.execute(HASHES)) <= set(load.database.execute(HASHES))
    assert disagreements(restored) == []
    requests = {_text(request_id) for (request_id,) in restored.execute(REQUESTS)}
    states = states_of(restored.rows())
    kept = [_first_changes(caller, requests, states) for caller in load.callers.callers]
    serve(restored, states, folder)
    return kept


def _first_changes(caller: Caller, requests: set[str], states: Mapping[str, State]) -> int:
    """How many of a caller's changes are in a database. Checks that these are the first ones, and
    that the tickets are as these left them.
    """
    are_kept = [sent.request_id in requests for sent in caller.sent]
    changes = are_kept.count(True)
    assert all(are_kept[:changes]), "a change is missing before one that is there"
    expected = dict.fromkeys(caller.model, OPEN)
    for sent in caller.sent[:changes]:
        expected |= dict.fromkeys(sent.tokens, sent.state)
    assert {token: states[token] for token in expected} == expected
    return changes


def serve(restored: Database, states: Mapping[str, State], folder: Path) -> None:
    """Serve a restored database to new callers, who continue from there."""
    server = ServerProcess(restored.url, folder / "errors-after")
    try:
        callers = Callers([server.begun()], TOKENS, CALLERS)
        for caller in callers.callers:
            caller.model = {token: states[token] for token in caller.model}
        with callers:
            callers.wait_for({CHANGES: 200}, HEALED_SECONDS, times=LOAD_ANSWERS)
        assert server.stop() == 0
    finally:
        server.kill()
    callers.check(states_of(restored.rows()))
    assert disagreements(restored) == []


def _text(request_id: UUID | bytes) -> str:
    return str(UUID(bytes=request_id) if isinstance(request_id, bytes) else request_id)


def block(heading: str, language: str = "sh", number: int = 0) -> str:
    """A block of code of the page: the one with this number below a heading."""
    _, found, below = PAGE.read_text().partition(f"\n{heading}\n")
    assert found, heading
    blocks = below.split(f"\n```{language}\n")[1:]
    return blocks[number].partition("\n```")[0]


def run_block(text: str, url: str = "", path: str = "", **options: Any) -> None:
    """Run a block of commands on the database at `url`. Programs are first looked for in `path`.

    Our own commands are started without a shell, so that Python need not start for each.
    """
    variables = environment({"SEATLATCH_DATABASE_URL": url})
    variables["PATH"] = os.pathsep.join(filter(None, (path, variables["PATH"])))
    for ours, lines in groupby(text.splitlines(), lambda line: line.startswith("seatlatch ")):
        if ours:
            for line in lines:
                done = run(*split(line)[1:], SEATLATCH_DATABASE_URL=url)
                assert done.returncode == 0, done
        else:
            shell = ["sh", "-e", "-c", "\n".join(lines)]
            done = subprocess.run(
                shell, env=variables, capture_output=True, text=True, check=False, **options
            )
            assert done.returncode == 0, done


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Log how long something takes: see it with `--log-cli-level=INFO`."""
    began = monotonic()
    yield
    LOG.info("%s: %.1f s", name, monotonic() - began)
