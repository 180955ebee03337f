"""Tokens that always cause a given failure, of the ticket or of the whole request."""

import json
from typing import Any

import httpx
import pytest

from seatlatch.domain.outcome import Outcome
from seatlatch.domain.refusal import RateExceeded, Unavailable
from seatlatch.http.problems import INTERNAL_ERROR, PROBLEMS, Problem
from seatlatch.sandbox import data
from seatlatch.sandbox.faults import (
    ONCE_REQUESTS_MAX,
    SLOW_SECONDS,
    TOKENS,
    OnceTracker,
    requested_fault,
)
from tests.databases import ON_SQLITE, Databases
from tests.sandbox.sandboxes import Sandbox, sandbox_on

pytestmark = ON_SQLITE  # no engine can influence it

TOKEN_ERRORS = {
    Outcome.UNKNOWN: "INVALID_TOKEN",
    Outcome.VOIDED: "INVALID_TOKEN",
    Outcome.SEAT_LOCKED: "SEAT_RECORD_LOCKED",
    Outcome.RESERVED_ELSEWHERE: "SEAT_RECORD_LOCKED",
}
STATUSES = {
    "503": PROBLEMS[Unavailable],
    "429": PROBLEMS[RateExceeded],
    "500": INTERNAL_ERROR,
}


@pytest.mark.parametrize("token", data.FAILING)
def test_a_token_always_has_its_outcome(sandbox: Sandbox, token: str) -> None:
    expected = TOKEN_ERRORS[data.FAILING[token]]
    for call in (sandbox.unlock, sandbox.lock, sandbox.verify, sandbox.unlock):
        body = call(token).json()
        assert [failed["type"] for failed in body["failure"]] == [expected]
        assert "success" not in body


def test_every_other_token_can_succeed(sandbox: Sandbox) -> None:
    listed = {token for token, row in sandbox.database.rows().items() if row["mpreserve"]}
    assert TOKENS.keys() < listed


@pytest.mark.parametrize("once", ["", "-once"])
@pytest.mark.parametrize("fault", STATUSES)
def test_a_status(sandbox: Sandbox, fault: str, once: str) -> None:
    token = f"sandbox-{fault}{once}"
    request_id = "7D444840-9dc0-41d1-b245-5ffdce74fad2"
    before = sandbox.database.rows()
    answer = sandbox.unlock("98973476444", token, request_id=request_id)
    assert_answer(answer, STATUSES[fault], request_id)
    assert sandbox.database.rows() == before
    assert sandbox.database.table("journal") == []
    again = sandbox.unlock("98973476444", token)
    assert again.status_code == (200 if once else int(fault))
    third = sandbox.unlock("98973476444", token)
    assert third.status_code == int(fault), "the turns begin again"


def assert_answer(answer: httpx.Response, problem: Problem, request_id: str) -> None:
    """The response is the same as the real one of the service."""
    assert answer.status_code == problem.status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Request-ID"] == request_id
    assert answer.headers.get("Retry-After") == ("1" if problem.retry else None)
    error = answer.json()["error"]
    assert (error["type"], error["appErrorCode"]) == (problem.type, problem.app_error_code)


@pytest.mark.parametrize("call", ["lock", "verify"])
def test_the_other_calls_heed_it_too(sandbox: Sandbox, call: str) -> None:
    assert getattr(sandbox, call)("sandbox-503").status_code == 503


def test_the_token_call_heeds_it_in_its_own_form(sandbox: Sandbox) -> None:
    body = {"grantType": "authorization_code", "code": "sandbox-503"}
    answer = sandbox.token(body, pac_application_id=data.APPLICATION)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert list(answer.json()) == ["error"]
    assert isinstance(answer.json()["error"], str)
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_is_not_let_in_is_reported_that(sandbox: Sandbox) -> None:
    assert sandbox.unlock("sandbox-503", authorization=None).status_code == 401
    assert sandbox.unlock("sandbox-503", user_agent=None).status_code == 400


