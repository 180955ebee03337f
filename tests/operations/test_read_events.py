"""The feed's pages: where one ends in the midst of a request, what becomes visible meanwhile."""

from collections.abc import Iterator
from functools import partial

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.refusal import PlaceLost
from seatlatch.journal.rows import NO_HASH, Head
from seatlatch.operations.change_tickets import hold_tickets
from seatlatch.operations.read_events import (
    ENTRIES_AT_ONCE_MAX,
    TICKETS_AT_ONCE_MAX,
    Events,
    Place,
    first_place,
    last_place,
    read_feed,
    with_digest,
)
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.journals import chain_of, entries_of
from tests.operations.changes import ASKER
from tests.operations.states import MINE
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

REQUESTS = ENTRIES_AT_ONCE_MAX + 5
MANY = [f"many-{number}" for number in range(TICKETS_AT_ONCE_MAX)]

Told = list[tuple[str, int]]


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    """Many requests of one ticket, then one of three."""
    tokens = ["a", "b", "c", *MANY]
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in tokens])
    with opened(database.store()) as made:
        for number in range(REQUESTS):
            hold(made, f"R{number}", "a")
        hold(made, "last", "a", "b", "c")
        yield made


def hold(store: OpenStore, reason: str, *tokens: str) -> None:
    store.run(hold_tickets(CommitEach(store.store), ASKER, tokens, reason))


def walk(store: OpenStore, place: Place, limit: int) -> Told:
    """All that is told from a place on."""
    told: Told = []
    while True:
        page = partial(read_feed, channel=MINE, place=place, limit=limit)
        found = store.read(page)
        told += [(event.record.token, event.version) for event in found.events]
        place = found.place
        if found.is_all:
            return told


def start(store: OpenStore) -> Place:
    return store.read(lambda snapshot: first_place(snapshot, MINE))


def all_told() -> Told:
    return [*(("a", 2 + number) for number in range(REQUESTS + 1)), ("b", 2), ("c", 2)]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_any_length_tell_the_same(store: OpenStore, limit: int) -> None:
    assert walk(store, start(store), limit) == all_told()


@pytest.mark.only_on("postgres")
def test_a_request_that_was_told_in_part_is_told_to_its_end_first(
    store: OpenStore, database: Database
) -> None:
    """Also if more than a page of others, which come before it, become visible meanwhile: those of
    a chain that was not seen.
    """
    place = store.read(lambda snapshot: last_place(snapshot, MINE))
    with opened(database.store()) as other:
        for number in range(REQUESTS):
            hold(other, f"late {number}", "b")
    hold(store, "in part", "a", "b", "c")
    last = entries_of(store)[-1]
    told = walk(store, place._replace(entry_id=last.entry_id, read_tickets=2), 4)
    assert told == [("c", 3), *(("b", 3 + number) for number in range(REQUESTS))]


def test_large_requests_come_one_by_one(store: OpenStore) -> None:
    for number in range(3):
        hold(store, f"large {number}", *MANY)
    page = partial(read_feed, channel=MINE, place=start(store), limit=10**6)
    first = store.read(page)
    assert len(first.events) == ENTRIES_AT_ONCE_MAX
    assert not first.is_all
    rest = len(all_told()) - ENTRIES_AT_ONCE_MAX + 3 * len(MANY)
    assert len(walk(store, first.place, 10**6)) == rest


def read_from(store: OpenStore, place: Place) -> Events:
    """A page of the feed."""
    return store.read(partial(read_feed, channel=MINE, place=place, limit=100))


def test_a_place_after_entries_that_were_replaced_is_lost(
    store: OpenStore, database: Database
) -> None:
    """Numbers are given out again after a restore, so they alone don't show it."""
    before = read_from(store, store.read(lambda snapshot: last_place(snapshot, MINE))).place
    hold(store, "lost", "b")
    after = read_from(store, before).place
    in_part = before._replace(entry_id=entries_of(store)[-1].entry_id, digest="")
    in_part = store.read(partial(with_digest, place=in_part))
    last = entries_of(store)[-1].entry_id
    database.execute("UPDATE journal SET hash = ? WHERE entry_id = ?", bytes(32), last)
    hold(store, "one more", "c")
    for lost in (after, in_part):
        with pytest.raises(PlaceLost, match="restored from a backup"):
            read_from(store, lost)
    assert [event.record.token for event in read_from(store, before).events] == ["b", "c"]
    without_digest = after._replace(digest="")
    assert len(read_from(store, without_digest).events) == 1, "the control: one is skipped"


def test_a_place_stays_valid_when_all_before_it_is_pruned(store: OpenStore) -> None:
    place = read_from(store, store.read(lambda snapshot: last_place(snapshot, MINE))).place
    head = Head(chain_of(store), 0, NO_HASH)
    *_, end = store.read(lambda snapshot: snapshot.journal.read_rows(head, 100))
    assert end.entry_id == entries_of(store)[-1].entry_id
    store.commit(lambda inside: inside.journal.prune_chain(head, end))
    hold(store, "the next one", "b")
    assert [event.record.token for event in read_from(store, place).events] == ["b"]
