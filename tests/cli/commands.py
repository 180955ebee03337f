"""Running the command `seatlatch` as a person does."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

COMMAND = [sys.executable, "-m", "seatlatch"]


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEATLATCH_")}
    return {**kept, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", **changes}


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@contextmanager
def running(*arguments: str, **settings: str) -> "Iterator[tuple[subprocess.Popen[str], Any]]":
    """A server command with --json: the process, and what it printed when it began."""
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--json"],
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
