"""A connection in rare states: slow applications, slow readers, clients that go, stops."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from time import monotonic

import pytest

from seatlatch.http import connection_times
from seatlatch.http.server import ServerLimits
from tests.http.served_paths import BUFFER_BYTES, LARGE_BYTES, Service, request, served
from tests.http.wire import Wire
from tests.waiting import until

STALL_SECONDS = 0.3
DEADLINE_SECONDS = 20.0


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A server with short time limits."""
    monkeypatch.setattr(connection_times, "STALL_SECONDS", STALL_SECONDS)
    with served() as running:
        yield running


def status_of(service: Service) -> int:
    with Wire(service.port) as wire:
        wire.send(request("/a"))
        return wire.answer().status


def pause(seconds: float) -> None:
    """Let time pass while nothing happens on the connection."""
    deadline = monotonic() + seconds
    until(lambda: monotonic() > deadline)


def read_slowly(client: socket.socket) -> bytes:
    """All that arrives, in pieces, for longer than the limit of a stalled sender."""
    received = b""
    while part := client.recv(BUFFER_BYTES):
        received += part
        pause(STALL_SECONDS / 10)
    return received


@pytest.mark.parametrize("end", ["Connection: close", "half-closed", "stop"])
def test_a_response_that_is_read_slowly_is_not_cut(service: Service, end: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=DEADLINE_SECONDS) as client:
        headers = [end] if end.startswith("Connection") else []
        client.sendall(request("/large", *headers))
        if end == "half-closed":
            client.shutdown(socket.SHUT_WR)
        until(lambda: bool(service.begun))
        if end == "stop":
            service.stop()
        received = read_slowly(client)
    assert len(received.partition(b"\r\n\r\n")[2]) == LARGE_BYTES


def test_no_more_of_a_response_is_kept_than_a_slice(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(request("/large"))
        until(lambda: bool(service.begun))
        pause(STALL_SECONDS)
        assert service.paths == [], "the application still has most of it"


def test_a_stop_answers_all_that_was_received(service: Service) -> None:
    with Wire(service.port) as wire:
        wire.send(request("/held") + request("/b") + request("/c"))
        until(lambda: service.begun == ["/held"])
        service.stop()
        service.hold.set()
        assert [wire.answer().body for _ in range(3)] == [b"/held", b"/b", b"/c"]
        assert wire.is_closed()


def test_nothing_is_carried_out_without_a_response_while_it_stops(service: Service) -> None:
    body = b"y" * 100
    with Wire(service.port) as wire, Wire(service.port) as other:
        other.send(request("/held"))
        whole = request("/early", body=body, method="PUT")
        wire.send(whole[:-50])
        assert wire.answer().body == b"/early"
        service.stop()
        pause(0.1)
        with suppress(ConnectionError):
            wire.send(whole[-50:] + request("/change"))
        answer = wire.answer()
    assert ("/change" in service.paths) == (answer.body == b"/change")


def test_requests_of_a_client_that_is_gone_are_carried_out(service: Service) -> None:
    with Wire(service.port) as wire:
        wire.send(request("/held"))
        until(lambda: service.begun == ["/held"])
        wire.send(request("/b"))
        pause(0.1)
    service.hold.set()
    until(lambda: service.paths == ["/held", "/b"])


def test_a_connection_with_requests_is_not_idle() -> None:
    limits = ServerLimits(keep_alive_seconds=STALL_SECONDS)
    with served(limits) as service, Wire(service.port) as wire:
        wire.send(request("/held/large") + request("/b"))
        until(lambda: service.begun == ["/held/large"])
        pause(2 * STALL_SECONDS)
        service.hold.set()
        assert len(wire.answer().body) == LARGE_BYTES
        assert wire.answer().body == b"/b"
        assert wire.is_closed()


def test_a_client_is_not_blamed_for_an_invitation_that_is_owed(service: Service) -> None:
    head = request("/held/body", "Expect: 100-continue", "Content-Length: 1", method="PUT")
    with Wire(service.port) as wire:
        wire.send(head)
        until(lambda: bool(service.begun))
        pause(2 * STALL_SECONDS)
        service.hold.set()
        assert wire.answer(to_head=True).status == 100
        pause(STALL_SECONDS / 2)
        wire.send(b"z")
        assert wire.answer().status == 200


def test_refused_connections_do_not_count_as_open() -> None:
    limits = ServerLimits(max_connections=1)
    with served(limits) as service:
        with Wire(service.port) as first:
            first.send(request("/a"))
            assert first.answer().status == 200
            refused = [Wire(service.port) for _ in range(3)]
            assert [wire.answer().status for wire in refused] == [503] * 3
        until(lambda: status_of(service) == 200, 1)
        for wire in refused:
            wire.close()


def test_a_stop_answers_what_waits_to_be_accepted(service: Service) -> None:
    with ExitStack() as stack:
        blocking, *wires = (stack.enter_context(Wire(service.port)) for _ in range(50))
        blocking.send(request("/blocked"))
        until(lambda: service.begun == ["/blocked"])
        late = [stack.enter_context(Wire(service.port)) for _ in range(50)]
        for wire in (*wires, *late):
            wire.send(request("/a"))
        service.stop()
        service.hold.set()
        assert {wire.answer().status for wire in (*wires, *late)} == {200}


def test_nothing_begins_when_the_time_of_a_stop_is_over() -> None:
    with served(ServerLimits(shutdown_seconds=STALL_SECONDS)) as service:
        with Wire(service.port) as wire:
            wire.send(request("/held") + request("/b"))
            until(lambda: service.begun == ["/held"])
            pause(0.1)
        service.stop()
        pause(3 * STALL_SECONDS)
        assert service.begun == ["/held"]


def test_a_body_in_large_pieces_must_arrive_in_time_too(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each piece makes the server stop reading for some time."""
    monkeypatch.setattr(connection_times, "REQUEST_SECONDS_MAX", 4 * STALL_SECONDS)
    with Wire(service.port) as wire:
        wire.send(request("/body", "Content-Length: 1000000000", method="PUT"))
        started = monotonic()
        with suppress(ConnectionError):
            while monotonic() - started < DEADLINE_SECONDS:
                wire.send(b"x" * 300_000)
                pause(STALL_SECONDS / 3)
        assert monotonic() - started < DEADLINE_SECONDS
