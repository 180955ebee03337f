"""One connection with requests that are broken, endless or too slow."""

from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from uuid import UUID

import pytest

from seatlatch.http import connection_times
from seatlatch.http.server import ServerLimits
from tests.cases import all_cases
from tests.channel_api.test_request_headers import V1, V4
from tests.databases import ON_SQLITE, Databases
from tests.http.wire import Wire, message_of, put, put_chunked, tokens_body
from tests.serving import Answered, Served, fill, serving

pytestmark = ON_SQLITE

MEBIBYTE = 1024 * 1024
PATIENCE_SECONDS = 0.3
IMPATIENT = ServerLimits(keep_alive_seconds=PATIENCE_SECONDS)
GIVEN_UP_SECONDS_MAX = 5.0

BODY = tokens_body("not-listed")
LENGTH = f"Content-Length: {len(BODY)}".encode()
VALID = put(BODY)


def with_lines(*lines: bytes) -> bytes:
    """A valid request with these lines in place of its Content-Length."""
    return VALID.replace(LENGTH, b"\r\n".join(lines))


MALFORMED = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x8d" * 200,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown version": b"GET /livez HTTP/7.3\r\nHost: x\r\n\r\n",
    "an unknown method": b"FETCH /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in small letters": b"get /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the target": b"GET /live z HTTP/1.1\r\nHost: x\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target that is not ASCII": b"GET /liv\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "a header without colon": with_lines(b"Nothing", LENGTH),
    "a space before the colon": with_lines(b"X : y", LENGTH),
    "a space in a header's name": with_lines(b"X Y: z", LENGTH),
    "a NUL in a header": with_lines(b"X: y\0z", LENGTH),
    "a bare CR in a header": with_lines(b"X: y\rz", LENGTH),
    "two Content-Lengths": with_lines(LENGTH, LENGTH + b"0"),
    "two equal Content-Lengths": with_lines(LENGTH, LENGTH),
    "a list for Content-Length": with_lines(LENGTH + b", %d" % len(BODY)),
    "a negative Content-Length": with_lines(b"Content-Length: -1"),
    "a signed Content-Length": with_lines(b"Content-Length: +26"),
    "a Content-Length in hexadecimal": with_lines(b"Content-Length: 0x1a"),
    "an empty Content-Length": with_lines(b"Content-Length:"),
    "a Content-Length without bounds": with_lines(b"Content-Length: 99999999999999999999999"),
    "Content-Length and chunks": with_lines(LENGTH, b"Transfer-Encoding: chunked"),
    "chunks and Content-Length": with_lines(b"Transfer-Encoding: chunked", LENGTH),
    "an unknown transfer coding": with_lines(b"Transfer-Encoding: gzip"),
    "chunked, but not at the end": with_lines(b"Transfer-Encoding: chunked, gzip"),
    "chunked twice": with_lines(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip"),
    "a chunk without size": put_chunked(end=b"\r\nabc\r\n0\r\n\r\n"),
    "a chunk size that is no number": put_chunked(end=b"xyz\r\nabc\r\n0\r\n\r\n"),
    "a chunk size without bounds": put_chunked(end=b"F" * 40 + b"\r\nabc\r\n0\r\n\r\n"),
    "a chunk longer than it says": put_chunked(end=b"3\r\nabcdef\r\n0\r\n\r\n"),
}


@pytest.fixture(scope="module")
def impatient(databases: Databases) -> Iterator[Served]:
    """A server with short time limits."""
    database = databases.new()
    fill(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection_times, "STALL_SECONDS", PATIENCE_SECONDS)
        with serving(database, limits=IMPATIENT) as running:
            yield running


def assert_given_up(
    served: Served, sent: bytes, status: int, error_type: str
) -> tuple[Answered, str]:
    """A request gets this error in the form of the service, and nothing more."""
    with Wire(served.port) as wire:
        wire.send(sent)
        answer = wire.answer()
        message = message_of(answer, status, error_type)
        assert answer.header("content-type") == "application/json"
        assert answer.header("vary") == "Accept-Encoding"
        assert answer.header("connection") == "close"
        assert answer.header("server") is None
        assert wire.is_closed()
    return answer, message


@all_cases("sent", MALFORMED.values(), ids=MALFORMED)
def test_malformed_request_is_400_and_the_end(shared: Served, sent: bytes) -> None:
    answer, _ = assert_given_up(shared, sent, 400, "BAD_REQUEST")
    UUID(answer.header("request-id") or "")


@pytest.mark.parametrize("request_id", [V4, V4.upper(), V1])
def test_malformed_request_is_answered_under_its_request_id(
    shared: Served, request_id: str
) -> None:
    for broken in (
        put_chunked(end=b"xyz\r\n", request_id=request_id),
        put(BODY, ("Content-Length", "7"), request_id=request_id),
    ):
        answer, _ = assert_given_up(shared, broken, 400, "BAD_REQUEST")
        assert answer.header("request-id") == request_id


