"""The contract's token call: codes, rotation, families, and their ends."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.logs import make_log
from seatlatch.store.tokens import Code
from tests.channel_api.listings import MINE, THEIRS
from tests.databases import Clock, Database
from tests.serving import (
    APPLICATION,
    OTHER_APPLICATION,
    Served,
    serving,
)

CODE = "a-code-that-waits"
OTHER_CODE = "the-other-applications-code"
EXPIRED_CODE = "a-code-that-waited-too-long"
EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
PARALLEL_REQUESTS = 32


class Pair(NamedTuple):
    """The result of a token call."""

    access_token: str
    refresh_token: str


def put_codes(database: Database) -> None:
    """A code for each application, and one that has expired."""
    now = datetime.now(UTC)
    later = now + timedelta(days=1)
    with database.provisioning() as provisioning:
        for code, application, expires_at in (
            (CODE, APPLICATION, later),
            (OTHER_CODE, OTHER_APPLICATION, later),
            (EXPIRED_CODE, APPLICATION, now),
        ):
            provisioning.add_code(hash_secret(code.encode()), Code(application, expires_at))


@pytest.fixture
def with_codes(inventory: Database) -> Database:
    """A database with codes."""
    put_codes(inventory)
    return inventory


@pytest.fixture
def served(with_codes: Database) -> Iterator[Served]:
    """A server whose applications have codes."""
    with serving(with_codes) as running:
        yield running


def with_code(served: Served, code: str = CODE, **changes: str | None) -> httpx.Response:
    """Exchange a code."""
    return served.token({"grantType": "authorization_code", "code": code}, **changes)


def refresh(served: Served, token: str, **changes: str | None) -> httpx.Response:
    """Exchange a refresh token."""
    return served.token({"grantType": "refresh_token", "refreshToken": token}, **changes)


def pair_of(answer: httpx.Response) -> Pair:
    """The tokens of a 200."""
    assert answer.status_code == 200, answer.text
    reported: dict[str, Any] = answer.json()
    assert list(reported) == ["accessToken", "expiration", "refreshToken", "tokenType"]
    return Pair(reported["accessToken"], reported["refreshToken"])


def assert_refused(answer: httpx.Response) -> None:
    """400 in the form of this route."""
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert "wrong, spent or expired" in answer.json()["error"]
    assert answer.headers["Cache-Control"] == "no-store"


def is_good(served: Served, access_token: str) -> bool:
    """Whether calls with it are accepted."""
    status = served.unlock("not-listed", authorization=f"Bearer {access_token}").status_code
    assert status in (200, 401)
    return status == 200


def test_a_code_gives_a_pair_that_works_at_once(served: Served) -> None:
    before = datetime.now(UTC)
    answer = with_code(served)
    access_token, refresh_token = pair_of(answer)
    reported = answer.json()
    assert answer.text == (
        f'{{"accessToken":"{access_token}","expiration":"{reported["expiration"]}",'
        f'"refreshToken":"{refresh_token}","tokenType":"Bearer"}}'
    )
    assert EXPIRATION.fullmatch(reported["expiration"])
    expires_at = datetime.fromisoformat(reported["expiration"][:26] + "+00:00")
    assert 3599 < (expires_at - before).total_seconds() < 3610
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    assert is_good(served, access_token)


def test_a_code_works_once_and_its_second_use_ends_the_family(served: Served) -> None:
    first = pair_of(with_code(served))
    second = pair_of(refresh(served, first.refresh_token))
    assert is_good(served, second.access_token)
    assert_refused(with_code(served))
    assert not is_good(served, second.access_token)
    assert_refused(refresh(served, second.refresh_token))


def test_refresh_rotates_both_tokens(served: Served) -> None:
    first = pair_of(with_code(served))
    second = pair_of(refresh(served, first.refresh_token))
    assert set(first).isdisjoint(second)
    assert is_good(served, second.access_token)
    assert not is_good(served, first.access_token)
    assert pair_of(refresh(served, second.refresh_token))


def test_an_old_refresh_token_ends_the_family(served: Served) -> None:
    first = pair_of(with_code(served))
    second = pair_of(refresh(served, first.refresh_token))
    third = pair_of(refresh(served, second.refresh_token))
    assert_refused(refresh(served, first.refresh_token))
    assert not is_good(served, third.access_token)
    assert_refused(refresh(served, third.refresh_token))


def test_a_family_that_ends_leaves_the_others(served: Served) -> None:
    theirs = pair_of(with_code(served, OTHER_CODE, pac_application_id=OTHER_APPLICATION))
    first = pair_of(with_code(served))
    assert_refused(with_code(served))
    assert not is_good(served, first.access_token)
    authorization = {"authorization": f"Bearer {theirs.access_token}"}
    assert served.unlock("not-listed", **{**THEIRS, **authorization}).status_code == 200
    assert served.unlock("not-listed", **MINE).status_code == 200


def test_another_applications_secrets_are_refused_and_not_harmed(served: Served) -> None:
    assert_refused(with_code(served, pac_application_id=OTHER_APPLICATION))
    first = pair_of(with_code(served))
    assert_refused(with_code(served, pac_application_id=OTHER_APPLICATION))
    assert_refused(refresh(served, first.refresh_token, pac_application_id=OTHER_APPLICATION))
    assert is_good(served, first.access_token)
    second = pair_of(refresh(served, first.refresh_token))
    assert_refused(refresh(served, first.refresh_token, pac_application_id=OTHER_APPLICATION))
    assert is_good(served, second.access_token)


def test_a_code_is_no_refresh_token_and_neither_is_an_access_token(served: Served) -> None:
    assert_refused(refresh(served, CODE))
    first = pair_of(with_code(served))
    assert_refused(with_code(served, first.refresh_token))
    assert_refused(refresh(served, first.access_token))
    assert not is_good(served, first.refresh_token)
    assert is_good(served, first.access_token)
    assert pair_of(refresh(served, first.refresh_token))


def test_a_code_that_has_expired_is_refused(served: Served) -> None:
    assert_refused(with_code(served, EXPIRED_CODE))


def short_lived(database: Database, clock: Clock) -> AbstractContextManager[Served]:
    """A server whose access tokens last a minute, and refresh tokens ten."""
    return serving(database, at=clock, access_token_seconds="60", refresh_token_seconds="600")


def test_a_refresh_token_ends_after_its_time(with_codes: Database) -> None:
    clock = with_codes.clock(datetime.now(UTC))
    with short_lived(with_codes, clock) as served:
        first = pair_of(with_code(served))
        clock.now += timedelta(seconds=590)
        second = pair_of(refresh(served, first.refresh_token))
        clock.now += timedelta(seconds=601)
        assert_refused(refresh(served, second.refresh_token))


def test_an_access_token_ends_after_its_time_and_can_be_renewed(with_codes: Database) -> None:
    clock = with_codes.clock(datetime.now(UTC))
    with short_lived(with_codes, clock) as served:
        first = pair_of(with_code(served))
        clock.now += timedelta(seconds=61)
        answer = served.unlock("listed-1", authorization=f"Bearer {first.access_token}")
        assert answer.status_code == 401
        assert "expired" in answer.text
        second = pair_of(refresh(served, first.refresh_token))
        assert is_good(served, second.access_token)


def test_of_32_refreshes_at_once_one_wins_and_the_family_is_dead(served: Served) -> None:
    token = pair_of(with_code(served)).refresh_token
    body = {"grantType": "refresh_token", "refreshToken": token}
    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
        answers = list(pool.map(lambda _: served.token(body), range(PARALLEL_REQUESTS)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            assert_refused(answer)
    winner = pair_of(won[0])
    assert not is_good(served, winner.access_token)
    assert_refused(refresh(served, winner.refresh_token))
    assert_refused(with_code(served))


def test_credentials_made_by_another_process_work_at_once(with_codes: Database) -> None:
    with serving(with_codes) as one, serving(with_codes) as other:
        assert one.unlock("not-listed").status_code == 200
        first = pair_of(with_code(other))
        assert is_good(one, first.access_token)
        second = pair_of(refresh(other, first.refresh_token))
        assert is_good(one, second.access_token)
        with with_codes.provisioning() as provisioning:
            provisioning.add_application("com.example.new", "test-channel")
            new_code = Code("com.example.new", datetime.now(UTC) + timedelta(days=1))
            provisioning.add_code(hash_secret(b"new-code"), new_code)
            provisioning.add_api_key("com.example.new", hash_secret(b"new-key"))
        pair = pair_of(with_code(one, "new-code", pac_application_id="com.example.new"))
        changes = {"pac_application_id": "com.example.new", "pac_api_key": "new-key"}
        authorization = f"Bearer {pair.access_token}"
        answer = other.unlock("not-listed", authorization=authorization, **changes)
        assert answer.status_code == 200


def test_no_secret_is_in_the_log_and_the_application_is(
    with_codes: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(with_codes, log=make_log("json", "debug")) as served:
        first = pair_of(with_code(served))
        second = pair_of(refresh(served, first.refresh_token))
        with_code(served, "wrong-code-of-somebody")
        served.token({"grantType": "wrong-type-of-somebody"})
        served.token({"grantType": "refresh_token", "refreshToken": ["wrong-token-of-somebody"]})
        served.token(b'{"grantType":"refresh_token","refreshToken":"wrong-token-of-somebody"')
    log = capfd.readouterr().err
    lines = [line for line in log.splitlines() if '"event":"request"' in line]
    assert len(lines) == 6
    assert all(f'"application":"{APPLICATION}"' in line for line in lines)
    assert all('"route":"/v1/auth/token"' in line for line in lines)
    secrets = [CODE, *first, *second, "of-somebody"]
    assert [secret for secret in secrets if secret in log] == []
