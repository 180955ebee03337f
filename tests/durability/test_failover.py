"""A primary that freezes while COMMITs wait, and the standby that takes its place."""

import pytest

from seatlatch.store.postgres import commit
from tests.durability.fault_scenarios import CHANGES, a_day
from tests.durability.stalled_standby import CONNECTIONS_MAX, stall
from tests.durability.standby import both, failed_over, replicated

FAILOVER_SECONDS_MAX = 15
"""From the promotion of the standby to the first acknowledged change."""

STALL_SECONDS = 8


def test_a_promoted_standby_gets_changes() -> None:
    """Nothing acknowledged is lost: in the end the new primary is compared."""
    with (
        replicated() as (primary, standby),
        a_day(primary, both(primary, standby)) as day,
        failed_over(primary, standby),
    ):
        day.callers.wait_for({CHANGES: 200}, FAILOVER_SECONDS_MAX)
        day.is_answered()
        day.callers.stop()
        day.database.moved_to(standby)


def test_control_without_a_bound_it_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "COMMIT_SECONDS", 600)
    with (
        replicated() as (primary, standby),
        a_day(primary, both(primary, standby)) as day,
        failed_over(primary, standby),
    ):
        with pytest.raises(AssertionError):
            day.callers.wait_for({CHANGES: 200}, FAILOVER_SECONDS_MAX)
        day.callers.stop()


def test_a_stalled_standby_costs_few_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "COMMIT_SECONDS", 1)
    seen = stall(STALL_SECONDS)
    assert seen["most_waiting_commits"] == 4
    assert seen["most_connections"] <= CONNECTIONS_MAX
    assert seen["lost"] == 0
