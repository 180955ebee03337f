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

VARIABLE = "SITTING_FOLDER"


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
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_python = (place / "exe").readlink() == Path("/proc/self/exe").readlink()
            its = mark in (place / "environ").read_bytes().split(b"\0")
            if is_python and its and int(place.name) != os.getpid():
                os.kill(int(place.name), signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    end(sys.argv[1])
