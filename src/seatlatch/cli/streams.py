"""The standard streams of a command: closed or unwritable ones, and the greeting."""

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
    """Make the standard streams safe to use. Call it before anything else in a process.

    The next file or socket would get the number of a closed descriptor, and the log would go into
    it. So each closed descriptor is opened on /dev/null. `sys.stdout` stays None if it was closed,
    so that a result that nobody can see is reported as lost.
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
    """Keep a server process running if its output can't be written, and count lost log lines."""
    guard_standard_error()
    metrics.watch_dropped_lines(lambda: STANDARD_ERROR.dropped_lines)


def greet(text: str, log: Log) -> None:
    """Print the greeting of a server. The server also runs if nobody can read it."""
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
    """The output of a progress bar. A stopped terminal doesn't stop the work."""
    return SinkText(STANDARD_ERROR, ERROR)  # type: ignore[return-value]


def discard(stream: TextIO) -> None:
    """Drop what a stream could not write.

    Python would otherwise try again at exit, fail, and replace the exit code by 120.
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