def test_the_box_office_is_spared(sandbox: Sandbox) -> None:
    key = {"Authorization": f"Bearer {data.OPERATOR_KEY}"}
    shown = sandbox.client.get("/operator/v1/tickets/sandbox-503", headers=key)
    assert shown.json()["channel"] == data.CHANNEL


def test_slow(sandbox: Sandbox) -> None:
    assert sandbox.unlock("sandbox-slow").status_code == 200
    assert sandbox.slept == [SLOW_SECONDS]
    assert sandbox.unlock("sandbox-slow").status_code == 200
    assert sandbox.slept == [SLOW_SECONDS, SLOW_SECONDS]


def test_slow_once(sandbox: Sandbox) -> None:
    for _ in range(2):
        assert sandbox.unlock("sandbox-slow-once").status_code == 200
        assert sandbox.slept == [SLOW_SECONDS]


def test_cut(sandbox: Sandbox) -> None:
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            sandbox.unlock("98973476444", "sandbox-cut")
        assert sandbox.database.mpreserve_of()["98973476444"]


def test_cut_once(sandbox: Sandbox) -> None:
    with pytest.raises(httpx.TransportError):
        sandbox.unlock("sandbox-cut-once")
    assert sandbox.database.mpreserve_of()["sandbox-cut-once"]
    assert sandbox.unlock("sandbox-cut-once").status_code == 200


def test_lost(sandbox: Sandbox) -> None:
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            sandbox.unlock("98973476444", "sandbox-lost")
        assert not sandbox.database.mpreserve_of()["98973476444"]


def test_lost_once(sandbox: Sandbox) -> None:
    with pytest.raises(httpx.TransportError):
        sandbox.unlock("sandbox-lost-once")
    assert not sandbox.database.mpreserve_of()["sandbox-lost-once"]
    answer = sandbox.unlock("sandbox-lost-once")
    assert answer.status_code == 200
    assert [one["token"] for one in answer.json()["success"]] == ["sandbox-lost-once"]


def test_a_refusal_is_not_lost(sandbox: Sandbox) -> None:
    """Nothing was done, and the caller has made a mistake that must be reported."""
    assert sandbox.put({"tokens": "sandbox-lost"}).status_code == 422


def test_a_cut_is_logged_as_one_on_purpose(
    databases: Databases, capfd: pytest.CaptureFixture[str]
) -> None:
    with sandbox_on(databases.new("sandbox")) as sandbox:
        for token in ("sandbox-cut", "sandbox-lost"):
            with pytest.raises(httpx.TransportError):
                sandbox.unlock(token)
    cut, lost = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    assert cut["reason"] == "Connection closed on purpose, requested by the token sandbox-cut."
    assert (cut["status"], cut["succeeded"], lost["succeeded"]) == (499, 0, 1)


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"tokens": ["a", "sandbox-503", "sandbox-cut"]}, "sandbox-503"),
        ({"listing": {"tokens": [{"token": "sandbox-cut"}]}}, "sandbox-cut"),
        ({"sandbox-cut": 1}, None),
        ({"tokens": ["sandbox-503 ", "sandbox-504", "SANDBOX-503"]}, None),
        ([[["sandbox-lost"]], "sandbox-503"], "sandbox-lost"),
        (1.5, None),
    ],
)
def test_the_first_that_asks_is_heeded(body: Any, asked: str | None) -> None:
    found = requested_fault(json.dumps(body).encode())
    assert (found.token if found else None) == asked


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_asks_for_nothing(body: bytes) -> None:
    assert requested_fault(body) is None


def test_each_request_has_turns_of_its_own() -> None:
    once = OnceTracker()
    assert once.fails_now("/a", b"1")
    assert once.fails_now("/a", b"2")
    assert once.fails_now("/b", b"1")
    assert not once.fails_now("/a", b"1")
    assert once.fails_now("/a", b"1")


def test_turns_are_bounded() -> None:
    once = OnceTracker()
    for number in range(ONCE_REQUESTS_MAX + 1):
        assert once.fails_now("/", b"%d" % number)
    assert once.fails_now("/", b"0"), "the oldest is forgotten"
    assert not once.fails_now("/", b"%d" % ONCE_REQUESTS_MAX)
