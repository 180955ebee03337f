"""The limits by client address: invalid credentials on every interface, and the token call."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from seatlatch.auth.address_limits import FAILURES, TOKEN_CALLS
from seatlatch.auth.keys import hash_secret
from seatlatch.logs import make_log
from tests.databases import Database
from tests.http.wire import message_of
from tests.serving import (
    APPLICATION,
    OPERATOR,
    OPERATOR_KEY,
    OTHER_APPLICATION,
    Served,
    serving,
    valid_headers,
)

pytestmark = pytest.mark.only_on("sqlite")

RATE = "1000:1000"
EXPIRED = "expired-operator-key"
WRONG_CODE = {"grantType": "authorization_code", "code": "wrong"}
PROXY = "127.0.0.1"


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing refills, however slow the machine is."""
    monkeypatch.setattr("seatlatch.assembly.monotonic", lambda: 100.0)


def wrong_api_key(served: Served, client: str = "") -> httpx.Response:
    """A channel's call with a wrong key, through a proxy for a client."""
    return from_client(served, client, pac_api_key="wrong")


def from_client(served: Served, client: str = "", **changes: str) -> httpx.Response:
    """An unlock as a proxy passes it on for a client."""
    request = httpx.Request("PUT", "/", json={"tokens": ["not-listed"]})
    headers = {**valid_headers(**changes), **({"X-Forwarded-For": client} if client else {})}
    return served.send("/v1/tickets/unlock", "PUT", headers, request.content)


def operator(served: Served, key: str = "wrong") -> httpx.Response:
    """An operator's call with this key."""
    headers = {"Authorization": f"Bearer {key}"}
    return served.send("/operator/v1/tickets/listed-1", "GET", headers)


def token_call(served: Served, application_id: str, client: str = "") -> httpx.Response:
    """A token call with a wrong code, through a proxy for a client."""
    none = dict.fromkeys(("authorization", "pac_api_key", "pac_channel_code"))
    headers = valid_headers(**none, pac_application_id=application_id)
    if client:
        headers["X-Forwarded-For"] = client
    content = httpx.Request("POST", "/", json=WRONG_CODE).content
    return served.send("/v1/auth/token", "POST", headers, content)


FAIL: dict[str, Callable[[Served], httpx.Response]] = {
    "a wrong API key": wrong_api_key,
    "a wrong access token": lambda served: from_client(served, authorization="Bearer wrong"),
    "an unknown application": lambda served: from_client(served, pac_application_id="unknown"),
    "a wrong operator key": operator,
    "an operator key that has expired": lambda served: operator(served, EXPIRED),
}


@pytest.mark.parametrize("fail", FAIL.values(), ids=FAIL)
def test_invalid_credentials_are_429_after_the_burst_and_valid_ones_are_accepted(
    inventory: Database, fail: Callable[[Served], httpx.Response]
) -> None:
    with inventory.provisioning() as provisioning:
        ended = datetime(2020, 1, 1, tzinfo=UTC)
        provisioning.add_operator_key(OPERATOR, hash_secret(EXPIRED.encode()), ended)
    with serving(inventory, rate_limit=RATE) as served:
        for _ in range(FAILURES.burst):
            message_of(fail(served), 401, "UNAUTHORIZED")
        for refused in (fail, wrong_api_key, operator):
            answer = refused(served)
            message_of(answer, 429, "TOO_MANY_REQUESTS")
            assert answer.headers["Retry-After"] == "1"
            assert "WWW-Authenticate" not in answer.headers
        assert served.unlock("not-listed").status_code == 200
        assert operator(served, OPERATOR_KEY).status_code == 200


def test_a_request_without_a_token_is_always_401(inventory: Database) -> None:
    with serving(inventory, rate_limit=RATE) as served:
        for _ in range(FAILURES.burst + 2):
            message_of(served.unlock("not-listed", authorization=None), 401, "UNAUTHORIZED")


def test_the_token_call_is_429_in_its_own_form_after_the_burst(inventory: Database) -> None:
    with serving(inventory, rate_limit=RATE) as served:
        for _ in range(TOKEN_CALLS.burst):
            assert token_call(served, APPLICATION).status_code == 400
        answer = token_call(served, APPLICATION)
        assert answer.status_code == 429
        assert list(answer.json()) == ["error"]
        assert "10 token calls a second" in answer.json()["error"]
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Cache-Control"] == "no-store"
        assert served.unlock("not-listed").status_code == 200
        assert token_call(served, OTHER_APPLICATION).status_code == 400


def test_an_application_that_does_not_exist_is_a_failed_authentication(
    inventory: Database,
) -> None:
    with serving(inventory, rate_limit=RATE) as served:
        for _ in range(FAILURES.burst):
            assert token_call(served, "unknown").status_code == 401
        answer = token_call(served, "unknown")
        assert (answer.status_code, list(answer.json())) == (429, ["error"])
        assert wrong_api_key(served).status_code == 429
        assert token_call(served, APPLICATION).status_code == 400


def test_off_turns_both_limits_off(inventory: Database) -> None:
    with serving(inventory, rate_limit="off") as served:
        statuses = {wrong_api_key(served).status_code for _ in range(FAILURES.burst + 1)}
        statuses |= {served.token(b"{").status_code for _ in range(TOKEN_CALLS.burst + 1)}
    assert statuses == {401, 400}


def test_each_client_behind_a_trusted_proxy_has_its_own_bucket(inventory: Database) -> None:
    with serving(inventory, rate_limit=RATE, trusted_proxies=PROXY) as served:
        for _ in range(FAILURES.burst):
            wrong_api_key(served, "198.51.100.9")
        assert wrong_api_key(served, "198.51.100.9").status_code == 429
        assert wrong_api_key(served, "6.6.6.6, 198.51.100.9").status_code == 429
        assert wrong_api_key(served, "198.51.100.10").status_code == 401


def test_an_address_from_an_untrusted_peer_is_not_believed(
    inventory: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with serving(inventory, rate_limit=RATE) as served:
        for number in range(FAILURES.burst):
            wrong_api_key(served, f"198.51.100.{number}")
        assert wrong_api_key(served, "203.0.113.7").status_code == 429
        for number in range(TOKEN_CALLS.burst):
            token_call(served, APPLICATION, f"198.51.100.{number}")
        assert token_call(served, APPLICATION, "203.0.113.7").status_code == 429


@pytest.mark.parametrize(
    ("trusted", "logged"), [("", "127.0.0.1"), (PROXY, "198.51.100.9")], ids=["untrusted", "proxy"]
)
def test_the_request_log_has_the_client_address(
    inventory: Database, capfd: pytest.CaptureFixture[str], trusted: str, logged: str
) -> None:
    log = make_log("json", "info")
    with serving(inventory, log=log, trusted_proxies=trusted) as served:
        from_client(served, "198.51.100.9")
    assert f'"clientAddress":"{logged}"' in capfd.readouterr().err
