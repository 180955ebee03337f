"""The contract's table of request headers, row by row."""

import pytest

from tests.api.wire import message_of, tokens_body
from tests.serving import Answered, Served, raw_request, valid_headers

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
    """How `valid_headers` calls a header."""
    return name.lower().replace("-", "_")


def send(shared: Served, headers: list[tuple[str, str | bytes]]) -> Answered:
    """An unlock of a ticket that is unlocked already, with exactly these headers."""
    body = tokens_body("not-listed")
    return shared.raw(raw_request([*headers, ("Content-Length", str(len(body)))], body))


def with_value(name: str, value: bytes) -> list[tuple[str, str | bytes]]:
    """Valid headers, but this one has these bytes for its value."""
    headers: dict[str, str | bytes] = {**valid_headers(), name: value}
    return list(headers.items())


@pytest.mark.parametrize(
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
    shared: Served, user_agent: str
) -> None:
    assert shared.unlock("not-listed", user_agent=user_agent).status_code == 200


@pytest.mark.parametrize(
    "user_agent", ["MyApplication", "MyApplication/", "/1.0", "/", "My Application/1.0", "1.0"]
)
def test_user_agent_without_product_or_version_is_400(shared: Served, user_agent: str) -> None:
    answer = shared.unlock("not-listed", user_agent=user_agent)
    assert "User-Agent" in message_of(answer, 400, "BAD_REQUEST")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_authorization_scheme_is_case_insensitive(shared: Served, scheme: str) -> None:
    answer = shared.unlock("not-listed", authorization=f"{scheme} test-access-token")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["Basic dGVzdDp0ZXN0", "Bearer", "test-access-token", "Bearer a b", "Bearertest-access-token"],
)
def test_authorization_that_is_no_bearer_token_is_401(shared: Served, authorization: str) -> None:
    answer = shared.unlock("not-listed", authorization=authorization)
    assert "Authorization" in message_of(answer, 401, "UNAUTHORIZED")


def test_authorization_absent_is_401(shared: Served) -> None:
    answer = shared.unlock("not-listed", authorization=None)
    assert "Authorization" in message_of(answer, 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
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
def test_accept_that_admits_json(shared: Served, accept: str) -> None:
    assert shared.unlock("not-listed", accept=accept).status_code == 200


@pytest.mark.parametrize(
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
def test_accept_that_excludes_json_is_406(shared: Served, accept: str) -> None:
    answer = shared.unlock("not-listed", accept=accept)
    assert "Accept" in message_of(answer, 406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
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
def test_accept_encoding_is_never_an_error(shared: Served, accept_encoding: str | None) -> None:
    headers = valid_headers(accept_encoding=accept_encoding)
    assert send(shared, list(headers.items())).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json ; charset="utf-8"; profile=x',
    ],
)
def test_content_type_json_with_whatever_parameters(shared: Served, content_type: str) -> None:
    assert shared.unlock("not-listed", content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "json",
    ],
)
def test_content_type_other_than_json_is_415(shared: Served, content_type: str) -> None:
    answer = shared.unlock("not-listed", content_type=content_type)
    assert "Content-Type" in message_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("name", REQUIRED)
def test_header_absent_is_400(shared: Served, name: str) -> None:
    answer = shared.unlock("not-listed", **{key(name): None})
    assert name in message_of(answer, 400, "BAD_REQUEST")


@pytest.mark.parametrize("value", [b"", b"   ", b"\t"], ids=["empty", "spaces", "tab"])
@pytest.mark.parametrize("name", REQUIRED)
def test_header_empty_is_400(shared: Served, name: str, value: bytes) -> None:
    answer = send(shared, with_value(name, value))
    assert name in message_of(answer, 400, "BAD_REQUEST")


@pytest.mark.parametrize("name", EVERY_HEADER)
def test_header_sent_twice_is_400(shared: Served, name: str) -> None:
    headers = valid_headers()
    answer = send(shared, [*headers.items(), (name.swapcase(), headers[name])])
    assert name in message_of(answer, 400, "BAD_REQUEST")


@pytest.mark.parametrize("value", NON_ASCII.values(), ids=NON_ASCII)
@pytest.mark.parametrize(
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
    shared: Served, name: str, status: int, error_type: str, value: bytes
) -> None:
    assert name in message_of(send(shared, with_value(name, value)), status, error_type)


@pytest.mark.parametrize("name", ["X-Custom", "Cookie", "Accept-Language"])
def test_header_that_the_contract_does_not_know_may_be_anything(shared: Served, name: str) -> None:
    extra: list[tuple[str, str | bytes]] = [(name, b"\xff"), (name, b"")]
    assert send(shared, [*valid_headers().items(), *extra]).status == 200


@pytest.mark.parametrize(
    "request_id", [V4, V4.upper(), V4.title(), V4.replace("-8a", "-Ba")], ids=str
)
def test_request_id_of_version_4_in_any_case_is_accepted(shared: Served, request_id: str) -> None:
    assert shared.unlock("not-listed", request_id=request_id).status_code == 200


@pytest.mark.parametrize(
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
def test_request_id_other_than_version_4_is_400(
    shared: Served, request_id: tuple[str, str]
) -> None:
    answer = shared.unlock("not-listed", request_id=request_id[1])
    assert "Request-ID" in message_of(answer, 400, "BAD_REQUEST")


def test_header_names_are_case_insensitive(shared: Served) -> None:
    headers = {name.upper(): value for name, value in valid_headers().items()}
    assert send(shared, list(headers.items())).status == 200
