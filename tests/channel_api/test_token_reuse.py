"""`SEATLATCH_REFRESH_REUSE_SECONDS`: a caller that lost a response uses its refresh token again."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.store.sql import tokens
from tests.channel_api.test_token import (
    Pair,
    assert_refused,
    is_good,
    pair_of,
    put_codes,
    refresh,
    with_code,
)
from tests.databases import Clock, Database
from tests.serving import OTHER_APPLICATION, Served, serving

WINDOW_SECONDS = 10
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def clock(inventory: Database) -> Clock:
    """The clock of a database with codes."""
    put_codes(inventory)
    return inventory.clock(datetime.now(UTC))


def allowing(database: Database, clock: Clock, seconds: int) -> AbstractContextManager[Served]:
    """A server that allows reuse for this long."""
    return serving(database, at=clock, refresh_reuse_seconds=str(seconds))


@pytest.fixture
def served(inventory: Database, clock: Clock) -> Iterator[Served]:
    """A server that allows reuse within the window."""
    with allowing(inventory, clock, WINDOW_SECONDS) as running:
        yield running


def rotated(served: Served) -> tuple[Pair, Pair]:
    """A pair whose refresh token was used, and the pair that was returned for it."""
    first = pair_of(with_code(served))
    return first, pair_of(refresh(served, first.refresh_token))


def assert_revoked(served: Served, *pairs: Pair) -> None:
    """No token of the family works."""
    assert [pair for pair in pairs if is_good(served, pair.access_token)] == []
    assert served.database.table("token_families") == []


def test_reuse_returns_a_new_pair_and_revokes_the_lost_one(served: Served, clock: Clock) -> None:
    first, lost = rotated(served)
    assert is_good(served, lost.access_token)
    clock.now += timedelta(seconds=WINDOW_SECONDS) - MICROSECOND
    found = pair_of(refresh(served, first.refresh_token))
    assert set(found).isdisjoint((*first, *lost))
    assert not is_good(served, first.access_token)
    assert not is_good(served, lost.access_token)
    assert is_good(served, found.access_token)
    following = pair_of(refresh(served, found.refresh_token))
    assert is_good(served, following.access_token)


def test_the_lost_refresh_token_revokes_the_family_when_it_is_used(served: Served) -> None:
    first, lost = rotated(served)
    found = pair_of(refresh(served, first.refresh_token))
    assert_refused(refresh(served, lost.refresh_token))
    assert_revoked(served, first, lost, found)


def test_reuse_after_the_window_revokes_the_family(served: Served, clock: Clock) -> None:
    first, second = rotated(served)
    clock.now += timedelta(seconds=WINDOW_SECONDS)
    assert_refused(refresh(served, first.refresh_token))
    assert_revoked(served, first, second)


def test_repeated_reuse_does_not_extend_the_window(served: Served, clock: Clock) -> None:
    first, _lost = rotated(served)
    clock.now += timedelta(seconds=WINDOW_SECONDS - 1)
    found = pair_of(refresh(served, first.refresh_token))
    found = pair_of(refresh(served, first.refresh_token))
    clock.now += timedelta(seconds=1)
    assert_refused(refresh(served, first.refresh_token))
    assert_revoked(served, found)


def test_reuse_after_its_successor_was_used_revokes_the_family(served: Served) -> None:
    first, second = rotated(served)
    third = pair_of(refresh(served, second.refresh_token))
    assert_refused(refresh(served, first.refresh_token))
    assert_revoked(served, first, second, third)


def test_after_a_reuse_the_new_successor_counts_as_used_too(served: Served) -> None:
    first, _lost = rotated(served)
    found = pair_of(refresh(served, first.refresh_token))
    following = pair_of(refresh(served, found.refresh_token))
    assert_refused(refresh(served, first.refresh_token))
    assert_revoked(served, found, following)


def test_a_made_up_token_of_the_family_revokes_it_within_the_window(served: Served) -> None:
    first, second = rotated(served)
    assert_refused(refresh(served, first.refresh_token + "x"))
    assert_revoked(served, first, second)


def test_another_application_is_refused_and_revokes_nothing(served: Served) -> None:
    first, lost = rotated(served)
    other = {"pac_application_id": OTHER_APPLICATION}
    assert_refused(refresh(served, first.refresh_token, **other))
    assert is_good(served, lost.access_token)
    assert pair_of(refresh(served, first.refresh_token))


def test_a_code_is_not_reusable_within_the_window(served: Served) -> None:
    first = pair_of(with_code(served))
    assert_refused(with_code(served))
    assert_revoked(served, first)


def test_two_concurrent_uses_both_get_a_pair_and_one_pair_works(served: Served) -> None:
    token = pair_of(with_code(served)).refresh_token
    with ThreadPoolExecutor(2) as pool:
        responses = list(pool.map(lambda _: refresh(served, token), range(2)))
    pairs = [pair_of(response) for response in responses]
    (good,) = [pair for pair in pairs if is_good(served, pair.access_token)]
    (dead,) = [pair for pair in pairs if pair is not good]
    following = pair_of(refresh(served, good.refresh_token))
    assert_refused(refresh(served, dead.refresh_token))
    assert_revoked(served, good, dead, following)


def test_an_access_token_keeps_its_lifetime(inventory: Database, clock: Clock) -> None:
    """The window is not the lifetime of a token, although it is shorter than all of them."""
    with serving(inventory, at=clock, refresh_reuse_seconds="1") as served:
        pair = pair_of(with_code(served))
        clock.now += timedelta(seconds=3599)
        assert is_good(served, pair.access_token)


def reuse_at_an_earlier_time(inventory: Database, clock: Clock, seconds: int) -> bool:
    """Whether reuse succeeds although the rotation has a later timestamp than the reuse.

    On PostgreSQL that happens to a transaction that waited for the rotation's lock.
    """
    with allowing(inventory, clock, seconds) as served:
        first, second = rotated(served)
        clock.now -= timedelta(seconds=1)
        response = refresh(served, first.refresh_token)
        if response.status_code == 200:
            return True
        assert_refused(response)
        assert_revoked(served, first, second)
        return False


def test_by_default_reuse_revokes_whatever_the_timestamps(
    inventory: Database, clock: Clock
) -> None:
    assert not reuse_at_an_earlier_time(inventory, clock, seconds=0)


def test_control_the_timestamps_alone_would_allow_it(inventory: Database, clock: Clock) -> None:
    assert reuse_at_an_earlier_time(inventory, clock, seconds=1)


def test_by_default_reuse_at_once_revokes_the_family(inventory: Database, clock: Clock) -> None:
    with serving(inventory, at=clock) as served:
        first, second = rotated(served)
        assert_refused(refresh(served, first.refresh_token))
        assert_revoked(served, first, second)


def remove_condition(monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    """Make a condition of the statement true."""
    condition = rf"AND ({column} [=>] \S+)"
    sql, count = re.subn(condition, r"AND (TRUE OR \1)", tokens.REPLACE_SUCCESSOR)
    assert count == 1
    monkeypatch.setattr(tokens, "REPLACE_SUCCESSOR", sql)


def test_control_without_its_condition_an_older_token_is_reusable(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_condition(monkeypatch, "previous_refresh_hash")
    first, second = rotated(served)
    pair_of(refresh(served, second.refresh_token))
    assert pair_of(refresh(served, first.refresh_token))


def test_control_without_its_condition_the_window_has_no_end(
    served: Served, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_condition(monkeypatch, "rotated_at")
    first, _second = rotated(served)
    clock.now += timedelta(seconds=WINDOW_SECONDS)
    assert pair_of(refresh(served, first.refresh_token))
