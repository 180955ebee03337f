"""One connection, many requests: order, upgrades, early answers, and clients that leave."""

import socket

import pytest

from tests.cases import all_cases
from tests.channel_api.test_request_headers import V4
from tests.databases import ON_SQLITE
from tests.http.wire import Wire, message_of, put, put_chunked, tokens_body
from tests.serving import UNLOCK, Answered, Served, raw_request, valid_headers
from tests.waiting import until

pytestmark = ON_SQLITE

BODY = tokens_body("not-listed")
VALID = put(BODY)
MEBIBYTE = 1024 * 1024
BIG_BODY = b" " * (12 * MEBIBYTE)
"""More than the system's buffers: it can only be sent if the client reads it."""

COMMIT_SECONDS_MAX = 3.0


def succeeded(answer: Answered) -> list[str]:
    """The tokens of a 200, by the order of their mention."""
    assert answer.status == 200, answer
    return [row.split(b'"')[0].decode() for row in answer.body.split(b'{"token":"')[1:]]


def upgrade(to: str, body: bytes = BODY) -> bytes:
    """A PUT that offers to change the protocol, as Java's HttpClient does at first."""
    connection = ("Connection", "Upgrade, HTTP2-Settings")
    settings = ("HTTP2-Settings", "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA")
    return put(body, connection, ("Upgrade", to), settings)


def assert_usable(wire: Wire) -> None:
    """The connection accepts one more request."""
    wire.send(VALID)
    assert succeeded(wire.answer()) == ["not-listed"]


@pytest.mark.parametrize("to", ["h2c", "websocket", "h2c, websocket"])
@pytest.mark.parametrize("together", [True, False], ids=["one segment", "two segments"])
def test_upgrade_is_not_on_offer_and_the_request_is_answered(
    shared: Served, to: str, together: bool
) -> None:
    sent = upgrade(to)
    at = len(sent) if together else sent.index(b"\r\n\r\n") + 4
    with Wire(shared.port) as wire:
        wire.send(sent[:at])
        wire.send(sent[at:])
        assert succeeded(wire.answer()) == ["not-listed"]
        assert_usable(wire)


def test_upgrade_with_a_body_in_chunks_is_answered(shared: Served) -> None:
    headers: list[tuple[str, str | bytes]] = [
        *valid_headers().items(),
        ("Connection", "Upgrade"),
        ("Upgrade", "h2c"),
        ("Transfer-Encoding", "chunked"),
    ]
    with Wire(shared.port) as wire:
        wire.send(raw_request(headers, b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)))
        assert succeeded(wire.answer()) == ["not-listed"]
        assert_usable(wire)


def test_upgrade_without_a_body_is_answered(shared: Served) -> None:
    websocket = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    with Wire(shared.port) as wire:
        wire.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + websocket + b"\r\n")
        assert wire.answer().status == 200
        assert_usable(wire)


