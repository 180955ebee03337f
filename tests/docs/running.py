"""A sandbox in a process of its own, and the pages' commands run against it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.forkserver import Command
from tests.requirements import missing

ADDRESS = "http://127.0.0.1:8080"
"""Where the pages have the sandbox."""


def environment(**settings: str) -> dict[str, str]:
    """Ours without settings of the service, but for these; `seatlatch` is the one under test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEATLATCH_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "no_proxy": "127.0.0.1", **settings}


@contextmanager
def sandbox(folder: Path, *options: str, **settings: str) -> Iterator[dict[str, Any]]:
    """A fresh sandbox; what it says of itself. Its log is in `folder`, whole after the end."""
    command = ["sandbox", "--port", "0", "--json", *options]
    with (
        (folder / "sandbox.log").open("wb") as log,
        Command(
            command, stdout=subprocess.PIPE, stderr=log, env=environment(**settings)
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
    assert process.returncode == 0


def require_curl() -> None:
    """Skip without curl on a person's machine; fail without it where all must be run."""
    if shutil.which("curl") is None:
        missing("The pages' examples need curl; install it with your system's package manager.")


def run_shell(text: str, url: str, folder: Path, **settings: str) -> str:
    """What commands print, with the server's own address put in. Nothing of them is left running.

    Whatever they start is in a session of its own, which is ended with them.
    """
    with subprocess.Popen(
        ["sh", "-e", "-c", text.replace(ADDRESS, url)],
        cwd=folder,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            printed, errors = process.communicate(timeout=240)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, errors
    return printed
