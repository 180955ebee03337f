"""The limit on each route's body: 413 after the credentials, and nothing more is read."""

from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.http.wire import Wire, message_of
from tests.serving import ACCESS_TOKEN, OPERATOR_KEY, Served, raw_request, valid_headers

pytestmark = ON_SQLITE

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE

LIMITS = {
    "PUT /v1/tickets/unlock": MEBIBYTE,
    "PUT /v1/tickets/lock": MEBIBYTE,
    "POST /v1/tickets/verify": MEBIBYTE,
    "POST /v1/auth/token": 8 * KIBIBYTE,
    "GET /v1/events": 8 * KIBIBYTE,
    "GET /v1/requests/7b1f0c9e-3a52-4f0d-8e7a-6c1d2b3e4f50": 8 * KIBIBYTE,
    "POST /operator/v1/tickets": 16 * MEBIBYTE,
    "PUT /operator/v1/tickets/status": MEBIBYTE,
    "PUT /operator/v1/tickets/void": MEBIBYTE,
    "PUT /operator/v1/tickets/unlock": MEBIBYTE,
    "GET /operator/v1/tickets?organizationId=1001": 8 * KIBIBYTE,
    "GET /operator/v1/tickets/listed-1": 8 * KIBIBYTE,
    "GET /operator/v1/tickets/listed-1/history": 8 * KIBIBYTE,
    "GET /operator/v1/requests/7b1f0c9e-3a52-4f0d-8e7a-6c1d2b3e4f50": 8 * KIBIBYTE,
    "GET /livez": 8 * KIBIBYTE,
    "GET /readyz": 8 * KIBIBYTE,
    "GET /metrics": 8 * KIBIBYTE,
    "GET /openapi.json": 8 * KIBIBYTE,
    "GET /operator/openapi.json": 8 * KIBIBYTE,
    "GET /docs": 8 * KIBIBYTE,
    "GET /docs/": 8 * KIBIBYTE,
    "GET /docs/_reference/page.js": 8 * KIBIBYTE,
}
NEEDS_CREDENTIALS = [name for name in LIMITS if "v1" in name and "auth/token" not in name]


def head(name: str, length: int, credential: str | None = None) -> bytes:
    """The head of a request to a route that announces a body."""
    method, _, target = name.partition(" ")
    if credential is None:
        credential = OPERATOR_KEY if target.startswith("/operator") else ACCESS_TOKEN
    headers: list[tuple[str, str | bytes]] = [
        *valid_headers(authorization=f"Bearer {credential}").items(),
        ("Content-Length", str(length)),
    ]
    return raw_request(headers, b"", target=target, method=method)


@all_cases(("name", "limit"), LIMITS.items(), ids=LIMITS)
def test_a_body_announced_over_the_limit_is_413(shared: Served, name: str, limit: int) -> None:
    answer = shared.raw(head(name, limit + 1))
    assert answer.status == 413
    assert f"{limit} bytes".encode() in answer.body


@all_cases("name", LIMITS)
def test_a_body_within_the_limit_is_not(shared: Served, name: str) -> None:
    answer = shared.raw(head(name, 2) + b"{}")
    assert answer.status not in (0, 413)


@all_cases("name", NEEDS_CREDENTIALS)
def test_wrong_credentials_are_401_before_the_size_is_checked(shared: Served, name: str) -> None:
    message_of(shared.raw(head(name, LIMITS[name] + 1, "wrong")), 401, "UNAUTHORIZED")


def test_the_connection_is_closed_after_a_413_without_its_body(shared: Served) -> None:
    with Wire(shared.port) as wire:
        wire.send(head("GET /v1/events", 64 * KIBIBYTE))
        message_of(wire.answer(), 413, "PAYLOAD_TOO_LARGE")
        wire.end()
        assert wire.is_closed()
