"""The token call's own rules: fewer headers, errors of another shape, everything else as in other
calls.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.cases import all_cases
from tests.channel_api.test_request_headers import V4
from tests.channel_api.test_token import CODE, put_codes, refresh, with_code, with_codes
from tests.databases import ON_SQLITE, Database, Databases
from tests.serving import (
    APPLICATION,
    TOKEN,
    Served,
    fill,
    raw_request,
    serving,
    valid_headers,
)
from tests.stores import Broken

__all__ = ["with_codes"]

NEEDED = ("User-Agent", "Accept", "Content-Type", "PAC-Application-ID", "Request-ID")
IGNORED = ("Authorization", "PAC-API-Key", "PAC-Channel-Code", "Accept-Encoding")
WRONG = b'{"grantType":"authorization_code","code":"wrong"}'
BODY_BYTES_MAX = 8 * 1024

BODIES = {
    "empty": (b"", "empty"),
    "no JSON": (b"grantType=authorization_code&code=x", "JSON"),
    "not UTF-8": (b'{"grantType":"\xff"}', "UTF-8"),
    "half a pair": (rb'{"grantType":"refresh_token","refreshToken":"\ud800"}', "surrogate"),
    "an array": (b"[]", "array"),
    "null": (b"null", "null"),
    "nothing in it": (b"{}", "grantType"),
    "no grantType": (b'{"code":"x"}', "grantType"),
    "grantType null": (b'{"grantType":null}', "grantType"),
    "another grantType": (b'{"grantType":"password","password":"x"}', "grantType must be"),
    "grantType in capitals": (b'{"grantType":"REFRESH_TOKEN"}', "grantType must be"),
    "no code": (b'{"grantType":"authorization_code"}', "requires the member code"),
    "code null": (b'{"grantType":"authorization_code","code":null}', "requires the member code"),
    "code a number": (b'{"grantType":"authorization_code","code":7}', "$.code"),
    "no token": (b'{"grantType":"refresh_token","code":"x"}', "requires the member refreshToken"),
    "token a list": (b'{"grantType":"refresh_token","refreshToken":["x"]}', "$.refreshToken"),
    "too deep": (b'{"x":' * 1_600, "deep"),
}
SECRETS = {
    "empty": "",
    "8,000 characters": "x" * 8_000,
    "NUL": "\0",
    "a code and NUL": CODE + "\0",
    "emoji": "🎟️",
    "a separator": ".",
    "separators": "...",
    "a code in capitals": CODE.upper(),
    "SQL": "' OR 1=1 --",
}


@pytest.fixture(scope="module")
def tokens(databases: Databases) -> Iterator[Served]:
    """A server whose application has a code that these tests do not use."""
    database = databases.new()
    fill(database)
    put_codes(database)
    with serving(database) as running:
        yield running


def error_of(answer: httpx.Response, status: int) -> str:
    """The text of an error of this route, after a check of its form and headers."""
    assert answer.status_code == status, answer.text
    reported: dict[str, Any] = answer.json()
    assert list(reported) == ["error"]
    assert isinstance(reported["error"], str)
    assert reported["error"]
    assert answer.headers.get_list("Cache-Control") == ["no-store"]
    assert answer.headers.get_list("Content-Type") == ["application/json"]
    assert answer.headers.get_list("Vary") == ["Accept-Encoding"]
    assert answer.headers["Request-ID"]
    assert "RateLimit" not in answer.headers
    return str(reported["error"])


@ON_SQLITE
@all_cases("name", NEEDED)
def test_header_absent_or_twice_is_400(tokens: Served, name: str) -> None:
    key = name.lower().replace("-", "_")
    assert name in error_of(tokens.token(WRONG, **{key: None}), 400)
    headers = valid_headers()
    pairs = [*headers.items(), (name, headers[name]), ("Content-Length", str(len(WRONG)))]
    answer = tokens.raw(raw_request(pairs, WRONG, target=TOKEN, method="POST"))
    assert answer.status == 400
    assert name in json.loads(answer.body)["error"]


@ON_SQLITE
@all_cases("name", IGNORED)
def test_other_headers_are_not_looked_at(tokens: Served, name: str) -> None:
    pairs = [*valid_headers().items(), (name, "x"), (name, ""), ("Content-Length", "49")]
    answer = tokens.raw(raw_request(pairs, WRONG, target=TOKEN, method="POST"))
    assert (answer.status, b"wrong, spent" in answer.body) == (400, True)


@ON_SQLITE
@all_cases(
    ("changes", "status", "word"),
    [
        ({"request_id": "garbage"}, 400, "Request-ID"),
        ({"user_agent": "none"}, 400, "User-Agent"),
        ({"accept": "text/html"}, 406, "Accept"),
        ({"content_type": "application/x-www-form-urlencoded"}, 415, "Content-Type"),
    ],
)
def test_header_of_the_wrong_form(
    tokens: Served, changes: dict[str, str], status: int, word: str
) -> None:
    assert word in error_of(tokens.token(WRONG, **changes), status)


@pytest.mark.parametrize("application", ["com.example.unknown", APPLICATION.upper(), "caf\xe9"])
def test_an_application_that_does_not_exist_is_401(tokens: Served, application: str) -> None:
    for body in (WRONG, {"grantType": "authorization_code", "code": CODE}):
        headers = valid_headers()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent: list[tuple[str, str | bytes]] = [
            *{**headers, "PAC-Application-ID": application}.items(),
            ("Content-Length", str(len(content))),
        ]
        answer = tokens.raw(raw_request(sent, content, target=TOKEN, method="POST"))
        assert answer.status == 401
        assert answer.header("www-authenticate") == "Bearer"
        assert answer.header("cache-control") == "no-store"
        assert "PAC-Application-ID" in json.loads(answer.body)["error"]


@ON_SQLITE
@all_cases("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_another_method_is_405(tokens: Served, method: str) -> None:
    answer = tokens.send(TOKEN, method, valid_headers(), WRONG)
    assert answer.headers["Allow"] == "POST"
    if method != "HEAD":
        assert "POST" in error_of(answer, 405)


@ON_SQLITE
@all_cases(("body", "word"), BODIES.values(), ids=BODIES)
def test_an_ill_shaped_body_is_400(tokens: Served, body: bytes, word: str) -> None:
    assert word in error_of(tokens.token(body), 400)


@ON_SQLITE
def test_a_body_over_8_kibibytes_is_413(tokens: Served) -> None:
    at_the_limit, over_it = WRONG.ljust(BODY_BYTES_MAX), WRONG.ljust(BODY_BYTES_MAX + 1)
    assert "wrong, spent" in error_of(tokens.token(at_the_limit), 400)
    assert "8192 bytes" in error_of(tokens.token(over_it), 413)


@ON_SQLITE
def test_a_body_announced_over_8_kibibytes_is_413_before_any_of_it_is_sent(tokens: Served) -> None:
    headers = [*valid_headers().items(), ("Content-Length", str(BODY_BYTES_MAX + 1))]
    answer = tokens.raw(raw_request(headers, b"", target=TOKEN, method="POST"))
    assert (answer.status, b"8192 bytes" in answer.body) == (413, True)


@all_cases("exchange", [with_code, refresh], ids=["code", "refresh token"])
@all_cases("secret", SECRETS.values(), ids=SECRETS)
def test_any_wrong_secret_is_400(
    tokens: Served, exchange: Callable[[Served, str], httpx.Response], secret: str
) -> None:
    assert "wrong, spent or expired" in error_of(exchange(tokens, secret), 400)


ORDER: list[tuple[dict[str, str | None], int]] = [
    ({"request_id": None}, 400),
    ({"user_agent": None}, 400),
    ({"pac_application_id": "com.example.unknown"}, 401),
    ({"accept": "text/html"}, 406),
    ({"content_type": "text/plain"}, 415),
]


@ON_SQLITE
@all_cases("at", range(len(ORDER)))
def test_of_several_faults_the_earliest_is_reported(tokens: Served, at: int) -> None:
    changes = {key: value for one, _ in ORDER[at:] for key, value in one.items()}
    error_of(tokens.token(b"{", **changes), ORDER[at][1])


def test_a_bug_is_500_in_this_form(with_codes: Database) -> None:
    with serving(with_codes, around=Broken) as served:
        assert "bug in the service" in error_of(with_code(served), 500)


def test_no_database_is_503_in_this_form(with_codes: Database) -> None:
    with serving(with_codes) as served, with_codes.away():
        for application in (APPLICATION, "com.example.unknown"):
            answer = with_code(served, pac_application_id=application)
            assert "Retry" in error_of(answer, 503)
            assert int(answer.headers["Retry-After"]) >= 1


def test_members_that_mean_nothing_are_ignored(with_codes: Database) -> None:
    with serving(with_codes) as served:
        body = {"grantType": "authorization_code", "refreshToken": "x", "y": [1], "code": CODE}
        assert served.token(body, request_id=V4).headers["Request-ID"] == V4


@ON_SQLITE
def test_it_is_not_limited_by_rate(with_codes: Database) -> None:
    with serving(with_codes, rate_limit="1:1") as served:
        for _ in range(5):
            error_of(served.token(WRONG), 400)
        assert served.unlock("unknown").status_code == 422
        assert with_code(served).status_code == 200


@ON_SQLITE
def test_a_byte_order_mark_before_the_body_is_skipped(served: Served) -> None:
    answer = served.token(b"\xef\xbb\xbf" + WRONG)
    assert (answer.status_code, "The code is wrong" in answer.json()["error"]) == (400, True)
