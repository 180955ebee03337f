"""The files of `deploy/` as a test uses them: with its own addresses and folders, and no more."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.requirements import missing

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

STOP_SECONDS_MAX = 15.0
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
NO_PROGRAM = "This needs {}; install it with: apt-get install --no-install-recommends {}"


def program(name: str, package: str) -> str:
    """The path of a program of the system; the test is skipped if it is not installed."""
    path = shutil.which(name, path=SYSTEM_PATH)
    if path is None:
        missing(NO_PROGRAM.format(name, package))
    return path


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """A file's text with the places of a test. Everything that is replaced must be there."""
    for theirs, ours in changes.items():
        assert theirs in text, theirs
        text = text.replace(theirs, ours)
    return text


def drain_seconds() -> str:
    """What the file of settings recommends to servers behind a proxy that checks them."""
    (seconds,) = re.findall(
        r"SEATLATCH_DRAIN_SECONDS=(\d+)", (DEPLOY / "seatlatch.env").read_text()
    )
    return str(seconds)


def file_with(name: str, changes: Mapping[str, str]) -> str:
    """A file of `deploy/` with the places of a test."""
    return replaced((DEPLOY / name).read_text(), changes)


@contextmanager
def running_program(
    command: Sequence[str], folder: Path, **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program in the foreground, with its output in a file of this folder."""
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)
