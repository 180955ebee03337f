"""Lists of events, and the counts of their tickets."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from seatlatch.commit import CommitEach, apply_group
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.performance import Event, EventKey
from seatlatch.operations import event_counts
from seatlatch.operations.event_counts import KEPT_SECONDS, EventCounter
from seatlatch.operations.list_events import EventQuery, find_event, list_events
from seatlatch.operations.put_events import PutEvents, put_events
from seatlatch.store.interface import Result, Snapshot, Store
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, add_tickets, fill
from tests.stores import Around, OpenStore, opened

REQUEST = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
BIG = EventKey(ORGANIZATION, "BIG")


class CountingStore(Around):
    """A real store that counts what it reads, and after how many other steps of the loop."""

    def __init__(self, inside: Store) -> None:
        super().__init__(inside)
        self.reads = 0

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        self.reads += 1
        return await super().read(work)


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database)
    with opened(CountingStore(database.store())) as store:
        yield store


class Monotonic:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def reads(store: OpenStore) -> int:
    assert isinstance(store.store, CountingStore)
    return store.store.reads


def add(database: Database, tickets: int, access_id: str = "BIG", prefix: str = "t") -> None:
    add_tickets(
        database,
        [NewTicket(f"{prefix}{n:05}", ORGANIZATION, OWNER, access_id) for n in range(tickets)],
    )


def test_a_large_event_is_counted_in_portions(store: OpenStore, database: Database) -> None:
    add(database, 1_001)
    add(database, 3, "OTHER", "other")
    counter = EventCounter(store.store, Monotonic())  # no time passes, so portions grow
    counted = store.run(counter.count(BIG))
    assert counted.counts.total == counted.counts.free == 1_001
    assert reads(store) == 4  # 100, 200, 400, and the last 301 of up to 800


def test_a_slow_portion_makes_the_next_one_smaller(store: OpenStore, database: Database) -> None:
    add(database, 1_000)
    clock = Monotonic()

    def slow() -> float:
        clock.now += 1
        return clock.now

    counter = EventCounter(store.store, slow)
    assert store.run(counter.count(BIG)).counts.total == 1_000
    assert reads(store) == 11  # never fewer than 100 tickets, and a last one without any


def test_other_tasks_run_between_two_portions(store: OpenStore, database: Database) -> None:
    """Also on SQLite, where reading itself never waits."""
    add(database, 1_000)
    counter = EventCounter(store.store, iter(range(1_000_000)).__next__)
    steps = 0

    async def step() -> None:
        nonlocal steps
        while True:
            steps += 1
            await asyncio.sleep(0)

    async def test() -> None:
        other = asyncio.create_task(step())
        await counter.count(BIG)
        other.cancel()

    store.run(test())
    assert steps >= reads(store) - 1 == 10


def test_callers_share_counts_until_they_are_too_old(store: OpenStore, database: Database) -> None:
    add(database, 1)
    clock = Monotonic()
    counter = EventCounter(store.store, clock)

    async def count_thrice() -> list[Any]:
        return await asyncio.gather(*(counter.count(BIG) for _ in range(3)))

    first, *others = store.run(count_thrice())
    assert others == [first, first]
    assert reads(store) == 1
    add(database, 1, prefix="later")
    clock.now += KEPT_SECONDS - 0.1
    assert counter.cached(BIG) == first
    assert store.run(counter.count(BIG)) == first
    clock.now += 0.1
    assert counter.cached(BIG) is None
    assert store.run(counter.count(BIG)).counts.total == 2


def test_the_cache_is_bounded_and_drops_the_oldest(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_counts, "KEPT_EVENTS_MAX", 2)
    counter = EventCounter(store.store, Monotonic())
    keys = [EventKey(ORGANIZATION, f"E{n}") for n in range(3)]
    for key in keys:
        store.run(counter.count(key))
    assert [counter.cached(key) is not None for key in keys] == [False, True, True]


def listed(store: OpenStore, limit: int = 99, **query: Any) -> list[EventKey]:
    counter = EventCounter(store.store, Monotonic())
    found = store.run(list_events(store.store, counter, EventQuery(**query), limit))
    return [one.event.key for one in found.events]


def put(store: OpenStore, *events: Event, organizations: list[str] | None = None) -> list[Outcome]:
    committer = CommitEach(store.store)
    results = store.run(put_events(committer, events, REQUEST, organizations))
    return [result.outcome for result in results]


def test_a_key_sees_only_its_organizations(store: OpenStore) -> None:
    mine, foreign = Event(ORGANIZATION, "E1"), Event(FOREIGN_ORGANIZATION, "E1")
    assert put(store, mine, foreign) == [Outcome.ADDED, Outcome.ADDED]
    scope = [ORGANIZATION]
    assert listed(store, organizations=scope) == [mine.key]
    assert listed(store, organizations=[]) == []
    assert listed(store, organizations=scope, access_id="E1") == [mine.key]
    for hidden in (FOREIGN_ORGANIZATION, "none"):
        assert listed(store, organizations=scope, organization_id=hidden) == []
    after = EventKey(ORGANIZATION, "E1")
    assert listed(store, organizations=scope, after=after) == []
    assert listed(store, after=after) == [foreign.key]


def test_a_key_puts_only_events_of_its_organizations(store: OpenStore) -> None:
    events = [Event(ORGANIZATION, "E1"), Event(FOREIGN_ORGANIZATION, "E1"), Event("none", "E1")]
    assert put(store, *events, organizations=[ORGANIZATION]) == [
        Outcome.ADDED,
        Outcome.UNKNOWN_ORGANIZATION,
        Outcome.UNKNOWN_ORGANIZATION,
    ]
    assert listed(store) == [EventKey(ORGANIZATION, "E1")]


def test_a_full_page_is_found_although_its_first_organization_has_no_further_event(
    store: OpenStore,
) -> None:
    first, second = Event(ORGANIZATION, "E1"), Event(FOREIGN_ORGANIZATION, "E2")
    put(store, first, second)
    counter = EventCounter(store.store, Monotonic())
    found = store.run(list_events(store.store, counter, EventQuery(after=first.key), 1))
    assert [one.event for one in found.events] == [second]
    assert found.next_after is None


def test_events_of_one_transaction_are_put_one_request_after_the_other(
    store: OpenStore,
) -> None:
    """Two requests about one event in a group: the second one sees the result of the first."""
    changes = [
        PutEvents([Event(ORGANIZATION, "E1", "A", "2026")], REQUEST, None),
        PutEvents([Event(ORGANIZATION, "E1", "B")], REQUEST, None),
        PutEvents([Event(ORGANIZATION, "E1", "B")], REQUEST, None),
    ]
    results = store.commit(lambda transaction: apply_group(changes, transaction))
    assert [one.outcome for (one,) in results] == [
        Outcome.ADDED,
        Outcome.UPDATED,
        Outcome.UNCHANGED,
    ]
    (changed,) = store.read(lambda s: s.events.changed_after(0, [ORGANIZATION], 9))
    assert changed.event == Event(ORGANIZATION, "E1", "B", "2026")
    assert changed.change_number == 2


def test_an_event_is_found_if_it_or_a_ticket_of_it_exists(
    store: OpenStore, database: Database
) -> None:
    add(database, 1)
    known = EventKey(ORGANIZATION, "KNOWN")
    committer = CommitEach(store.store)
    store.run(put_events(committer, [Event(*known, "Name")], REQUEST))
    for key, organizations, expected in (
        (BIG, None, Event(*BIG)),
        (known, [ORGANIZATION], Event(*known, "Name")),
        (known, [FOREIGN_ORGANIZATION], None),
        (EventKey(ORGANIZATION, "NONE"), None, None),
        (EventKey(ORGANIZATION, ""), None, None),
        (EventKey("none", "BIG"), None, None),
    ):
        assert store.run(find_event(store.store, key, organizations)) == expected, key
