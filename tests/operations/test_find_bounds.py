"""A search is bounded, lets others run meanwhile, and is not confused by them."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import WholeTicket
from seatlatch.domain.ticket_filter import TicketFilter, TicketState
from seatlatch.operations import find_tickets as operation
from seatlatch.operations.find_tickets import find_tickets
from seatlatch.store.finding import Place
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.store.tickets import Hold, Mpreserve, NewTicket
from tests.cases import all_cases
from tests.databases import Clock, Database
from tests.operations.changes import NO_ENTRY
from tests.operations.ticket_facts import PAGE_TICKETS, all_pages, examine_at_once, find, tokens
from tests.serving import CHANNEL, ORGANIZATION, fill
from tests.store.test_store import NOW
from tests.stores import Around, opened

ADD = """
INSERT INTO tickets (token, organization_id, owner_id, access_id, section) VALUES (?, ?, ?, ?, ?)
"""


class Counting(Around):
    """A store that counts the tickets of its statements, and between two of them does something."""

    def __init__(self, inside: Any, between: Callable[[], object] = lambda: None) -> None:
        super().__init__(inside)
        self.reads = 0
        self.between = between

    async def read(self, work: Callable[[Snapshot], Any]) -> Any:
        """See `Store.read`."""
        self.reads += 1
        self.between()
        return await self.inside.read(work)


@pytest.fixture
def many(database: Database) -> Database:
    """Tickets of one event and one owner; every fortieth is held."""
    fill(
        database,
        [
            NewTicket(
                f"{number:04}",
                ORGANIZATION,
                "anna",
                "E1",
                "101",
                "1",
                str(number),
                seat_status="LOCK" if number % 40 == 0 else "UNLOCK",
            )
            for number in range(200)
        ],
    )
    return database


SEARCHES: dict[str, dict[str, Any]] = {
    "by the token": {"channel_code": "nobody"},
    "by the organization": {"channel_code": "nobody", "organization_id": ORGANIZATION},
    "by the event": {"channel_code": "nobody", "access_id": "E1"},
    "by the section": {"channel_code": "nobody", "section": "101"},
    "by the row": {"channel_code": "nobody", "row": "1"},
    "by the owner": {"state": TicketState.VOIDED, "owner_id": "anna"},
}


@all_cases("filters", SEARCHES.values(), ids=SEARCHES)
def test_a_call_examines_a_limited_number_of_tickets_whatever_it_filters_by(
    many: Database, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any]
) -> None:
    monkeypatch.setattr(operation, "EXAMINED_TICKETS_MAX", 90)
    examine_at_once(monkeypatch, 30)
    with opened(many.store()) as store:
        pages = all_pages(store, None, PAGE_TICKETS, **filters)
        assert [tokens(page) for page in pages] == [[]] * len(pages)
        assert len(pages) >= 3  # of 90 tickets each
        for page in pages[:-1]:
            assert page.next is not None
            assert page.next.keys


def test_a_page_may_be_short_and_have_a_next(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "EXAMINED_TICKETS_MAX", 90)
    with opened(many.store()) as store:
        pages = all_pages(store, None, 4, state=TicketState.HELD)
    assert [token for page in pages for token in tokens(page)] == [
        *("0000", "0040", "0080", "0120", "0160")
    ]
    assert any(len(page.tickets) < 4 and page.next for page in pages)


def test_other_requests_run_between_the_portions(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    examine_at_once(monkeypatch, 50)
    with opened(many.store()) as store:
        counting = Counting(store.store)
        store.run(find_tickets(counting, TicketFilter(state=TicketState.VOIDED), None, None, 10))
        assert counting.reads >= 200 // 50
        one = Counting(store.store)
        store.run(find_tickets(one, TicketFilter(owner_id="anna"), None, None, 10))
        assert one.reads == 1


def test_old_tickets_come_once_while_others_are_added_between_portions_and_pages(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    examine_at_once(monkeypatch, 40)
    added = iter(range(10_000))

    def add() -> None:
        number = next(added)
        token = f"{number * 7 % 200:04}-{number}"
        many.execute(ADD, token, ORGANIZATION, "anna", "E1", "101")

    with opened(many.store()) as store:
        counting = Counting(store.store, add)
        seen: list[str] = []
        place: Place | None = None
        while True:
            wanted = TicketFilter(access_id="E1", state=TicketState.FREE)
            found = store.run(find_tickets(counting, wanted, None, place, 30))
            seen += tokens(found)
            place = found.next
            if place is None:
                break
    old = [token for token in seen if "-" not in token]
    assert sorted(old) == [f"{number:04}" for number in range(200) if number % 40]
    assert len(set(seen)) == len(seen)


def test_one_timestamp_decides_all_states(database: Database) -> None:
    """A hold that ends between two portions is held in both, or in neither."""
    fill(database, [NewTicket(token, ORGANIZATION, "anna") for token in ("a", "b")])
    clock = database.clock(NOW)
    hold = {token: Hold("moving", 10) for token in ("a", "b")}

    async def held(inside: Transaction) -> object:
        return await inside.tickets.hold(hold, NO_ENTRY)

    with opened(database.store(clock)) as store:
        store.commit(held)
        counting = Counting(store.store, partial(later, clock))
        wanted = TicketFilter(state=TicketState.HELD)
        with pytest.MonkeyPatch.context() as patch:
            examine_at_once(patch, 1)
            found = store.run(find_tickets(counting, wanted, None, None, 10))
    assert counting.reads > 1
    assert tokens(found) == ["a", "b"]


def later(clock: Clock) -> None:
    """Move a clock by six seconds."""
    clock.now += timedelta(seconds=6)


def test_a_ticket_that_is_listed_and_held_is_held_and_found_by_its_listing(
    database: Database,
) -> None:
    fill(database, [NewTicket("t", ORGANIZATION, "anna", mpreserve_channel=CHANNEL)])
    channel = Channel(CHANNEL, frozenset({ORGANIZATION}))
    lock = {"t": Mpreserve(channel, Listing(external_listing_id="L1"))}

    async def locked(inside: Transaction) -> object:
        return await inside.tickets.change_mpreserve(lock, NO_ENTRY)

    with opened(database.store(NOW)) as store:
        store.commit(locked)
        database.execute("UPDATE tickets SET seat_status = 'LOCK'")
        for filters in (
            {"state": TicketState.HELD},
            {"mpreserve": True},
            {"channel_code": CHANNEL},
            {"state": TicketState.HELD, "mpreserve": True, "owner_id": "anna"},
            {"external_listing_id": "L1", "owner_id": "anna"},
        ):
            (found,) = find(store, **filters).tickets
            assert isinstance(found, WholeTicket)
        assert not find(store, state=TicketState.LISTED).tickets
