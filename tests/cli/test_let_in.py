"""A running server when commands give and remove access."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic

import httpx
import pytest

from tests import web
from tests.cli.commands import done, run_on, running
from tests.databases import Database
from tests.serving import UNLOCK, Served, fill, serving, valid_headers

NOTICED_SECONDS = 1.0
"""The time after which a running server has noticed a change."""

GROUPS = ("org", "channel", "app", "operator")


@pytest.fixture
def served(database: Database) -> Iterator[Served]:
    """A server that was started on an empty inventory."""
    with serving(database) as running_server:
        yield running_server


def let_in(database: Database) -> dict[str, str]:
    """Create an organization, a channel, and an application's credentials with commands."""
    done(database, "org", "add", "1001", "--name", "Arena")
    done(database, "channel", "add", "channel", "--name", "Channel", "--org", "1001")
    credentials: dict[str, str] = done(database, "app", "add", "com.x", "--channel", "channel")
    return credentials


def exchange(url: str, code: str) -> httpx.Response:
    """Request tokens with an authorization code."""
    headers = valid_headers(
        Authorization=None, PAC_API_Key=None, PAC_Channel_Code=None, PAC_Application_ID="com.x"
    )
    body = {"grantType": "authorization_code", "code": code}
    return web.post(url + "/v1/auth/token", json=body, headers=headers)


def unlock(url: str, token: str, api_key: str, *tickets: str) -> int:
    """The status of an unlock."""
    headers = valid_headers(
        Authorization=f"Bearer {token}",
        PAC_API_Key=api_key,
        PAC_Application_ID="com.x",
        PAC_Channel_Code="channel",
    )
    body = {"tokens": list(tickets)}
    return web.put(url + UNLOCK, json=body, headers=headers).status_code


def soon(what: Callable[[], int], status: int, seconds: float = NOTICED_SECONDS) -> bool:
    """Whether `what` returns this status within a time; repeats it."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        if what() == status:
            return True
    return False


def access_token(served: Served, credentials: dict[str, str]) -> str:
    """The tokens of an application for its code, once the server has noticed it."""
    code = credentials["authorizationCode"]
    answers: list[httpx.Response] = []

    def ask() -> int:
        answers.append(exchange(served.url, code))
        return answers[-1].status_code

    assert soon(ask, 200)
    return str(answers[-1].json()["accessToken"])


def test_who_was_added_gets_in_to_a_running_server_and_out_again(served: Served) -> None:
    credentials = let_in(served.database)
    token = access_token(served, credentials)
    operator_key = done(served.database, "operator", "add", "op")["operatorKey"]

    def add_ticket() -> int:
        headers = {"Authorization": f"Bearer {operator_key}"}
        body = [{"token": "a", "organizationId": "1001", "ownerId": "o"}]
        url = served.url + "/operator/v1/tickets"
        return web.post(url, json=body, headers=headers).status_code

    assert soon(add_ticket, 200)
    key = credentials["apiKey"]
    assert unlock(served.url, token, key, "a") == 200
    done(served.database, "channel", "ungrant", "channel", "1001")
    assert soon(lambda: unlock(served.url, token, key, "a"), 422)
    done(served.database, "channel", "grant", "channel", "1001")
    assert soon(lambda: unlock(served.url, token, key, "a"), 200)
    done(served.database, "app", "revoke", "com.x")
    assert soon(lambda: unlock(served.url, token, key, "a"), 401)
    done(served.database, "operator", "revoke", "op")
    assert soon(add_ticket, 401)


def test_a_revoked_application_that_is_added_again_starts_from_nothing(served: Served) -> None:
    credentials = let_in(served.database)
    token = access_token(served, credentials)
    spare = done(served.database, "app", "authorize", "com.x")["authorizationCode"]
    done(served.database, "app", "revoke", "com.x")
    added = done(served.database, "app", "add", "com.x", "--channel", "channel")
    assert access_token(served, added)
    assert exchange(served.url, spare).status_code == 400
    assert unlock(served.url, token, added["apiKey"], "a") == 401
    assert unlock(served.url, token, credentials["apiKey"], "a") == 401


def test_during_the_overlap_both_keys_work_and_then_the_new_one_alone(served: Served) -> None:
    credentials = let_in(served.database)
    token, old = access_token(served, credentials), credentials["apiKey"]
    rotated = done(served.database, "app", "rotate-key", "com.x", "--overlap", "3")
    new = rotated["apiKey"]
    assert soon(lambda: unlock(served.url, token, new, "a"), 422)  # accepted; there is no ticket
    assert unlock(served.url, token, old, "a") == 422
    assert soon(lambda: unlock(served.url, token, old, "a"), 401, seconds=5)
    # The server's clock is ahead of the database's by up to as long as its last reading took.
    early = timedelta(seconds=1)
    assert datetime.now(UTC) >= datetime.fromisoformat(rotated["oldKeysEnd"]) - early
    assert unlock(served.url, token, new, "a") == 422
    newest = done(served.database, "app", "rotate-key", "com.x", "--overlap", "0")["apiKey"]
    assert soon(lambda: unlock(served.url, token, new, "a"), 401)
    assert unlock(served.url, token, newest, "a") == 422


def test_a_code_is_good_for_as_long_as_the_setting_says(served: Served) -> None:
    let_in(served.database)
    settings = {"SEATLATCH_AUTHORIZATION_CODE_SECONDS": "1"}
    result = run_on(served.database, "app", "authorize", "com.x", "--json", **settings)
    authorized = json.loads(result.stdout)
    ends = datetime.fromisoformat(authorized["expiresAt"])
    while datetime.now(UTC) <= ends:
        assert served.client.get("/livez").status_code == 200
    assert exchange(served.url, authorized["authorizationCode"]).status_code == 400


def test_no_secret_is_kept_logged_or_listed(database: Database) -> None:
    fill(database)
    settings = {"SEATLATCH_LOG_LEVEL": "debug", "SEATLATCH_RATE_LIMIT": "off"}
    arguments = ("serve", "--port", "0", "--database", database.url)
    with running(*arguments, **settings) as (process, about):
        done(database, "channel", "add", "channel", "--name", "Channel", "--org", "1001")
        added = done(database, "app", "add", "com.x", "--channel", "channel")
        key = done(database, "app", "rotate-key", "com.x")["apiKey"]
        code = done(database, "app", "authorize", "com.x")["authorizationCode"]
        operator_key = done(database, "operator", "add", "op")["operatorKey"]
        assert soon(lambda: exchange(about["url"], code).status_code, 200)
        operator = {"Authorization": f"Bearer {operator_key}"}
        asked = about["url"] + "/operator/v1/tickets/none"
        web.get(asked, headers=operator)
        for bearer in ("wrong", operator_key, code):
            unlock(about["url"], bearer, key, "a")
            unlock(about["url"], key, bearer, "a")
        listed = [run_on(database, group, "list", "--json") for group in GROUPS]
        kept = database.kept()
        process.terminate()
        assert process.stderr is not None
        log = process.stderr.read()
    assert [name for name, content in kept.items() if b"com.x" in content]
    if database.engine == "sqlite":
        assert any(name.endswith(".db-wal") for name in kept)
    assert log
    secrets = [added["apiKey"], added["authorizationCode"], key, code, operator_key]
    for secret in secrets:
        assert [name for name, content in kept.items() if secret.encode() in content] == []
        assert secret not in log
        assert [result for result in listed if secret in result.stdout + result.stderr] == []
