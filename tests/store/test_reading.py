"""Reading in parallel with a writer: one snapshot, whole tickets and barcodes."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import Ticket, TicketRecord, WholeTicket
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.store.tickets import Hold, Mpreserve, NewTicket
from tests.databases import Database
from tests.operations.changes import NO_ENTRY
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, fill
from tests.store.test_store import NOW
from tests.stores import OpenStore, opened

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
LISTING = Listing("BROKER", "L1", Decimal("12.50"), None, '{"lastName":"Doe"}')
WRITE = "UPDATE tickets SET revision = revision + 1"


def ticket(token: str, access_id: str | None = None, barcode: str | None = None) -> NewTicket:
    return NewTicket(token, ORGANIZATION, OWNER, access_id, barcode=barcode)


@pytest.fixture
def venue(database: Database) -> Database:
    seated = NewTicket("seated", ORGANIZATION, OWNER, "E", "S", "R", "9", barcode="B")
    fill(database, [ticket("open"), ticket("listed"), seated])
    return database


@pytest.fixture
def store(venue: Database) -> Iterator[OpenStore]:
    with opened(venue.store(NOW)) as store:
        yield store


def test_a_whole_ticket_is_read_as_it_was_written(store: OpenStore) -> None:
    lock = {"listed": Mpreserve(MINE, LISTING)}
    store.commit(lambda inside: inside.tickets.change_mpreserve(lock, NO_ENTRY))
    store.commit(lambda inside: inside.tickets.hold({"seated": Hold("moving", 600)}, NO_ENTRY))
    tokens = ["listed", "none", "seated", "open"]
    end = NOW + timedelta(seconds=600)
    assert store.read(lambda seen: seen.tickets.read_whole(tokens)) == {
        "open": whole("open"),
        "listed": whole("listed", listing=LISTING, channel=CHANNEL, version=2),
        "seated": WholeTicket(
            Ticket("seated", ORGANIZATION, OWNER, False, "LOCK", None, end),
            TicketRecord("seated", ORGANIZATION, OWNER, "E", "S", "R", "9", "B"),
            None,
            "moving",
            2,
        ),
    }
    assert store.read(lambda seen: seen.tickets.read_whole([])) == {}


def whole(
    token: str, *, listing: Listing | None = None, channel: str | None = None, version: int = 1
) -> WholeTicket:
    read = Ticket(token, ORGANIZATION, OWNER, False, "UNLOCK", channel)
    return WholeTicket(read, TicketRecord(token, ORGANIZATION, OWNER), listing, None, version)


def by_barcode(store: OpenStore, access_id: str, *barcodes: str) -> dict[str, list[str]]:
    found = store.read(lambda seen: seen.tickets.find_barcodes(access_id, barcodes))
    return {barcode: [each.record.token for each in tickets] for barcode, tickets in found.items()}


def test_a_barcode_is_found_within_its_event(database: Database) -> None:
    fill(
        database,
        [
            ticket("t2", "E", "B"),
            ticket("t1", "E", "B"),
            ticket("other-event", "F", "B"),
            ticket("no-event", None, "B"),
            ticket("no-barcode", "E"),
            ticket("empty", "E", ""),
            ticket("odd", "\N{TICKET}", "\1"),
        ],
    )
    with opened(database.store()) as store:
        assert by_barcode(store, "E", "none", "B", "") == {"B": ["t1", "t2"], "": ["empty"]}
        assert by_barcode(store, "F", "B") == {"B": ["other-event"]}
        assert by_barcode(store, "", "B") == {}
        assert by_barcode(store, "\N{TICKET}", "\1") == {"\1": ["odd"]}
        assert by_barcode(store, "E", "B\0", "\0") == by_barcode(store, "E\0", "B") == {}
        assert by_barcode(store, "E") == {}


@pytest.mark.only_on("sqlite")
def test_a_barcode_may_be_nul(database: Database) -> None:
    fill(database, [ticket("odd", "\N{TICKET}\0", "\0")])
    with opened(database.store()) as store:
        assert by_barcode(store, "\N{TICKET}\0", "\0") == {"\0": ["odd"]}


def test_organizations_that_do_not_exist_are_named(store: OpenStore) -> None:
    def unknown(*asked: str) -> frozenset[str]:
        return store.read(lambda seen: seen.access.unknown_organizations(asked))

    assert unknown(ORGANIZATION, "none", FOREIGN_ORGANIZATION, "") == {"none", ""}
    assert unknown(ORGANIZATION) == unknown() == frozenset()


def versions_around_a_commit(store: OpenStore, database: Database, *, apart: bool) -> list[int]:
    """A ticket's version before and after another connection commits; `apart`: in two reads."""

    async def look(seen: Snapshot) -> int:
        return (await seen.tickets.read_whole(["open"]))["open"].version

    async def look_write_look(seen: Snapshot) -> list[int]:
        first = await look(seen)
        database.execute(WRITE)
        return [first, await look(seen)]

    if not apart:
        return store.read(look_write_look)
    first = store.read(look)
    database.execute(WRITE)
    return [first, store.read(look)]


def test_a_read_sees_one_moment(store: OpenStore, venue: Database) -> None:
    assert versions_around_a_commit(store, venue, apart=False) == [1, 1]
    assert versions_around_a_commit(store, venue, apart=False) == [2, 2]


def test_control_two_reads_see_two(store: OpenStore, venue: Database) -> None:
    assert versions_around_a_commit(store, venue, apart=True) == [1, 2]


async def held(asked: dict[str, Hold], inside: Transaction) -> object:
    return await inside.tickets.hold(asked, NO_ENTRY)


def test_a_read_sees_what_the_store_itself_has_committed(store: OpenStore) -> None:
    for version in range(2, 20):
        hold = {"open": Hold(f"reason {version}", None)}
        store.commit(partial(held, hold))
        tickets = store.read(lambda seen: seen.tickets.read_whole(["open"]))
        assert tickets["open"].version == version


def test_a_read_is_at_the_stores_moment_and_holds_no_writer_up(
    store: OpenStore, venue: Database
) -> None:
    async def look(seen: Snapshot) -> object:
        with venue.writing():
            return await seen.now()

    assert store.read(look) == NOW


def test_work_that_fails_leaves_the_reader_usable(store: OpenStore, venue: Database) -> None:
    async def work(seen: Snapshot) -> None:
        await seen.tickets.read(["open"])
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            store.read(work)
    assert versions_around_a_commit(store, venue, apart=True) == [1, 2]
    assert store.read_credentials().applications
