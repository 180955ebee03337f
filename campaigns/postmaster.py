"""kill -9 of PostgreSQL under load, with all its processes: `python -m campaigns.postmaster`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from campaigns import sitting
from campaigns.sitting import Campaign, Round
from seatlatch.logs import make_log
from tests.durability.fault_scenarios import HEALED_SECONDS, WatchedServer, a_day
from tests.durability.killed_postgres import CALLERS, killed_under_load, not_waiting
from tests.journals import disagreements
from tests.postgres import DURABLE

CYCLES = 20
QUIET = make_log("json", "critical")
"""Responses 503 are expected, one log line each."""


@contextmanager
def server() -> Iterator[WatchedServer]:
    """A server with its data on the disk."""
    made = WatchedServer(DURABLE)
    try:
        made.start()
        yield made
    finally:
        made.close()


def run(seed: int) -> Round:
    """Kill one server several times."""
    chance, failures = Random(seed), []
    with server() as killed, a_day(killed, callers=CALLERS, seed=seed, log=QUIET) as day:
        for cycle in range(CYCLES):
            lost = killed_under_load(day, chance)
            failures += [f"cycle {cycle}: {lost}"] if lost else []
        with day.callers.paused(HEALED_SECONDS):
            failures += disagreements(day.database)
    return Round(CYCLES, failures)


def control(seed: int) -> Round:
    """Kill a server whose commits do not wait for the disk. A loss must be found."""
    chance, is_found = Random(seed), False
    with server() as killed:
        try:
            with not_waiting(killed, QUIET) as day:
                for _ in range(CYCLES):
                    is_found = is_found or bool(killed_under_load(day, chance))
                    if is_found:
                        break
        except AssertionError:  # the loss is still there at the end of the day
            if not is_found:
                raise
    return Round(1) if is_found else Round(0, [f"no loss in {CYCLES} kills"])


if __name__ == "__main__":
    sys.exit(sitting.run(Campaign("postmaster", run, control)))
