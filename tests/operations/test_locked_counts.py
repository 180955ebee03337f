"""Counts of holds without an end and of locks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import pytest

from seatlatch.domain.performance import EventKey
from seatlatch.domain.refusal import Unavailable
from seatlatch.logs import make_log
from seatlatch.operations import locked_counts
from seatlatch.operations.locked_counts import KEPT_SECONDS_MIN, LockedCounter, LockedCounts
from seatlatch.store.interface import Result, Snapshot, Store, Transaction
from seatlatch.store.tickets import Hold, NewTicket
from tests.databases import Database
from tests.serving import (
    CHANNEL,
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    fill,
)
from tests.stores import Around, OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def ticket(token: str, access_id: str | None = "GAME-1", **state: str | bool) -> NewTicket:
    return NewTicket(token, ORGANIZATION, OWNER, access_id, **state)  # type: ignore[arg-type]


TICKETS = [
    ticket("free"),
    ticket("held-1", seat_status="LOCK"),
    ticket("held-2", seat_status="LOCK"),
    ticket("held-of-no-event", None, seat_status="LOCK"),
    ticket("listed", mpreserve_channel=CHANNEL),
    ticket("listed-and-held", "GAME-2", mpreserve_channel=CHANNEL, seat_status="LOCK"),
    ticket("voided", voided=True),
    ticket("with-an-end"),
    NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER, mpreserve_channel=OTHER_CHANNEL),
]


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database, TICKETS)
    with opened(database.store(database.clock(NOW))) as store:
        store.commit(partial(hold, token="with-an-end"))
        yield store


async def hold(transaction: Transaction, token: str, seconds: int | None = 60) -> None:
    await transaction.tickets.hold({token: Hold("moving", seconds)}, {token: 1})


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def counter_of(store: OpenStore, clock: Clock) -> LockedCounter:
    return LockedCounter(store.store, clock, make_log("json", "info"))


@pytest.mark.parametrize("portion_tickets", [1, 2, 3, 9, 10])
def test_each_ticket_is_counted_once(
    store: OpenStore, portion_tickets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked_counts, "PORTION_TICKETS", portion_tickets)
    counts, _ = store.run(counter_of(store, Clock()).count())
    assert counts == LockedCounts(
        holds={
            EventKey(ORGANIZATION, "GAME-1"): 2,
            EventKey(ORGANIZATION, ""): 1,
            EventKey(ORGANIZATION, "GAME-2"): 1,
        },
        other_holds={},
        locks={(ORGANIZATION, CHANNEL): 2, (FOREIGN_ORGANIZATION, OTHER_CHANNEL): 1},
        held_locks={CHANNEL: 1},
        counted_at=NOW,
    )


def test_holds_of_many_events_are_counted_by_organization(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked_counts, "EVENTS_MAX", 1)
    counts, _ = store.run(counter_of(store, Clock()).count())
    assert len(counts.holds) == 1
    assert sum(counts.holds.values()) + counts.other_holds[ORGANIZATION] == 4


async def counted(counter: LockedCounter, holds: int) -> LockedCounts:
    """The counts that a person sees who looks until there are this many holds."""
    async with asyncio.timeout(10):
        while True:
            found = counter.latest()
            if found is not None and sum(found.holds.values()) == holds:
                return found
            await asyncio.sleep(0)


async def held_later(counter: LockedCounter, store: Store, clock: Clock) -> None:
    """Hold another ticket, and look before the counts are due and after."""
    first = await counted(counter, 4)
    await store.commit(partial(hold, token="free", seconds=None))
    clock.now += KEPT_SECONDS_MIN - 1
    assert counter.latest() is first
    clock.now += 1
    assert (await counted(counter, 5)).holds[EventKey(ORGANIZATION, "GAME-1")] == 3
    await counter.close()


def test_the_tickets_are_counted_again_when_somebody_looks_later(store: OpenStore) -> None:
    clock = Clock()
    store.run(held_later(counter_of(store, clock), store.store, clock))


async def forgotten(counter: LockedCounter, store: Store) -> None:
    """Hold another ticket, and let the counter forget its counts twice, also while it counts."""
    await counted(counter, 4)
    await store.commit(partial(hold, token="free", seconds=None))
    for _ in range(2):
        counter.forget()
        assert counter.latest() is None
        await asyncio.sleep(0)
    await counted(counter, 5)
    await counter.close()


def test_counts_that_were_forgotten_are_made_again(store: OpenStore) -> None:
    store.run(forgotten(counter_of(store, Clock()), store.store))


class Away(Around):
    """A real store that cannot be read at first."""

    def __init__(self, inside: Store) -> None:
        super().__init__(inside)
        self.fails = 1

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        if self.fails:
            self.fails -= 1
            raise Unavailable("The database is away.")
        return await super().read(work)


def test_a_failure_is_not_the_last_attempt(store: OpenStore) -> None:
    away = Away(store.store)
    counter = LockedCounter(away, Clock(), make_log("json", "error"))
    assert store.run(counted(counter, 4)).locks[ORGANIZATION, CHANNEL] == 2
    assert away.fails == 0


def test_it_can_be_stopped_before_anybody_has_looked(store: OpenStore) -> None:
    counter = counter_of(store, Clock())
    counter.start()
    store.run(counter.close())
