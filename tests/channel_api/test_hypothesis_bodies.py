"""Generated bodies for lock, verify and token: never a 5xx, always the envelope of the route."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.channel_api.listings import lock_body, lock_json
from tests.channel_api.test_hypothesis_requests import KNOWN, edited, edits
from tests.channel_api.test_token import put_codes
from tests.conftest import EVERY_CASE
from tests.databases import ON_SQLITE, Databases
from tests.serving import LOCK, TOKEN, VERIFY, Served, fill, serving

pytestmark = pytest.mark.slow

EXAMPLES = settings(max_examples=250, deadline=None, derandomize=True, database=None)
MEMBERS = (
    *("source", "listing", "seller", "tokens", "token", "externalListingId", "totalPrice"),
    *("individualPrice", "lastName", "firstName", "middleName", "address", "tickets", "barcodes"),
    *("accessId", "grantType", "code", "refreshToken"),
)
WORDS = ("MY_ACCOUNT", "INDIVIDUAL", "BROKER", "authorization_code", "refresh_token", *KNOWN)

texts = st.sampled_from(WORDS) | st.text(max_size=12)
numbers = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(0, 10**13, allow_nan=False, places=5).map(float)
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=6)
    ),
    max_leaves=10,
)
sellers = st.fixed_dictionaries(
    {"lastName": texts, "firstName": texts},
    optional={"middleName": texts | values, "address": values},
)
locks = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["MY_ACCOUNT", "INDIVIDUAL", "BROKER"]) | values,
        "listing": st.fixed_dictionaries(
            {
                "tokens": st.lists(
                    st.fixed_dictionaries(
                        {"token": texts}, optional={"individualPrice": numbers | values}
                    ),
                    max_size=5,
                )
            },
            optional={"externalListingId": texts, "totalPrice": numbers | values},
        ),
    },
    optional={"seller": sellers | values},
)
verifies = st.fixed_dictionaries(
    {
        "tickets": st.fixed_dictionaries(
            {},
            optional={
                "tokens": st.lists(texts, max_size=4) | values,
                "barcodes": st.lists(texts, max_size=4) | values,
                "accessId": texts | values,
            },
        )
    }
)
exchanges = st.fixed_dictionaries(
    {"grantType": st.sampled_from(["authorization_code", "refresh_token"]) | values},
    optional={"code": texts | values, "refreshToken": texts | values},
)
VALID = (
    lock_json('{"token":"listed-1","individualPrice":50.25}', ',"totalPrice":1e2'),
    json.dumps(lock_body("listed-1", seller={"lastName": "a", "firstName": "b"})).encode(),
    b'{"tickets":{"barcodes":["b"],"accessId":"a"}}',
    b'{"grantType":"refresh_token","refreshToken":"a.b"}',
)


@pytest.fixture(scope="module")
def served(databases: Databases) -> Iterator[Served]:
    """A server for all examples."""
    database = databases.new()
    fill(database, EVERY_CASE)
    put_codes(database)
    with serving(database) as running:
        yield running


def assert_reported(answer: httpx.Response, body: Any) -> None:
    """A complete body of the ticket calls."""
    assert answer.status_code in (200, 207, 400, 409, 413, 422), (body, answer.text)
    reported = answer.json()
    assert list(reported) in (["success"], ["success", "failure"], ["error"], ["error", "failure"])


def assert_error(answer: httpx.Response, body: Any) -> None:
    """Nothing that is made by chance is a code."""
    assert answer.status_code == 400, (body, answer.text)
    assert list(answer.json()) == ["error"]


@EXAMPLES
@given(body=locks | values)
def test_any_lock(served: Served, body: Any) -> None:
    assert_reported(served.call("PUT", LOCK, json.dumps(body).encode()), body)


@EXAMPLES
@given(body=verifies | values)
def test_any_verify(served: Served, body: Any) -> None:
    assert_reported(served.call("POST", VERIFY, json.dumps(body).encode()), body)


@ON_SQLITE
@EXAMPLES
@given(body=exchanges | values)
def test_any_exchange(served: Served, body: Any) -> None:
    assert_error(served.token(json.dumps(body).encode()), body)


@ON_SQLITE
@EXAMPLES
@given(body=st.sampled_from(VALID), changes=edits, path=st.sampled_from([LOCK, VERIFY, TOKEN]))
def test_any_bytes(
    served: Served, body: bytes, changes: list[tuple[int, int, bytes]], path: str
) -> None:
    sent = edited(body, changes)
    if path == TOKEN:
        assert_error(served.token(sent), sent)
    else:
        assert_reported(served.call("PUT" if path == LOCK else "POST", path, sent), sent)
