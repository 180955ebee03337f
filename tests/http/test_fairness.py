"""Fairness between clients: in the event loop, and between workers."""

from contextlib import ExitStack

import pytest

from seatlatch.http.acceptor import listen
from seatlatch.http.connection import Connection
from seatlatch.http.connection_context import READ_BYTES
from seatlatch.http.request_parser import PIECE_BYTES_MIN, RequestParser
from seatlatch.http.server import ServerLimits
from tests.http.served_paths import request, served
from tests.http.wire import Wire

BODY_BYTES = 256 * 1024


def test_a_body_of_blank_lines_is_parsed_in_few_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    feed = RequestParser.feed

    def counted(parser: RequestParser, data: bytes, start: int) -> int:
        end = feed(parser, data, start)
        pieces.append(end - start)
        return end

    monkeypatch.setattr(RequestParser, "feed", counted)
    with served() as service, Wire(service.port) as wire:
        wire.send(request("/body", body=b"\r\n\r\n" * (BODY_BYTES // 4), method="PUT"))
        assert wire.answer().status == 200
    reads = BODY_BYTES // READ_BYTES
    assert sum(pieces) > BODY_BYTES
    assert len(pieces) <= BODY_BYTES / PIECE_BYTES_MIN + 2 * reads


def test_after_a_full_read_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    is_reading: list[bool] = []
    buffer_updated = Connection.buffer_updated

    def noted(connection: Connection, nbytes: int) -> None:
        buffer_updated(connection, nbytes)
        if nbytes == READ_BYTES:
            is_reading.append(connection._transport.is_reading())

    monkeypatch.setattr(Connection, "buffer_updated", noted)
    with served() as service, Wire(service.port) as wire:
        wire.send(request("/body", body=b"x" * BODY_BYTES, method="PUT"))
        assert wire.answer().status == 200
    assert is_reading
    assert not any(is_reading)


def test_connections_are_refused_only_when_all_workers_are_full() -> None:
    limits = ServerLimits(max_connections=5)
    shared = listen("127.0.0.1", 0)
    with ExitStack() as stack:
        services = [stack.enter_context(served(limits, shared.dup())) for _ in range(2)]
        shared.close()
        wires = [stack.enter_context(Wire(services[0].port)) for _ in range(10)]
        for wire in wires:
            wire.send(request("/a"))
            assert wire.answer().status == 200
        assert sorted(len(service.paths) for service in services) == [5, 5]
        refused = stack.enter_context(Wire(services[0].port))
        assert refused.answer().status == 503
