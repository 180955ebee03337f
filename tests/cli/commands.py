"""Running the command `seatlatch` as a person does."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from io import BytesIO, StringIO, TextIOWrapper
from typing import IO, Any
from uuid import UUID

import pytest

from seatlatch.api.server import STOPPING_SIGNALS
from seatlatch.cli.main import main
from tests import web
from tests.databases import Database
from tests.nursery import Command

COMMAND = [sys.executable, "-m", "seatlatch"]


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEATLATCH_")}
    return {**kept, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", **changes}


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    return run_into(subprocess.PIPE, *arguments, **settings)


def run_into(
    output: int | IO[Any], *arguments: str, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """As `run`, with a standard output of its own: a file or its descriptor."""
    with Command(
        arguments, env=environment(settings), stdout=output, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            printed, errors = process.communicate(timeout=30)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, printed, errors)


@contextmanager
def running(*arguments: str, **settings: str) -> "Iterator[tuple[subprocess.Popen[str], Any]]":
    """A server command with --json: the process, and what it printed when it began."""
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
    """Why `serve` cannot use a database, as its log says; it serves all the same, with 503."""
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
    """As `run_on`, but within this process: for many cases of what a command says.

    Not while a server of this process has the database open.
    """
    return run_within(*arguments, SEATLATCH_DATABASE_URL=database.url)


def run_within(
    *arguments: str, typed: str | bytes = b"", **settings: str
) -> "subprocess.CompletedProcess[str]":
    """As `run`, but within this process. `typed`: what comes on standard input."""
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
    """A server that is refused at its start has set handlers of its own for these signals."""
    handlers = {number: signal.getsignal(number) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def run_on(
    database: Database, *arguments: str, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself, on a database."""
    return run(*arguments, SEATLATCH_DATABASE_URL=database.url, **settings)


def done(database: Database, *arguments: str) -> Any:
    """The JSON document of a command that does all of it, and says nothing else."""
    result = run_on(database, *arguments, "--json")
    assert (result.returncode, result.stderr) == (0, ""), result
    assert result.stdout.endswith("\n")
    return json.loads(result.stdout)


def changed(database: Database, *arguments: str) -> Any:
    """The same of a command that changes tickets, without the Request-ID that it made up."""
    document = done(database, *arguments)
    assert UUID(document.pop("requestId")).version == 4
    return document
