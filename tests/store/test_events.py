"""The store contract of events: tests that every engine must pass."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from seatlatch.domain.performance import Event, EventKey, TicketCounts
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.journal.rows import is_entry
from seatlatch.store.events import ChangedEvent, CountedPortion, EventSeat
from seatlatch.store.interface import Snapshot, TicketsBusy, Transaction
from seatlatch.store.tickets import Hold, NewTicket
from tests.databases import Database
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, add_tickets, fill
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GAME = Event(
    *(ORGANIZATION, "GAME-1", "Home – Away", "2026", "G1"),
    *("2026-11-23T19:30:00-05:00", None, "ARENA", None),
)
OTHER = Event(ORGANIZATION, "GAME-2")
FOREIGN = Event(FOREIGN_ORGANIZATION, "GAME-1")
REQUEST = "7d444840-9dc0-41d1-b245-5ffdce74fad2"


def ticket(token: str, access_id: str | None, organization_id: str = ORGANIZATION) -> NewTicket:
    return NewTicket(token, organization_id, OWNER, access_id)


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database)
    with opened(database.store(database.clock(NOW))) as store:
        yield store


def write(store: OpenStore, *events: Event) -> None:
    """Store events as the next changes."""

    async def work(transaction: Transaction) -> None:
        last = await transaction.events.lock()
        changed = [ChangedEvent(one, last + n, REQUEST) for n, one in enumerate(events, 1)]
        await transaction.events.write(changed)

    store.commit(work)


def test_an_event_is_kept_as_it_was_written(store: OpenStore) -> None:
    write(store, GAME, OTHER, FOREIGN)
    keys = [GAME.key, FOREIGN.key, EventKey(ORGANIZATION, "none")]
    assert store.read(lambda s: s.events.find(keys)) == {GAME.key: GAME, FOREIGN.key: FOREIGN}
    assert store.read(lambda s: s.events.find([])) == {}


def test_a_later_change_replaces_everything_and_has_a_higher_number(store: OpenStore) -> None:
    assert store.read(lambda s: s.events.last_change()) == 0
    write(store, GAME, OTHER)
    renamed = Event(*GAME.key, "Renamed")
    write(store, renamed)
    assert store.read(lambda s: s.events.last_change()) == 3
    after = store.read(lambda s: s.events.changed_after(0, [ORGANIZATION], 9))
    assert after == [ChangedEvent(OTHER, 2, REQUEST), ChangedEvent(renamed, 3, REQUEST)]


def test_changes_are_read_in_order_and_only_those_of_the_organizations(store: OpenStore) -> None:
    write(store, OTHER, FOREIGN, GAME)

    def changed(after: int, *organizations: str, limit: int = 9) -> list[Event]:
        found = store.read(lambda s: s.events.changed_after(after, organizations, limit))
        return [one.event for one in found]

    assert changed(0, ORGANIZATION) == [OTHER, GAME]
    assert changed(0, ORGANIZATION, limit=1) == [OTHER]
    assert changed(1, ORGANIZATION, FOREIGN_ORGANIZATION) == [FOREIGN, GAME]
    assert changed(3, ORGANIZATION, FOREIGN_ORGANIZATION) == []
    assert changed(0) == []


async def access_ids(snapshot: Snapshot, after: str | None, limit: int) -> Sequence[str]:
    return await snapshot.events.access_ids(ORGANIZATION, after, limit)


async def count_two(snapshot: Snapshot, key: EventKey, after: str) -> CountedPortion:
    return await snapshot.events.count_tickets(key, after, 2)


def test_access_ids_are_those_of_events_and_of_tickets_in_order(
    store: OpenStore, database: Database
) -> None:
    write(store, GAME, Event(ORGANIZATION, "Z"))
    named = ["GAME-1", "É", "e", None, "e", None, "GAME-10"]
    add_tickets(database, [ticket(f"t{n}", access_id) for n, access_id in enumerate(named)])
    add_tickets(database, [ticket("foreign", "FOREIGN", FOREIGN_ORGANIZATION)])
    everything = ["", "GAME-1", "GAME-10", "Z", "e", "É"]
    for after in range(-1, len(everything)):
        for limit in (1, 2, 9):
            place = None if after < 0 else everything[after]
            found = store.read(partial(access_ids, after=place, limit=limit))
            assert found == everything[after + 1 :][:limit], (place, limit)
    assert store.read(lambda s: s.events.access_ids("none", None, 9)) == []


def test_organizations_are_those_with_an_event_or_a_ticket(
    store: OpenStore, database: Database
) -> None:
    with database.provisioning() as provisioning:
        provisioning.add_organization("3003", "Without anything")

    def found(
        access_id: str | None, first: str = "", among: list[str] | None = None, limit: int = 9
    ) -> list[str]:
        return list(store.read(lambda s: s.events.organizations(access_id, first, among, limit)))

    assert found(None) == []
    write(store, GAME)
    add_tickets(database, [ticket("foreign", None, FOREIGN_ORGANIZATION)])
    assert found(None) == [ORGANIZATION, FOREIGN_ORGANIZATION]
    assert found(None, limit=1) == [ORGANIZATION]
    assert found(None, first=FOREIGN_ORGANIZATION) == [FOREIGN_ORGANIZATION]
    assert found(None, among=[FOREIGN_ORGANIZATION, "3003", "none"]) == [FOREIGN_ORGANIZATION]
    assert found(None, among=[]) == []
    assert found("GAME-1") == [ORGANIZATION]
    assert found("") == [FOREIGN_ORGANIZATION]
    assert found("none") == []


def test_tickets_are_counted_in_the_first_state_that_applies(
    store: OpenStore, database: Database
) -> None:
    """Every combination of void, hold, an expired hold and mpreserve."""
    states: list[NewTicket] = []
    for voided in (False, True):
        for held in (False, True):
            for channel in (None, CHANNEL):
                states.append(
                    ticket(f"t{len(states)}", "E")._replace(
                        voided=voided,
                        seat_status="LOCK" if held else "UNLOCK",
                        mpreserve_channel=channel,
                    )
                )
    expired = [ticket("x0", "E"), ticket("x1", "E")._replace(mpreserve_channel=CHANNEL)]
    add_tickets(database, [*states, *(one._replace(seat_status="LOCK") for one in expired)])
    add_tickets(database, [ticket("other", "E2"), ticket("foreign", "E", FOREIGN_ORGANIZATION)])
    ends_at = (NOW - timedelta(seconds=1)).isoformat(timespec="microseconds")
    database.execute("UPDATE tickets SET hold_expires_at = ? WHERE token LIKE 'x%'", ends_at)
    counted = store.read(lambda s: s.events.count_tickets(EventKey(ORGANIZATION, "E"), "", 99))
    assert counted.counts == TicketCounts(free=2, listed=2, held=2, voided=4, held_over_listing=1)
    assert counted.last_token == "x1"


def test_tickets_are_counted_in_portions_in_order_of_their_tokens(
    store: OpenStore, database: Database
) -> None:
    add_tickets(database, [ticket(f"t{n}", None) for n in range(5)])
    key, after, totals = EventKey(ORGANIZATION, ""), "", []
    for _ in range(3):
        portion = store.read(partial(count_two, key=key, after=after))
        totals.append((portion.counts.total, portion.last_token))
        after = portion.last_token
    assert totals == [(2, "t1"), (2, "t3"), (1, "t4")]
    assert store.read(lambda s: s.events.count_tickets(key, "t4", 2)) == (TicketCounts(), "t4")


def test_a_removed_organization_takes_its_events_with_it(
    store: OpenStore, database: Database
) -> None:
    write(store, FOREIGN, GAME)
    with database.provisioning() as provisioning:
        provisioning.remove_grant("other-channel", FOREIGN_ORGANIZATION)
        provisioning.remove_organization(FOREIGN_ORGANIZATION)
    assert store.read(lambda s: s.events.find([FOREIGN.key, GAME.key])) == {GAME.key: GAME}


def test_only_one_transaction_at_a_time_changes_events(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a reader that has seen a number has seen all lower ones."""
    fill(database)
    database.wait_for_locks(monkeypatch, 0.1)

    async def lock(transaction: Transaction) -> None:
        await transaction.events.lock()

    async def test() -> None:
        first, second = database.store(), database.store()
        is_locked, may_end = asyncio.Event(), asyncio.Event()

        async def hold(transaction: Transaction) -> None:
            await transaction.events.lock()
            is_locked.set()
            await may_end.wait()

        holding = asyncio.create_task(first.commit(hold))
        await is_locked.wait()
        with pytest.raises((TicketsBusy, Unavailable)):
            await second.commit(lock)
        may_end.set()
        await holding
        await second.commit(lock)
        await first.close()
        await second.close()

    asyncio.run(test())


