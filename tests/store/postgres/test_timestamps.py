"""A transaction has one timestamp on PostgreSQL, even if each statement sees another clock, as it
may on the nodes of a distributed database.
"""

from datetime import timedelta

import pytest

from seatlatch.commit import CommitEach
from seatlatch.operations.change_tickets import hold_tickets, lock_tickets
from seatlatch.store.postgres import journal_writer
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.journals import entries_of, tampered
from tests.operations.changes import ASKER
from tests.operations.states import LISTING, MINE
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

pytestmark = pytest.mark.only_on("postgres")

EVERY_STATEMENT_ITS_OWN_CLOCK = """
CREATE OR REPLACE FUNCTION test_clock.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT clock_timestamp() + interval '1 day' $$
"""
HOLD_SECONDS = 60


@pytest.fixture
def venue(database: Database) -> Database:
    """An inventory with two tickets, on a database whose `now()` never repeats a value."""
    fill(database, [NewTicket(token, ORGANIZATION, OWNER) for token in ("a", "b")])
    database.execute(EVERY_STATEMENT_ITS_OWN_CLOCK)
    return database


def open_by_test_clock(database: Database) -> OpenStore:
    """A store whose statements use the function above."""
    now = database.execute("SELECT pg_catalog.now()")[0][0]
    return OpenStore(database.store(database.clock(now)))


def change(store: OpenStore) -> None:
    """One request by a channel and one by the box office."""
    commits = CommitEach(store.store)
    store.run(lock_tickets(commits, ASKER, MINE, {"a": LISTING}))
    store.run(hold_tickets(commits, ASKER, ["b"], "moving", HOLD_SECONDS))


def test_the_timestamp_that_is_hashed_is_stored(venue: Database) -> None:
    store = open_by_test_clock(venue)
    change(store)
    with opened(venue.store()) as other:
        assert tampered(other) == []
        assert len(entries_of(other)) == 2
    store.close()


def test_a_hold_ends_as_the_journal_says(venue: Database) -> None:
    store = open_by_test_clock(venue)
    change(store)
    entry = entries_of(store)[-1]
    ends_at = venue.rows()["b"]["hold_expires_at"]
    assert ends_at == entry.timestamp + timedelta(seconds=HOLD_SECONDS)
    store.close()


def test_control_a_second_clock_is_noticed(
    venue: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the row stored the time of its own statement, the row would not verify."""
    before, found, after = journal_writer.ADD_ROWS.rpartition("$4::timestamptz")
    assert found
    monkeypatch.setattr(journal_writer, "ADD_ROWS", f"{before}coalesce(now(), {found}){after}")
    store = open_by_test_clock(venue)
    change(store)
    assert tampered(store)
    store.close()