def test_malformed_request_after_another_gets_a_request_id_of_its_own(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(put(BODY, request_id=V4))
        assert wire.answer().header("request-id") == V4
        wire.send(b"\0\0\0\0")
        answer = wire.answer()
        message_of(answer, 400, "BAD_REQUEST")
        assert UUID(answer.header("request-id") or "") != UUID(V4)
        assert wire.is_closed()


@pytest.mark.parametrize(
    "headers",
    [[("X-Long", "x" * 70_000)], [(f"X-{number}", "x" * 90) for number in range(700)]],
    ids=["one long header", "many headers"],
)
@pytest.mark.parametrize("pieces", [1, 3, 50])
def test_head_over_64_kibibytes_is_431(
    shared: Served, headers: list[tuple[str, str]], pieces: int
) -> None:
    sent = put(BODY, *headers)
    size = len(sent) // pieces + 1
    with Wire(shared.port) as wire:
        for at in range(0, len(sent), size):
            wire.send(sent[at : at + size])
        message_of(wire.answer(), 431, "REQUEST_HEADER_FIELDS_TOO_LARGE")
        assert wire.is_closed()


def test_target_over_64_kibibytes_is_431(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(put(BODY, target="/" + "x" * 70_000))
        message_of(wire.answer(), 431, "REQUEST_HEADER_FIELDS_TOO_LARGE")
        assert wire.is_closed()


def test_head_of_60_kibibytes_is_accepted(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(put(BODY, ("X-Long", "x" * 60_000)))
        assert wire.answer().status == 200


def test_head_without_end_is_431(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(VALID.partition(b"\r\n\r\n")[0] + b"\r\nX-Long: ")
        try:
            for _ in range(16):
                wire.send(b"x" * 65_536)
        except (ConnectionResetError, BrokenPipeError):
            pass  # ended in the middle, but with a response
        message_of(wire.answer(), 431, "REQUEST_HEADER_FIELDS_TOO_LARGE")


def test_a_large_body_before_it_does_not_count_for_a_head(shared: Served) -> None:
    first = put(tokens_body(*["9" * 2000] * 100))
    second = put(BODY)
    with Wire(shared.port) as wire:
        wire.send(first + second[:100])
        assert wire.answer().status == 422
        wire.send(second[100:])
        assert wire.answer().status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"P",
        VALID[:40],
        VALID[: VALID.index(b"\r\n\r\n") + 2],
        VALID[: VALID.index(b"\r\n\r\n") + 4],
        VALID[:-1],
        put_chunked(BODY, end=b""),
        put_chunked(BODY, end=b"0\r\n"),
        put_chunked(end=b"ff\r\nabc"),
    ],
    ids=[
        "one byte",
        "request line",
        "head",
        "no body",
        "body",
        "last chunk missing",
        "last line missing",
        "within a chunk",
    ],
)
def test_request_that_stops_coming_is_408(impatient: Served, sent: bytes) -> None:
    assert_given_up(impatient, sent, 408, "REQUEST_TIMEOUT")


def test_request_that_stops_in_its_body_is_answered_under_its_request_id(
    impatient: Served,
) -> None:
    answer, _ = assert_given_up(impatient, put(BODY, request_id=V4)[:-1], 408, "REQUEST_TIMEOUT")
    assert answer.header("request-id") == V4


def test_request_that_trickles_without_end_is_408(
    impatient: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_times, "REQUEST_SECONDS_MAX", 2 * PATIENCE_SECONDS)
    started = monotonic()
    answer = Answered(0, [], b"")
    with Wire(impatient.port, timeout=PATIENCE_SECONDS / 10) as wire:
        wire.send(put(b" " * 10_000)[:-9_999])
        while answer.status == 0:
            assert monotonic() - started < GIVEN_UP_SECONDS_MAX
            wire.send(b" ")
            with suppress(TimeoutError):
                answer = wire.answer()
    message_of(answer, 408, "REQUEST_TIMEOUT")
    assert monotonic() - started > 2 * PATIENCE_SECONDS


def test_patience_in_production_is_under_5_seconds() -> None:
    assert connection_times.STALL_SECONDS < GIVEN_UP_SECONDS_MAX


@pytest.mark.parametrize("sent", [b"", b"\r\n", VALID], ids=["never", "an empty line", "enough"])
def test_client_that_does_not_speak_is_let_go(impatient: Served, sent: bytes) -> None:
    with Wire(impatient.port) as wire:
        wire.send(sent)
        if sent == VALID:
            assert wire.answer().status == 422
        assert wire.is_closed()


def test_request_that_was_answered_early_and_then_stalls_gets_no_second_answer(
    impatient: Served,
) -> None:
    with Wire(impatient.port) as wire:
        wire.send(put(b" " * 1000, pac_api_key="wrong")[:-500])
        message_of(wire.answer(), 401, "UNAUTHORIZED")
        assert wire.is_closed()


def test_nothing_that_was_given_up_changed_anything(served: Served) -> None:
    body = tokens_body("listed-1")
    for sent in (put(body, ("Content-Length", "7")), put_chunked(body, end=b"xyz\r\n")):
        assert_given_up(served, sent, 400, "BAD_REQUEST")
    assert served.database.mpreserve_of()["listed-1"]
