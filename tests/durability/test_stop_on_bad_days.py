"""SIGTERM while PostgreSQL gives no answer: all are told, and the process ends in time."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from tests.durability.callers import LIVE
from tests.durability.fault_scenarios import FREE_TOKENS, WatchedServer, an_inventory
from tests.durability.processes import STOP_SECONDS, ServerProcess
from tests.durability.test_commit_waits import no_standby
from tests.serving import LOCK, raw_request, read_answer, valid_headers

CALLERS = 8
Trouble = Callable[[WatchedServer], AbstractContextManager[object]]


@contextmanager
def frozen(server: WatchedServer) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


def ask(stack: ExitStack, port: int, method: str, path: str, body: bytes = b"") -> socket.socket:
    """Send a request, whose answer is to be read from the connection."""
    address = ("127.0.0.1", port)
    connection = stack.enter_context(socket.create_connection(address, timeout=STOP_SECONDS))
    headers = {**valid_headers(), "Content-Length": str(len(body))}
    connection.sendall(raw_request(headers.items(), body, target=path, method=method))
    return connection


def lock(stack: ExitStack, port: int, token: str) -> socket.socket:
    listing = {"source": "MY_ACCOUNT", "listing": {"tokens": [{"token": token}]}}
    return ask(stack, port, "PUT", LOCK, json.dumps(listing).encode())


@pytest.mark.parametrize("trouble", [frozen, no_standby])
def test_a_server_stops_in_time(server: WatchedServer, tmp_path: Path, trouble: Trouble) -> None:
    with an_inventory(server) as database, ExitStack() as stack:
        process = ServerProcess(database.url, tmp_path / "errors")
        port = process.begun()
        assert read_answer(lock(stack, port, FREE_TOKENS[0])).status == 200
        with trouble(server):
            asked = [lock(stack, port, token) for token in FREE_TOKENS[1 : CALLERS + 1]]
            assert read_answer(ask(stack, port, "GET", LIVE)).status == 200  # all have come in
            began = monotonic()
            assert process.stop() == 0
            assert monotonic() - began < STOP_SECONDS
            answers = [read_answer(each) for each in asked]
        assert {(each.status, each.header("retry-after")) for each in answers} == {(503, "1")}
        assert "Traceback" not in process.errors.read_text()
