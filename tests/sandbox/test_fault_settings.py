"""Fault settings: shares of requests that fail, the same ones for the same seed."""

from collections import Counter
from typing import Any

import httpx
import pytest

from seatlatch.sandbox.fault_settings import FaultPlan, FaultSettings, shares
from seatlatch.sandbox.faults import Fault
from tests.databases import ON_SQLITE
from tests.sandbox.sandboxes import Sandbox

pytestmark = ON_SQLITE

PLAIN = {
    "latencyMilliseconds": 0,
    "jitterMilliseconds": 0,
    "503": 0.0,
    "429": 0.0,
    "500": 0.0,
    "cut": 0.0,
    "lost": 0.0,
    "duplicated": 0.0,
    "retryAfterSeconds": 1,
    "requests": None,
    "seed": None,
}
MIXED = {"_503": 0.2, "_429": 0.2, "_500": 0.1, "cut": 0.2, "lost": 0.2}


def outcomes(sandbox: Sandbox, requests: int) -> list[int | str]:
    """The results of this many unlocks: a status, or `none`."""
    found: list[int | str] = []
    for _ in range(requests):
        try:
            found.append(sandbox.unlock("98973476444").status_code)
        except httpx.TransportError:
            found.append("none")
    return found


def test_the_same_seed_draws_the_same(sandbox: Sandbox) -> None:
    runs = []
    for _ in range(2):
        assert sandbox.behave(**MIXED, seed=6).json()["seed"] == 6
        runs.append(outcomes(sandbox, 40))
    assert runs[0] == runs[1]
    assert {200, 503, 429, 500, "none"} == set(runs[0])
    sandbox.behave(**MIXED, seed=7)
    assert outcomes(sandbox, 40) != runs[0]


def test_a_seed_that_was_made_up_is_reported(sandbox: Sandbox) -> None:
    seed = sandbox.behave(**MIXED).json()["seed"]
    first = outcomes(sandbox, 20)
    assert sandbox.behaviour["seed"] == seed
    sandbox.behave(**MIXED, seed=seed)
    assert outcomes(sandbox, 20) == first


def test_shares_are_kept() -> None:
    plan = FaultPlan()
    plan.apply(FaultSettings(unavailable=0.3, cut=0.2, lost=0.1, seed=1))
    met = Counter(plan.next_request().fault for _ in range(10_000))
    assert met == {None: 4023, Fault.UNAVAILABLE: 3078, Fault.CUT: 1911, Fault.LOST: 988}


def test_every_fault_but_slow_has_a_share() -> None:
    assert {fault for fault, _ in shares(FaultSettings())} == set(Fault) - {Fault.SLOW}


@pytest.mark.parametrize("fault", ["503", "429"])
def test_retry_after(sandbox: Sandbox, fault: str) -> None:
    sandbox.behave(**{f"_{fault}": 1, "retryAfterSeconds": 7, "requests": 2})
    for _ in range(2):  # on the last of them too, after which the faults stop
        answer = sandbox.unlock("98973476444")
        assert (answer.status_code, answer.headers["Retry-After"]) == (int(fault), "7")


def test_cut_before_and_after_the_work(sandbox: Sandbox) -> None:
    for member, is_kept in (("cut", True), ("lost", False)):
        sandbox.behave(**{member: 1, "requests": 1})
        with pytest.raises(httpx.TransportError):
            sandbox.unlock("98973476444")
        assert sandbox.database.mpreserve_of()["98973476444"] is is_kept
        assert sandbox.behaviour == PLAIN, "that was the one request"
    assert sandbox.unlock("98973476444").status_code == 200


def test_delays(sandbox: Sandbox) -> None:
    sandbox.behave(latencyMilliseconds=200, jitterMilliseconds=100, seed=3)
    outcomes(sandbox, 20)
    delays = sandbox.slept.copy()
    assert len(set(delays)) == 20
    assert all(0.2 <= delay <= 0.3 for delay in delays)
    sandbox.behave(latencyMilliseconds=200)
    sandbox.slept.clear()
    outcomes(sandbox, 2)
    assert sandbox.slept == [0.2, 0.2]


def test_limited_to_some_requests(sandbox: Sandbox) -> None:
    sandbox.behave(_503=1, requests=3)
    assert outcomes(sandbox, 2) == [503, 503]
    assert sandbox.behaviour["requests"] == 1
    assert outcomes(sandbox, 3) == [503, 200, 200]
    assert sandbox.behaviour == PLAIN


def test_it_is_set_back(sandbox: Sandbox) -> None:
    sandbox.behave(_503=1)
    assert sandbox.client.delete("/sandbox/behaviour").json() == PLAIN
    assert outcomes(sandbox, 1) == [200]
    sandbox.behave(_503=1)
    assert sandbox.reset().json() == PLAIN
    assert outcomes(sandbox, 1) == [200]


def test_what_is_not_named_is_as_at_first(sandbox: Sandbox) -> None:
    sandbox.behave(_503=1, latencyMilliseconds=5)
    assert sandbox.behave(cut=0.5, seed=1).json() == {**PLAIN, "cut": 0.5, "seed": 1}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/sandbox/behaviour"])
def test_the_rest_is_spared(sandbox: Sandbox, path: str) -> None:
    sandbox.behave(_503=1)
    assert sandbox.client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"503": 1.01}, "$.503"),
        ({"429": -0.1}, "$.429"),
        ({"500": "0.5"}, "$.500"),
        ({"cut": True}, "$.cut"),
        ({"lost": None}, "$.lost"),
        ({"duplicated": 2}, "$.duplicated"),
        ({"latencyMilliseconds": 60_001}, "$.latencyMilliseconds"),
        ({"jitterMilliseconds": 0.5}, "$.jitterMilliseconds"),
        ({"retryAfterSeconds": 61}, "$.retryAfterSeconds"),
        ({"requests": 0}, "$.requests"),
        ({"seed": -1}, "$.seed"),
        ({"seed": 2**53}, "$.seed"),
        ({"latency": 1}, "latency"),
        ({"503": 0.6, "cut": 0.5}, "503, 429, 500, cut, lost"),
        ([], "array"),
    ],
)
def test_bad_values_are_named_and_change_nothing(sandbox: Sandbox, body: Any, named: str) -> None:
    before = sandbox.behave(_503=0.5, seed=1).json()
    answer = sandbox.client.put("/sandbox/behaviour", json=body)
    assert answer.status_code == 422
    assert named in answer.json()["error"]["developerMessage"]
    assert sandbox.behaviour == before


@pytest.mark.parametrize("body", [b"", b"{", b'{"503":NaN}', b'{"503":1e999}'])
def test_bad_bodies(sandbox: Sandbox, body: bytes) -> None:
    json = {"Content-Type": "application/json"}
    answer = sandbox.client.put("/sandbox/behaviour", content=body, headers=json)
    assert answer.status_code in (400, 422)


def test_shares_may_come_to_exactly_one(sandbox: Sandbox) -> None:
    assert sandbox.behave(_503=0.1, _429=0.2, _500=0.3, cut=0.3, lost=0.1).status_code == 200
    assert 200 not in outcomes(sandbox, 20)
