"""Unlocks by the client through a proxy that makes trouble, held against a model.

`python -m tests.client.campaign --calls 10000 --engine postgres` does many. Every call must be
answered to its caller, once for each ticket, and the inventory must be as the answers say.
"""

import argparse
import asyncio
import sys
from collections import Counter
from random import Random
from time import perf_counter
from typing import NamedTuple

from seatlatch.client import AsyncClient, Retries
from seatlatch.domain.outcome import Outcome
from seatlatch.logs import make_log
from seatlatch.store.tickets import NewTicket
from tests.campaigns import fresh_database
from tests.client.client_kinds import KEYS
from tests.client.faults import FaultyProxy, faulty_proxy
from tests.databases import ENGINES, Database
from tests.journals import entries_of
from tests.serving import ACCESS_TOKEN, ORGANIZATION, OWNER, fill, listed, serving
from tests.stores import opened

CALLERS = 24
SHARE = 0.35
PATIENT = Retries(attempts=20, first_wait_seconds=0.01, wait_seconds_max=0.5)


class Call(NamedTuple):
    """What one call asks for: which tickets are free to be unlocked, and which are held."""

    free: list[str]
    held: list[str]


class Report(NamedTuple):
    """What came of a campaign."""

    calls: int
    tickets: int
    faults: Counter[str]
    attempts: int
    seconds: float


def plan(calls: int, seed: int) -> list[Call]:
    """Calls of one to five tickets, no two of the same ticket; some of the seats are held."""
    random = Random(seed)
    return [
        Call(
            [f"free-{number}-{index}" for index in range(random.randint(1, 4))],
            [f"held-{number}"] if random.random() < 0.2 else [],
        )
        for number in range(calls)
    ]


def prepare(database: Database, calls: list[Call]) -> None:
    """The inventory that the calls are about."""
    fill(database, [listed(token) for call in calls for token in call.free])
    held = [NewTicket(token, ORGANIZATION, OWNER, seat_status="LOCK") for token in held_in(calls)]
    with database.provisioning() as provisioning:
        provisioning.add_tickets(held)


def held_in(calls: list[Call]) -> list[str]:
    """All tickets that can't be unlocked."""
    return [token for call in calls for token in call.held]


def run(database: Database, calls: list[Call], seed: int) -> Report:
    """Make all calls, and hold answers, inventory and journal against the plan."""
    prepare(database, calls)
    began = perf_counter()
    log = make_log("json", "critical")
    with serving(database, log=log) as served, faulty_proxy(served.port, SHARE, seed) as proxy:
        answered = asyncio.run(ask_all(proxy, calls))
        seconds = perf_counter() - began
        made = sum(proxy.done.values())
    check_answers(calls, answered)
    assert set(database.mpreserve_of().values()) == {False}
    check_journal(database, calls)
    tickets = sum(len(call.free) + len(call.held) for call in calls)
    return Report(len(calls), tickets, proxy.done, made, seconds)


Answers = list[tuple[list[str], list[str]]]
"""By call, in their order: the tokens that succeeded, and those that failed."""


async def ask_all(proxy: FaultyProxy, calls: list[Call]) -> Answers:
    """What every call was answered."""
    answered: Answers = [([], []) for _ in calls]
    waiting = iter(enumerate(calls))
    async with AsyncClient(
        proxy.url, access_token=ACCESS_TOKEN, retries=PATIENT, timeout=10, **KEYS
    ) as client:

        async def caller() -> None:
            for number, call in waiting:
                result = await client.tickets.unlock([*call.free, *call.held])
                answered[number][0].extend(ticket.token for ticket in result.success)
                answered[number][1].extend(failed.token or "" for failed in result.failure)

        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(caller())
    return answered


def check_answers(calls: list[Call], answered: Answers) -> None:
    """Each ticket was told of once, with the outcome that it has."""
    assert answered == [(call.free, call.held) for call in calls]


def check_journal(database: Database, calls: list[Call]) -> None:
    """Each ticket was unlocked by exactly one request, however often it was sent."""
    with opened(database.store()) as store:
        entries = entries_of(store)
    unlocked = Counter(
        token for entry in entries for token in entry.outcomes.get(Outcome.UNLOCKED, ())
    )
    assert unlocked == Counter(token for call in calls for token in call.free)


def main() -> None:
    """Do what the command line says, and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with fresh_database(asked.engine) as database:
        report = run(database, plan(asked.calls, asked.seed), asked.seed)
    sys.stdout.write(
        f"{report.calls:,} calls of {report.tickets:,} tickets on {asked.engine},"
        f" seed {asked.seed}: {report.attempts:,} requests in {report.seconds:.0f} s. Every ticket"
        " was answered once; inventory and journal are as answered.\n"
    )
    for fault, times in report.faults.most_common():
        sys.stdout.write(f"  {fault}: {times:,}\n")


if __name__ == "__main__":
    main()
