"""The structured log of a process, on standard error.

It never contains a secret, and the tokens of a request only at level debug. A call of the log
neither waits for the output nor raises.
"""

import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial
from time import time_ns
from typing import Any, Literal, Protocol

import msgspec
import structlog

from seatlatch.request_line import EVENT, RequestConsole, RequestLine, as_json
from seatlatch.sink import STANDARD_ERROR, Sink, SinkText
from seatlatch.text import visible, visible_json, visible_lines


class Log(structlog.typing.FilteringBoundLogger, Protocol):
    """The log: structlog's, and the lines of requests."""

    def request(self, line: RequestLine) -> None:
        """Log a request, if its level is enabled. Sets the line's timestamp."""


EventDict = structlog.typing.EventDict
Format = Callable[[EventDict], bytes]

STANDARD_ERROR_DESCRIPTOR = 2
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "error": logging.ERROR}


def make_log(
    log_format: Literal["auto", "console", "json"], log_level: str, sink: Sink = STANDARD_ERROR
) -> Log:
    """Make the log on standard error. It also gets the warnings and errors of libraries.

    `auto` is `console` if standard error is a terminal, else `json`.
    """
    is_terminal = os.isatty(STANDARD_ERROR_DESCRIPTOR)
    if log_format == "auto":
        log_format = "console" if is_terminal else "json"
    is_json = log_format == "json"
    console = _console_renderer(is_terminal)
    render = _guarded(_json() if is_json else _console(console))
    sink.report = lambda lines: render(
        None, "error", {"event": "log lines dropped", "lines": lines, "reason": DROPPED}
    )
    log: Log = structlog.wrap_logger(
        _Lines(sink, as_json if is_json else RequestConsole(partial(console, None, ""))),
        processors=[render],
        wrapper_class=_with_requests(structlog.make_filtering_bound_logger(log_level)),
    ).bind()
    logging.basicConfig(handlers=[_ToLog(log)], level=logging.WARNING, force=True)
    return log


DROPPED = "Standard error could not be written, or was not read in time."


def guard_standard_error() -> None:
    """Make every write to `sys.stderr` in this process neither wait nor fail.

    A warning, a traceback of a thread or an error in a finalizer goes the same way as the log.
    """
    sys.stderr = SinkText(STANDARD_ERROR, STANDARD_ERROR_DESCRIPTOR)
    logging.captureWarnings(True)


def _json() -> Format:
    encoder = msgspec.json.Encoder(enc_hook=str)
    return lambda event: visible_json(encoder.encode(event)) + b"\n"


def _console_renderer(is_terminal: bool) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=is_terminal, pad_event_to=10, sort_keys=False)


def _console(render: structlog.dev.ConsoleRenderer) -> Format:
    def line(event: EventDict) -> bytes:
        for key, value in event.items():
            if isinstance(value, str) and not value.isprintable():
                event[key] = visible_lines(value) if key == "exception" else visible(value)
        return f"{render(None, '', event)}\n".encode()

    return line


def _guarded(line: Format) -> Callable[[Any, str, EventDict], bytes]:
    """The only processor of the log. A line that can't be rendered is logged as lost."""

    def render(_log: Any, level: str, event: EventDict) -> bytes:
        try:
            if (record := event.pop("record", None)) is not None:
                event["message"] = record.getMessage()
            event = structlog.processors.format_exc_info(_log, level, event)
            return line({**event, "level": level, "timestamp": _timestamp()})
        except Exception as error:
            return line(
                {
                    "event": "log line lost",
                    "reason": f"A line of the log could not be rendered: {type(error).__name__}.",
                    "level": "error",
                    "timestamp": _timestamp(),
                }
            )

    return render


def _timestamp() -> str:
    """The time in structlog's format, in a fraction of its time: every request pays for it."""
    seconds, microseconds = divmod(time_ns() // 1000, 1_000_000)
    return f"{_date_and_time(seconds)}.{microseconds:06d}Z"


@lru_cache(1)
def _date_and_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class _Lines:
    """The logger that structlog calls with a rendered line."""

    def __init__(self, sink: Sink, render_request: Callable[[RequestLine], bytes]) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = sink.write
        self.render_request = render_request


def _with_requests(filtering: type[Any]) -> type[Any]:
    """A class of structlog's loggers with the method `Log.request`."""

    enabled = {name for name, level in LEVELS.items() if filtering.is_enabled_for(None, level)}

    class RequestLog(filtering):  # type: ignore[misc]
        def request(self, line: RequestLine) -> None:
            if line.level not in enabled:
                return
            line.timestamp = _timestamp()
            try:
                self._logger.info(self._logger.render_request(line))
            except Exception:  # structlog then reports the line as lost
                getattr(self, line.level)(EVENT, requestId=line.request_id, reason=line.reason)

    return RequestLog


class _ToLog(logging.Handler):
    """Passes on messages that libraries send to the standard library's logging."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        log = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        log("library", record=record, exc_info=record.exc_info)
