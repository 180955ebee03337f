"""Runs a campaign, and ends all processes that it started when it ends, in whatever way.

`python -m campaigns.keeper COMMAND ...` is a subreaper: processes that lose their parent, such as a
PostgreSQL server that Patroni started, become its children. When the command has ended, or standard
input is closed because the caller was killed, it kills its descendants and removes their folder.

See decision 200.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import sleep

PR_SET_CHILD_SUBREAPER = 36
ATTEMPT_SECONDS = 0.01
ROOT = Path(__file__).parent.parent
KEPT = "--kept"
"""The argument of a process that has a keeper already."""


def run_kept(module: str, arguments: Sequence[str]) -> int:
    """Run a module under a keeper of its own; returns the exit code."""
    command = [sys.executable, "-m", module, *arguments, KEPT]
    keeper = [sys.executable, "-m", "campaigns.keeper", *command]
    with subprocess.Popen(
        keeper, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True
    ) as process:
        return process.wait()


def program(main: Callable[[Sequence[str]], int]) -> int:
    """Run the module that was started, whose command line is `main`, under a keeper; returns the
    exit code.
    """
    arguments = sys.argv[1:]
    if KEPT in arguments:
        return main([one for one in arguments if one != KEPT])
    spec = sys.modules["__main__"].__spec__
    assert spec, "start it with python -m"
    return run_kept(spec.name, arguments)


def descendants(*of: int) -> Iterator[int]:
    """The processes that these processes have started, and those that they have started."""
    parents = dict(_parents())
    for pid in parents:
        ancestor = pid
        while ancestor := parents.get(ancestor, 0):
            if ancestor in of:
                yield pid
                break


def _parents() -> Iterator[tuple[int, int]]:
    """Every process that is no zombie, with its parent."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                yield int(status.parent.name), int(parent)


def end_all() -> None:
    """Kill all descendants of this process, also those that start meanwhile."""
    while found := list(descendants(os.getpid())):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        sleep(ATTEMPT_SECONDS)


def _end_with_caller() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    end_all()


def main(command: Sequence[str]) -> int:
    """Run a command until it or the caller ends; returns its exit code."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    folder = tempfile.mkdtemp(prefix="seatlatch-campaign-")
    environment = {**os.environ, "TMPDIR": folder}
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment)
        Thread(target=_end_with_caller, daemon=True).start()
        while True:
            pid, status = os.wait()  # also what lost its parent and has ended
            if pid == child.pid:
                return os.waitstatus_to_exitcode(status)
    finally:
        end_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
