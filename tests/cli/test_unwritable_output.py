"""Servers whose output can't be written or is not read: they start, serve and stop as always."""

import http.client
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from seatlatch.http.server import ServerLimits
from tests.cli.commands import COMMAND, environment
from tests.forkserver import Command
from tests.http.wire import Wire, put, tokens_body
from tests.ports import free_port
from tests.serving import UNLOCK, make_inventory, read_answer, valid_headers
from tests.waiting import until

REQUESTS = 1_000
PIPELINED = 20
LONG = tokens_body("x" * 4_000)
"""The length of a log line of each request at level debug: altogether more than a pipe and the
queue can hold.
"""

DEADLINE_SECONDS = 30
STALLED_CONNECTIONS = 20
REDIRECTED = [">/dev/full", ">/dev/full 2>&1", "0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"]

pytestmark = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no /dev/full"
)


class Running(NamedTuple):
    """A server process, and its port."""

    process: "subprocess.Popen[Any]"
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)

    def metric(self, name: str) -> float:
        with closing(self.connect()) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name))

    def dropped_lines(self) -> float:
        return self.metric("seatlatch_log_lines_dropped_total ")

    def stop(self) -> None:
        """Send SIGTERM. Fails if it does not stop in time, or not in order."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=ServerLimits().shutdown_seconds) == 0


@contextmanager
def ended(process: "subprocess.Popen[Any]") -> Iterator[None]:
    """Kill the process if a test fails."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextmanager
def serving_with(
    tmp_path: Path, standard_error: int, command: str = "serve", **settings: str
) -> Iterator[Running]:
    """`serve` on an inventory, or the sandbox, with a descriptor as its standard error."""
    database: tuple[str, ...] = ()
    if command == "serve":
        database = ("--database", make_inventory(tmp_path / "inventory.db").url)
    process = Command(
        [command, "--port", "0", "--json", *database],
        env=environment({"SEATLATCH_RATE_LIMIT": "off", **settings}),
        stdout=subprocess.PIPE,
        stderr=standard_error,
    )
    assert process.stdout is not None
    with ended(process), process.stdout:
        about = json.loads(process.stdout.readline())
        yield Running(process, int(about["url"].rpartition(":")[2]))


def send(running: Running, requests: int) -> Sequence[int]:
    """The statuses of this many unlocks of an unknown ticket, pipelined on one connection."""
    request = put(LONG) * PIPELINED
    statuses = []
    with Wire(running.port, timeout=DEADLINE_SECONDS) as wire:
        for _ in range(requests // PIPELINED):
            wire.send(request)
            statuses += [wire.answer().status for _ in range(PIPELINED)]
    return statuses


@contextmanager
def full_disk() -> Iterator[int]:
    with open("/dev/full", "wb") as file:  # noqa: PTH123 - it is no file to have a path of
        yield file.fileno()


@contextmanager
def closed_pipe() -> Iterator[int]:
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def unread_pipe() -> Iterator[int]:
    reader, writer = os.pipe()
    yield writer
    os.close(writer)
    os.close(reader)


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("output", [full_disk, closed_pipe, unread_pipe])
def test_all_requests_are_answered_lost_lines_are_counted_and_sigterm_is_honoured(
    tmp_path: Path, output: Callable[[], Any], log_format: str
) -> None:
    settings = {"SEATLATCH_LOG_FORMAT": log_format, "SEATLATCH_LOG_LEVEL": "debug"}
    with output() as standard_error, serving_with(tmp_path, standard_error, **settings) as running:
        assert send(running, REQUESTS) == [422] * REQUESTS
        until(lambda: running.dropped_lines() > 0)
        running.stop()


def test_a_pipe_that_is_read_again_gets_the_number_of_lost_lines(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    settings = {"SEATLATCH_LOG_LEVEL": "debug"}
    with ExitStack() as stack:
        running = stack.enter_context(serving_with(tmp_path, writer, **settings))
        os.close(writer)
        send(running, REQUESTS)
        dropped = running.dropped_lines()
        received = b""
        while b"log lines dropped" not in received or not received.endswith(b"\n"):
            received += os.read(reader, 65536)
        running.stop()
    os.close(reader)
    (report,) = (
        event
        for event in map(json.loads, received.splitlines())
        if event["event"] == "log lines dropped"
    )
    assert report["lines"] >= dropped > 0


def test_what_the_connection_answers_itself_is_answered(tmp_path: Path) -> None:
    """An error in the log left these without a response, and a slow request leaked its socket."""
    console = {"SEATLATCH_LOG_FORMAT": "console"}
    with full_disk() as full, serving_with(tmp_path, full, **console) as running:
        assert status_of(running.port, b"hello\r\n\r\n") == 400
        before = sockets(running)
        large = b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 500_000
        assert status_of(running.port, large) == 431
        with ExitStack() as stack:
            stalled = [
                stack.enter_context(socket.create_connection(("127.0.0.1", running.port), 30))
                for _ in range(STALLED_CONNECTIONS)
            ]
            for connection in stalled:
                connection.sendall(put(LONG)[:-1])
            assert [read_answer(connection).status for connection in stalled] == [
                408
            ] * STALLED_CONNECTIONS
        until(lambda: sockets(running) <= before)
        running.stop()


def sockets(running: Running) -> int:
    """The number of open sockets of the process."""
    count = 0
    for file in Path(f"/proc/{running.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it has just been closed
            count += str(file.readlink()).startswith("socket:")
    return count


def status_of(port: int, request: bytes) -> int:
    with socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS) as connection:
        connection.sendall(request)
        return read_answer(connection).status


def test_the_sandbox_answers_as_always(tmp_path: Path) -> None:
    console = {"SEATLATCH_LOG_FORMAT": "console"}
    headers = {
        **valid_headers(),
        "Authorization": "Bearer sandbox-access-token",
        "PAC-Application-ID": "com.mycompany.myapp",
        "PAC-API-Key": "sandbox-api-key",
        "PAC-Channel-Code": "my-application",
    }
    with full_disk() as full, serving_with(tmp_path, full, "sandbox", **console) as running:
        with closing(running.connect()) as connection:
            connection.request("PUT", UNLOCK, tokens_body("sandbox-500"), headers)
            assert connection.getresponse().status == 500
        running.stop()


@pytest.mark.parametrize(
    ("command", "redirected"),
    [*(("serve", redirected) for redirected in REDIRECTED), ("sandbox", "0<&- 1>&- 2>&-")],
)
def test_it_starts_whatever_its_standard_streams_are(
    tmp_path: Path, command: str, redirected: str
) -> None:
    port = free_port()
    database = make_inventory(tmp_path / "inventory.db").url if command == "serve" else ""
    process = subprocess.Popen(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *COMMAND, command, "--port", str(port)],
        env=environment({"SEATLATCH_DATABASE_URL": database} if database else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running = Running(process, port)
    with ended(process):
        until(lambda: answers(running) or process.poll() is not None)
        assert process.poll() is None
        streams = [Path(f"/proc/{process.pid}/fd/{number}").readlink() for number in range(3)]
        assert not any("socket:" in str(path) or path.suffix == ".db" for path in streams)
        running.stop()
        _, errors = process.communicate()
    assert b"Traceback" not in errors


def answers(running: Running) -> bool:
    try:
        with closing(running.connect()) as connection:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
    except OSError:
        return False
