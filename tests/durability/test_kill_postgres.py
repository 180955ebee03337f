"""kill -9 of PostgreSQL and all its processes under load: what was acknowledged is there.

The machine goes on, so that what PostgreSQL has written is kept, synced or not. What it has only in
its memory is lost, which is what a COMMIT that does not wait leaves behind: the control.
`python -m campaigns.postmaster` runs many more cycles.
"""

from collections.abc import Awaitable, Callable

import pytest

from seatlatch.store.interface import Result, Transaction
from tests.durability.fault_scenarios import HEALED_SECONDS, WatchedServer, a_day
from tests.durability.killed_postgres import killed_under_load, not_waiting
from tests.journals import disagreements
from tests.stores import Around

CYCLES = 20


def test_nothing_acknowledged_is_lost_with_postgres(server: WatchedServer) -> None:
    with a_day(server, callers=8) as day:
        for cycle in range(CYCLES):
            assert killed_under_load(day) == {}, f"cycle {cycle}"
        with day.callers.paused(HEALED_SECONDS):
            assert disagreements(day.database) == [], "journal and tickets"


def test_a_database_that_would_not_wait_has_to(server: WatchedServer) -> None:
    with a_day(server, callers=8) as day:
        day.on_server(f"ALTER DATABASE {day.name} SET synchronous_commit = off")
        for cycle in range(CYCLES // 2):
            assert killed_under_load(day) == {}, f"cycle {cycle}"


def test_control_a_commit_that_does_not_wait_loses(server: WatchedServer) -> None:
    """synchronous_commit = off, were it heeded: the same test sees what is lost."""
    with pytest.raises(AssertionError, match="lost"), not_waiting(server) as day:
        for _ in range(CYCLES):
            assert killed_under_load(day) == {}, "lost"


def test_control_a_false_acknowledgement_is_seen(server: WatchedServer) -> None:
    with pytest.raises(AssertionError, match="lost"), a_day(server, around=Forgetful) as day:
        assert day.lost() == {}, "lost"


class Forgetful(Around):
    """Says of every tenth group that it is done, and does it not."""

    groups = 0

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        self.groups += 1
        if self.groups % 10:
            return await super().commit(work)
        answers: list[Result] = []

        async def forget(inside: Transaction) -> Result:
            answers.append(await work(inside))
            raise ForgetIt

        try:
            return await super().commit(forget)
        except ForgetIt:
            return answers[-1]


class ForgetIt(Exception):
    pass
