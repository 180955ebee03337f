"""A short campaign of fuzzed connections, and the controls of its checks."""

import asyncio
import socket
from contextlib import suppress
from email.utils import formatdate
from itertools import pairwise
from random import Random
from uuid import uuid4

import httptools
import pytest

from seatlatch.domain.refusal import Refusal
from seatlatch.http.known_heads import SharedHeads
from seatlatch.http.request_head import MEMORY
from tests.cases import all_cases
from tests.http import fuzz_connections
from tests.http.connection_judge import Heard, Sentinel, judge
from tests.http.fuzz_bytes import FuzzBytes
from tests.http.fuzz_connections import REQUEST_LINE, Case
from tests.http.fuzzed_server import complaints_in
from tests.http.rfc_9112 import Grade, requests_in
from tests.http.test_connection import MALFORMED
from tests.http.test_known_heads import Recorder
from tests.http.wire import put, put_chunked, tokens_body

pytestmark = pytest.mark.slow

CONNECTIONS = 1000
SEED = 20_261_129
MEBIBYTES_MORE_MAX = 40

FIRST, LAST = str(uuid4()), str(uuid4())
BODY = tokens_body("free-1")
RIGHT = b'{"success":[]}'
SENTINEL = Sentinel(put(BODY, request_id=LAST), LAST, RIGHT)


def test_each_request_of_a_fuzzed_connection_has_its_response() -> None:
    report = fuzz_connections.run(SEED, 0, CONNECTIONS)
    assert report.violations == [], f"seed {SEED}"
    assert report.connections == CONNECTIONS
    assert {200, 204, 207, 400, 401, 404, 405, 422, 431} <= set(report.statuses)
    assert len(report.kinds) == 7
    before, after = report.resident_mebibytes
    assert 0 < after < before + MEBIBYTES_MORE_MAX


def test_the_same_seed_makes_the_same_bytes() -> None:
    made = [FuzzBytes(Random(SEED)).made() for _ in range(2)]
    assert made[0] == made[1] != FuzzBytes(Random(SEED + 1)).made()


def test_the_bytes_repeat_heads() -> None:
    """A connection knows such heads, and does not parse them again."""
    known_requests = 0
    for number in range(CONNECTIONS):
        stream = FuzzBytes(Random(f"{SEED}-{number}")).made()
        cuts = [0, *(line.start() for line in REQUEST_LINE.finditer(stream)), len(stream)]
        recorder = Recorder(SharedHeads())
        with suppress(Refusal, httptools.HttpParserError):
            recorder.feed(*(stream[at:end] for at, end in pairwise(cuts)))
        memories = {id(head.scope[MEMORY]) for head, _ in recorder.received}
        known_requests += len(recorder.received) - len(memories)
    assert known_requests > CONNECTIONS / 10


def response(
    request_id: str, status: str = "200 OK", body: bytes = RIGHT, *more: str, date: bool = True
) -> bytes:
    """A response as the service makes them."""
    lines = [f"HTTP/1.1 {status}", f"request-id: {request_id}", f"content-length: {len(body)}"]
    lines += [f"date: {formatdate(usegmt=True)}"] if date else []
    lines += ["content-type: application/json", *more, "", ""]
    return "\r\n".join(lines).encode() + body


def refusal(request_id: str = FIRST) -> bytes:
    """A response 400 that ends the connection."""
    return response(request_id, "400 Bad Request", b'{"error":{}}', "connection: close")


VALID = put(BODY, request_id=FIRST)
BROKEN = VALID.replace(b"Content-Length", b"Content Length")
WITHOUT_END = put_chunked(BODY, end=b"xyz\r\n", request_id=FIRST)
TOO_SHORT = put(b" " * 10_000, request_id=FIRST)[:-9_000]
SWALLOWING = b"POST /livez HTTP/1.1\r\nH: "
"""Its header ends behind the request line of the next request."""

