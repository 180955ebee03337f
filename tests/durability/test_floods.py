"""What one client can take from a server: memory, time of others, an orderly stop."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import pytest

from tests.databases import ON_SQLITE, Database
from tests.durability.processes import ServerProcess
from tests.serving import fill

pytestmark = ON_SQLITE

MEBIBYTE = 1024 * 1024
MEMORY_BYTES_MAX = 120 * MEBIBYTE
FLOOD_SECONDS = 30
SHUTDOWN_SECONDS = 10
ROOT = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OPENAPI = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
HEADS = 900
TINY_HEADERS = b"".join(b"a%d:\r\n" % number for number in range(3500))


class Server:
    """A server process, and what it takes."""

    def __init__(self, process: ServerProcess) -> None:
        self.process = process
        self.port = process.begun()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def memory_bytes(self) -> int:
        """The most that it has had in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def response_seconds(self) -> float:
        """How long another client waits for a response."""
        started = monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/livez")
        assert connection.getresponse().read()
        connection.close()
        return monotonic() - started


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[Server]:
    fill(database)
    process = ServerProcess(database.url, tmp_path / "errors")
    try:
        yield Server(process)
    finally:
        process.kill()


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run `work` in a thread until the end."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("reads", [True, False], ids=["and reads", "and does not read"])
def test_memory_is_bounded_whatever_one_connection_pipelines(
    server: Server, reads: bool, record_property: Callable[[str, object], None]
) -> None:
    def flood(over: threading.Event) -> None:
        with server.connect() as client:
            client.setblocking(False)
            unsent = b""
            while not over.is_set():
                unsent = unsent or ROOT * 1000
                with suppress(BlockingIOError):
                    unsent = unsent[client.send(unsent) :]
                try:
                    while reads and client.recv(MEBIBYTE):
                        pass
                except BlockingIOError:
                    pass

    waits: list[float] = []
    started = monotonic()
    with beside(flood):
        while monotonic() - started < FLOOD_SECONDS:
            waits.append(server.response_seconds())
    waits.sort()
    p99_milliseconds = waits[len(waits) * 99 // 100] * 1000
    memory_bytes = server.memory_bytes()
    record_property("p99_milliseconds", round(p99_milliseconds, 1))
    record_property("memory_mebibytes", memory_bytes // MEBIBYTE)
    assert memory_bytes < MEMORY_BYTES_MAX
    assert waits[-1] < 5


def test_responses_that_nobody_reads_do_not_hold_up_a_stop(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(10):
            client = stack.enter_context(server.connect())
            client.sendall(OPENAPI * 300)
        assert server.response_seconds() < 5
        started = monotonic()
        assert server.process.stop() == 0
        assert monotonic() - started < SHUTDOWN_SECONDS + 3
    assert "Traceback" not in server.process.errors.read_text()


def test_a_second_signal_ends_a_stop_at_once(server: Server) -> None:
    with server.connect() as client:
        client.sendall(OPENAPI[:-2])  # a request that does not arrive
        assert server.response_seconds() < 5
        os.kill(server.process.pid, signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(1)
        os.kill(server.process.pid, signal.SIGTERM)
        assert server.process.wait(1) == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(server: Server, number: signal.Signals) -> None:
    assert server.response_seconds() < 5
    os.kill(server.process.pid, number)
    assert server.process.wait(SHUTDOWN_SECONDS) == 0
    assert "Traceback" not in server.process.errors.read_text()


def test_unfinished_heads_with_many_headers_take_little_memory(server: Server) -> None:
    before_bytes = server.memory_bytes()
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(HEADS)]
        for client in clients:
            client.sendall(ROOT[:-2] + TINY_HEADERS)
        for client in clients:
            assert client.recv(65536).startswith(b"HTTP/1.1 431 ")
        assert server.memory_bytes() - before_bytes < 64 * MEBIBYTE


def test_a_drain_keeps_serving_while_readyz_says_no(database: Database, tmp_path: Path) -> None:
    fill(database)
    process = ServerProcess(database.url, tmp_path / "errors", SEATLATCH_DRAIN_SECONDS="2")
    server = Server(process)
    try:
        assert get(server, "/readyz") == 200
        started = monotonic()
        os.kill(process.pid, signal.SIGTERM)
        while get(server, "/readyz") == 200:
            assert monotonic() - started < 1
        served = 0
        with pytest.raises(ConnectionError):
            while get(server, "/livez") == 200:
                served += 1
        assert served > 0
        assert monotonic() - started >= 2
        assert process.wait(SHUTDOWN_SECONDS) == 0
    finally:
        process.kill()


def get(server: Server, path: str) -> int:
    """The status of a GET on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
