"""A short campaign of fuzzed connections, and the controls of its checks.

`python -m campaigns.raw` runs a long one.
"""

import asyncio
import socket
from contextlib import suppress
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
from tests.http.connection_judge import Heard, judge
from tests.http.faulty_responses import (
    BOTH,
    BROKEN,
    ENDING,
    FIRST,
    LAST,
    SENTINEL,
    SWALLOWING,
    TOO_SHORT,
    VALID,
    WITHOUT_END,
    WRONG,
    is_seen,
    refusal,
    response,
)
from tests.http.fuzz_bytes import FuzzBytes
from tests.http.fuzz_connections import REQUEST_LINE, Case
from tests.http.fuzzed_server import complaints_in
from tests.http.rfc_9112 import Grade, requests_in
from tests.http.test_connection import MALFORMED
from tests.http.test_known_heads import Recorder

pytestmark = pytest.mark.slow

CONNECTIONS = 1000
SEED = 20_261_129
MEBIBYTES_MORE_MAX = 40


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


@all_cases(("sent", "received", "expected"), WRONG.values(), ids=WRONG)
def test_the_judge_sees(sent: bytes, received: bytes, expected: str) -> None:
    assert is_seen(sent, received, expected)


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
