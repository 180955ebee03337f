"""A standby takes the primary's place: changes are acknowledged again soon, and none is lost.

What was acknowledged is compared with the rows and with the journal of the new primary. The callers
accept no response but 200, and 503 with Retry-After.

See decision 207.
"""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import pytest

from seatlatch.store.postgres import commit
from tests.cli.supervised import supervised
from tests.durability.callers import Callers, states_of
from tests.durability.fault_scenarios import (
    CHANGES,
    FREE_TOKENS,
    HEALED_SECONDS,
    TOKENS,
    Day,
    ServersDatabase,
    WatchedServer,
    a_day,
    an_inventory,
)
from tests.durability.mixed_load import State
from tests.durability.stalled_standby import CONNECTIONS_MAX, stall
from tests.durability.standby import (
    Standby,
    both,
    frozen,
    frozen_in_commit,
    killed,
    replicated,
)
from tests.journals import disagreements, missing_from_journal

FAILOVER_SECONDS_MAX = 15
"""From the promotion of the standby to the first acknowledged change."""

LOADED_SECONDS = 10
STALL_SECONDS = 8

FailOver = Callable[[WatchedServer, Standby], AbstractContextManager[None]]


class Loss(NamedTuple):
    """What was acknowledged and is not there: rows by token, and Request-IDs without an entry."""

    rows: dict[str, State]
    entries: list[str]


NO_LOSS = Loss({}, [])


def loss_at(standby: Standby, callers: Callers, database: ServersDatabase) -> Loss:
    """What the new primary lacks. Rows and journal agree in any case."""
    with callers.paused(HEALED_SECONDS):
        database.moved_to(standby)
        assert disagreements(database) == [], "journal and tickets"
        rows = callers.lost(states_of(database.rows()))
        return Loss(rows, missing_from_journal(database, callers.acknowledged))


def goes_on(day: Day) -> None:
    day.callers.wait_for({CHANGES: 200}, FAILOVER_SECONDS_MAX)
    day.is_answered()


@pytest.mark.parametrize("fail_over", [killed, frozen, frozen_in_commit])
def test_a_promoted_standby_has_all_and_gets_more(fail_over: FailOver) -> None:
    with (
        replicated() as (primary, standby),
        a_day(primary, both(primary, standby)) as day,
        fail_over(primary, standby),
    ):
        goes_on(day)
        assert loss_at(standby, day.callers, day.database) == NO_LOSS
        day.callers.stop()


def test_a_worker_is_killed_meanwhile() -> None:
    with (
        replicated() as (primary, standby),
        an_inventory(primary) as database,
        supervised(both(primary, standby).format(name=database.database)) as service,
        Callers([service.port] * 2, TOKENS) as callers,
    ):
        callers.wait_for({CHANGES: 200}, LOADED_SECONDS, times=50)
        workers = service.workers()
        primary.kill()
        os.kill(min(workers), signal.SIGKILL)
        standby.promote()
        callers.wait_for({CHANGES: 200}, FAILOVER_SECONDS_MAX)
        service.new_workers(workers, 1)
        callers.wait_for({CHANGES: 200}, LOADED_SECONDS, times=50)
        assert loss_at(standby, callers, database) == NO_LOSS
        callers.stop()
        callers.check(states_of(database.rows()))


def test_control_an_asynchronous_standby_lacks_what_was_acknowledged() -> None:
    """A failover that loses: the same comparison finds it in rows and journal."""
    with replicated("") as (primary, standby):
        with (
            pytest.raises(AssertionError, match="has not all"),
            a_day(primary, both(primary, standby)) as day,
        ):
            standby.stop_following()
            day.callers.wait_for({CHANGES: 200}, LOADED_SECONDS, times=50)
            assert day.served.lock(FREE_TOKENS[0]).status_code == 200
            with killed(primary, standby):
                goes_on(day)
                loss = loss_at(standby, day.callers, day.database)
                # The callers change their tickets again, but nobody changes this one.
                untouched = states_of(day.database.rows())[FREE_TOKENS[0]]
                assert loss == NO_LOSS, "has not all"
        assert not untouched.mpreserve
        assert len(loss.entries) >= 50


def test_control_without_a_bound_it_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "COMMIT_SECONDS", 600)
    with (
        replicated() as (primary, standby),
        a_day(primary, both(primary, standby)) as day,
        frozen_in_commit(primary, standby),
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
