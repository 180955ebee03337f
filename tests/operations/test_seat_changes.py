"""What the journal's new entries report of seats, also if somebody has edited them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from seatlatch.commit import CommitEach
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.journal.rows import Head
from seatlatch.operations.change_tickets import hold_tickets, release_tickets
from seatlatch.operations.seat_changes import ReadChanges, SeatChange, read_changes
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.journals import chain_of
from tests.operations.changes import ASKER
from tests.serving import CHANNEL, ORGANIZATION, OWNER, fill, listed
from tests.stores import OpenStore, opened

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS = int(AT.timestamp())


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    fill(database, [NewTicket("t", ORGANIZATION, OWNER), listed("listed")])
    with opened(database.store(database.clock(AT))) as store:
        yield store


def change(store: OpenStore) -> None:
    """Hold two seats, release one, and ask for what changes nothing."""
    committer = CommitEach(store.store)
    held = ["t", "listed", "unknown"]
    store.run(hold_tickets(committer, ASKER, held, "moving", 60, over_listing=True))
    store.run(release_tickets(committer, ASKER, ["listed"]))
    store.run(release_tickets(committer, ASKER, ["listed", "unknown"]))


def changes(store: OpenStore, after: int = 0, limit: int = 10) -> ReadChanges:
    head = Head(chain_of(store), after, b"")
    return store.read(lambda snapshot: read_changes(snapshot, head, limit))


def read(store: OpenStore, after: int = 0, limit: int = 10) -> tuple[list[SeatChange], int | None]:
    """The changes after an entry, and the number of the last one that was read."""
    found = changes(store, after, limit)
    positions = [change.position for change in found.changes]
    assert positions == sorted(positions)
    return [replace(change, position=0) for change in found.changes], found.number


HELD = [
    SeatChange(0, ["t"], TicketState.HELD, None, SECONDS, SECONDS + 60),
    SeatChange(0, ["listed"], TicketState.HELD, CHANNEL, SECONDS, SECONDS + 60),
]
RELEASED = SeatChange(0, ["listed"], TicketState.LISTED, CHANNEL, SECONDS)


def test_only_what_has_changed_is_reported_with_the_channel_that_stays(store: OpenStore) -> None:
    change(store)
    assert read(store) == ([*HELD, RELEASED], 3)
    assert read(store, after=3) == ([], None)


def test_a_reader_continues_where_it_was(store: OpenStore) -> None:
    change(store)
    assert read(store, limit=1) == (HELD, 1)
    assert read(store, after=1) == ([RELEASED], 3)


@pytest.mark.parametrize(
    "edited", ["", "[", "[]", '{"verb": "hold", "outcomes": {"held": 5}}', '{"verb": "?"}', "{" * 9]
)
def test_an_edited_entry_is_skipped(store: OpenStore, database: Database, edited: str) -> None:
    change(store)
    first = "(SELECT min(entry_id) FROM journal)"
    database.execute(f"UPDATE journal SET entry = ? WHERE entry_id = {first}", edited)
    assert read(store) == ([RELEASED], 3)


def test_the_times_of_entries_are_whole_seconds(store: OpenStore, database: Database) -> None:
    change(store)
    first = chain_of(store) << 36
    ids = [first + 1, first + 2, first + 9]

    def times() -> dict[int, int]:
        return dict(store.read(lambda snapshot: snapshot.journal.read_times(ids)))

    assert times() == {first + 1: SECONDS, first + 2: SECONDS}
    far = "9000000000000000000" if database.engine == "sqlite" else "'infinity'"
    database.execute(f"UPDATE journal SET moment = {far} WHERE entry_id = {first + 1}")
    assert times() == {first + 1: 0, first + 2: SECONDS}
    assert read(store)[0][0].since == 0