async def seats_after(event: EventKey, after: str, snapshot: Snapshot) -> Sequence[EventSeat]:
    return await snapshot.events.read_seats(event, after, 2)


def test_seats_are_read_in_portions_with_the_state_that_applies(
    store: OpenStore, database: Database
) -> None:
    tickets = {
        "a-free": NewTicket("a-free", ORGANIZATION, OWNER, "E", "101", "A", "1"),
        "b-listed": NewTicket("b-listed", ORGANIZATION, OWNER, "E", mpreserve_channel=CHANNEL),
        "c-void": NewTicket("c-void", ORGANIZATION, OWNER, "E", voided=True, seat_status="LOCK"),
        "d-held": NewTicket("d-held", ORGANIZATION, OWNER, "E"),
        "e-ended": NewTicket("e-ended", ORGANIZATION, OWNER, "E", mpreserve_channel=CHANNEL),
        "other": NewTicket("other", ORGANIZATION, OWNER, "F"),
    }
    add_tickets(database, tickets.values())
    entries = {"d-held": 1, "e-ended": 2}
    end = NOW + timedelta(seconds=600)
    holds = {"d-held": Hold("moving", 600), "e-ended": Hold("moving", 0, over_listing=True)}
    store.commit(lambda inside: inside.tickets.hold(holds, entries))
    event = EventKey(ORGANIZATION, "E")
    found: list[EventSeat] = []
    for after in ("", "b-listed", "d-held"):
        found += store.read(partial(seats_after, event, after))
    free, listed, held = TicketState.FREE, TicketState.LISTED, TicketState.HELD
    entry_ids = {seat.token: seat.entry_id for seat in found}
    assert {token: n for token, n in entry_ids.items() if is_entry(n)} == entries
    assert found == [
        EventSeat("a-free", "101", "A", "1", free, None, None, entry_ids["a-free"]),
        EventSeat("b-listed", None, None, None, listed, CHANNEL, None, entry_ids["b-listed"]),
        EventSeat("c-void", None, None, None, TicketState.VOIDED, None, None, entry_ids["c-void"]),
        EventSeat("d-held", None, None, None, held, None, end, 1),
        EventSeat("e-ended", None, None, None, listed, CHANNEL, None, 2),
    ]
