"""Ends the processes of a campaign that was killed, and removes its files.

As a program this module waits until its standard input is closed, which happens when the campaign
ends in any way. The processes are found by a variable in their environment.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

VARIABLE = "SITTING_FOLDER"
START_SECONDS = 10.0
"""The longest time for which processes are looked for, while new ones appear."""

POLL_SECONDS = 0.02


@contextmanager
def ended_together() -> Iterator[None]:
    """Have the Python processes that are started inside end with this one.

    Their temporary files are in a folder of their own, which is removed then.
    """
    folder = tempfile.mkdtemp(prefix="seatlatch-campaign-")
    before = tempfile.tempdir
    os.environ[VARIABLE] = tempfile.tempdir = folder
    watcher = subprocess.Popen(
        [sys.executable, "-m", "campaigns.leftovers", folder],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        tempfile.tempdir = before
        del os.environ[VARIABLE]
        watcher.communicate()


def end(folder: str) -> None:
    """Kill the processes of a sitting, and remove its folder."""
    mark = f"{VARIABLE}={folder}".encode()
    deadline = monotonic() + START_SECONDS
    while _kill_with(mark) and monotonic() < deadline:
        sleep(POLL_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def _kill_with(mark: bytes) -> bool:
    """Kill the Python processes with `mark` in their environment; returns whether there can be
    more: one that was killed may have started another, and one that has just started has an empty
    environment.
    """
    more = False
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (place / "exe").readlink() != Path("/proc/self/exe").readlink():
                continue
            environment = (place / "environ").read_bytes()
            more |= not environment
            if mark in environment.split(b"\0") and int(place.name) != os.getpid():
                os.kill(int(place.name), signal.SIGKILL)
                more = True
    return more


if __name__ == "__main__":
    sys.stdin.read()
    end(sys.argv[1])
