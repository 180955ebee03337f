"""One round of the campaign: a service under load, a fault, and what became of the changes."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from campaigns.patroni.cluster import POLL_SECONDS, Cluster, Node
from campaigns.patroni.faults import Fault
from tests.durability.callers import Callers, states_of
from tests.durability.fault_scenarios import CHANGES, TOKENS, ServersDatabase, an_inventory
from tests.durability.processes import ServerProcess
from tests.journals import disagreements, missing_from_journal
from tests.waiting import until

WORKERS = 2
CALLERS = 8
PAUSE_SECONDS = 0.02
"""The pause of a caller after a change, so that the load leaves the cores to the failover."""

CHANGES_BEFORE = range(50, 400)
CHANGES_AFTER = 200
LOADED_SECONDS = 60
NEW_PRIMARY_SECONDS = 120
FIRST_CHANGE_SECONDS = 60
RECOVERED_SECONDS = 60


class Outcome(NamedTuple):
    """The result of a round. `losses`: how many acknowledged changes are missing, by place.
    `wrong`: responses that break a promise, and disagreements between journal and tickets.
    `figures`: times in seconds, and counts.
    """

    losses: Mapping[str, int]
    wrong: Sequence[str]
    figures: Mapping[str, float]


def play(cluster: Cluster, fault: Fault, seed: int, folder: Path) -> Outcome:
    """Play a round. Raises `AssertionError` if something does not come in time."""
    chance = random.Random(seed)
    cluster.wait_until_healthy()
    with (
        an_inventory(cluster) as database,
        service(database.url, folder / "service.log") as port,
        Callers([port] * 2, TOKENS, CALLERS, seed, pause_seconds=PAUSE_SECONDS) as callers,
    ):
        primary = until(cluster.primary, NEW_PRIMARY_SECONDS, POLL_SECONDS)
        assert primary
        callers.wait_for({CHANGES: 200}, LOADED_SECONDS, times=chance.choice(CHANGES_BEFORE))
        fault.before(cluster, primary)
        callers.wait_for({CHANGES: 200}, LOADED_SECONDS, times=chance.choice(CHANGES_BEFORE))
        times = watch(cluster, fault, primary, callers)
        after = until(partial(cluster.primary, primary if fault.moves else None))
        assert after
        outcome = judge(callers, database, after)
        return outcome._replace(figures={**times, **outcome.figures})


@contextmanager
def service(url: str, log: Path) -> Iterator[int]:
    """The port of a service on this database."""
    server = ServerProcess(url, log, SEATLATCH_WORKERS=str(WORKERS))
    try:
        yield server.begun()
        assert server.stop() == 0, "the service did not stop in order"
    finally:
        server.kill()


def watch(cluster: Cluster, fault: Fault, primary: Node, callers: Callers) -> Mapping[str, float]:
    """Let the fault begin, wait until changes are acknowledged again, undo it, and load on."""
    began = monotonic()
    times: dict[str, float] = {}
    fault.begin(cluster, primary)
    if fault.moves:
        until(partial(cluster.primary, primary), NEW_PRIMARY_SECONDS, POLL_SECONDS)
        times["new_primary_seconds"] = monotonic() - began
    times["first_change_seconds"] = callers.wait_for({CHANGES: 200}, FIRST_CHANGE_SECONDS)
    fault.undo(cluster, primary)
    if fault.moves:
        until(lambda: primary.ask("/primary")[0] != 200, RECOVERED_SECONDS, POLL_SECONDS)
    callers.wait_for({CHANGES: 200}, RECOVERED_SECONDS, times=CHANGES_AFTER)
    times["gap_seconds"] = callers.longest_gap(began)
    return {name: round(seconds, 2) for name, seconds in times.items()}


def judge(callers: Callers, database: ServersDatabase, primary: Node) -> Outcome:
    """Compare what was acknowledged with rows and journal, as the primary has them."""
    with callers.paused(RECOVERED_SECONDS):
        database.moved_to(primary)
        lost = callers.lost(states_of(database.rows()))
        missing = missing_from_journal(database, callers.acknowledged)
        wrong = callers.wrong + disagreements(database)
    database.let_go()
    late = [answer.seconds for answer in callers.late]
    return Outcome(
        {"rows lost": len(lost), "entries missing in the journal": len(missing)},
        [*wrong, *(f"a response after {seconds:.1f} s" for seconds in late)],
        {"acknowledged": len(callers.acknowledged)},
    )
