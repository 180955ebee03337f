"""Lock through a real store: the listing is kept exactly, and goes wholly with mpreserve."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from seatlatch.commit import Change, CommitEach, apply_group
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.operations.change_tickets import TicketChange, lock_tickets
from seatlatch.store.tickets import Mpreserve, NewTicket
from tests.databases import ON_SQLITE, Database, Row
from tests.operations.changes import ASKER, locking, overriding, unlocking, voiding
from tests.operations.states import (
    LISTING,
    MINE,
    NO_LISTING,
    NOW,
    THEIRS,
    WITHOUT_GRANT,
    listing_columns,
)
from tests.serving import ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

SELLER = '{"lastName":"O\'Neill \\u00e9","address":{"line1":"\N{TICKET}"},"z":1,"a":2.50}'


@pytest.fixture
def database(database: Database) -> Database:
    fill(database, (NewTicket(token, ORGANIZATION, OWNER) for token in "abc"))
    return database


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    with opened(database.store(NOW)) as store:
        yield store


def group(store: OpenStore, *changes: Change[Any]) -> list[list[TicketResult]]:
    """The results of changes that are one group."""
    return store.commit(lambda inside: apply_group(changes, inside))


def lock(listing: Listing, *tokens: str, channel: Channel = MINE) -> TicketChange[Mpreserve]:
    return locking(channel, listing, *tokens)


def row_of(database: Database) -> Row:
    return database.rows()["a"]


def read_listing(store: OpenStore, token: str) -> Listing | None:
    return store.read(lambda seen: seen.tickets.read_whole([token]))[token].listing


@pytest.mark.parametrize(
    "price",
    [
        *("12.50", "12.5", "12.500", "0", "0.00", "0.1", "123456789012345678901234567890.10"),
        pytest.param("-0.00", marks=ON_SQLITE),  # which no door lets in
    ],
)
def test_a_price_is_kept_to_the_last_zero(store: OpenStore, database: Database, price: str) -> None:
    listing = Listing(total_price=Decimal(price), individual_price=Decimal(price))
    group(store, lock(listing, "a"))
    row = row_of(database)
    assert (row["total_price"], row["individual_price"]) == (price, price)
    kept = read_listing(store, "a")
    assert kept is not None
    assert (str(kept.total_price), str(kept.individual_price)) == (price, price)


@pytest.mark.parametrize(
    ("price", "text"), [("1E+3", "1000"), ("1E-7", "0.0000001"), ("0E+2", "0"), ("1.50E1", "15.0")]
)
def test_a_price_has_no_exponent(
    store: OpenStore, database: Database, price: str, text: str
) -> None:
    group(store, lock(Listing(total_price=Decimal(price)), "a"))
    assert row_of(database)["total_price"] == text
    kept = read_listing(store, "a")
    assert kept is not None
    assert kept.total_price == Decimal(price)


@pytest.mark.parametrize(
    "listing",
    [
        LISTING,
        Listing(),
        Listing(source="MY_ACCOUNT", external_listing_id=""),
        LISTING._replace(external_listing_id="\N{TICKET}'\"" * 50),
        pytest.param(LISTING._replace(external_listing_id="\0"), marks=ON_SQLITE),
        LISTING._replace(seller=SELLER),
        LISTING._replace(seller="{" + " " * 20_000 + "}"),
    ],
    ids=["all", "nothing", "empty id", "odd id", "NUL", "odd seller", "long seller"],
)
def test_a_listing_comes_back_as_it_was_told(
    store: OpenStore, database: Database, listing: Listing
) -> None:
    assert group(store, lock(listing, "a")) == [[TicketResult("a", Outcome.LOCKED, OWNER)]]
    assert read_listing(store, "a") == listing
    assert read_listing(store, "b") is None
    columns = listing_columns(listing, MINE.code)
    assert {name: row_of(database)[name] for name in columns} == columns


def test_the_same_listing_again_writes_nothing(store: OpenStore, database: Database) -> None:
    group(store, lock(LISTING, "a"))
    before = database.rows()
    assert group(store, lock(LISTING, "a")) == [[TicketResult("a", Outcome.ALREADY_LOCKED, OWNER)]]
    assert database.rows() == before
    assert before["a"]["revision"] == 2


@pytest.mark.parametrize(
    "other",
    [
        Listing(),
        LISTING._replace(source="INDIVIDUAL"),
        LISTING._replace(external_listing_id=None),
        LISTING._replace(total_price=Decimal("12.500")),
        LISTING._replace(individual_price=Decimal("0")),
        LISTING._replace(seller='{"lastName":"Roe"}'),
    ],
    ids=["nothing", "source", "id", "total", "individual", "seller"],
)
def test_another_listing_replaces_all_of_it(
    store: OpenStore, database: Database, other: Listing
) -> None:
    group(store, lock(LISTING, "a"))
    before = row_of(database)
    ((result,),) = group(store, lock(other, "a"))
    assert result.outcome in (Outcome.LOCKED, Outcome.ALREADY_LOCKED)
    assert read_listing(store, "a") == other
    assert row_of(database) == {**before, **listing_columns(other, MINE.code), "revision": 3}


@pytest.mark.parametrize(
    "end",
    [
        lambda: unlocking(MINE, "a"),
        lambda: overriding({"a": None}),
        lambda: voiding({"a": None}),
    ],
    ids=["unlock", "override", "void"],
)
def test_the_listing_goes_with_mpreserve_in_one_write(
    store: OpenStore, database: Database, end: Callable[[], Change[Any]]
) -> None:
    group(store, lock(LISTING, "a", "b"))
    before = database.rows()
    group(store, end())
    after = database.rows()
    assert {name: after["a"][name] for name in NO_LISTING} == NO_LISTING
    assert after["a"]["revision"] == before["a"]["revision"] + 1
    assert after["b"] == before["b"]
    assert read_listing(store, "a") is None


def test_of_another_channels_listing_nothing_is_changed(
    store: OpenStore, database: Database
) -> None:
    group(store, lock(LISTING, "a"))
    before = database.rows()
    (theirs,) = group(store, lock(Listing(), "a", channel=THEIRS))
    (third,) = group(store, lock(Listing(), "a", channel=WITHOUT_GRANT))
    assert theirs == [TicketResult("a", Outcome.RESERVED_ELSEWHERE, OWNER)]
    assert third == [TicketResult("a", Outcome.UNKNOWN, None)]
    assert database.rows() == before


def test_each_ticket_has_its_own_listing(store: OpenStore) -> None:
    listings = {token: LISTING._replace(external_listing_id=token) for token in ("b", "none", "a")}
    results = store.run(lock_tickets(CommitEach(store.store), ASKER, MINE, listings))
    assert results == [
        TicketResult("b", Outcome.LOCKED, OWNER),
        TicketResult("none", Outcome.UNKNOWN, None),
        TicketResult("a", Outcome.LOCKED, OWNER),
    ]
    assert read_listing(store, "a") == listings["a"]
    assert read_listing(store, "b") == listings["b"]
