"""The header Content-Encoding: a compressed body, or one that claims to be, is refused."""

import gzip
import json

import httpx
import pytest

from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.http.wire import message_of
from tests.serving import LOCK, OPERATOR_KEY, TOKEN, UNLOCK, VERIFY, Served, valid_headers

pytestmark = ON_SQLITE

BODIES = {
    "PUT " + UNLOCK: {"tokens": ["listed-1"]},
    "PUT " + LOCK: {"source": "MY_ACCOUNT", "listing": {"tokens": [{"token": "free-1"}]}},
    "POST " + VERIFY: {"tickets": {"tokens": ["listed-1"]}},
    "POST /operator/v1/tickets": [{"token": "new-1", "organizationId": "1001", "ownerId": "7"}],
    "PUT /operator/v1/tickets/void": {"tokens": ["listed-1"]},
}


def send(served: Served, call: str, body: bytes, *encodings: str) -> httpx.Response:
    method, path = call.split(" ")
    headers = valid_headers()
    if "operator" in path:
        headers["Authorization"] = f"Bearer {OPERATOR_KEY}"
    request = served.client.build_request(method, path, content=body, headers=headers)
    pairs = [*request.headers.raw, *((b"Content-Encoding", name.encode()) for name in encodings)]
    return served.client.send(httpx.Request(method, request.url, headers=pairs, content=body))


@all_cases("call", BODIES)
@all_cases("encodings", [("gzip",), ("br",), ("identity, gzip",), ("gzip", "identity")])
@all_cases("is_compressed", [True, False], ids=["compressed", "plain"])
def test_an_encoded_body_is_415(
    shared: Served, call: str, encodings: tuple[str, ...], is_compressed: bool
) -> None:
    plain = json.dumps(BODIES[call]).encode()
    before = shared.database.mpreserve_of()
    answer = send(shared, call, gzip.compress(plain) if is_compressed else plain, *encodings)
    assert "Content-Encoding" in message_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert shared.database.mpreserve_of() == before


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
def test_identity_is_no_encoding(shared: Served, encoding: str) -> None:
    body = json.dumps(BODIES["POST " + VERIFY]).encode()
    assert send(shared, "POST " + VERIFY, body, encoding).status_code == 200


def test_the_token_call_refuses_it_in_its_own_shape(shared: Served) -> None:
    body = {"grantType": "refresh_token", "refreshToken": "x"}
    answer = send(shared, "POST " + TOKEN, json.dumps(body).encode(), "gzip")
    assert answer.status_code == 415
    assert "Content-Encoding" in answer.json()["error"]
