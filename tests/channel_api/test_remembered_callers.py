"""Callers that are remembered with their heads: no change is missed, and none is found twice.

Every request here is sent on one connection with the same headers, so all but the first are
remembered.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest

from seatlatch.auth import credentials_cache
from seatlatch.auth.authenticate import authenticate
from seatlatch.auth.credentials_cache import CredentialsCache
from seatlatch.auth.keys import hash_secret
from tests.cases import all_cases
from tests.channel_api.test_credentials import REVOCATION_SECONDS_MAX
from tests.databases import ON_SQLITE
from tests.provisioning import Provisioning
from tests.serving import APPLICATION, Served
from tests.waiting import until


class AlwaysOne:
    """An attribute that is 1, whatever is assigned to it."""

    def __get__(self, owner: object, kind: type) -> int:
        return 1

    def __set__(self, owner: object, value: int) -> None:
        pass


REVOCATIONS: dict[str, Callable[[Provisioning], None]] = {
    "key": lambda store: store.end_api_keys(APPLICATION, datetime.now(UTC)),
    "application": lambda store: store.remove_application(APPLICATION),
}


class Looked:
    """Counts how often a caller was looked up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0

        def counted(*arguments: Any) -> Any:
            self.times += 1
            return authenticate(*arguments)

        monkeypatch.setattr("seatlatch.channel_api.admission.authenticate", counted)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Looked:
    return Looked(monkeypatch)


@pytest.fixture
def remembered(served: Served, looked: Looked) -> Iterator[Served]:
    """A server that remembers the caller of the next request."""
    for _ in range(3):
        assert served.unlock("not-listed").status_code == 200
    yield served


@ON_SQLITE
def test_a_remembered_caller_is_not_looked_up(
    remembered: Served, looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials_cache, "MAX_AGE_SECONDS", 600.0)
    before = looked.times
    for _ in range(10):
        assert remembered.unlock("not-listed").status_code == 200
    assert looked.times == before
    assert remembered.unlock("not-listed", pac_api_key="wrong").status_code == 401


def refusals_after(served: Served, revoked_at: float, **changes: str | None) -> list[int]:
    """The status of some requests, from the first one that is refused on. Fails if there is none
    within a second.
    """
    while served.unlock("not-listed", **changes).status_code == 200:
        assert monotonic() - revoked_at < REVOCATION_SECONDS_MAX
    return [served.unlock("not-listed", **changes).status_code for _ in range(5)]


@all_cases("revoke", REVOCATIONS.values(), ids=REVOCATIONS)
def test_a_revocation_takes_effect_within_a_second_and_for_good(
    remembered: Served, revoke: Callable[[Provisioning], None]
) -> None:
    with remembered.database.provisioning() as provisioning:
        revoke(provisioning)
    assert refusals_after(remembered, monotonic()) == [401] * 5


def test_control_a_memory_that_outlives_the_change_is_found(
    remembered: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the comparison of generations a revoked caller would be remembered again."""
    monkeypatch.setattr(CredentialsCache, "generation", AlwaysOne(), raising=False)
    assert remembered.unlock("not-listed").status_code == 200
    with remembered.database.provisioning() as provisioning:
        REVOCATIONS["key"](provisioning)
    assert 200 in refusals_after(remembered, monotonic())


def test_a_token_expires_also_for_a_remembered_caller(served: Served) -> None:
    lifetime_seconds = 1.5
    expires_at = datetime.now(UTC) + timedelta(seconds=lifetime_seconds)
    with served.database.provisioning() as provisioning:
        provisioning.add_access_token(APPLICATION, hash_secret(b"short"), expires_at)
    expected_at = monotonic() + lifetime_seconds
    assert refusals_after(served, expected_at, authorization="Bearer short") == [401] * 5
    assert datetime.now(UTC) >= expires_at


def test_the_last_use_of_a_remembered_key_is_noted(remembered: Served) -> None:
    until(lambda: any(row["last_used_at"] for row in remembered.database.table("api_keys")))