ENDING = response(FIRST, "200 OK", RIGHT, "connection: close")
BOTH = response(FIRST) + response(LAST)
WRONG: dict[str, tuple[bytes, bytes, str]] = {
    "a 500": (VALID, response(FIRST, "500 No") + response(LAST), "status 500"),
    "an extra response": (VALID, BOTH + response(str(uuid4())), "1 responses more"),
    "a response twice": (VALID, response(FIRST) + BOTH, "1 responses more"),
    "no response": (VALID, b"", "request 1 is not answered"),
    "the last one missing": (VALID, response(FIRST), "request 2 is not answered"),
    "the first one missing": (VALID, response(LAST), "Request-ID"),
    "out of order": (VALID, response(LAST) + response(FIRST), "has the Request-ID of request 2"),
    "another Request-ID": (VALID, response(str(uuid4())) + response(LAST), "expected"),
    "another result": (VALID, response(FIRST) + response(LAST, body=b"{}"), "valid request got"),
    "an end without need": (VALID, refusal(), "ends the connection after a sound request"),
    "a refusal without need": (VALID, response(FIRST) + refusal(LAST), "ends the connection"),
    "a broken one served": (BROKEN, response(FIRST), "no complete head"),
    "one behind a broken one": (BROKEN, refusal() + response(LAST), "none of its own"),
    "one behind broken chunks": (WITHOUT_END, refusal() + response(LAST), "more than requests"),
    "a broken one not refused": (BROKEN, b"", "request 1 is not answered"),
    "no end that was asked for": (
        VALID.replace(b"HTTP/1.1", b"HTTP/1.0", 1),
        response(FIRST),
        "wants the end",
    ),
    "100 that nobody expects": (
        VALID,
        b"HTTP/1.1 100 Continue\r\n\r\n" + BOTH,
        "1 responses 100",
    ),
    "no status line": (VALID, BOTH + b"x\r\n\r\n", "no status line"),
    "half a response": (VALID, BOTH[:-1], "a response is cut"),
    "half a head": (VALID, BOTH + b"HTTP/1.1 200 OK\r\n", "no end of a response's head"),
    "no Content-Length": (
        VALID,
        BOTH.replace(b"content-length", b"x-length", 1),
        "without Content-Length",
    ),
    "no Request-ID": (VALID, BOTH.replace(b"request-id", b"x-id", 1), "Request-ID is ''"),
    "no Date": (VALID, response(FIRST, date=False) + response(LAST), "without Date"),
    "no JSON": (VALID, response(FIRST, body=b"{") + response(LAST), "no JSON"),
}


@all_cases(("sent", "received", "expected"), WRONG.values(), ids=WRONG)
def test_the_judge_sees(sent: bytes, received: bytes, expected: str) -> None:
    verdict = judge(requests_in(sent + SENTINEL.request), SENTINEL, Heard(received))
    assert any(expected in text for text in verdict.violations), verdict


def test_the_judge_sees_a_reset() -> None:
    seen = requests_in(VALID + SENTINEL.request)
    assert judge(seen, SENTINEL, Heard(BOTH, was_reset=True)).violations


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (VALID, BOTH),
        (BROKEN, refusal()),
        (WITHOUT_END, refusal()),
        (VALID[:-1], response(FIRST) + refusal(str(uuid4()))),
        (SWALLOWING, response(LAST, "405 No", b"{}")),
        (TOO_SHORT, b""),
        (TOO_SHORT, response(FIRST, "413 Too Large", b"{}")),
        (VALID.replace(b"HTTP/1.1", b"HTTP/1.0", 1), ENDING),
    ],
)
def test_the_judge_lets_pass(sent: bytes, received: bytes) -> None:
    assert judge(requests_in(sent + SENTINEL.request), SENTINEL, Heard(received)).violations == []


@all_cases("sent", MALFORMED.values(), ids=MALFORMED)
def test_the_reader_takes_nothing_malformed_for_sound(sent: bytes) -> None:
    seen = requests_in(sent + SENTINEL.request)
    assert seen[0].grade is not Grade.SOUND or seen[0].lacks != "nothing"


def test_a_server_that_does_not_answer_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_connections, "SECONDS_MAX", 0.2)
    case = Case(0, [VALID], SENTINEL, "at once", requests_in(VALID))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        verdict, _ = asyncio.run(fuzz_connections.run_case(port, case))
    assert "no end within" in verdict.violations[0]


def test_a_bug_in_the_log_is_a_complaint() -> None:
    assert complaints_in([{"event": "request", "status": 400}]) == []
    assert complaints_in([{"event": "bug"}, {"text": "Traceback"}, {"event": "library"}])[2:]