def test_requests_right_behind_an_upgrade_are_answered(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(upgrade("h2c") + upgrade("h2c") + VALID)
        for _ in range(3):
            assert succeeded(wire.answer()) == ["not-listed"]


@all_cases(
    ("sent", "status"),
    [
        (VALID.replace(b"PUT /", b"PUT http://example.com/", 1), 200),
        (VALID.replace(UNLOCK.encode(), UNLOCK.encode() + b"?a=b&c", 1), 200),
        (VALID.replace(UNLOCK.encode(), b"/v1/tickets/%75nlock", 1), 200),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /livez%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"UNLOCK /livez HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"TRACE /v1/tickets/unlock HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    ],
    ids=["absolute", "query", "escaped", "*", "NUL", "not UTF-8", "a method of WebDAV", "TRACE"],
)
def test_target_and_method_out_of_the_ordinary(shared: Served, sent: bytes, status: int) -> None:
    with Wire(shared.port) as wire:
        wire.send(sent)
        assert wire.answer().status == status
        assert_usable(wire)


@pytest.mark.parametrize(
    ("path", "status"), [("/livez", 200), ("/metrics", 200), (UNLOCK, 405), ("/nowhere", 404)]
)
def test_head_is_answered_without_a_body(shared: Served, path: str, status: int) -> None:
    with Wire(shared.port) as wire:
        wire.send(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = wire.answer(to_head=True)
        assert answer.status == status
        assert int(answer.header("content-length") or 0) > 0
        assert_usable(wire)


@pytest.mark.parametrize(
    "sent",
    [VALID.replace(b"HTTP/1.1", b"HTTP/1.0", 1), put(BODY, ("Connection", "close"))],
    ids=["HTTP/1.0", "Connection: close"],
)
def test_client_that_wants_one_answer_gets_it_and_the_end(shared: Served, sent: bytes) -> None:
    with Wire(shared.port) as wire:
        wire.send(sent)
        answer = wire.answer()
        assert succeeded(answer) == ["not-listed"]
        assert answer.header("connection") == "close"
        assert wire.is_closed()


def test_expect_100_continue_is_reported_to_continue(shared: Served) -> None:
    sent = put(BODY, ("Expect", "100-continue"))
    with Wire(shared.port) as wire:
        wire.send(sent.removesuffix(BODY))
        assert wire.answer().status == 100
        wire.send(BODY)
        assert succeeded(wire.answer()) == ["not-listed"]
        assert_usable(wire)


@pytest.mark.parametrize(
    ("body", "changes", "status"),
    [(BODY, {"pac_api_key": "wrong"}, 401), (BIG_BODY, {}, 413), (BODY, {"accept": "x/y"}, 406)],
    ids=["wrong key", "body too large", "Accept"],
)
def test_expect_100_continue_is_refused_before_the_body_is_sent(
    shared: Served, body: bytes, changes: dict[str, str], status: int
) -> None:
    sent = put(body, ("Expect", "100-continue"), **changes)
    with Wire(shared.port) as wire:
        wire.send(sent.removesuffix(body))
        answer = wire.answer()
        assert answer.status == status
        assert answer.header("connection") == "close"


def test_pipelined_requests_are_answered_in_their_order(shared: Served) -> None:
    ids = [V4[:-2] + f"{number:02x}" for number in range(20)]
    with Wire(shared.port) as wire:
        wire.send(b"".join(put(BODY, request_id=request_id) for request_id in ids))
        answers = [wire.answer() for _ in ids]
    assert [answer.header("request-id") for answer in answers] == ids
    assert {answer.status for answer in answers} == {200}


def test_pipelined_requests_sent_byte_by_byte_are_answered(shared: Served) -> None:
    sent = VALID + put_chunked(BODY) + VALID
    with Wire(shared.port) as wire:
        for at in range(len(sent)):
            wire.send(sent[at : at + 1])
        for _ in range(3):
            assert succeeded(wire.answer()) == ["not-listed"]


BROKEN = {
    "garbage": b"\0garbage\r\n\r\n",
    "half a head and a NUL": b"PUT /v1/tickets/unlock HTTP/1.1\r\nX: \0",
    "a bad chunk": put_chunked(end=b"xyz\r\n"),
    "a bad chunk after a good one": put_chunked(BODY, end=b"xyz\r\n"),
    "two Content-Lengths": put(BODY, ("Content-Length", "7")),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("whole", [1, 3])
def test_valid_requests_are_answered_before_a_broken_one(
    served: Served, whole: int, broken: bytes
) -> None:
    with Wire(served.port) as wire:
        wire.send(put(tokens_body("listed-1")) * whole + broken)
        for _ in range(whole):
            assert succeeded(wire.answer()) == ["listed-1"]
        message_of(wire.answer(), 400, "BAD_REQUEST")
        assert wire.is_closed()
    assert not served.database.mpreserve_of()["listed-1"]


def test_connection_can_be_used_again_after_an_early_refusal(shared: Served) -> None:
    refused = put(BODY, pac_api_key="wrong")
    with Wire(shared.port) as wire:
        for at in (len(refused), -len(BODY), -1):
            wire.send(refused[:at])
            if at < 0:
                message_of(wire.answer(), 401, "UNAUTHORIZED")
                wire.send(refused[at:])
            else:
                message_of(wire.answer(), 401, "UNAUTHORIZED")
            assert_usable(wire)


def test_connection_can_be_used_again_after_a_body_that_was_too_large(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(put(BIG_BODY))
        message_of(wire.answer(), 413, "PAYLOAD_TOO_LARGE")
        assert_usable(wire)


@pytest.mark.parametrize(
    "sent",
    [
        put(BIG_BODY),
        put(BIG_BODY, ("Connection", "close")),
        put(BIG_BODY).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
        put_chunked(*[b" " * MEBIBYTE] * 12),
        put(BIG_BODY, ("Connection", "close"), pac_api_key="wrong"),
        put(BIG_BODY, ("Expect", "100-continue")),
    ],
    ids=["kept alive", "close", "HTTP/1.0", "chunks", "wrong key", "Expect, but not waited for"],
)
def test_client_that_sends_all_before_it_reads_gets_its_refusal(
    shared: Served, sent: bytes
) -> None:
    with Wire(shared.port) as wire:
        wire.send(sent)
        assert wire.answer().status in (401, 413)


def test_client_that_sends_its_body_after_the_answer_to_its_head_can_read_that(
    shared: Served,
) -> None:
    head = put(BODY, ("Connection", "close"), pac_api_key="wrong").removesuffix(BODY)
    with Wire(shared.port) as wire:
        wire.send(head)
        wire.wait()
        for at in range(len(BODY)):
            wire.send(BODY[at : at + 1])
        message_of(wire.answer(), 401, "UNAUTHORIZED")
        assert wire.is_closed()


def test_body_without_bounds_that_nobody_wants_is_cut_off(shared: Served) -> None:
    piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with Wire(shared.port) as wire:
        wire.send(put_chunked(end=b""))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(64):
                wire.send(piece)


def test_client_that_ends_its_side_gets_its_answers(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(VALID * 3)
        wire.end()
        for _ in range(3):
            assert succeeded(wire.answer()) == ["not-listed"]
        assert wire.is_closed()


@pytest.mark.parametrize("whole", [0, 1])
def test_client_that_ends_its_side_in_the_middle_is_left(shared: Served, whole: int) -> None:
    with Wire(shared.port, timeout=2) as wire:
        wire.send(VALID * whole + VALID[:-1])
        wire.end()
        for _ in range(whole):
            assert succeeded(wire.answer()) == ["not-listed"]
        assert wire.is_closed()


def test_unlock_of_a_client_that_disconnects_right_after_sending_goes_through(
    served: Served,
) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(put(tokens_body("listed-1")))
    until(lambda: not served.database.mpreserve_of()["listed-1"])
    assert served.unlock("not-listed").status_code == 200
