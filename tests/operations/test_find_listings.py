"""Find tickets by their listing, which is in the journal: as long as they have it."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket_filter import TicketFilter, TicketState
from seatlatch.operations import listing_tokens as tokens_of_listings
from seatlatch.operations.change_tickets import (
    hold_tickets,
    lock_tickets,
    override_unlock,
    unlock_tickets,
    void_tickets,
)
from seatlatch.operations.find_tickets import find_tickets
from seatlatch.operations.listing_tokens import listing_tokens
from seatlatch.operations.prune_journal import prune_rows, rows_to_prune
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.operations.changes import ASKER
from tests.operations.test_find_bounds import Counting
from tests.operations.ticket_facts import all_pages, find, tokens
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OTHER_CHANNEL, fill
from tests.stores import OpenStore, opened

MINE = Channel(CHANNEL, frozenset({ORGANIZATION, FOREIGN_ORGANIZATION}))
OTHER = Channel(OTHER_CHANNEL, frozenset({ORGANIZATION}))


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    """A store with the tickets t0 to t9 of two organizations, each at an event of its own."""
    fill(
        database,
        [
            NewTicket(
                f"t{number}",
                FOREIGN_ORGANIZATION if number > 7 else ORGANIZATION,
                "anna",
                f"E{9 - number}",
            )
            for number in range(10)
        ],
    )
    with opened(database.store()) as store:
        yield store


def lock(store: OpenStore, listing_id: str | None, *named: str, channel: Channel = MINE) -> None:
    listing = Listing("BROKER", listing_id)
    asked = lock_tickets(CommitEach(store.store), ASKER, channel, dict.fromkeys(named, listing))
    store.run(asked)


def unlock(store: OpenStore, *named: str, channel: Channel = MINE) -> None:
    store.run(unlock_tickets(CommitEach(store.store), ASKER, channel, named))


def found(store: OpenStore, listing_id: str, **filters: Any) -> list[str]:
    return tokens(find(store, external_listing_id=listing_id, **filters))


def test_tickets_are_found_as_long_as_they_have_the_listing(store: OpenStore) -> None:
    lock(store, "L1", "t1", "t2", "t3")
    lock(store, "L2", "t4")
    lock(store, None, "t5")
    assert found(store, "L1") == ["t1", "t2", "t3"]
    unlock(store, "t2")
    assert found(store, "L1") == ["t1", "t3"]
    store.run(override_unlock(CommitEach(store.store), ASKER, ["t1"], "phoned"))
    store.run(void_tickets(CommitEach(store.store), ASKER, ["t3"], None))
    assert found(store, "L1") == []
    assert found(store, "L2") == ["t4"]
    assert found(store, "L3") == []


def test_a_listing_has_the_tickets_of_several_requests_and_not_those_that_moved(
    store: OpenStore,
) -> None:
    lock(store, "L1", "t1", "t2")
    lock(store, "L1", "t2", "t3")
    lock(store, "L2", "t1")
    assert found(store, "L1") == ["t2", "t3"]
    assert found(store, "L2") == ["t1"]
    unlock(store, "t2")
    lock(store, "L1", "t2", channel=OTHER)
    assert found(store, "L1", channel_code=OTHER_CHANNEL) == ["t2"]


def test_a_ticket_that_a_request_could_not_lock_is_not_found(store: OpenStore) -> None:
    store.run(hold_tickets(CommitEach(store.store), ASKER, ["t1"], "broken"))
    lock(store, "L1", "t1", "t2")
    assert found(store, "L1") == ["t2"]


def test_other_filters_count_too(store: OpenStore) -> None:
    lock(store, "L1", "t1", "t2", "t8")
    assert found(store, "L1", access_id="E7") == ["t2"]
    assert found(store, "L1", organization_id=FOREIGN_ORGANIZATION) == ["t8"]
    assert found(store, "L1", owner_id="anna") == ["t2", "t1", "t8"]
    assert found(store, "L1", state=TicketState.HELD) == []
    scoped = find(store, frozenset({ORGANIZATION}), external_listing_id="L1")
    assert tokens(scoped) == ["t2", "t1"]


@pytest.mark.parametrize("filters", [{}, {"organization_id": ORGANIZATION}])
def test_pages_follow_each_other_however_the_listing_is_looked_up(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch, filters: dict[str, str]
) -> None:
    """A page may be made in one way, and the next one in the other."""
    lock(store, "L1", "t1", "t3", "t5", "t7")
    expected = found(store, "L1", **filters)
    assert sorted(expected) == ["t1", "t3", "t5", "t7"]
    for limit in (1, 3):
        pages = all_pages(store, None, limit, external_listing_id="L1", **filters)
        assert [token for page in pages for token in tokens(page)] == expected
    seen, place, turn = [], None, 0
    while turn == 0 or place is not None:
        monkeypatch.setattr(tokens_of_listings, "LISTING_TOKENS_MAX", 2_000 * (turn % 2))
        page = find(store, None, place, 1, external_listing_id="L1", **filters)
        seen += tokens(page)
        place, turn = page.next, turn + 1
    assert seen == expected
    assert turn > 2


def test_a_listing_of_too_many_tickets_is_compared_like_any_other_filter(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(store, "L1", "t1", "t2")
    lock(store, "L1", "t3", "t4")
    assert store.run(listing_tokens(store.store, "L1")) == ["t1", "t2", "t3", "t4"]
    monkeypatch.setattr(tokens_of_listings, "LISTING_TOKENS_MAX", 3)
    assert store.run(listing_tokens(store.store, "L1")) is None
    assert found(store, "L1") == ["t1", "t2", "t3", "t4"]


def test_the_journal_is_read_in_portions(store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        lock(store, "L1", f"t{number}")
    monkeypatch.setattr(tokens_of_listings, "ENTRIES_AT_ONCE", 2)
    counting = Counting(store.store)
    wanted = TicketFilter(external_listing_id="L1")
    assert len(store.run(find_tickets(counting, wanted, None, None, 100)).tickets) == 8
    assert counting.reads > 8 // 2


def test_beside_filters_that_leave_few_tickets_the_journal_is_not_read(store: OpenStore) -> None:
    lock(store, "L1", "t1")
    counting = Counting(store.store)
    wanted = TicketFilter(external_listing_id="L1", owner_id="anna")
    assert len(store.run(find_tickets(counting, wanted, None, None, 100)).tickets) == 1
    assert counting.reads == 1


def prune(store: OpenStore) -> int:
    """Prune all rows of the first chain that has some."""
    before = store.read(lambda seen: seen.now()) + timedelta(seconds=1)
    for chain in store.read(lambda seen: seen.journal.read_chains()):
        rows = store.read(partial(rows_to_prune, chain=chain.head.chain, before=before))
        if rows:
            return store.run(prune_rows(CommitEach(store.store), ASKER, rows))
    return 0


def test_a_listing_is_found_after_its_lock_was_pruned(store: OpenStore) -> None:
    lock(store, "L1", "t1", "t2", "t3")
    unlock(store, "t2")
    lock(store, "L2", "t3")
    assert prune(store)
    assert not store.read(lambda seen: seen.journal.locks_of_listing("L1", 10, None)).entries
    assert found(store, "L1") == ["t1"]
    assert found(store, "L2") == ["t3"]
    lock(store, "L3", "t1")
    assert found(store, "L1") == []
    assert found(store, "L3") == ["t1"]
    assert prune(store)
    assert found(store, "L3") == ["t1"]
