"""Garbage sent to the operator's calls: each request gets a response, but never a 5xx."""

import json
import random
import secrets
from typing import Any

import pytest

from tests.operator_api.box_office import operate, record
from tests.serving import Served

pytestmark = pytest.mark.slow

REQUESTS = 1500
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    "\0",
    "🎟️",
    "x" * 300,
    [],
    {},
    ["listed-1"],
    [["listed-1"]],
    "LOCK",
    "1001",
    "listed-1",
]
MEMBERS = ["tokens", "status", "reason", "expiresInSeconds", *record(""), "accessId", "seat"]
PIECES = [b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\n", b"\r\n", b"\0", b"{", b"]", b",", b'"']
TYPES = ["application/json", "application/x-ndjson", "application/json;;=", ""]
PATH_PIECES = ["/", "%2F", "%", "%FF", "%00", "a", "status", "?", "&", "=", "limit", "after", "+"]


def garbage_body(chance: random.Random) -> bytes:
    """JSON of a wrong shape, or nearly JSON."""

    def thing() -> Any:
        return {name: chance.choice(VALUES) for name in chance.sample(MEMBERS, 5)}

    shape = chance.choice(["one", "array", "lines"])
    if shape == "one":
        body = json.dumps(thing()).encode()
    elif shape == "array":
        body = json.dumps([thing(), record("garbage"), chance.choice(VALUES)]).encode()
    else:
        body = b"\n".join(json.dumps(each).encode() for each in (record("garbage"), thing()))
    for _ in range(chance.randint(0, 2)):
        at = chance.randrange(len(body) + 1)
        body = body[:at] + chance.choice(PIECES) + body[at + chance.choice([0, 0, 1, 9]) :]
    return body


def garbage_path(chance: random.Random) -> str:
    """A path of the service, or pieces of paths."""
    known = ["", "/status", "/void", "/unlock", "/listed-1", "?organizationId=1001&limit=2&after="]
    pieces = chance.choices(PATH_PIECES, k=chance.choice([0, 0, 0, 1, 3]))
    return chance.choice(known) + "".join(pieces)


def test_garbage_is_never_a_5xx(served: Served) -> None:
    seed = secrets.randbits(32)
    chance = random.Random(seed)
    statuses = set()
    for _ in range(REQUESTS):
        path, body = garbage_path(chance), garbage_body(chance)
        method = chance.choice(["GET", "POST", "POST", "PUT", "PUT", "PATCH"])
        answer = operate(served, method, path, body, content_type=chance.choice(TYPES))
        assert answer.status_code < 500, (seed, method, path, body)
        assert answer.headers["Content-Type"] == "application/json"
        statuses.add(answer.status_code)
    assert {200, 400, 404, 405, 422} <= statuses, seed
    assert operate(served, "GET", "/listed-1").status_code == 200
