"""Reading beside the writer: one snapshot, whole tickets, barcodes and pages in order."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import apsw
import pytest

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import Ticket, TicketRecord, WholeTicket
from seatlatch.store.interface import Hold, Lock, NewTicket, Snapshot
from seatlatch.store.sqlite import snapshot
from seatlatch.store.sqlite.store import SqliteStore
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, make_inventory
from tests.store.test_store import NOW

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
LISTING = Listing("BROKER", "L1", Decimal("12.50"), None, '{"lastName":"Doe"}')
ACCESS_IDS = (None, "", "E1", "E2", "\N{TICKET}", "é")
TOKENS = ("1", "10", "2", "a", "é", "\N{TICKET}")


def ticket(token: str, access_id: str | None = None, barcode: str | None = None) -> NewTicket:
    return NewTicket(token, ORGANIZATION, OWNER, access_id, barcode=barcode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.db"
    make_inventory(
        path,
        [
            ticket("open"),
            ticket("listed"),
            NewTicket("seated", ORGANIZATION, OWNER, "E", "S", "R", "9", barcode="B"),
        ],
    )
    return path


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, clock=lambda: NOW)
    yield store
    store.close()


def test_a_whole_ticket_is_read_as_it_was_written(store: SqliteStore) -> None:
    asyncio.run(store.commit(lambda inside: inside.lock({"listed": Lock(MINE, LISTING)})))
    asyncio.run(store.commit(lambda inside: inside.hold({"seated": Hold("moving", 600)})))
    tokens = ["listed", "none", "seated", "open"]
    end = NOW + timedelta(seconds=600)
    assert asyncio.run(store.read(lambda seen: seen.read_whole_tickets(tokens))) == {
        "open": whole("open"),
        "listed": whole("listed", listing=LISTING, channel=CHANNEL, revision=2),
        "seated": WholeTicket(
            Ticket("seated", ORGANIZATION, OWNER, False, "LOCK", None, end),
            TicketRecord("seated", ORGANIZATION, OWNER, "E", "S", "R", "9", "B"),
            None,
            "moving",
            2,
        ),
    }
    assert asyncio.run(store.read(lambda seen: seen.read_whole_tickets([]))) == {}


def whole(
    token: str, *, listing: Listing | None = None, channel: str | None = None, revision: int = 1
) -> WholeTicket:
    read = Ticket(token, ORGANIZATION, OWNER, False, "UNLOCK", channel)
    return WholeTicket(read, TicketRecord(token, ORGANIZATION, OWNER), listing, None, revision)


def test_a_barcode_is_found_within_its_event(tmp_path: Path) -> None:
    path = tmp_path / "barcodes.db"
    make_inventory(
        path,
        [
            ticket("t2", "E", "B"),
            ticket("t1", "E", "B"),
            ticket("other-event", "F", "B"),
            ticket("no-event", None, "B"),
            ticket("no-barcode", "E"),
            ticket("empty", "E", ""),
            ticket("odd", "\N{TICKET}\0", "\0"),
        ],
    )
    store = SqliteStore(path)

    def tokens(access_id: str, *barcodes: str) -> dict[str, list[str]]:
        found = asyncio.run(store.read(lambda seen: seen.find_barcodes(access_id, barcodes)))
        return {
            barcode: [each.record.token for each in tickets] for barcode, tickets in found.items()
        }

    assert tokens("E", "none", "B", "") == {"B": ["t1", "t2"], "": ["empty"]}
    assert tokens("F", "B") == {"B": ["other-event"]}
    assert tokens("", "B") == {}
    assert tokens("\N{TICKET}\0", "\0") == {"\0": ["odd"]}
    assert tokens("E") == {}
    store.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """Tickets with every access id and token, and those of another organization between them."""
    path = tmp_path_factory.mktemp("pages") / "inventory.db"
    tickets = [
        ticket(f"{token}/{number}", access_id)
        for number, (access_id, token) in enumerate(product(ACCESS_IDS, TOKENS))
    ]
    foreign = [
        each._replace(token="f" + each.token, organization_id=FOREIGN_ORGANIZATION)
        for each in tickets
    ]
    make_inventory(path, [*tickets, *foreign])
    store = SqliteStore(path)
    yield store
    store.close()


Key = tuple[str, str]


def page(store: SqliteStore, access_id: str | None, after: Key | None, limit: int) -> list[Key]:
    tickets = asyncio.run(
        store.read(lambda seen: seen.page_of_tickets(ORGANIZATION, access_id, after, limit))
    )
    assert {each.record.organization_id for each in tickets} <= {ORGANIZATION}
    return [(each.record.access_id or "", each.record.token) for each in tickets]


def every(store: SqliteStore) -> list[Key]:
    return page(store, None, None, 1000)


def test_tickets_are_in_order_of_access_id_and_token(pages: SqliteStore) -> None:
    keys = every(pages)
    assert len(keys) == len(ACCESS_IDS) * len(TOKENS)
    assert all(one < other for one, other in pairwise(keys))
    assert page(pages, None, None, 0) == []


@pytest.mark.parametrize("limit", [1, 5, 12, 13, 100])
@pytest.mark.parametrize("access_id", [None, "", "E1", "\N{TICKET}", "none"])
def test_pages_follow_each_other_without_gap_or_repeat(
    pages: SqliteStore, access_id: str | None, limit: int
) -> None:
    expected = [key for key in every(pages) if access_id is None or key[0] == access_id]
    seen: list[Key] = []
    after: Key | None = None
    while found := page(pages, access_id, after, limit):
        assert len(found) <= limit
        assert len(found) == limit or len(seen) + len(found) == len(expected)
        seen += found
        after = found[-1]
    assert seen == expected


@pytest.mark.parametrize("access_id", [None, "", "E1", "E2", "é"])
@pytest.mark.parametrize(
    "after", [("", ""), ("", "z"), ("A", "z"), ("E1", ""), ("E1", "2"), ("E1x", "1"), ("z", "1")]
)
def test_a_page_begins_after_a_pair_that_need_not_exist(
    pages: SqliteStore, access_id: str | None, after: Key
) -> None:
    following = [key for key in every(pages) if key > after]
    expected = [key for key in following if access_id is None or key[0] == access_id]
    assert page(pages, access_id, after, 1000) == expected
    assert page(pages, access_id, after, 3) == expected[:3]


@pytest.mark.parametrize(
    "sql", [snapshot.PAGE_OF_EVENT, snapshot.PAGE_OF_LATER_EVENTS, snapshot.FIND_BARCODE]
)
def test_no_page_reads_what_it_does_not_show(path: Path, sql: str) -> None:
    """Each is sought by all of its conditions, and needs no sorting."""
    connection = apsw.Connection(str(path))
    bindings: tuple[Any, ...] = ("o", "a", 3, 4)[: sql.count("?")]
    ((*_, plan),) = connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings).fetchall()
    connection.close()
    conditions = sql.partition("WHERE")[2].count(" AND ") + 1
    assert str(plan).startswith("SEARCH tickets USING INDEX")
    assert str(plan).count(" AND ") + 1 == conditions


def test_organizations_that_do_not_exist_are_named(store: SqliteStore) -> None:
    def unknown(*asked: str) -> frozenset[str]:
        return asyncio.run(store.read(lambda seen: seen.unknown_organizations(asked)))

    assert unknown(ORGANIZATION, "none", FOREIGN_ORGANIZATION, "") == {"none", ""}
    assert unknown(ORGANIZATION) == unknown() == frozenset()


def revisions_around_a_commit(store: SqliteStore, path: Path, *, apart: bool) -> list[int]:
    """A ticket's revision before and after another connection commits; `apart`: in two reads."""
    other = apsw.Connection(str(path))

    def look(seen: Snapshot) -> int:
        return seen.read_whole_tickets(["open"])["open"].revision

    def look_write_look(seen: Snapshot) -> list[int]:
        first = look(seen)
        other.execute("UPDATE tickets SET revision = revision + 1")
        return [first, look(seen)]

    if apart:
        first = asyncio.run(store.read(look))
        other.execute("UPDATE tickets SET revision = revision + 1")
        found = [first, asyncio.run(store.read(look))]
    else:
        found = asyncio.run(store.read(look_write_look))
    other.close()
    return found


