"""What several tests of the journal and of seat maps begin with."""

from collections.abc import Iterator

import pytest

from seatlatch.commit import CommitEach
from seatlatch.operations.change_tickets import hold_tickets
from seatlatch.store.tickets import NewTicket
from tests.databases import Database, Databases
from tests.operations.changes import ASKER
from tests.operations.feed_processes import MANY, TOKENS
from tests.operations.feed_processes import Process as FeedProcess
from tests.operations.seat_map_processes import SEATS, CountingStore, Process
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened


@pytest.fixture
def held(databases: Databases) -> Iterator[tuple[Database, OpenStore]]:
    """A database with a seat that was held three times, and a store on it."""
    database = databases.new()
    fill(database, [NewTicket("t", ORGANIZATION, OWNER)])
    with opened(database.store()) as store:
        for reason in ("one", "two", "three"):
            store.run(hold_tickets(CommitEach(store.store), ASKER, ["t"], reason))
        yield database, store
    databases.drop(database)


@pytest.fixture
def process(database: Database) -> Iterator[Process]:
    """A process of a server, on a database with the seats of an event."""
    fill(database, SEATS)
    counting = CountingStore(database.store())
    with opened(counting) as store:
        yield Process(store, counting)


@pytest.fixture
def feed(database: Database) -> Iterator[FeedProcess]:
    """A process of a server, as far as the feed is concerned, on a database with tickets."""
    tickets = [NewTicket(token, ORGANIZATION, OWNER) for token in (*TOKENS[:3], *MANY)]
    fill(database, [*tickets, NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER)])
    with opened(database.store()) as store:
        process = FeedProcess(store)
        yield process
        store.run(process.news.close())
