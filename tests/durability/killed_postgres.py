"""Kills of PostgreSQL and all its processes under load."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from seatlatch.logs import Log
from seatlatch.store.postgres import connections
from tests.durability.fault_scenarios import CHANGES, Day, WatchedServer, a_day

CALLERS = 8
LOAD_ANSWERS = 60


def killed_under_load(day: Day, chance: random.Random | None = None) -> dict[str, object]:
    """Kill it in the midst of a load and start it again; what is lost."""
    times = (chance or random).randint(1, LOAD_ANSWERS)
    day.callers.wait_for({CHANGES: 200}, 10, times=times)
    day.server.kill()
    day.server.start()
    return dict(day.lost())


@contextmanager
def not_waiting(server: WatchedServer, log: Log | None = None) -> Iterator[Day]:
    """A day on which no COMMIT waits for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "commit_durably", lambda *, locally: "SELECT 1")
        with a_day(server, callers=CALLERS, log=log) as day:
            day.on_server(f"ALTER DATABASE {day.name} SET synchronous_commit = off")
            yield day