def test_a_read_sees_one_moment(store: SqliteStore, path: Path) -> None:
    assert revisions_around_a_commit(store, path, apart=False) == [1, 1]
    assert revisions_around_a_commit(store, path, apart=False) == [2, 2]


def test_control_two_reads_see_two(store: SqliteStore, path: Path) -> None:
    assert revisions_around_a_commit(store, path, apart=True) == [1, 2]


def test_a_read_sees_what_the_store_itself_has_committed(store: SqliteStore) -> None:
    for revision in range(2, 20):
        hold = {"open": Hold(f"reason {revision}", None)}
        asyncio.run(store.commit(lambda inside, hold=hold: inside.hold(hold)))  # type: ignore[misc]
        tickets = asyncio.run(store.read(lambda seen: seen.read_whole_tickets(["open"])))
        assert tickets["open"].revision == revision


def test_a_read_is_at_the_stores_moment_and_holds_no_writer_up(
    store: SqliteStore, path: Path
) -> None:
    def look(seen: Snapshot) -> object:
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        other.close()
        return seen.now

    assert asyncio.run(store.read(look)) == NOW


def test_work_that_fails_leaves_the_reader_usable(store: SqliteStore, path: Path) -> None:
    def work(seen: Snapshot) -> None:
        seen.read_tickets(["open"])
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            asyncio.run(store.read(work))
    assert revisions_around_a_commit(store, path, apart=True) == [1, 2]
    assert store.read_credentials().applications
