"""The contract's table of request headers, row by row, on each of the ticket calls."""

import httpx
import pytest

from tests.cases import all_cases
from tests.channel_api.listings import ROUTES, Route
from tests.databases import ON_SQLITE
from tests.http.wire import message_of
from tests.serving import Answered, Served, raw_request, valid_headers

pytestmark = ON_SQLITE

V4 = "3f2b8c1e-9d4a-4b6f-8a1c-0123456789ab"
V1 = "c232ab00-9414-11ec-b3c8-9f6bdeced846"
V7 = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
NIL = "00000000-0000-0000-0000-000000000000"

REQUIRED = (
    "User-Agent",
    "Accept",
    "Content-Type",
    "PAC-Application-ID",
    "PAC-API-Key",
    "PAC-Channel-Code",
    "Request-ID",
)
EVERY_HEADER = (*REQUIRED, "Authorization", "Accept-Encoding")
NON_ASCII = {"latin-1": b"caf\xe9/1.0", "utf-8": "café/1.0 😀".encode(), "high bytes": b"\xff\xfe"}


def key(name: str) -> str:
    """The name of a header in `valid_headers`."""
    return name.lower().replace("-", "_")


class Ask:
    """One of the ticket calls, for a ticket for which it succeeds."""

    def __init__(self, served: Served, route: Route) -> None:
        self._served = served
        self._route = route

    def __call__(self, **changes: str | None) -> httpx.Response:
        """Call with valid headers and `changes`."""
        method, path, body = self._route
        return self._served.call(method, path, body, **changes)

    def send(self, headers: list[tuple[str, str | bytes]]) -> Answered:
        """Call with exactly these headers."""
        method, path, body = self._route
        length = ("Content-Length", str(len(body)))
        return self._served.raw(raw_request([*headers, length], body, target=path, method=method))


@pytest.fixture(params=ROUTES)
def ask(shared: Served, request: pytest.FixtureRequest) -> Ask:
    """Each of the calls in turn."""
    return Ask(shared, ROUTES[request.param])


def with_value(name: str, value: bytes) -> list[tuple[str, str | bytes]]:
    """Valid headers, with these bytes as the value of one."""
    headers: dict[str, str | bytes] = {**valid_headers(), name: value}
    return list(headers.items())


@all_cases(
    "user_agent",
    [
        "MyApplication/1.0",
        "StudentSection/v1.0",
        "curl/7.88.1",
        "a/1.2.3-rc.1+b5 (x; y)",
        "Java-http-client/17.0.1",
        "python-requests/2.31.0 extra/2",
    ],
)
def test_user_agent_that_starts_with_product_and_version_is_accepted(
    ask: Ask, user_agent: str
) -> None:
    assert ask(user_agent=user_agent).status_code == 200


@all_cases(
    "user_agent", ["MyApplication", "MyApplication/", "/1.0", "/", "My Application/1.0", "1.0"]
)
def test_user_agent_without_product_or_version_is_400(ask: Ask, user_agent: str) -> None:
    answer = ask(user_agent=user_agent)
    assert "User-Agent" in message_of(answer, 400, "BAD_REQUEST")


@all_cases("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_authorization_scheme_is_case_insensitive(ask: Ask, scheme: str) -> None:
    answer = ask(authorization=f"{scheme} test-access-token")
    assert answer.status_code == 200


@all_cases(
    "authorization",
    ["Basic dGVzdDp0ZXN0", "Bearer", "test-access-token", "Bearer a b", "Bearertest-access-token"],
)
def test_authorization_that_is_no_bearer_token_is_401(ask: Ask, authorization: str) -> None:
    answer = ask(authorization=authorization)
    assert "Authorization" in message_of(answer, 401, "UNAUTHORIZED")


def test_authorization_absent_is_401(ask: Ask) -> None:
    answer = ask(authorization=None)
    assert "Authorization" in message_of(answer, 401, "UNAUTHORIZED")


@all_cases(
    "accept",
    [
        "application/json",
        "APPLICATION/JSON",
        "*/*",
        "application/*",
        "text/html, application/json;q=0.1",
        "text/html;q=1.0, */*;q=0.001",
        "application/json;charset=utf-8",
        "application/json ; q=0.5 , text/plain",
        "application/json;q=1, application/*;q=0, */*;q=0",
        "application/*;q=0.2, */*;q=0",
    ],
)
def test_accept_that_admits_json(ask: Ask, accept: str) -> None:
    assert ask(accept=accept).status_code == 200


@all_cases(
    "accept",
    [
        "text/html",
        "application/xml, text/*",
        "application/json;q=0",
        "application/json;q=0.000",
        "*/*;q=0",
        "application/json;q=0, */*",
        "application/json;q=0, application/*;q=1",
        "application/*;q=0, */*;q=1",
        "application/jsonp",
        "application/problem+json",
        "json",
    ],
)
def test_accept_that_excludes_json_is_406(ask: Ask, accept: str) -> None:
    answer = ask(accept=accept)
    assert "Accept" in message_of(answer, 406, "NOT_ACCEPTABLE")


@all_cases(
    "accept_encoding",
    [
        None,
        "gzip",
        "br",
        "identity",
        "*",
        "gzip;q=0",
        "identity;q=0",
        "gzip;q=nonsense",
        ";;,,=",
        "é",
    ],
)
def test_accept_encoding_is_never_an_error(ask: Ask, accept_encoding: str | None) -> None:
    headers = valid_headers(accept_encoding=accept_encoding)
    assert ask.send(list(headers.items())).status == 200


@all_cases(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json ; charset="utf-8"; profile=x',
    ],
)
def test_content_type_json_with_whatever_parameters(ask: Ask, content_type: str) -> None:
    assert ask(content_type=content_type).status_code == 200


