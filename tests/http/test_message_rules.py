"""Rules of RFC 9110 and RFC 9112 at the edges: versions, trailers, upgrades, HEAD and resets."""

import gc
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from seatlatch.http.connection import Connection
from seatlatch.http.server import Application
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from tests.databases import ON_SQLITE
from tests.http.wire import Wire, message_of, put, put_chunked, tokens_body
from tests.serving import Served, served_by

pytestmark = ON_SQLITE

BODY = tokens_body("not-listed")
VALID = put(BODY)
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
WAIT_SECONDS_MAX = 5.0


@pytest.mark.parametrize("version", [b"0.9", b"1.2", b"2.0"])
def test_other_versions_are_refused(shared: Served, version: bytes) -> None:
    with Wire(shared.port) as wire:
        wire.send(LIVEZ.replace(b"HTTP/1.1", b"HTTP/" + version))
        message_of(wire.answer(), 400, "BAD_REQUEST")
        assert wire.is_closed()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_two_hosts_are_refused(shared: Served, version: bytes) -> None:
    sent = LIVEZ.replace(b"HTTP/1.1\r\n", b"HTTP/" + version + b"\r\nHost: y\r\n")
    with Wire(shared.port) as wire:
        wire.send(sent)
        message_of(wire.answer(), 400, "BAD_REQUEST")
        assert wire.is_closed()


def test_refusal_without_the_application_has_a_date(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(b"hello\r\n\r\n")
        refusal = wire.answer()
    with Wire(shared.port) as wire:
        wire.send(LIVEZ)
        answer = wire.answer()
    dates = [parsedate_to_datetime(one.header("date") or "") for one in (refusal, answer)]
    assert abs((dates[1] - dates[0]).total_seconds()) < WAIT_SECONDS_MAX


def test_head_with_a_broken_body_is_refused_without_a_body(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(put_chunked(end=b"xyz\r\n").replace(b"PUT", b"HEAD", 1))
        answer = wire.answer(to_head=True)
        assert answer.status in (400, 405)
        assert wire.is_closed()


def test_http_1_0_is_not_reported_to_continue(shared: Served) -> None:
    sent = put(BODY, ("Expect", "100-continue")).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    with Wire(shared.port) as wire:
        wire.send(sent.removesuffix(BODY))
        wire.send(BODY)
        assert wire.answer().status == 200
        assert wire.is_closed()


@pytest.mark.parametrize("trailer", ["Connection: close", "Proxy-Connection: close"])
def test_trailer_that_would_end_the_connection_is_refused(shared: Served, trailer: str) -> None:
    """The parser follows such a trailer, and would not read the next request."""
    with Wire(shared.port) as wire:
        wire.send(put_chunked(BODY, end=f"0\r\n{trailer}\r\n\r\n".encode()) + VALID)
        message_of(wire.answer(), 400, "BAD_REQUEST")
        assert wire.is_closed()


def test_other_trailers_are_left_out(shared: Served) -> None:
    end = b"0\r\nX: y\r\nAuthorization: Bearer x\r\nHost: y\r\n\r\n"
    with Wire(shared.port) as wire:
        wire.send(put_chunked(BODY, end=end) + VALID)
        assert [wire.answer().status, wire.answer().status] == [200, 200]


@pytest.mark.parametrize(
    "sent",
    [
        LIVEZ.replace(b"HTTP/1.1", b"HTTP/1.0"),
        LIVEZ.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    ],
    ids=["HTTP/1.0", "close"],
)
def test_last_request_that_asks_for_an_upgrade_is_answered(shared: Served, sent: bytes) -> None:
    upgrade = b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    with Wire(shared.port) as wire:
        wire.send(sent.replace(b"\r\n\r\n", upgrade) + VALID)
        answer = wire.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        assert wire.is_closed()


class Busy:
    """An application that keeps the event loop busy during a request for /busy."""

    def __init__(self) -> None:
        self.is_busy = Event()
        self.go_on = Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/busy":
            self.is_busy.set()
            assert self.go_on.wait(WAIT_SECONDS_MAX)
        await Response(b"done")(scope, receive, send)


@asynccontextmanager
async def nothing_beside() -> AsyncIterator[None]:
    """A lifespan."""
    yield


def descriptors() -> int:
    """The number of open descriptors of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_client_that_resets_before_it_is_accepted_leaves_no_connection_behind(
    capfd: pytest.CaptureFixture[str],
) -> None:
    busy = Busy()
    app = Application(busy, nothing_beside)
    with served_by(app, make_log("json", "error"), Metrics()) as port, Wire(port) as wire:
        wire.send(LIVEZ)
        assert wire.answer().status == 200
        before = descriptors()
        wire.send(LIVEZ.replace(b"/livez", b"/busy"))
        assert busy.is_busy.wait(WAIT_SECONDS_MAX)
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        busy.go_on.set()
        assert wire.answer().body == b"done"
        with Wire(port) as behind:  # accepted after those that were reset
            behind.send(LIVEZ)
            assert behind.answer().status == 200
        deadline = monotonic() + WAIT_SECONDS_MAX
        while descriptors() > before and monotonic() < deadline:
            wire.send(LIVEZ)
            assert wire.answer().status == 200
        assert descriptors() == before
    assert capfd.readouterr().err == ""


def connections_in_memory() -> int:
    """The number of connection objects in this process, including closed ones."""
    return sum(isinstance(one, Connection) for one in gc.get_objects())


def test_closed_connections_are_not_left_to_the_garbage_collector(shared: Served) -> None:
    gc.collect()
    gc.disable()
    try:
        before = connections_in_memory()
        for _ in range(20):
            assert shared.raw(VALID).status == 200
        deadline = monotonic() + WAIT_SECONDS_MAX
        while connections_in_memory() > before + 2 and monotonic() < deadline:
            assert shared.raw(VALID).status == 200
        assert connections_in_memory() <= before + 2
    finally:
        gc.enable()
