"""The standard streams of a command: closed ones, ones that can't be written, and the greeting."""

import atexit
import os
import select
import sys
from typing import TextIO

from seatlatch.logs import Log, guard_standard_error
from seatlatch.metrics import Metrics
from seatlatch.sink import STANDARD_ERROR, SinkText

OUTPUT, ERROR = 1, 2


def prepare_streams() -> None:
    """Make the standard streams safe to use, first of all in a process.

    A descriptor that is closed would be given to the next file or socket, and the log would go
    into that. So each closed one is opened on /dev/null. `sys.stdout` stays None if it was closed,
    for a result that nobody can see is reported as such.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stderr is None:
        sys.stderr = os.fdopen(ERROR, "w", errors="backslashreplace", closefd=False)
    atexit.unregister(_discard_unwritable)  # tests call this several times in one process
    atexit.register(_discard_unwritable)


def guard_output(metrics: Metrics) -> None:
    """Let nothing that a server process writes stop it, and count the log lines that are lost."""
    guard_standard_error()
    metrics.watch_dropped_lines(lambda: STANDARD_ERROR.dropped_lines)


def greet(text: str, log: Log) -> None:
    """Print what a server says when it begins. It serves also if nobody can read that."""
    rest = memoryview(f"{text}\n".encode())
    poll = select.poll()
    poll.register(OUTPUT, select.POLLOUT)
    try:
        while rest:
            if not poll.poll(0):
                raise OSError("nobody reads it")
            rest = rest[os.write(OUTPUT, rest[: select.PIPE_BUF]) :]
    except OSError as error:
        cause = error.strerror or error
        log.warning("greeting", reason=f"Standard output can't be written ({cause}).")


def progress_output() -> TextIO:
    """Where a progress bar is drawn. A terminal that is stopped doesn't stop the work."""
    return SinkText(STANDARD_ERROR, ERROR)  # type: ignore[return-value]


def discard(stream: TextIO) -> None:
    """Drop what a stream could not write, which would otherwise be tried again at the end.

    Python would then replace the exit code by 120.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _discard_unwritable() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            discard(stream)
