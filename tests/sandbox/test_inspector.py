"""The sandbox's inspector: requests as they were received, and responses as they were sent."""

import json
import socket
from typing import Any

import httpx
import pytest

from seatlatch.presentation.inspection import InspectedRequest
from seatlatch.sandbox import data
from seatlatch.sandbox.inspector import BYTES_MAX, REQUESTS_MAX
from seatlatch.sandbox.masking import BODY_BYTES_MAX
from tests.databases import ON_SQLITE
from tests.sandbox.sandboxes import Sandbox
from tests.serving import LOCK, UNLOCK, VERIFY, read_answer, valid_headers

pytestmark = ON_SQLITE  # no engine can influence it

ID = "7D444840-9dc0-41d1-b245-5ffdce74fad2"


def latest(sandbox: Sandbox) -> InspectedRequest:
    """The only request that is kept."""
    (found,) = sandbox.inspector.latest()
    return found


def test_a_request_is_kept_as_it_was_received(sandbox: Sandbox) -> None:
    sandbox.put(b'{ "tokens": ["98973476444"] }', request_id=ID)
    found = latest(sandbox)
    assert (found.method, found.target, found.request_id) == ("PUT", UNLOCK, ID.lower())
    assert found.body == ('{ "tokens": ["98973476444"] }', "")
    headers = dict(found.headers)
    assert headers["request-id"] == ID
    assert headers["pac-application-id"] == found.application_id == data.APPLICATION
    assert headers["pac-channel-code"] == found.channel_code == data.CHANNEL
    assert headers["accept-encoding"] == "identity"
    assert (found.verb, found.status, found.is_recorded) == ("unlock", 200, True)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_response_is_kept_as_it_was_sent(sandbox: Sandbox, encoding: str) -> None:
    tokens = [f"unknown-{number}" for number in range(20)]
    answer = sandbox.unlock(*tokens, accept_encoding=encoding)
    assert answer.headers.get("content-encoding", "identity") == encoding
    response = latest(sandbox).response
    assert response is not None
    assert response.body == (answer.text, "")
    sent = {name: value for name, value in answer.headers.items() if name != "date"}
    assert dict(response.headers) == sent


REFUSED: list[tuple[int, dict[str, str | None], Any]] = [
    (400, {"user_agent": "nobody"}, {"tokens": ["98973476444"]}),
    (400, {"request_id": "x"}, {"tokens": ["98973476444"]}),
    (401, {"authorization": None}, {"tokens": ["98973476444"]}),
    (401, {"pac_api_key": "wrong-api-key"}, {"tokens": ["98973476444"]}),
    (403, {"pac_channel_code": "another-marketplace"}, {"tokens": ["98973476444"]}),
    (406, {"accept": "text/html"}, {"tokens": ["98973476444"]}),
    (415, {"content_type": "text/plain"}, {"tokens": ["98973476444"]}),
    (422, {}, {"tokens": []}),
    (422, {}, {"token": "98973476444"}),
    (400, {}, b"{"),
    (503, {}, {"tokens": ["sandbox-503"]}),
    (429, {}, {"tokens": ["sandbox-429"]}),
    (500, {}, {"tokens": ["sandbox-500"]}),
]


@pytest.mark.parametrize(("status", "changes", "body"), REFUSED)
def test_a_refused_request_is_kept_with_its_body(
    sandbox: Sandbox, status: int, changes: dict[str, str | None], body: Any
) -> None:
    answer = sandbox.put(body, **changes)
    assert answer.status_code == status
    found = latest(sandbox)
    assert found.status == status
    assert found.body == (body.decode() if isinstance(body, bytes) else dumped(body), "")
    assert found.response is not None
    assert found.response.body.text == answer.text
    assert found.is_recorded == (len(sandbox.database.table("journal")) == 1)


def dumped(body: Any) -> str:
    """A body as httpx sends it."""
    return httpx.Request("PUT", "/", json=body).content.decode()


def test_what_the_journal_has_is_known(sandbox: Sandbox) -> None:
    sandbox.unlock("98973476444", "unknown")
    sandbox.unlock("unknown")
    sandbox.lock("sandbox-seat-locked")
    sandbox.verify("98973476444")
    sandbox.call("GET", "/v1/requests", b"")
    recorded = [one.is_recorded for one in sandbox.inspector.latest()]
    assert recorded == [False, False, True, True, True]
    assert [one.verb for one in sandbox.inspector.latest()] == [
        None,
        None,
        *("lock", *["unlock"] * 2),
    ]
    assert len(sandbox.database.table("journal")) == 3


