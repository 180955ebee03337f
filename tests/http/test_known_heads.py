"""Heads that a connection knows: each request means the same as on a new connection."""

from typing import Any, cast
from uuid import uuid4

import httptools
import pytest

from seatlatch.domain.refusal import Refusal
from seatlatch.http.connection import Connection
from seatlatch.http.known_heads import (
    HEAD_BYTES_MAX,
    NEW_HEADS,
    REMEMBERED_HEADS,
    KnownHeads,
    SharedHeads,
)
from seatlatch.http.request_head import HEADERS, MEMORY, RequestHead
from seatlatch.http.request_parser import RequestParser
from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.http.smuggling_forms import Form
from tests.http.smuggling_more_forms import all_forms
from tests.http.wire import Wire, put, put_chunked, tokens_body
from tests.serving import Served

BODY = tokens_body("not-listed")
REQUEST_ID = "8a3f5d60-2f5e-4c56-9d5c-4d1d7a6e2b11"
VALID = put(BODY, request_id=REQUEST_ID)
Received = tuple[RequestHead, bytes]


class Recorder:
    """Takes the place of a connection: what its parser reports."""

    def __init__(self, shared: SharedHeads) -> None:
        self.parser = RequestParser(cast(Connection, self), KnownHeads(shared))
        self.received: list[Received] = []
        self._body = b""
        self._head: RequestHead | None = None

    def request_began(self) -> None:
        self._body = b""

    def head_arrived(self, parser: RequestParser) -> None:
        self._head = parser.head()

    def body_arrived(self, body: bytes) -> None:
        self._body += body

    def request_arrived(self) -> None:
        assert self._head is not None
        self.received.append((self._head, self._body))

    def feed(self, *pieces: bytes) -> None:
        """Parse these pieces, one after the other."""
        for piece in pieces:
            at = 0
            while at < len(piece):
                at = self.parser.feed(piece, at)


