"""The limits of a connection: requests ahead, headers, unread responses, idle time."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic

import pytest

from seatlatch.http import connection_times
from seatlatch.http.request_parser import HEAD_BYTES_MAX, PIECE_BYTES
from seatlatch.http.server import ServerLimits
from seatlatch.sink import STANDARD_ERROR
from tests.databases import ON_SQLITE, Databases
from tests.http.wire import Wire, message_of, put, tokens_body
from tests.serving import Served, fill, serving
from tests.waiting import until

pytestmark = ON_SQLITE

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
UNREAD_SECONDS = 0.5
REQUESTS = 300
FEW = ServerLimits(max_connections=2)


@pytest.fixture(scope="module")
def few(databases: Databases) -> Iterator[Served]:
    """A server with a low limit of connections."""
    database = databases.new()
    fill(database)
    with serving(database, limits=FEW) as running:
        yield running


def test_a_connection_above_the_limit_is_refused_and_counted(few: Served) -> None:
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(few.port)) for _ in range(FEW.max_connections)]
        for wire in wires:
            wire.send(LIVEZ)
            assert wire.answer().status == 200
        with Wire(few.port) as refused:
            answer = refused.answer()
            assert "accepts no more" in message_of(answer, 503, "SERVICE_UNAVAILABLE")
            assert answer.header("retry-after") == "1"
            assert answer.header("connection") == "close"
            assert refused.is_closed()
        wires[0].send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        text = wires[0].answer().body.decode()
    assert "seatlatch_connections_refused_total 1.0" in text
    assert "seatlatch_open_connections 2.0" in text


@pytest.mark.parametrize("hosts", [0, 2])
def test_a_request_has_one_host(shared: Served, hosts: int) -> None:
    head = b"GET /livez HTTP/1.1\r\n" + b"Host: x\r\n" * hosts + b"\r\n"
    with Wire(shared.port) as wire:
        wire.send(head)
        assert "Host" in message_of(wire.answer(), 400, "BAD_REQUEST")
        assert wire.is_closed()


def test_a_request_of_http_1_0_needs_no_host(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(b"GET /livez HTTP/1.0\r\n\r\n")
        assert wire.answer().status == 200
        assert wire.is_closed()


def test_a_head_request_that_the_connection_refuses_gets_no_body(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(b"HEAD /livez HTTP/1.1\r\n\r\n")
        assert wire.answer(to_head=True).status == 400
        assert wire.is_closed()


@pytest.mark.parametrize(("headers", "status"), [(99, 200), (100, 431)])
def test_the_number_of_headers_is_limited(shared: Served, headers: int, status: int) -> None:
    lines = b"".join(b"X-%d: \r\n" % number for number in range(headers))
    with Wire(shared.port) as wire:
        wire.send(LIVEZ[:-2] + lines + b"\r\n")
        answer = wire.answer()
        assert answer.status == status
        if status == 431:
            assert "more than 100 headers" in message_of(
                answer, 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"
            )
            assert wire.is_closed()


def test_a_trailer_without_end_is_refused(shared: Served) -> None:
    head = put(b"")
    framed = head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    assert framed != head
    with Wire(shared.port) as wire:
        wire.send(framed + b"1\r\n{\r\n0\r\nX: ")
        for _ in range(2 * HEAD_BYTES_MAX // PIECE_BYTES):
            wire.send(b"x" * PIECE_BYTES)
        message_of(wire.answer(), 431, "REQUEST_HEADER_FIELDS_TOO_LARGE")
        wire.end()
        assert wire.is_closed()


def test_hundreds_of_requests_at_once_are_answered_in_their_order(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send((LIVEZ + put(tokens_body("not-listed"))) * 300)
        for _ in range(300):
            assert b"alive" in wire.answer().body
            assert b"not-listed" in wire.answer().body


def test_a_client_that_does_not_read_is_disconnected(
    shared: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_times, "UNREAD_SECONDS_MAX", UNREAD_SECONDS)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", shared.port))
        client.settimeout(10)
        client.sendall(LARGE * REQUESTS)
        started = monotonic()
        while monotonic() - started < 4 * UNREAD_SECONDS:
            assert shared.client.get("/livez").status_code == 200
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert 0 < received.count(b"HTTP/1.1 200 OK") < REQUESTS


@pytest.mark.parametrize("path", ["/livez", "/nothing"])
def test_a_client_that_ends_its_side_with_its_request_is_answered(
    shared: Served, path: str
) -> None:
    request = LIVEZ.replace(b"/livez", path.encode())
    for _ in range(60):
        with Wire(shared.port) as wire:
            wire.send(request)
            wire.end()
            assert wire.answer().status == (200 if path == "/livez" else 404)
            assert wire.is_closed()


def test_a_change_whose_client_ends_its_side_at_any_time_is_answered(served: Served) -> None:
    request = put(tokens_body("listed-1"))
    for number in range(100):
        with Wire(served.port) as wire:
            wire.send(request)
            ends_at = monotonic() + number * 0.00006
            while monotonic() < ends_at:
                pass
            wire.end()
            assert wire.answer().status == 200


def test_a_change_whose_client_went_away_is_made(served: Served) -> None:
    with Wire(served.port) as wire:
        wire.send(put(tokens_body("listed-1")))
    until(lambda: not served.database.mpreserve_of()["listed-1"])


def test_a_bad_chunk_is_refused_with_one_log_line_and_no_bug(
    shared: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    head = LIVEZ[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
    statuses = []
    for _ in range(20):
        with Wire(shared.port) as wire:
            wire.send(head + b"xyz\r\n")
            statuses.append(wire.answer().status)
            assert wire.is_closed()
    STANDARD_ERROR.flush()
    logged = capfd.readouterr().err
    assert set(statuses) <= {200, 400}
    assert "Traceback" not in logged
    assert '"event":"bug"' not in logged
    assert logged.count("not a valid HTTP/1.1 request") == statuses.count(400)