@all_cases(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "json",
    ],
)
def test_content_type_other_than_json_is_415(ask: Ask, content_type: str) -> None:
    answer = ask(content_type=content_type)
    assert "Content-Type" in message_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@all_cases("name", REQUIRED)
def test_header_absent_is_400(ask: Ask, name: str) -> None:
    answer = ask(**{key(name): None})
    assert name in message_of(answer, 400, "BAD_REQUEST")


@all_cases("value", [b"", b"   ", b"\t"], ids=["empty", "spaces", "tab"])
@all_cases("name", REQUIRED)
def test_header_empty_is_400(ask: Ask, name: str, value: bytes) -> None:
    answer = ask.send(with_value(name, value))
    assert name in message_of(answer, 400, "BAD_REQUEST")


@all_cases("name", EVERY_HEADER)
def test_header_sent_twice_is_400(ask: Ask, name: str) -> None:
    headers = valid_headers()
    answer = ask.send([*headers.items(), (name.swapcase(), headers[name])])
    assert name in message_of(answer, 400, "BAD_REQUEST")


@all_cases("value", NON_ASCII.values(), ids=NON_ASCII)
@all_cases(
    ("name", "status", "error_type"),
    [
        ("User-Agent", 400, "BAD_REQUEST"),
        ("Authorization", 401, "UNAUTHORIZED"),
        ("Accept", 406, "NOT_ACCEPTABLE"),
        ("Content-Type", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("PAC-Application-ID", 401, "UNAUTHORIZED"),
        ("PAC-API-Key", 401, "UNAUTHORIZED"),
        ("PAC-Channel-Code", 403, "FORBIDDEN"),
        ("Request-ID", 400, "BAD_REQUEST"),
    ],
)
def test_header_that_is_not_ascii_is_refused_like_any_wrong_value(
    ask: Ask, name: str, status: int, error_type: str, value: bytes
) -> None:
    assert name in message_of(ask.send(with_value(name, value)), status, error_type)


@all_cases("name", ["X-Custom", "Cookie", "Accept-Language"])
def test_header_that_the_contract_does_not_know_may_be_anything(ask: Ask, name: str) -> None:
    extra: list[tuple[str, str | bytes]] = [(name, b"\xff"), (name, b"")]
    assert ask.send([*valid_headers().items(), *extra]).status == 200


@all_cases("request_id", [V4, V4.upper(), V4.title(), V4.replace("-8a", "-Ba")], ids=str)
def test_request_id_of_version_4_in_any_case_is_accepted(ask: Ask, request_id: str) -> None:
    assert ask(request_id=request_id).status_code == 200


@all_cases(
    "request_id",
    {
        "version 1": V1,
        "version 7": V7,
        "nil": NIL,
        "other variant": V4.replace("-8a", "-ca"),
        "no hyphens": V4.replace("-", ""),
        "braces": f"{{{V4}}}",
        "urn": f"urn:uuid:{V4}",
        "too long": V4 + "0",
        "two": f"{V4}, {V4}",
        "garbage": "garbage",
    }.items(),
    ids=lambda case: case[0],
)
def test_request_id_other_than_version_4_is_400(ask: Ask, request_id: tuple[str, str]) -> None:
    answer = ask(request_id=request_id[1])
    assert "Request-ID" in message_of(answer, 400, "BAD_REQUEST")


def test_header_names_are_case_insensitive(ask: Ask) -> None:
    headers = {name.upper(): value for name, value in valid_headers().items()}
    assert ask.send(list(headers.items())).status == 200
