"""The contract's rules on response headers: on every route, and on every kind of error."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import httpx
import pytest

from tests.cases import all_cases
from tests.channel_api.test_request_headers import NIL, V1, V4, V7
from tests.conftest import EVERY_CASE
from tests.databases import ON_SQLITE, Database
from tests.http.wire import Wire, put, tokens_body
from tests.serving import UNLOCK, Answered, Served, fill, serving, valid_headers
from tests.stores import Broken

pytestmark = ON_SQLITE

GZIP_BYTES_MIN = 500


def unlock(
    *tokens: str, path: str = UNLOCK, method: str = "PUT", **changes: str | None
) -> Callable[[Served, str | None], httpx.Response]:
    """A call without its Request-ID."""

    def call(served: Served, request_id: str | None) -> httpx.Response:
        headers = valid_headers(**{"request_id": request_id, **changes})
        return served.send(path, method, headers, tokens_body(*tokens))

    return call


ANSWERS = {
    "200": (200, unlock("not-listed")),
    "207": (207, unlock("not-listed", "unknown")),
    "409": (409, unlock("locked")),
    "422 of tokens": (422, unlock("unknown")),
    "422 of the shape": (422, unlock()),
    "400": (400, unlock("not-listed", user_agent=None)),
    "401": (401, unlock("not-listed", pac_api_key="wrong")),
    "403": (403, unlock("not-listed", pac_channel_code="wrong")),
    "404": (404, unlock(path="/nowhere")),
    "405": (405, unlock(method="POST")),
    "406": (406, unlock("not-listed", accept="text/html")),
    "413": (413, unlock("9" * 1024 * 1024)),
    "415": (415, unlock("not-listed", content_type="text/plain")),
    "/livez": (200, unlock(path="/livez", method="GET")),
    "/readyz": (200, unlock(path="/readyz", method="GET")),
    "/livez 405": (405, unlock(path="/livez", method="PUT")),
}
RARE = {"429": 429, "500": 500, "503": 503, "/readyz 503": 503}


@contextmanager
def rarely(database: Database, case: str) -> Iterator[Callable[[str | None], httpx.Response]]:
    """A server in trouble, and a call that meets it."""
    call = unlock("not-listed")
    fill(database, EVERY_CASE)
    if case == "429":
        with serving(database, rate_limit="1:1") as served:
            served.unlock("not-listed")
            yield lambda request_id: call(served, request_id)
    elif case == "500":
        with serving(database, around=Broken) as served:
            yield lambda request_id: call(served, request_id)
    else:
        if case == "/readyz 503":
            call = unlock(path="/readyz", method="GET")
        with serving(database) as served, database.away():
            yield lambda request_id: call(served, request_id)


def assert_common(answer: httpx.Response, request_id: str) -> None:
    """The headers of every response of the API."""
    assert answer.headers.get_list("Request-ID") == [request_id]
    assert answer.headers.get_list("Content-Type") == ["application/json"]
    assert answer.headers.get_list("Vary") == ["Accept-Encoding"]
    assert "Server" not in answer.headers
    json.loads(answer.content)


@all_cases(("status", "call"), ANSWERS.values(), ids=ANSWERS)
def test_every_answer_carries_the_common_headers(
    shared: Served, status: int, call: Callable[[Served, str | None], httpx.Response]
) -> None:
    answer = call(shared, V4.upper())
    assert answer.status_code == status
    assert_common(answer, V4.upper())


@pytest.mark.parametrize(("case", "status"), RARE.items(), ids=RARE)
def test_every_answer_in_trouble_carries_the_common_headers(
    database: Database, case: str, status: int
) -> None:
    with rarely(database, case) as call:
        answer = call(V4)
    assert answer.status_code == status
    assert_common(answer, V4)
    assert ("Retry-After" in answer.headers) == (status in (429, 503))


def test_metrics_are_text_and_carry_the_other_common_headers(shared: Served) -> None:
    answer = shared.send("/metrics", "GET", {"Request-ID": V4})
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Request-ID"] == V4
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Server" not in answer.headers


@pytest.mark.parametrize("request_id", [V1, V7, NIL, V1.upper()])
def test_request_id_of_another_version_is_echoed_on_its_400(
    shared: Served, request_id: str
) -> None:
    answer = shared.unlock("not-listed", request_id=request_id)
    assert answer.status_code == 400
    assert answer.headers["Request-ID"] == request_id


@all_cases(
    "request_id",
    [None, "garbage", V4.replace("-", ""), f"{{{V4}}}", V4 + "0", f"{V4},{V4}"],
    ids=["absent", "garbage", "no hyphens", "braces", "too long", "two in one"],
)
@all_cases(("status", "call"), [ANSWERS["200"], ANSWERS["404"], ANSWERS["/livez"]])
def test_request_id_that_is_no_uuid_gets_a_new_one_of_version_4(
    shared: Served,
    status: int,
    call: Callable[[Served, str | None], httpx.Response],
    request_id: str | None,
) -> None:
    answers = [call(shared, request_id) for _ in range(2)]
    new = {UUID(answer.headers["Request-ID"]) for answer in answers}
    assert len(new) == 2
    assert {uuid.version for uuid in new} == {4}
    assert {str(uuid) for uuid in new} == {answer.headers["Request-ID"] for answer in answers}


def test_request_id_sent_twice_gets_a_new_one(shared: Served) -> None:
    answer = shared.raw(put(tokens_body("not-listed"), ("Request-ID", V4), request_id=V4))
    assert answer.status == 400
    new = answer.header("request-id") or ""
    assert UUID(new).version == 4
    assert new != V4


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [(None, "Bearer"), ("Bearer wrong", 'Bearer error="invalid_token"')],
    ids=["no token", "a token"],
)
def test_401_carries_www_authenticate(
    shared: Served, authorization: str | None, challenge: str
) -> None:
    answer = shared.unlock("not-listed", authorization=authorization)
    assert answer.headers.get_list("WWW-Authenticate") == [challenge]


def answer_of_size(shared: Served, size: int, accept_encoding: str | None) -> Answered:
    """A response whose body has this size before gzip."""
    empty = len(shared.unlock("").content)
    body = tokens_body("x" * (size - empty))
    with Wire(shared.port) as wire:
        wire.send(put(body, accept_encoding=accept_encoding))
        return wire.answer()


@all_cases("size", [GZIP_BYTES_MIN, GZIP_BYTES_MIN + 1, 20_000])
@all_cases(
    "accept_encoding",
    [
        "gzip",
        "GZIP",
        "x-gzip",
        "br, gzip",
        "gzip;q=0.1",
        "*",
        "br;q=1, *;q=0.5",
        "gzip;q=0.5, identity;q=0.5",
        "identity;q=0, *",
    ],
)
def test_gzip_from_500_bytes_on_when_accepted(
    shared: Served, accept_encoding: str, size: int
) -> None:
    answer = answer_of_size(shared, size, accept_encoding)
    assert answer.header("content-encoding") == "gzip"
    assert answer.header("content-length") == str(len(answer.body))
    body = gzip.decompress(answer.body)
    assert len(body) == size
    assert body == answer_of_size(shared, size, "identity").body


def test_no_gzip_below_500_bytes(shared: Served) -> None:
    answer = answer_of_size(shared, GZIP_BYTES_MIN - 1, "gzip")
    assert answer.header("content-encoding") is None
    assert len(answer.body) == GZIP_BYTES_MIN - 1


@all_cases(
    "accept_encoding",
    [
        None,
        "",
        "identity",
        "br",
        "gzip;q=0",
        "gzip;q=0, *",
        "*;q=0",
        "gzip;q=nonsense",
        "gzip;q=0.1, identity;q=0.9",
        "gzipped",
    ],
)
def test_no_gzip_unless_accepted(shared: Served, accept_encoding: str | None) -> None:
    answer = answer_of_size(shared, 20_000, accept_encoding)
    assert answer.header("content-encoding") is None
    assert answer.header("vary") == "Accept-Encoding"
    assert len(answer.body) == 20_000


def test_two_answers_get_two_new_request_ids_on_one_connection(shared: Served) -> None:
    with Wire(shared.port) as wire:
        new = set()
        for _ in range(2):
            wire.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            new.add(wire.answer().header("request-id"))
        wire.send(put(tokens_body("not-listed"), request_id=(last := str(uuid4()))))
        new.add(wire.answer().header("request-id"))
    assert len(new) == 3
    assert last in new
