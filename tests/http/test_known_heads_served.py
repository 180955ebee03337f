"""A server's connections with heads that they know: the limits are the same as for any request."""

from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from uuid import uuid4

import pytest

from seatlatch.http import connection_times
from seatlatch.http.server import ServerLimits
from tests.channel_api.test_request_headers import V4
from tests.databases import ON_SQLITE, Databases
from tests.http.served_paths import request, served
from tests.http.wire import Wire, message_of, put, tokens_body
from tests.serving import Answered, Served, fill, raw_request, serving
from tests.waiting import until

pytestmark = ON_SQLITE

STALL_SECONDS = 0.3
REQUEST_SECONDS = 2 * STALL_SECONDS
DEADLINE_SECONDS = 5.0
PIPELINED = 300
SERVED = 422
"""The status of a request whose tickets do not exist."""
BODY = tokens_body("not-listed")
LARGE = b" " * 100_000


@pytest.fixture(scope="module")
def impatient(databases: Databases) -> Iterator[Served]:
    """A server with short time limits."""
    database = databases.new()
    fill(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection_times, "STALL_SECONDS", STALL_SECONDS)
        with serving(database, limits=ServerLimits(keep_alive_seconds=DEADLINE_SECONDS)) as running:
            yield running


@pytest.fixture
def wire(impatient: Served) -> Iterator[Wire]:
    """A connection that knows the head of `put(…)`."""
    with Wire(impatient.port) as wire:
        for _ in range(2):
            wire.send(put(BODY, request_id=str(uuid4())))
            assert wire.answer().status == SERVED
        yield wire


def answer_of(wire: Wire) -> Answered:
    """The next response; status 0 if there is none yet."""
    with suppress(TimeoutError):
        return wire.answer()
    return Answered(0, [], b"")


def head_livez(body_bytes: int, request_id: str) -> bytes:
    """The head of a HEAD request with a body."""
    headers = [("Request-ID", request_id), ("Content-Length", str(body_bytes))]
    return raw_request(headers, b"", target="/livez", method="HEAD")


def test_a_body_that_stops_is_given_up(wire: Wire) -> None:
    wire.send(put(BODY, request_id=V4)[:-5])
    answer = wire.answer()
    message_of(answer, 408, "REQUEST_TIMEOUT")
    assert answer.header("request-id") == V4
    assert answer.header("connection") == "close"
    assert wire.is_closed()


def test_a_body_that_arrives_steadily_must_arrive_in_time(
    impatient: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_times, "REQUEST_SECONDS_MAX", REQUEST_SECONDS)
    with Wire(impatient.port, timeout=STALL_SECONDS / 10) as wire:
        wire.send(put(BODY))
        until(lambda: answer_of(wire).status == SERVED)
        wire.send(put(LARGE, request_id=V4).removesuffix(LARGE))
        started = monotonic()
        answer = Answered(0, [], b"")
        while answer.status == 0:
            assert monotonic() - started < DEADLINE_SECONDS
            wire.send(b" ")
            answer = answer_of(wire)
    message_of(answer, 408, "REQUEST_TIMEOUT")
    assert answer.header("request-id") == V4
    assert monotonic() - started > REQUEST_SECONDS


def test_an_incomplete_head_is_given_up(wire: Wire) -> None:
    wire.send(put(BODY, request_id=V4).removesuffix(b"\n" + BODY))
    answer = wire.answer()
    message_of(answer, 408, "REQUEST_TIMEOUT")
    assert answer.header("request-id") == V4


@pytest.mark.parametrize("sent_bytes", [0, 1, 50_000, len(LARGE)])
def test_a_body_behind_an_early_response_is_dropped(impatient: Served, sent_bytes: int) -> None:
    """The response comes when the head has arrived; the connection then goes on."""
    request = put(LARGE, request_id=V4, authorization="Bearer wrong")
    with Wire(impatient.port) as wire:
        for _ in range(2):
            wire.send(request)
            assert wire.answer().status == 401
        at = len(request) - len(LARGE) + sent_bytes
        wire.send(request[:at])
        assert wire.answer().status == 401
        wire.send(request[at:] + request + put(BODY))
        assert [wire.answer().status for _ in range(2)] == [401, SERVED]


def test_a_body_that_stops_behind_an_early_response_gets_no_second_one(impatient: Served) -> None:
    with Wire(impatient.port) as wire:
        for request_id in (str(uuid4()), V4):
            wire.send(head_livez(0, request_id))
            assert wire.answer(to_head=True).status == 200
        wire.send(head_livez(10, V4) + b"12345")
        assert wire.answer(to_head=True).status == 200
        assert wire.is_closed()


def test_an_announced_size_over_the_limit_is_refused_at_once(wire: Wire) -> None:
    wire.send(put(b"", request_id=V4).replace(b"Content-Length: 0", b"Content-Length: 9999999"))
    message_of(wire.answer(), 413, "PAYLOAD_TOO_LARGE")


def test_many_requests_at_once_are_answered_in_order(wire: Wire) -> None:
    sent = [str(uuid4()) for _ in range(PIPELINED)]
    wire.send(b"".join(put(BODY, request_id=one) for one in sent))
    wire.end()
    assert [wire.answer().header("request-id") for _ in sent] == sent
    assert wire.is_closed()


def test_a_broken_request_behind_is_refused_under_its_own_id(wire: Wire) -> None:
    broken = put(BODY, request_id=V4).replace(b"Content-Length: ", b"Content-Length: +")
    wire.send(put(BODY, request_id=str(uuid4())) + broken)
    assert wire.answer().status == SERVED
    answer = wire.answer()
    message_of(answer, 400, "BAD_REQUEST")
    assert answer.header("request-id") == V4
    assert wire.is_closed()


def test_a_request_that_has_begun_is_served_although_the_server_stops() -> None:
    body = b"x" * 100
    whole = request("/body", f"Request-ID: {V4}", body=body, method="PUT")
    with served() as service, Wire(service.port) as wire:
        for _ in range(2):
            wire.send(whole)
            assert wire.answer().status == 200
        wire.send(whole[:-50])
        until(lambda: len(service.begun) == 3)
        service.stop()
        wire.send(whole[-50:])
        assert wire.answer().body == b"/body"
        assert wire.is_closed()
