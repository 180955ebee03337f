"""Lock requests are found by their listing, in the journal, on both engines."""

from collections.abc import Iterator, Sequence

import pytest

from seatlatch.commit import CommitEach, apply_group
from seatlatch.domain.journal import DamagedEntry, Entry, EntryPlace
from seatlatch.domain.listing import Listing
from seatlatch.operations.change_tickets import lock_tickets, unlock_tickets
from seatlatch.store.journal import Found
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.databases import Database
from tests.journals import entries_of, tampered
from tests.operations.changes import ASKER, locking
from tests.operations.states import MINE
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

TOKENS = ("a", "b", "c")


@pytest.fixture
def venue(database: Database) -> Database:
    """An inventory with three tickets."""
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in TOKENS])
    return database


@pytest.fixture
def store(venue: Database) -> Iterator[OpenStore]:
    with opened(venue.store()) as store:
        yield store


def lock(store: OpenStore, listing_id: str | None, *tokens: str) -> None:
    """Lock tickets with a listing."""
    listings = dict.fromkeys(tokens, Listing("BROKER", listing_id))
    store.run(lock_tickets(CommitEach(store.store), ASKER, MINE, listings))


def found(store: OpenStore, listing_id: str, limit: int = 10) -> list[Entry | DamagedEntry]:
    """All lock requests with a listing, read page by page."""
    entries: list[Entry | DamagedEntry] = []
    before: EntryPlace | None = None
    while True:
        page = read(store, listing_id, limit, before)
        assert len(page.entries) <= limit
        entries += page.entries
        before = page.before
        if before is None:
            return entries


def read(store: OpenStore, listing_id: str, limit: int, before: EntryPlace | None) -> Found:
    return store.read(lambda seen: seen.journal.locks_of_listing(listing_id, limit, before))


def tokens_of(entries: Sequence[Entry | DamagedEntry]) -> list[list[str]]:
    return [
        [token for tokens in entry.outcomes.values() for token in tokens]
        for entry in entries
        if isinstance(entry, Entry)
    ]


def test_locks_are_found_by_their_listing_the_latest_first(store: OpenStore) -> None:
    lock(store, "L1", "a")
    lock(store, "L2", "b")
    lock(store, "L1", "b", "unknown")
    assert tokens_of(found(store, "L1")) == [["b", "unknown"], ["a"]]
    assert tokens_of(found(store, "L2")) == [["b"]]
    assert found(store, "L") == []
    assert found(store, "l1") == []


def test_they_are_found_after_the_unlock(store: OpenStore) -> None:
    lock(store, "L1", "a")
    store.run(unlock_tickets(CommitEach(store.store), ASKER, MINE, ["a"]))
    (entry,) = found(store, "L1")
    assert isinstance(entry, Entry)
    assert (entry.act.verb, entry.act.external_listing_id) == ("lock", "L1")


@all_cases("listing_id", [None, ""])
def test_a_lock_without_a_listing_has_none(store: OpenStore, listing_id: str | None) -> None:
    lock(store, listing_id, "a")
    assert entries_of(store)[-1].act.external_listing_id is None
    assert found(store, "") == []


@all_cases("listing_id", ['"', "\\", "\N{TICKET}", "NULL", "{}", "null", "a,b", " ", "x" * 500])
def test_any_text_can_be_an_id(store: OpenStore, listing_id: str) -> None:
    lock(store, listing_id, "a")
    lock(store, "other", "a")
    (entry,) = found(store, listing_id)
    assert isinstance(entry, Entry)
    assert entry.act.external_listing_id == listing_id
    assert not entry.damaged
    assert tampered(store) == []


def test_requests_of_one_transaction_keep_their_listings(store: OpenStore) -> None:
    changes = [
        locking(MINE, Listing("BROKER", listing_id), token)
        for token, listing_id in zip(TOKENS, ("L1", None, "L2"), strict=True)
    ]
    store.commit(lambda inside: apply_group(changes, inside))
    listings = [entry.act.external_listing_id for entry in entries_of(store)]
    assert listings == ["L1", None, "L2"]
    assert tokens_of(found(store, "L2")) == [["c"]]
    assert tampered(store) == []


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_listing_is_read_page_by_page(store: OpenStore, limit: int) -> None:
    for _ in range(5):
        lock(store, "L1", "a")
    entries = found(store, "L1", limit)
    ids = [entry.entry_id for entry in entries]
    assert len(ids) == 5
    assert ids == sorted(ids, reverse=True)


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("bound", ["BUCKETS_AT_ONCE", "BUCKETS_READ_AT_ONCE"])
def test_a_long_search_takes_several_calls(
    store: OpenStore, venue: Database, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"seatlatch.store.sqlite.journal.{bound}", 1)
    for _ in range(3):
        lock(store, "L1", "a")
        venue.execute("UPDATE journal SET entry_id = entry_id - 5000")
    assert read(store, "L1", 10, None).before is not None
    assert len(found(store, "L1")) == 3


def test_a_column_that_was_edited_does_not_count(store: OpenStore, venue: Database) -> None:
    lock(store, "L1", "a")
    venue.execute("UPDATE journal SET listing = 'L2'")
    assert found(store, "L2") == []
    (fault,) = tampered(store)
    assert "edited" in fault.what


def test_an_edited_listing_in_the_entry_is_found_by_verify(
    store: OpenStore, venue: Database
) -> None:
    lock(store, "L1", "a")
    venue.execute("""UPDATE journal SET listing = 'L2', entry = replace(entry, '"L1"', '"L2"')""")
    (entry,) = found(store, "L2")
    assert entry.damaged
    (fault,) = tampered(store)
    assert "edited" in fault.what


def test_a_listing_that_was_removed_is_found_by_verify(store: OpenStore, venue: Database) -> None:
    lock(store, "L1", "a")
    venue.execute("UPDATE journal SET listing = NULL")
    (fault,) = tampered(store)
    assert "edited" in fault.what


def test_an_entry_that_cannot_be_read_is_reported_as_damaged(
    store: OpenStore, venue: Database
) -> None:
    lock(store, "L1", "a")
    venue.execute("UPDATE journal SET entry = '{'")
    (entry,) = found(store, "L1")
    assert isinstance(entry, DamagedEntry)
