"""The database's clock decides about keys and tokens, whatever this machine's clock shows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.auth.database_clock import DatabaseClock, utc_now
from seatlatch.auth.keys import hash_secret
from tests.channel_api.test_token import is_good, pair_of, put_codes, refresh, with_code
from tests.databases import Clock, Database
from tests.serving import API_KEY, APPLICATION, Served, serving

TOKEN_SECONDS = 3_600
HOURS = {"this machine is 2 h behind": 2, "this machine is 2 h ahead": -2}

by_hours = pytest.mark.parametrize("hours", HOURS.values(), ids=HOURS)


class ProcessClock(DatabaseClock):
    """The control: this machine's clock instead of the database's."""

    def __call__(self) -> datetime:
        """The time of this machine."""
        return utc_now()


def two_clocks(inventory: Database, hours: int) -> Clock:
    """A clock for the database, this far ahead of the machine's."""
    clock = inventory.clock(datetime.now(UTC) + timedelta(hours=hours))
    put_codes(inventory)
    return clock


def look_again(served: Served) -> None:
    """Make the next request confirm the credentials, as every token call does."""
    assert refresh(served, "wrong").status_code == 400


@by_hours
def test_an_access_token_lasts_as_long_as_the_database_says(
    inventory: Database, hours: int
) -> None:
    clock = two_clocks(inventory, hours)
    with serving(inventory, at=clock) as served:
        pair = pair_of(with_code(served))
        assert is_good(served, pair.access_token)
        clock.now += timedelta(seconds=TOKEN_SECONDS - 5)
        look_again(served)
        assert is_good(served, pair.access_token)
        clock.now += timedelta(seconds=5)
        look_again(served)
        assert not is_good(served, pair.access_token)


@by_hours
def test_a_rotated_key_ends_when_the_database_says(inventory: Database, hours: int) -> None:
    clock = two_clocks(inventory, hours)
    with inventory.provisioning(clock) as provisioning:
        provisioning.end_api_keys(APPLICATION, clock.now + timedelta(hours=1))
        provisioning.add_api_key(APPLICATION, hash_secret(b"next"))
    with serving(inventory, at=clock) as served:
        assert served.unlock("not-listed").status_code == 200
        clock.now += timedelta(hours=1)
        look_again(served)
        assert served.unlock("not-listed", pac_api_key=API_KEY).status_code == 401
        assert served.unlock("not-listed", pac_api_key="next").status_code == 200


def by_the_process(patch: pytest.MonkeyPatch) -> None:
    """Use this machine's clock."""
    patch.setattr("seatlatch.assembly.DatabaseClock", ProcessClock)


@pytest.mark.parametrize(
    ("hours", "test"),
    [
        (-2, test_an_access_token_lasts_as_long_as_the_database_says),
        (2, test_an_access_token_lasts_as_long_as_the_database_says),
        (2, test_a_rotated_key_ends_when_the_database_says),
    ],
    ids=["ahead", "behind", "behind, a key"],
)
def test_control_with_the_clock_of_this_machine_they_fail(
    inventory: Database,
    monkeypatch: pytest.MonkeyPatch,
    hours: int,
    test: Callable[[Database, int], None],
) -> None:
    by_the_process(monkeypatch)
    with pytest.raises(AssertionError):
        test(inventory, hours)
