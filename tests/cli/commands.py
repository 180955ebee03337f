"""Running the command `seatlatch` as a person does."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from io import BytesIO, StringIO, TextIOWrapper
from typing import IO, Any
from uuid import UUID

import pytest
import typer.main

from seatlatch.cli.main import main
from seatlatch.http.server import STOPPING_SIGNALS
from tests import web
from tests.databases import Database
from tests.forkserver import Command, command_of

COMMAND = [sys.executable, "-m", "seatlatch"]


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEATLATCH_")}
    return {**kept, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", **changes}


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return run_into(subprocess.PIPE, *arguments, **settings)


def run_into(
    output: int | IO[Any], *arguments: str, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Like `run`, with its own standard output: a file or its descriptor."""
    with Command(
        arguments, env=environment(settings), stdout=output, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            printed, errors = process.communicate(timeout=30)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, printed, errors)


def shown_on_terminal(*arguments: str, typed: str = "") -> bytes:
    """Run a command on a terminal; the output. `typed` comes through a pipe."""
    terminal, end = pty.openpty()
    settings = {**environment({}), "TERM": "xterm"}
    with Command(arguments, env=settings, stdin=subprocess.PIPE, stdout=end, stderr=end) as process:
        os.close(end)
        assert process.stdin is not None
        with process.stdin:
            process.stdin.write(typed.encode())
        shown = b""
        try:
            while part := os.read(terminal, 65536):
                shown += part
        except OSError:  # the error of a terminal whose other end has closed
            pass
        assert process.wait(timeout=30) == 0
    os.close(terminal)
    return shown


@contextmanager
def running(*arguments: str, **settings: str) -> "Iterator[tuple[subprocess.Popen[str], Any]]":
    """A server command with --json: the process, and what it printed at its start."""
    process = Command(
        [*arguments, "--json"],
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, json.loads(line)
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
        process.stderr.close()


def serve_without(url: str, **settings: str) -> str:
    """The reason in the log of `serve` why it cannot use a database; it still serves, with 503."""
    settings = {"SEATLATCH_DATABASE_URL": url, "SEATLATCH_LOG_FORMAT": "json", **settings}
    with running("serve", "--port", "0", **settings) as (process, about):
        assert process.stderr
        lines = map(json.loads, process.stderr)
        reason = next(line["reason"] for line in lines if line["event"] == "database")
        statuses = [web.get(about["url"] + path).status_code for path in ("/livez", "/readyz")]
        process.terminate()
        _, log = process.communicate(timeout=30)
    assert (process.returncode, statuses) == (0, [200, 503]), log
    assert isinstance(reason, str)
    return reason


def run_here(database: Database, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Like `run_on`, but within this process: for many cases of output.

    Not while a server of this process has the database open.
    """
    return run_within(*arguments, SEATLATCH_DATABASE_URL=database.url)


def run_within(
    *arguments: str, typed: str | bytes = b"", **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Like `run`, but within this process. `typed`: the standard input."""
    output = TextIOWrapper(BytesIO(), "utf-8", newline="")
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stderr(StringIO()) as errors,
        _handlers_kept(),
    ):
        for name in os.environ.keys() - environment({}).keys():
            patch.delenv(name)
        for name, value in environment(settings).items():
            patch.setenv(name, value)
        patch.setattr(typer.main, "get_command", command_of)
        patch.setattr(sys, "argv", ["seatlatch", *arguments])
        given = typed.encode() if isinstance(typed, str) else typed
        patch.setattr(sys, "stdin", TextIOWrapper(BytesIO(given), "utf-8"))
        patch.setattr(sys, "stdout", output)
        patch.setattr(sys, "excepthook", sys.excepthook)  # Typer sets its own
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code or 0
    assert isinstance(code, int)
    printed = output.buffer.getvalue().decode()
    return subprocess.CompletedProcess(arguments, code, printed, errors.getvalue())


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Restore the handlers of these signals, which a refused server has set."""
    handlers = {number: signal.getsignal(number) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def run_on(
    database: Database, *arguments: str, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command on a database to its end."""
    return run(*arguments, SEATLATCH_DATABASE_URL=database.url, **settings)


def done(database: Database, *arguments: str) -> Any:
    """The JSON document of a command that succeeds without other output."""
    return _document(run_on(database, *arguments, "--json"))


def done_here(database: Database, *arguments: str) -> Any:
    """Like `done`, but within this process: see `run_here`."""
    return _document(run_here(database, *arguments, "--json"))


def changed_here(database: Database, *arguments: str) -> Any:
    """The same for a command that changes tickets, without its random Request-ID."""
    document = done_here(database, *arguments)
    assert UUID(document.pop("requestId")).version == 4
    return document


def _document(result: "subprocess.CompletedProcess[str]") -> Any:
    assert (result.returncode, result.stderr) == (0, ""), result
    assert result.stdout.endswith("\n")
    return json.loads(result.stdout)
