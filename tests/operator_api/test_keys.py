"""Operators' keys: expiry, rotation with an overlap, and the time of the last use."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.domain.operator import Operator, Role
from seatlatch.operations import key_uses
from seatlatch.operations.operators import IssuedOperatorKey, rotate_operator_key
from seatlatch.store.access import KeyEntry
from seatlatch.wiring import look
from tests.operations.access_fixtures import Access
from tests.operator_api.box_office import operate
from tests.serving import OPERATOR, OPERATOR_KEY, Served
from tests.waiting import until

HOUR = timedelta(hours=1)


def status_with(served: Served, key: str) -> int:
    """The status of a request with this key."""
    return operate(served, "GET", "/listed-1", authorization=f"Bearer {key}").status_code


def keys_of(served: Served, name: str) -> tuple[KeyEntry, ...]:
    """The keys of an operator as lists show them."""
    entries = look(served.database.url, lambda snapshot: snapshot.access.operators())
    (keys,) = (keys for operator, keys in entries if operator.name == name)
    return keys


def add_key(served: Served, key: str, expires_at: datetime) -> None:
    """A second key for the operator."""
    with served.database.provisioning() as provisioning:
        provisioning.add_operator_key(OPERATOR, hash_secret(key.encode()), expires_at)


def rotate(served: Served, overlap_seconds: int) -> IssuedOperatorKey:
    """Rotate the operator's key."""
    with closing(Access(served.database.store())) as access:
        return access.do(rotate_operator_key, OPERATOR, overlap_seconds)


def test_a_key_is_valid_until_it_expires(served: Served) -> None:
    add_key(served, "ends-later", datetime.now(UTC) + HOUR)
    add_key(served, "has-ended", datetime.now(UTC) - HOUR)
    assert status_with(served, "ends-later") == 200
    assert status_with(served, "has-ended") == 401


def test_a_rotated_key_stays_valid_for_the_overlap(served: Served) -> None:
    with_overlap = rotate(served, 3_600)
    assert status_with(served, OPERATOR_KEY) == 200
    assert status_with(served, with_overlap.operator_key) == 200
    at_once = rotate(served, 0)
    assert status_with(served, at_once.operator_key) == 200
    until(lambda: status_with(served, OPERATOR_KEY) == 401)
    until(lambda: status_with(served, with_overlap.operator_key) == 401)


def test_the_last_use_of_a_key_is_noted_once_an_hour(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keys_of(served, OPERATOR)[0].last_used_at is None
    assert status_with(served, OPERATOR_KEY) == 200
    until(lambda: keys_of(served, OPERATOR)[0].last_used_at is not None)
    first = keys_of(served, OPERATOR)[0].last_used_at
    assert status_with(served, OPERATOR_KEY) == 200
    assert keys_of(served, OPERATOR)[0].last_used_at == first
    monkeypatch.setattr(key_uses, "EVERY_SECONDS", 0)
    assert status_with(served, OPERATOR_KEY) == 200
    until(lambda: keys_of(served, OPERATOR)[0].last_used_at != first)


def test_a_use_does_not_make_servers_read_all_credentials_again(served: Served) -> None:
    version = look(served.database.url, lambda snapshot: snapshot.access.read_version())
    assert status_with(served, OPERATOR_KEY) == 200
    until(lambda: keys_of(served, OPERATOR)[0].last_used_at is not None)
    assert look(served.database.url, lambda snapshot: snapshot.access.read_version()) == version


def test_a_role_that_is_taken_away_ends_within_a_second(served: Served) -> None:
    hold = {"tokens": ["not-listed"], "status": "LOCK", "reason": "moving"}
    with served.database.provisioning() as provisioning:
        provisioning.change_operator(Operator(OPERATOR, Role.SUPPORT))
    until(lambda: operate(served, "PUT", "/status", hold).status_code == 403)
    refused = operate(served, "PUT", "/status", hold).json()["error"]
    assert refused["type"] == "FORBIDDEN"
    assert refused["developerMessage"] == (
        "This request needs the role box_office; this key has the role support."
    )
