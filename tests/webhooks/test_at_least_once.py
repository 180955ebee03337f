"""At least once and in order, while everything fails: a receiver that fails three of ten requests
and is killed repeatedly, two dispatchers of which one dies, and thousands of changes.
"""

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from standardwebhooks import Webhook as Verifier

from seatlatch.domain.webhook import Webhook
from seatlatch.webhooks.window import Window
from tests.databases import Database
from tests.webhooks.webhook_harness import (
    FAST,
    TIMEOUTS,
    Harness,
    dispatching,
    kill,
    run,
    with_tickets,
)

TICKETS = 200
ROUNDS = 12
SHORT_LEASES = FAST._replace(lease_seconds=2, renew_seconds=0.5)
IMPATIENT = TIMEOUTS._replace(attempt_seconds=0.4)

Event = tuple[str, int]
"""A ticket and its version."""


class Line(NamedTuple):
    """One request that the receiver has read."""

    outcome: str
    headers: dict[str, str]
    body: str

    @property
    def events(self) -> list[Event]:
        """The events in its message."""
        return [(seat["token"], seat["version"]) for seat in json.loads(self.body)["data"]["seats"]]


class FlakyReceiver:
    """The receiver's process. It starts again on the same port after a kill."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.port = 0
        self.kills = 0
        self._process: Process | None = None

    async def start(self) -> None:
        """Start, also after a kill."""
        module = (sys.executable, "-m", "tests.webhooks.flaky_receiver")
        self._process = await asyncio.create_subprocess_exec(
            *module, str(self.port), str(self.path), str(self.kills), stdout=PIPE
        )
        assert self._process.stdout
        self.port = int(await self._process.stdout.readline())

    async def kill(self) -> None:
        """Kill the process, like a loss of power."""
        assert self._process
        self._process.kill()
        await self._process.wait()
        self.kills += 1

    def lines(self) -> list[Line]:
        """All requests that it has read; complete lines only."""
        whole = self.path.read_text().rpartition("\n")[0]
        return [Line(**json.loads(line)) for line in whole.splitlines()]


@asynccontextmanager
async def flaky_receiver(path: Path) -> AsyncIterator[FlakyReceiver]:
    receiver = FlakyReceiver(path)
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.kill()


async def change(harness: Harness, chance: random.Random) -> None:
    """One round: each ticket is unlocked and locked again, some by the box office."""
    tokens = [f"t{number}" for number in range(TICKETS)]
    chance.shuffle(tokens)
    while tokens:
        some = [tokens.pop() for _ in range(min(len(tokens), chance.randint(1, 8)))]
        await (harness.override(*some) if chance.random() < 0.3 else harness.unlock(*some))
        await harness.lock(*some)


def expected(database: Database) -> set[Event]:
    """Every change of every ticket, as the inventory counts them."""
    rows = database.execute("SELECT token, revision FROM tickets WHERE token <> 'free'")
    return {(token, version) for token, last in rows for version in range(2, last + 1)}


async def until_all_is_delivered(database: Database, harness: Harness) -> None:
    events = len(expected(database))
    delivered = 0
    while delivered < events:
        seen = len(harness.observer.backlogs)
        await harness.observer.until(lambda seen=seen: len(harness.observer.backlogs) > seen + 5)  # type: ignore[misc]
        rows = database.execute("SELECT tokens FROM webhook_messages WHERE state = 'delivered'")
        delivered = sum(len(json.loads(tokens)) for (tokens,) in rows)


def check(lines: Sequence[Line], webhook: Webhook, events: set[Event]) -> None:
    """Each event at least once, each ticket's versions in their order, every signature valid."""
    verifier = Verifier(webhook.secret)
    for line in lines:
        verifier.verify(line.body, line.headers)
    taken = {event for line in lines if line.outcome == "taken" for event in line.events}
    assert taken == events
    firsts: defaultdict[str, list[int]] = defaultdict(list)
    for token, version in dict.fromkeys(event for line in lines for event in line.events):
        firsts[token].append(version)
    assert all(versions == sorted(versions) for versions in firsts.values())


def test_nothing_is_lost_and_everything_is_in_order(database: Database, tmp_path: Path) -> None:
    with_tickets(database, TICKETS)
    chance = random.Random(7)
    found: list[Any] = []

    async def test() -> None:
        options: dict[str, Any] = {"times": SHORT_LEASES, "timeouts": IMPATIENT}
        async with (
            flaky_receiver(tmp_path / "received") as receiver,
            dispatching(database, **options) as second,
        ):
            async with dispatching(database, **options, killed=True) as first:
                webhook = await first.add(f"http://127.0.0.1:{receiver.port}/seats", own=True)
                for number in range(ROUNDS):
                    await change(first, chance)
                    await receiver.kill()
                    await receiver.start()
                    if number == ROUNDS // 2:
                        holder = (await first.now(webhook)).leased_to
                        dying = next(
                            one for one in (first, second) if one.dispatcher.holder == holder
                        )
                        await kill(dying.dispatcher)
                living = second if dying is first else first
                await until_all_is_delivered(database, living)
            found.append(
                (receiver.lines(), webhook, receiver.kills, first.observer, second.observer)
            )

    run(test())
    ((lines, webhook, kills, *observers),) = found
    events = expected(database)
    assert len(events) >= 2 * TICKETS * ROUNDS * 0.9
    assert kills >= ROUNDS
    check(lines, webhook, events)
    results = Counter(result for one in observers for result in one.results)
    assert results["failed"] > 0.25 * results["delivered"]
    outcomes = Counter(line.outcome for line in lines)
    sys.stdout.write(f"{len(events)} events, {kills} kills, {results}, {outcomes}\n")


def test_the_order_depends_on_the_window(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: without the window's order, the check fails."""
    with_tickets(database, TICKETS)
    monkeypatch.setattr(Window, "_free", lambda self: [(p, True) for p in self._pending.values()])
    found: list[Any] = []

    async def test() -> None:
        async with (
            flaky_receiver(tmp_path / "received") as receiver,
            dispatching(database, timeouts=IMPATIENT) as harness,
        ):
            webhook = await harness.add(f"http://127.0.0.1:{receiver.port}/seats", own=True)
            await change(harness, random.Random(7))
            await until_all_is_delivered(database, harness)
            found.append((receiver.lines(), webhook))

    run(test())
    ((lines, webhook),) = found
    with pytest.raises(AssertionError):
        check(lines, webhook, expected(database))
