"""Generated requests: never a 5xx, always the envelope, and the result of a small model.

10,000 on SQLite, and 1,000 on PostgreSQL.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.databases import ON_SQLITE
from tests.http.wire import ERROR_MEMBERS, Wire, put, tokens_body
from tests.serving import OWNER, Answered, Served, raw_request, valid_headers

pytestmark = pytest.mark.slow

ANSWER_SECONDS_MAX = 5.0
EXAMPLES = settings(max_examples=2_500, deadline=None, derandomize=True, database=None)

SUCCEEDING = ("listed-1", "listed-2", "not-listed")
LOCKED = ("locked", "locked-and-listed", "listed-elsewhere")
VOIDED = ("voided", "voided-and-locked")
FOREIGN = ("foreign", "foreign-voided", "foreign-locked")
KNOWN = (*SUCCEEDING, *LOCKED, *VOIDED, *FOREIGN)

tokens = st.sampled_from(KNOWN) | st.text(max_size=12)
bodies_of_tokens = st.lists(tokens, min_size=1, max_size=110).map(lambda them: {"tokens": them})
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | tokens,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.just("tokens") | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
documents = (values | bodies_of_tokens).map(lambda value: json.dumps(value).encode())
edits = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=3
)
header_bytes = st.binary(max_size=40).map(lambda text: text.translate(None, b"\r\n\0"))
header_values = header_bytes | st.sampled_from(
    [b"application/json", b"*/*;q=0.5", b"Bearer test-access-token", b"gzip", b"A/1", b"gzip;q=,"]
)
header_changes = st.lists(
    st.tuples(st.sampled_from(sorted(valid_headers())), st.none() | header_values), max_size=4
)


class Client:
    """Sends over one kept connection, and over a new one when the server closed it."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._wire = Wire(served.port, timeout=ANSWER_SECONDS_MAX)

    def send(self, request: bytes) -> Answered:
        """The response, which must arrive in time."""
        self._wire.send(request)
        answer = self._wire.answer()
        if answer.header("connection") == "close":
            self.close()
            self._wire = Wire(self._served.port, timeout=ANSWER_SECONDS_MAX)
        return answer

    def close(self) -> None:
        """Close it."""
        self._wire.close()


@pytest.fixture(scope="module")
def client(shared: Served) -> Iterator[Client]:
    """One client for all examples."""
    client = Client(shared)
    yield client
    client.close()


def edited(document: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """The document with some of its bytes replaced."""
    for at, length, text in changes:
        document = document[:at] + text + document[at + length :]
    return document


def refuse_constant(name: str) -> Any:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError(name)


def decoded(body: bytes) -> Any:
    """The content of a body. Raises `ValueError` if it is not JSON text in UTF-8."""
    value = json.loads(body.decode(), parse_constant=refuse_constant)
    json.dumps(value, ensure_ascii=False).encode()  # fails on a lone surrogate
    return value


def row(token: str) -> dict[str, Any]:
    """A token's row by the contract."""
    if token in SUCCEEDING:
        return {"token": token, "ownerId": OWNER}
    if token in LOCKED:
        return {
            "token": token,
            "status": "LOCK",
            "appErrorCode": "MS-409",
            "developerMessage": "Seat is locked",
            "type": "SEAT_RECORD_LOCKED",
            "ownerId": OWNER,
        }
    failed = {
        "token": token,
        "status": None,
        "appErrorCode": "MS-422",
        "developerMessage": "Token is invalid",
        "type": "INVALID_TOKEN",
    }
    return {**failed, "ownerId": OWNER} if token in VOIDED else failed


def expected(body: bytes) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """Status, success and failure for a body by the contract."""
    try:
        value = decoded(body)
    except ValueError:
        return 400, [], []
    asked = value.get("tokens") if isinstance(value, dict) else None
    if not isinstance(asked, list) or not 1 <= len(asked) <= 100:
        return 422, [], []
    if not all(isinstance(token, str) for token in asked):
        return 422, [], []
    rows = [row(token) for token in dict.fromkeys(asked)]
    success = [entry for entry in rows if "type" not in entry]
    failure = [entry for entry in rows if "type" in entry]
    if not failure:
        return 200, success, []
    if success:
        return 207, success, failure
    locked = all(entry["type"] == "SEAT_RECORD_LOCKED" for entry in failure)
    return (409 if locked else 422), [], failure


def assert_envelope(answer: Answered) -> dict[str, Any]:
    """Check that the body has a form of the service."""
    assert 200 <= answer.status < 500, answer
    assert answer.header("content-type") == "application/json"
    body: dict[str, Any] = json.loads(answer.body)
    assert set(body) <= {"error", "success", "failure"}
    assert ("error" in body) == (answer.status not in (200, 207))
    if "error" in body:
        assert list(body["error"]) == ERROR_MEMBERS
        assert body["error"]["appErrorCode"] == f"MS-{answer.status}"
    return body


def assert_as_expected(answer: Answered, body: bytes) -> None:
    """The response to a request that is valid except for its body."""
    reported = assert_envelope(answer)
    status, success, failure = expected(body)
    assert answer.status == status
    assert reported.get("success", []) == success
    assert reported.get("failure", []) == failure


@ON_SQLITE
@EXAMPLES
@given(body=documents)
def test_any_json(client: Client, body: bytes) -> None:
    assert_as_expected(client.send(put(body)), body)


@pytest.mark.only_on("postgres")
@settings(EXAMPLES, max_examples=1000)
@given(body=documents)
def test_any_json_on_postgres_too(client: Client, body: bytes) -> None:
    assert_as_expected(client.send(put(body)), body)


@ON_SQLITE
@EXAMPLES
@given(document=documents, changes=edits)
def test_json_with_some_bytes_replaced(
    client: Client, document: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    body = edited(document, changes)
    assert_as_expected(client.send(put(body)), body)


@ON_SQLITE
@EXAMPLES
@given(body=st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ud8token0.e-N\0é', max_size=30))
def test_anything_for_a_body(client: Client, body: bytes | str) -> None:
    sent = body if isinstance(body, bytes) else body.encode()
    assert_as_expected(client.send(put(sent)), sent)


@ON_SQLITE
@EXAMPLES
@given(changes=header_changes, twice=st.booleans())
def test_anything_for_the_headers(
    client: Client, changes: list[tuple[str, bytes | None]], twice: bool
) -> None:
    headers: dict[str, str | bytes] = {**valid_headers()}
    for name, value in changes:
        headers.pop(name, None)
        if value is not None:
            headers[name] = value
    more = [(name, value) for name, value in changes if value is not None] if twice else []
    body = tokens_body("not-listed", "unknown")
    length = ("Content-Length", str(len(body)))
    answer = client.send(raw_request([*headers.items(), *more, length], body))
    reported = assert_envelope(answer)
    if answer.status == 207:
        assert (reported["success"], reported["failure"]) == ([row("not-listed")], [row("unknown")])
    else:
        assert changes
        assert answer.status in (400, 401, 403, 406, 415)


def test_the_model_knows_a_wrong_answer() -> None:
    wrong = Answered(200, [("content-type", "application/json")], b'{"success":[]}')
    with pytest.raises(AssertionError):
        assert_as_expected(wrong, tokens_body("not-listed"))
