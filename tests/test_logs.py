"""The log: the content of its lines, and that no call of it fails."""

import json
import logging
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
import structlog

from seatlatch.logs import Log, make_log
from seatlatch.request_line import Level, RequestConsole, RequestLine
from seatlatch.sink import Sink
from seatlatch.text import visible
from tests.cases import all_cases

LINE_ENDS = "a\u2028b\u2029c\u0085d\x7fe\u202ef\x1b[31mg\nh"


class Written:
    """A log whose lines go to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb", buffering=0)
        self.sink = Sink(self._file.fileno())

    def log(self, log_format: Literal["auto", "console", "json"]) -> Log:
        return make_log(log_format, "info", self.sink)

    def text(self) -> str:
        assert self.sink.flush(30)
        return self._path.read_text()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().split("\n")[:-1]]

    def close(self) -> None:
        self.sink.report = None  # or it would be tried again when the file is closed
        self.sink.flush(30)
        self._file.close()


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    written = Written(tmp_path / "log")
    yield written
    written.close()


class NoText:
    """An object whose repr fails."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_value_ends_a_line_or_controls_a_terminal(
    written: Written, log_format: Literal["json", "console"]
) -> None:
    written.log(log_format).info("request", reason=LINE_ENDS, channel="Zoë 🎟")
    text = written.text()
    assert len(text.splitlines()) == 1
    assert text[:-1].isprintable()
    assert "Zoë 🎟" in text


def test_json_keeps_the_value_that_it_escapes(written: Written) -> None:
    written.log("json").info("request", reason=LINE_ENDS, token="🎟\U000e0001")
    (event,) = written.events()
    assert (event["reason"], event["token"]) == (LINE_ENDS, "🎟\U000e0001")
    assert (event["event"], event["level"]) == ("request", "info")


@pytest.mark.parametrize("value", ["\ud800", NoText(), {NoText(): 1}], ids=["text", "value", "key"])
def test_a_line_that_cannot_be_rendered_is_logged_as_lost(written: Written, value: object) -> None:
    log = written.log("json")
    log.error("request", reason=value)
    log.error("request", reason="next")
    lost, kept = written.events()
    assert lost["event"] == "log line lost"
    assert kept["reason"] == "next"


def test_messages_of_libraries_are_logged_and_cannot_fail_either(written: Written) -> None:
    written.log("json")
    library = logging.getLogger("a.library")
    library.info("below the level")
    library.warning("%s of %s", 1)
    library.log(45, "a level of its own")
    library.critical("%s of %s", 1, 2)
    lost, own, whole = written.events()
    assert lost["event"] == "log line lost"
    assert own["message"] == "a level of its own"
    assert (whole["event"], whole["message"]) == ("library", "1 of 2")


def test_an_exception_keeps_its_lines_only_on_the_console(written: Written) -> None:
    for log_format in ("json", "console"):
        log = written.log(log_format)
        try:
            raise RuntimeError("a\x1b[31m")
        except RuntimeError:
            log.exception("bug")
    lines = written.text().split("\n")
    assert json.loads(lines[0])["exception"].endswith("RuntimeError: a\x1b[31m")
    assert lines[-2].endswith("RuntimeError: a\\x1b[31m")


def test_the_default_format_is_console_only_on_a_terminal(written: Written) -> None:
    """Standard error of the tests is not a terminal, so the test replaces it by one."""
    written.log("auto").info("request")
    ours, terminal = os.openpty()
    kept = os.dup(2)
    try:
        os.dup2(terminal, 2)
        log = written.log("auto")
    finally:
        os.dup2(kept, 2)
    log.info("request")
    for_machines, for_people, _ = written.text().split("\n")
    assert json.loads(for_machines)["event"] == "request"
    assert "\x1b[" in for_people
    for descriptor in (ours, terminal, kept):
        os.close(descriptor)


def test_lost_lines_are_reported_in_the_logs_own_format(written: Written) -> None:
    log = written.log("json")
    written.sink.dropped_lines += 3
    log.info("request")
    report, _ = written.events()
    assert (report["event"], report["lines"], report["level"]) == ("log lines dropped", 3, "error")


def request_line(level: Level = "info", **changes: Any) -> RequestLine:
    line = RequestLine(
        "8a3f5d60-2f5e-4c56-9d5c-4d1d7a6e2b11",
        "com.example.app",
        "a-channel",
        None,
        "127.0.0.1",
        "PUT",
        "/v1/tickets/unlock",
        207,
        1,
        2,
        None,
        1.25,
        level=level,
    )
    return msgspec.structs.replace(line, **changes)


def facts_of(line: RequestLine) -> dict[str, Any]:
    facts = msgspec.to_builtins(line)
    return {name: facts[name] for name in facts if name not in ("event", "level", "timestamp")}


LINES = {
    "usual": request_line(),
    "nobody": request_line(application=None, channel=None, client_address=None),
    "quotes": request_line("error", reason="a 'b' = \"c\""),
    "spaces": request_line("error", reason=" a\tb "),
    "controls": request_line("error", reason=LINE_ENDS),
    "not ASCII": request_line("error", channel="Zoë-🎟", operator="Zoë 🎟"),
    "empty": request_line(reason="", operator=""),
}


@pytest.mark.parametrize("log_format", ["json", "console"])
@all_cases("line", LINES.values(), ids=LINES)
def test_the_line_of_a_request_is_as_structlog_makes_it(
    written: Written, log_format: Literal["json", "console"], line: RequestLine
) -> None:
    log = written.log(log_format)
    log.request(line)
    getattr(log, line.level)("request", **facts_of(line))
    timestamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
    ours, theirs = timestamp.sub("<timestamp>", written.text()).split("\n")[-3:-1]
    assert "<timestamp>" in ours
    assert ours == theirs


def test_the_line_of_a_request_has_structlogs_colours() -> None:
    renderer = structlog.dev.ConsoleRenderer(colors=True, pad_event_to=10, sort_keys=False)
    for line in LINES.values():
        line = msgspec.structs.replace(line, timestamp="2026-01-02T03:04:05.000006Z")
        event = {
            name: visible(value) if isinstance(value, str) else value
            for name, value in msgspec.to_builtins(line).items()
        }
        ours = RequestConsole(partial(renderer, None, ""))(line)
        assert ours.decode() == renderer(None, "", event) + "\n"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_the_line_of_a_request_obeys_the_level_and_cannot_fail(
    written: Written, log_format: Literal["json", "console"]
) -> None:
    log = written.log(log_format)
    log.request(request_line("debug"))
    log.request(request_line("error", reason="\ud800"))
    log.request(request_line("error", reason="next"))
    lost, kept = written.text().split("\n")[:-1]
    assert ("log line lost" if log_format == "json" else "\\ud800") in lost
    assert "next" in kept
