"""The structured log of a process; it imports nothing of seatlatch.

It never contains a secret; the tokens of a request are logged at debug only.
"""

import asyncio
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal

import msgspec
import structlog

Log = structlog.typing.FilteringBoundLogger


def make_log(log_format: Literal["console", "json"], log_level: str) -> Log:
    """The log, on standard error; also takes what libraries log, from warning upward."""
    processors: list[Any] = [
        structlog.processors.add_log_level,
        _add_moment,
        structlog.processors.format_exc_info,
    ]
    if log_format == "json":
        encoder = msgspec.json.Encoder(enc_hook=str)
        processors.append(lambda _log, _name, event: encoder.encode(event))
        target: Any = _Lines(sys.stderr.buffer)
    else:
        processors.append(
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), pad_event_to=10, sort_keys=False
            )
        )
        target = structlog.PrintLogger(sys.stderr)
    log: Log = structlog.wrap_logger(
        target,
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(log_level),
    ).bind()
    logging.basicConfig(handlers=[_ToLog(log)], level=logging.WARNING, force=True)
    return log


def _add_moment(_log: Any, _name: str, event: structlog.typing.EventDict) -> Any:
    """As structlog's own, at half its time, which every request pays."""
    event["timestamp"] = f"{datetime.now(UTC).replace(tzinfo=None).isoformat('T', 'microseconds')}Z"
    return event


class _Lines:
    """Writes what is logged in one turn of the event loop at once; outside of one, as it comes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []

    def msg(self, line: bytes) -> None:
        if not self._lines:
            try:
                asyncio.get_running_loop().call_soon(self._write)
            except RuntimeError:
                self._lines.append(line)
                self._write()
                return
        self._lines.append(line)

    debug = info = warning = error = critical = exception = msg

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        with suppress(OSError):  # a log that can't be written must not stop the service
            self._file.write(b"\n".join([*lines, b""]))
            self._file.flush()


class _ToLog(logging.Handler):
    """Passes on what libraries log by the standard library."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.log(
            record.levelno, "library", message=record.getMessage(), exc_info=record.exc_info
        )