class Connections:
    """Connections whose parsers count what llhttp gets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shared = SharedHeads()
        self.parsed_pieces = 0
        feed = RequestParser._feed

        def counted(parser: RequestParser, piece: bytes) -> None:
            self.parsed_pieces += 1
            feed(parser, piece)

        monkeypatch.setattr(RequestParser, "_feed", counted)

    def new(self, *requests: bytes) -> Recorder:
        """A connection that has received these requests."""
        recorder = Recorder(self.shared)
        recorder.feed(*requests)
        return recorder

    def is_known(self, connection: Recorder, request: bytes) -> bool:
        """Feed a request. Returns whether llhttp got nothing of it."""
        before = self.parsed_pieces
        connection.feed(request)
        return self.parsed_pieces == before


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    return Connections(monkeypatch)


def meaning(received: Received) -> tuple[Any, ...]:
    """All of a request but the memory of its head, which the known ones share."""
    (scope, keep_alive, expects_continue), body = received
    headers = scope[HEADERS]
    shown = {name: value for name, value in scope.items() if name not in (HEADERS, MEMORY)}
    return shown, headers._values, headers.repeated, keep_alive, expects_continue, body


def outcome(connection: Recorder, request: bytes) -> object:
    """The meaning of a request on a connection, or the refusal; None = it is incomplete."""
    count = len(connection.received)
    try:
        connection.feed(request)
    except Refusal as refusal:
        return type(refusal), refusal.message
    except httptools.HttpParserError as error:
        return type(error)
    return [meaning(one) for one in connection.received[count:]] or None


def test_the_second_request_with_a_head_is_not_parsed(connections: Connections) -> None:
    connection = connections.new(VALID)
    assert connections.is_known(connection, VALID)
    first, second = connection.received
    assert meaning(first) == meaning(second)
    assert first[0].scope[MEMORY] is second[0].scope[MEMORY]


def test_request_id_and_length_may_differ(connections: Connections) -> None:
    connection = connections.new(VALID)
    for body in (b"{}", tokens_body(*map(str, range(500))), BODY):
        other = put(body, request_id=str(uuid4()))
        assert connections.is_known(connection, other)
        assert meaning(connection.received[-1]) == meaning(connections.new(other).received[0])


@pytest.mark.parametrize("size", [1, 7, 300, 1000])
def test_a_body_may_arrive_in_pieces(connections: Connections, size: int) -> None:
    body = tokens_body(*map(str, range(200)))
    connection = connections.new(VALID)
    head, _, _ = put(body, request_id=REQUEST_ID).partition(b"\r\n\r\n")
    connection.feed(head + b"\r\n\r\n", *(body[at : at + size] for at in range(0, len(body), size)))
    assert connection.received[-1][1] == body


def test_requests_one_behind_the_other_are_all_received(connections: Connections) -> None:
    connection = connections.new(VALID)
    connection.feed(VALID * 3 + put(b"[]", user_agent="Other/1") + VALID)
    bodies = [body for _, body in connection.received]
    assert bodies == [BODY, BODY, BODY, BODY, b"[]", BODY]


def test_some_heads_in_turn_are_all_known(connections: Connections) -> None:
    heads = [put(BODY, target=f"/v1/{number}") for number in range(REMEMBERED_HEADS)]
    connection = connections.new(*heads)
    assert all(connections.is_known(connection, one) for one in heads * 2)
    connection.feed(put(BODY, target="/v1/another"))
    assert not connections.is_known(connection, heads[0])


def test_connections_share_what_they_know_while_one_of_them_is_open(
    connections: Connections,
) -> None:
    one, other = connections.new(VALID), connections.new(VALID)
    assert len(connections.shared) == 1
    assert connections.is_known(other, VALID)
    assert one.received[0][0].scope[MEMORY] is not other.received[0][0].scope[MEMORY]
    assert one.received[0][0].scope[MEMORY] is other.received[1][0].scope[MEMORY]
    for connection in (one, other):
        connection.parser.close()
    del one, other, connection
    assert not connections.shared


def test_a_client_whose_heads_all_differ_is_given_up(connections: Connections) -> None:
    different = [put(BODY, ("Traceparent", str(uuid4()))) for _ in range(NEW_HEADS)]
    connection = connections.new(*different)
    assert connections.is_known(connection, different[-1])
    connection = connections.new(*different, VALID)
    assert not connections.is_known(connection, VALID)


UNKNOWN = {
    "chunked": put_chunked(BODY),
    "twice": put(BODY, ("Request-ID", REQUEST_ID)),
    "expect": put(BODY, ("Expect", "100-continue")),
    "another version of UUID": put(BODY, request_id="8a3f5d60-2f5e-1c56-9d5c-4d1d7a6e2b11"),
    "no id": put(BODY, request_id=None),
    "no length": VALID.replace(b"Content-Length", b"X-Length").removesuffix(BODY),
    "long": put(BODY, ("X-Long", "x" * HEAD_BYTES_MAX)),
}


@pytest.mark.parametrize("request_bytes", UNKNOWN.values(), ids=UNKNOWN)
def test_unusual_heads_are_always_parsed(connections: Connections, request_bytes: bytes) -> None:
    connection = connections.new(request_bytes)
    assert not connections.is_known(connection, request_bytes)
    assert meaning(connection.received[0]) == meaning(connection.received[1])


KNOWN = {
    "upgrade": put(BODY, ("Connection", "upgrade"), ("Upgrade", "h2c")),
    "keep-alive": put(BODY, ("Connection", "keep-alive")),
    "lower case": put(BODY).replace(b"Request-ID", b"request-id"),
    "no space": put(BODY).replace(b"Content-Length: ", b"content-length:"),
    "length first": put(BODY, ("Content-Length", str(len(BODY)))).replace(
        b"\r\nContent-Length: %d\r\n\r\n" % len(BODY), b"\r\nX-Last: x\r\n\r\n"
    ),
    "line before": b"\r\n" + VALID,
}


@pytest.mark.parametrize("request_bytes", KNOWN.values(), ids=KNOWN)
def test_other_forms_of_a_head_are_known_too(
    connections: Connections, request_bytes: bytes
) -> None:
    connection = connections.new(request_bytes)
    assert connections.is_known(connection, request_bytes)
    assert meaning(connection.received[0]) == meaning(connection.received[1])


FORMS = {form.name: form for form in all_forms()}
FORM_HEADERS = b"Host: x\r\nRequest-ID: " + REQUEST_ID.encode() + b"\r\n"
CHANGED_BYTES = (b"", b" ", b"\r\n", b"\x00", b"x", b"0", b"-", b":")


@pytest.mark.parametrize("written", CHANGED_BYTES, ids=repr)
def test_a_head_that_differs_in_one_place_means_the_same_as_on_a_new_connection(
    connections: Connections, written: bytes
) -> None:
    """Each byte of the head is replaced in turn: also in the values that may differ."""
    head_bytes = len(VALID) - len(BODY)
    for at in range(head_bytes):
        changed = VALID[:at] + written + VALID[at + 1 :]
        known = outcome(connections.new(VALID), changed)
        assert known == outcome(connections.new(), changed), changed


LENGTHS = (b"0", b"00", b"+5", b"-1", b"5 ", b" 5", b"0x5", b"5,5", b"99999999", b"1e1", b"")


@pytest.mark.parametrize("length", LENGTHS, ids=repr)
def test_any_length_means_the_same_as_on_a_new_connection(
    connections: Connections, length: bytes
) -> None:
    changed = VALID.replace(b"Content-Length: %d" % len(BODY), b"Content-Length: " + length)
    assert changed != VALID
    known = outcome(connections.new(VALID), changed)
    assert known == outcome(connections.new(), changed)


@all_cases("form", FORMS.values(), ids=FORMS)
def test_a_form_of_smuggling_means_the_same_as_on_a_new_connection(
    connections: Connections, form: Form
) -> None:
    """The form has arrived before, so that its head may be known."""
    known, fresh = connections.new(), connections.new()
    outcome(known, form.sent(FORM_HEADERS, put(BODY)))
    known.parser = RequestParser(cast(Connection, known), known.parser._known_heads)
    sent = form.sent(FORM_HEADERS, put(BODY + BODY)) + VALID
    assert outcome(known, sent) == outcome(fresh, sent)


@ON_SQLITE
def test_a_served_connection_knows_its_heads(shared: Served, connections: Connections) -> None:
    with Wire(shared.port) as wire:
        answers = []
        for _ in range(3):
            wire.send(VALID)
            answers.append(wire.answer())
    assert connections.parsed_pieces == 2, "the head and the body of the first request"
    assert [answer.status for answer in answers] == [200] * 3
    assert {answer.body for answer in answers} == {answers[0].body}
