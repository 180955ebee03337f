"""Output that must not stop, slow or end the process: a bounded queue and a thread that writes.

A disk can be full, a pipe can be closed, and a pipe that nobody reads blocks its writer.
`Sink.write` never waits and never raises: what can't be written is dropped and counted.
"""

import atexit
import io
import os
import select
import signal
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

QUEUE_BYTES_MAX = 1024 * 1024
"""Lines beyond this are dropped. The thread may hold the same amount while it writes."""

GATHER_SECONDS = 0.02
"""The thread waits this long for more lines before it writes. Waking it for each line would make
it compete with the event loop for the interpreter."""

WRITE_BYTES_MAX = 64 * 1024
"""Lines are joined up to this size for one write."""

RETRY_SECONDS = 1.0
"""How often to try again to report lost lines while nothing else is to be written."""

FLUSH_SECONDS = 1.0
"""How long the end of the process waits for what is still in the queue."""


class Sink:
    """Lines to one file descriptor, written in order by a thread of its own.

    `report` makes the line that reports how many lines were lost; it is written as soon as writing
    works again. Safe to use from any thread, from a signal handler and from a finalizer.
    """

    def __init__(self, descriptor: int, report: Callable[[int], bytes] | None = None) -> None:
        self._descriptor = descriptor
        self.report = report
        self.dropped_lines = 0
        self.start_empty()

    def start_empty(self) -> None:
        """No lines and no thread; also in a child process after a fork, which has no threads."""
        # Reentrant, because a finalizer or a signal handler may write in the middle of a write, in
        # the thread that already has the lock.
        self._lock = threading.RLock()
        self._lines: list[bytes] = []
        self._queued_bytes = 0
        self._thread: threading.Thread | None = None
        self._is_woken = False
        # The one queue of the standard library that a finalizer may use at any time.
        self._wake: SimpleQueue[threading.Event | None] = SimpleQueue()
        self._failed_within_line = False
        self._reported_lines = self.dropped_lines

    def write(self, line: bytes) -> None:
        """Queue one line, which ends with its line feed. Never waits and never raises."""
        with self._lock:
            # Drop the line rather than wait or let the queue grow: an output that is not read must
            # neither slow the process nor fill its memory.
            is_full = self._queued_bytes + len(line) > QUEUE_BYTES_MAX
            if is_full or not (self._thread or self._start()):
                self.dropped_lines += 1
                return
            self._lines.append(line)
            self._queued_bytes += len(line)
            # One wake for all lines until the thread takes them, so the wake queue stays short too.
            if not self._is_woken:
                self._is_woken = True
                self._wake.put(None)

    def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until all lines so far were written or dropped. Returns False on a timeout."""
        if self._thread is None:
            return True
        written = threading.Event()
        self._wake.put(written)
        return written.wait(timeout_seconds)

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name="output", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads, or the interpreter is ending
            return False
        self._thread = thread
        atexit.register(self.flush)
        return True

    def _run(self) -> None:
        # Signals are for the main thread: this one may be in a write that never returns.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            flushed = self._wait()
            with self._lock:
                self._is_woken = False
                lines, self._lines = self._lines, []
                self._queued_bytes = 0
            self._write_lines(lines)
            if flushed:
                flushed.set()

    def _wait(self) -> threading.Event | None:
        """Wait for lines and then for a little longer, or until a flush is requested."""
        try:
            unreported = self.dropped_lines > self._reported_lines
            flushed = self._wake.get(timeout=RETRY_SECONDS if unreported else None)
            return flushed or self._wake.get(timeout=GATHER_SECONDS)
        except Empty:
            return None

    def _write_lines(self, lines: list[bytes]) -> None:
        """Write whole lines in pieces: other processes may write to the same pipe, which keeps a
        piece together only up to a limit.
        """
        self._write_piece([])
        piece: list[bytes] = []
        size = 0
        limit = self._piece_bytes_max()
        for line in lines:
            if piece and size + len(line) > limit:
                self._write_piece(piece)
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        if piece:
            self._write_piece(piece)

    def _piece_bytes_max(self) -> int:
        with suppress(OSError):
            if stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                return WRITE_BYTES_MAX
        return select.PIPE_BUF

    def _write_piece(self, lines: list[bytes]) -> None:
        """Write these lines, and before them the report of those that were lost until now."""
        dropped = self.dropped_lines
        try:
            report = []
            if self.report and dropped > self._reported_lines:
                report = [self.report(dropped - self._reported_lines)]
            if report or lines:
                self._write_bytes(b"".join(report + lines))
            self._reported_lines = dropped
        except Exception:  # of any kind: this thread must continue
            with self._lock:
                self.dropped_lines += len(lines)

    def _write_bytes(self, content: bytes) -> None:
        """Raises `OSError`. After a failure within a line, the next write begins a new line."""
        if self._failed_within_line:
            content = b"\n" + content
        rest = memoryview(content)
        while rest:
            try:
                written = os.write(self._descriptor, rest)
            except BlockingIOError:  # another process made the shared descriptor non-blocking
                select.select([], [self._descriptor], [])
                continue
            except OSError:
                self._failed_within_line |= 0 < len(rest) < len(content)
                raise
            rest = rest[written:]
        self._failed_within_line = False


class SinkText(io.TextIOBase):
    """A text file whose lines go to a sink, for code that expects a file."""

    encoding = "utf-8"

    def __init__(self, sink: Sink, descriptor: int) -> None:
        super().__init__()
        self._sink = sink
        self._descriptor = descriptor
        self._text = ""

    def write(self, text: str) -> int:
        """Queue all whole lines of the text; the rest waits for its line feed or a flush."""
        self._text += text
        if "\n" in text:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Queue the rest. It does not wait until the rest is written."""
        text, self._text = self._text, ""
        if text:
            self._sink.write(text.encode("utf-8", "backslashreplace"))

    def writable(self) -> bool:
        """Always true."""
        return True

    def fileno(self) -> int:
        """The descriptor to which the lines are written."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether the descriptor is a terminal."""
        return os.isatty(self._descriptor)


STANDARD_ERROR = Sink(2)
"""The only sink for this descriptor: the lines of two sinks would mix."""

os.register_at_fork(after_in_child=STANDARD_ERROR.start_empty)