@pytest.mark.parametrize(("token", "is_recorded"), [("sandbox-cut", False), ("sandbox-lost", True)])
def test_a_closed_connection_is_kept_without_a_response(
    sandbox: Sandbox, token: str, is_recorded: bool
) -> None:
    with pytest.raises(httpx.TransportError):
        sandbox.unlock(token)
    found = latest(sandbox)
    assert (found.response, found.status, found.is_recorded) == (None, None, is_recorded)
    assert found.reason == f"Connection closed on purpose, requested by the token {token}."
    assert len(sandbox.database.table("journal")) == is_recorded


def test_a_caller_that_goes_away_in_its_body_is_kept(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(head(sandbox, "content-length: 100") + b'{"tokens"')
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(connection).status == 0
    found = latest(sandbox)
    assert (found.response, found.body) == (None, ('{"tokens"', "The rest was not received."))


def head(sandbox: Sandbox, *more: str) -> bytes:
    """The head of an unlock."""
    headers = {**valid_headers(), **{"Host": "127.0.0.1", "PAC-API-Key": data.API_KEY}}
    headers |= {"Authorization": f"Bearer {data.ACCESS_TOKEN}"}
    headers |= {"PAC-Application-ID": data.APPLICATION, "PAC-Channel-Code": data.CHANNEL}
    lines = [f"PUT {UNLOCK} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, *more, "", ""]).encode()


def test_a_body_that_arrives_late_is_kept_although_the_head_is_refused(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        refused = head(sandbox, "content-length: 13").replace(b"Authorization", b"X-Nothing")
        connection.sendall(refused)
        connection.sendall(b'{"tokens":[]}')
        assert read_answer(connection).status == 401
    assert latest(sandbox).body == ('{"tokens":[]}', "")


def test_a_refusal_does_not_wait_for_a_caller_that_waits_itself(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        refused = head(sandbox, "content-length: 13", "expect: 100-continue")
        connection.sendall(refused.replace(b"Authorization", b"X-Nothing"))
        assert read_answer(connection).status == 401
    assert latest(sandbox).body == ("", "The rest was not received.")


def test_a_refusal_waits_for_a_body_for_a_second_only(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(
            head(sandbox, "content-length: 13").replace(b"Authorization", b"X-Nothing") + b'{"tok'
        )
        assert read_answer(connection).status == 401
    assert latest(sandbox).body == ('{"tok', "The rest was not received.")


def test_a_long_body_is_shown_in_part(sandbox: Sandbox) -> None:
    body = dumped({"tokens": ["x" * (2 * BODY_BYTES_MAX)]}).encode()
    assert sandbox.put(body).status_code == 422
    found = latest(sandbox)
    assert found.body.text == body[:BODY_BYTES_MAX].decode()
    assert found.body.note == f"{len(body) - BODY_BYTES_MAX:,} more bytes are not shown."
    assert found.response is not None
    assert "more bytes" in found.response.body.note


def test_a_body_over_the_limit_is_not_read_to_its_end(sandbox: Sandbox) -> None:
    assert sandbox.put(b" " * 2_000_000).status_code == 413
    found = latest(sandbox)
    assert len(found.body.text) == BODY_BYTES_MAX
    assert found.status == 413


def test_attempts_of_a_request_id_are_found_in_their_order(sandbox: Sandbox) -> None:
    sandbox.unlock("sandbox-503-once", request_id=ID)
    sandbox.unlock("unknown")
    sandbox.unlock("sandbox-503-once", request_id=ID.lower())
    found = sandbox.inspector.attempts(ID)
    assert [one.status for one in found] == [503, 200]
    assert sandbox.inspector.attempts("8" + ID[1:]) == []


@pytest.mark.parametrize("path", ["/v1", "/v2/tickets/unlock", "/tickets/unlock"])
def test_a_call_of_a_wrong_path_is_kept(sandbox: Sandbox, path: str) -> None:
    assert sandbox.call("PUT", path, {"tokens": ["98973476444"]}).status_code == 404
    assert (latest(sandbox).target, latest(sandbox).status) == (path, 404)


def test_nothing_else_is_kept(sandbox: Sandbox) -> None:
    sandbox.client.get("/livez")
    sandbox.client.get("/docs/")
    sandbox.client.get("/sandbox/behaviour")
    key = {"Authorization": f"Bearer {data.OPERATOR_KEY}"}
    assert sandbox.client.get("/operator/v1/requests", headers=key).status_code == 200
    assert sandbox.inspector.latest() == []


def test_a_reset_forgets_all(sandbox: Sandbox) -> None:
    sandbox.unlock("unknown")
    sandbox.reset()
    assert sandbox.inspector.latest() == []


def test_the_oldest_are_forgotten(sandbox: Sandbox) -> None:
    for number in range(REQUESTS_MAX + 5):
        sandbox.unlock(f"unknown-{number}")
    kept = sandbox.inspector.latest()
    assert len(kept) == REQUESTS_MAX
    assert f"unknown-{REQUESTS_MAX + 4}" in kept[0].body.text
    assert "unknown-5" in kept[-1].body.text


def test_the_memory_of_all_is_bounded(sandbox: Sandbox) -> None:
    body = dumped({"tokens": ["x" * BODY_BYTES_MAX]}).encode()
    wanted = BYTES_MAX // BODY_BYTES_MAX
    for _ in range(wanted):
        sandbox.put(body)
    kept = sandbox.inspector.latest()
    texts = [one.body.text + (one.response.body.text if one.response else "") for one in kept]
    assert sum(map(len, texts)) <= BYTES_MAX
    assert 0 < len(kept) < wanted


SECRETS = (data.API_KEY, data.ACCESS_TOKEN, data.AUTHORIZATION_CODE)


def shown(sandbox: Sandbox) -> str:
    """All that is kept, as text."""
    return json.dumps(sandbox.inspector.latest(), default=str)


CALLS = [
    ("PUT", UNLOCK, {"tokens": ["98973476444"]}),
    ("PUT", LOCK, {"source": data.API_KEY, "listing": {"tokens": [{"token": data.ACCESS_TOKEN}]}}),
    ("PUT", LOCK, {"api_key": data.API_KEY, "accessToken": data.ACCESS_TOKEN}),
    ("POST", VERIFY, {"tickets": {"tokens": [data.ACCESS_TOKEN]}}),
    ("PUT", f"{UNLOCK}?access_token={data.ACCESS_TOKEN}&key={data.API_KEY}", {"tokens": []}),
    ("GET", f"/v1/requests/{data.ACCESS_TOKEN}", b""),
    ("PUT", UNLOCK, data.ACCESS_TOKEN.encode()),
    (
        "POST",
        "/v1/auth/token",
        {"grantType": "authorization_code", "code": data.AUTHORIZATION_CODE},
    ),
    ("POST", "/v1/auth/token", {"code": [data.AUTHORIZATION_CODE], "x": {"y": "z-secret"}}),
    ("POST", "/v1/auth/token", b"code=" + data.AUTHORIZATION_CODE.encode()),
    ("POST", "/v1/auth/token", b'{"code": "' + data.AUTHORIZATION_CODE.encode()),
    ("POST", "/oauth/token", {"code": data.AUTHORIZATION_CODE}),
    ("POST", "/v1/auth/tokens", {"auth": data.AUTHORIZATION_CODE}),
    ("PUT", UNLOCK, {"code": data.AUTHORIZATION_CODE, "refresh_token": data.AUTHORIZATION_CODE}),
    ("PUT", UNLOCK, {"tokens": [data.WEBHOOK_SECRET]}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_no_secret_is_kept(sandbox: Sandbox, method: str, path: str, body: Any) -> None:
    sandbox.call(method, path, body)
    assert latest(sandbox).method == method
    found = shown(sandbox)
    for secret in (*SECRETS, data.WEBHOOK_SECRET, "z-secret"):
        assert secret not in found


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({}, "authorization", "Bearer *** (20 characters)"),
        ({}, "pac-api-key", "*** (15 characters)"),
        ({"authorization": data.ACCESS_TOKEN}, "authorization", "*** (20 characters)"),
        ({"authorization": "bearer x"}, "authorization", "bearer *** (1 character)"),
        ({"authorization": f"Basic  {data.API_KEY}"}, "authorization", "Basic *** (15 characters)"),
        ({"pac_application_id": data.API_KEY}, "pac-application-id", "***"),
        ({"user_agent": f"My/{data.ACCESS_TOKEN}"}, "user-agent", "My/***"),
    ],
)
def test_secrets_in_headers(
    sandbox: Sandbox, changes: dict[str, str | None], name: str, expected: str
) -> None:
    sandbox.unlock("98973476444", **changes)
    assert dict(latest(sandbox).headers)[name] == expected
    assert not any(secret in shown(sandbox) for secret in SECRETS)


def test_the_token_call_is_shown_without_its_secrets(sandbox: Sandbox) -> None:
    body = {"grantType": "authorization_code", "code": data.AUTHORIZATION_CODE}
    answer = sandbox.token(body, pac_application_id=data.APPLICATION).json()
    found = latest(sandbox)
    assert found.body.text == '{"grantType":"authorization_code","code":"***"}'
    assert found.response is not None
    hidden = {**answer, "accessToken": "***", "refreshToken": "***"}
    assert json.loads(found.response.body.text) == hidden
    assert not any(answer[name] in shown(sandbox) for name in ("accessToken", "refreshToken"))
