"""The contract's order of checks: of two faults in one request the earlier one is reported."""

from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from tests.cases import all_cases
from tests.channel_api.listings import ROUTES
from tests.databases import ON_SQLITE, Databases
from tests.serving import Served, fill, serving, valid_headers

pytestmark = ON_SQLITE

MEBIBYTE = 1024 * 1024


class Fault(NamedTuple):
    """One fault of a request, and the status and word of its response.

    `body`: by the name of the route, or one for all.
    """

    status: int
    word: str
    path: str | None = None
    method: str | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    body: bytes | dict[str, bytes] | None = None


def entries(*tokens: str) -> dict[str, bytes]:
    """The body of each route with these entries, written as JSON."""
    plain, listed = ",".join(tokens), ",".join(f'{{"token":{token}}}' for token in tokens)
    return {
        "unlock": f'{{"tokens":[{plain}]}}'.encode(),
        "lock": f'{{"source":"MY_ACCOUNT","listing":{{"tokens":[{listed}]}}}}'.encode(),
        "verify": f'{{"tickets":{{"tokens":[{plain}]}}}}'.encode(),
    }


ORDER = {
    "route": Fault(404, "path", path="/v1/tickets/unlok"),
    "method": Fault(405, "methods of this path are P", method="PATCH"),
    "Request-ID": Fault(400, "Request-ID", headers=(("request_id", "garbage"),)),
    "User-Agent": Fault(400, "User-Agent", headers=(("user_agent", None),)),
    "Accept absent": Fault(400, "Accept is absent", headers=(("accept", None),)),
    "Content-Type absent": Fault(400, "Content-Type", headers=(("content_type", None),)),
    "PAC-Application-ID absent": Fault(
        400, "PAC-Application-ID", headers=(("pac_application_id", None),)
    ),
    "PAC-API-Key absent": Fault(400, "PAC-API-Key", headers=(("pac_api_key", None),)),
    "PAC-Channel-Code absent": Fault(
        400, "PAC-Channel-Code", headers=(("pac_channel_code", None),)
    ),
    "no token": Fault(401, "Authorization", headers=(("authorization", None),)),
    "wrong key": Fault(401, "PAC-API-Key", headers=(("pac_api_key", "wrong"),)),
    "wrong token": Fault(401, "not one of", headers=(("authorization", "Bearer wrong"),)),
    "channel": Fault(403, "PAC-Channel-Code", headers=(("pac_channel_code", "wrong"),)),
    "Accept": Fault(406, "Accept", headers=(("accept", "text/html"),)),
    "Content-Type": Fault(415, "Content-Type", headers=(("content_type", "text/plain"),)),
    "body size": Fault(413, "bytes", body=b"\xff" * (MEBIBYTE + 1)),
    "empty body": Fault(400, "empty", body=b""),
    "JSON": Fault(400, "JSON", body=b'{"tokens":[1' + b',"a"' * 101),
    "shape": Fault(422, "tokens[101]", body=entries(*['"unknown"'] * 101, "1")),
    "count": Fault(422, "more than 100 tokens", body=entries(*['"unknown"'] * 101)),
    "tokens": Fault(422, "INVALID_TOKEN", body=entries('"unknown"')),
}
"""Every check in the contract's order; the rate has a test of its own."""

NAMES = list(ORDER)


def can_go_together(one: Fault, other: Fault) -> bool:
    """Whether a request can have both: not two values of one header, nor two bodies."""
    keys = {key for key, _ in one.headers} & {key for key, _ in other.headers}
    return not keys and (one.body is None or other.body is None)


PAIRS = [
    (earlier, later)
    for at, earlier in enumerate(NAMES)
    for later in NAMES[at + 1 :]
    if can_go_together(ORDER[earlier], ORDER[later])
]


def send(served: Served, route: str, *faults: Fault) -> httpx.Response:
    """A request with these faults. Of two faults in the same part, the first one applies."""
    method, path, body = ROUTES[route]
    for fault in reversed(faults):
        method = fault.method or method
        path = fault.path or path
        if fault.body is not None:
            body = fault.body[route] if isinstance(fault.body, dict) else fault.body
    headers = {key: value for fault in reversed(faults) for key, value in fault.headers}
    return served.send(path, method, valid_headers(**headers), body)


@all_cases("route", ROUTES)
@all_cases(("earlier", "later"), PAIRS, ids=[f"{a} - {b}" for a, b in PAIRS])
def test_of_two_faults_the_earlier_one_is_reported(
    shared: Served, route: str, earlier: str, later: str
) -> None:
    first = ORDER[earlier]
    answer = send(shared, route, first, ORDER[later])
    assert answer.status_code == first.status
    assert first.word in answer.text


@all_cases("route", ROUTES)
@all_cases("name", NAMES)
def test_each_fault_alone_is_reported(shared: Served, route: str, name: str) -> None:
    answer = send(shared, route, ORDER[name])
    assert answer.status_code == ORDER[name].status
    assert ORDER[name].word in answer.text


def test_both_header_faults_that_share_a_header_are_reported_in_order(shared: Served) -> None:
    answer = shared.unlock("not-listed", accept="", content_type="text/plain")
    assert "Accept is absent" in answer.text


@pytest.fixture(scope="module")
def exhausted(databases: Databases) -> Iterator[Served]:
    """A server that accepts one request a second."""
    database = databases.new()
    fill(database)
    with serving(database, rate_limit="1:1") as running:
        yield running


RATE_AT = NAMES.index("Accept")


@all_cases("route", ROUTES)
@all_cases("name", NAMES[:RATE_AT])
def test_what_comes_before_the_rate_is_reported_first(
    exhausted: Served, route: str, name: str
) -> None:
    while send(exhausted, route).status_code != 429:
        pass
    answer = send(exhausted, route, ORDER[name])
    assert answer.status_code == ORDER[name].status
    assert ORDER[name].word in answer.text


@all_cases("route", ROUTES)
@all_cases("name", NAMES[RATE_AT:])
def test_the_rate_is_reported_before_what_comes_after_it(
    exhausted: Served, route: str, name: str
) -> None:
    statuses = {send(exhausted, route, ORDER[name]).status_code for _ in range(2)}
    assert 429 in statuses
