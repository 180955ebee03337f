"""Listing requests: order, filters, pages, and how much a call examines."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Entry, FoundEntry, Verb
from seatlatch.domain.outcome import Outcome
from seatlatch.operations import list_requests as module
from seatlatch.operations.journal_scope import EVERYTHING
from seatlatch.operations.list_requests import FoundRequests, RequestFilter, list_requests
from tests.cases import all_cases
from tests.databases import ON_SQLITE, Clock, Database
from tests.operations.requests import CHANNEL, OTHER, entry, write, write_at
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANY = RequestFilter()
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def clock(database: Database) -> Clock:
    return database.clock(NOW)


@pytest.fixture
def store(database: Database, clock: Clock) -> Iterator[OpenStore]:
    with opened(database.store(clock)) as store:
        yield store


def page(
    store: OpenStore,
    wanted: RequestFilter = ANY,
    position: Position | None = None,
    limit: int = 100,
) -> FoundRequests:
    return store.run(list_requests(store.store, wanted, EVERYTHING, position, limit))


def number_of(found: FoundEntry) -> int:
    """The number in the Request-ID."""
    request_id = found.act.asker.request_id if isinstance(found, Entry) else found.request_id
    return int((request_id or "0")[-12:])


def numbers(store: OpenStore, wanted: RequestFilter = ANY, limit: int = 100) -> list[int]:
    """The numbers of all requests, read page by page."""
    found: list[int] = []
    position: Position | None = None
    while True:
        some = page(store, wanted, position, limit)
        assert len(some.entries) <= limit
        found += map(number_of, some.entries)
        position = some.position
        if position is None:
            return found


def test_an_empty_journal_has_no_requests(store: OpenStore) -> None:
    assert page(store) == FoundRequests([], None)


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_the_newest_come_first_over_all_chains(
    store: OpenStore, database: Database, limit: int
) -> None:
    with opened(database.store()) as other:
        for number in range(0, 14, 2):
            write(store, entry(number))
            write(other, entry(number + 1))
    assert numbers(store, limit=limit) == list(range(13, -1, -1))


def test_requests_of_one_transaction_are_listed_one_by_one(store: OpenStore) -> None:
    write(store, *map(entry, range(30)))
    assert numbers(store, limit=1) == list(range(29, -1, -1))


def test_new_requests_do_not_disturb_the_pages(store: OpenStore, database: Database) -> None:
    write(store, *map(entry, range(4)))
    first = page(store, limit=2)
    write(store, entry(4))
    with opened(database.store()) as other:
        write(other, entry(5))
    rest = page(store, position=first.position)
    assert list(map(number_of, [*first.entries, *rest.entries])) == [3, 2, 1, 0]
    assert rest.position is None


FILTERS = {
    "channel": (RequestFilter(channel_code=CHANNEL), [6, 5, 1, 0]),
    "other channel": (RequestFilter(channel_code=OTHER), [2]),
    "part of a channel": (RequestFilter(channel_code="test"), []),
    "no channel": (RequestFilter(channel_code=""), []),
    "quote": (RequestFilter(channel_code='"'), []),
    "verb": (RequestFilter(verb=Verb.LOCK), [1]),
    "both": (RequestFilter(channel_code=CHANNEL, verb=Verb.UNLOCK), [6, 5, 0]),
    "neither": (RequestFilter(channel_code=OTHER, verb=Verb.VOID), []),
}


def test_filters(store: OpenStore) -> None:
    write(store, entry(0), entry(1, Verb.LOCK), entry(2, channel=OTHER))
    write(store, entry(3, Verb.HOLD, channel=None), entry(4, Verb.VOID, channel=None))
    write(store, entry(5), entry(6))
    for name, (wanted, expected) in FILTERS.items():
        for limit in (1, 100):
            assert numbers(store, wanted, limit) == expected, name


def test_a_text_in_a_token_is_no_channel_and_no_verb(store: OpenStore) -> None:
    tokens = ['"channel":"other-channel"', '"verb":"void"']
    write(store, entry(0, outcomes={Outcome.UNKNOWN: tokens}))
    assert numbers(store, RequestFilter(channel_code=OTHER)) == []
    assert numbers(store, RequestFilter(verb=Verb.VOID)) == []


def has_refusal(found: FoundEntry) -> bool:
    return isinstance(found, Entry) and found.refusal is not None


def test_a_condition_of_the_caller(store: OpenStore) -> None:
    write(store, entry(0), entry(1, refusal="BAD_REQUEST: no"), entry(2))
    assert numbers(store, RequestFilter(matches=has_refusal)) == [1]


@pytest.fixture
def hourly(store: OpenStore, clock: Clock, database: Database) -> OpenStore:
    """A request every hour, in two chains where the engine can."""
    with opened(database.store(clock)) as other:
        for number in range(12):
            write_at(other if number % 3 else store, clock, NOW + number * HOUR, entry(number))
    return store


PERIODS = {
    "all": (RequestFilter(), range(12)),
    "since": (RequestFilter(since=NOW + 9 * HOUR), [9, 10, 11]),
    "until": (RequestFilter(until=NOW + 3 * HOUR), [0, 1, 2]),
    "between": (RequestFilter(since=NOW + 3 * HOUR, until=NOW + 5 * HOUR), [3, 4]),
    "within": (RequestFilter(since=NOW + 3.5 * HOUR, until=NOW + 4.5 * HOUR), [4]),
    "nothing within": (RequestFilter(since=NOW + 3.1 * HOUR, until=NOW + 3.9 * HOUR), []),
    "before all": (RequestFilter(until=NOW), []),
    "after all": (RequestFilter(since=NOW + 12 * HOUR), []),
    "earliest": (RequestFilter(since=datetime.min.replace(tzinfo=UTC)), range(12)),
    "latest": (RequestFilter(until=datetime.max.replace(tzinfo=UTC)), range(12)),
}


def test_periods(hourly: OpenStore) -> None:
    for name, (wanted, expected) in PERIODS.items():
        for limit in (1, 2, 100):
            assert numbers(hourly, wanted, limit) == list(expected)[::-1], name


def test_a_period_long_ago_is_found_without_reading_what_came_later(
    hourly: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXAMINED_ENTRIES_MAX", 1)
    monkeypatch.setattr(module, "ENTRIES_AT_ONCE", 4)
    found = page(hourly, RequestFilter(until=NOW + 3 * HOUR))
    assert list(map(number_of, found.entries)) == [2, 1, 0]
    found = page(hourly, RequestFilter(since=NOW + 9 * HOUR))
    assert (len(found.entries), found.position) == (3, None)


@pytest.mark.parametrize("gone", [0, 5, 11])
@ON_SQLITE
def test_a_row_that_is_gone_hides_no_other(
    hourly: OpenStore, database: Database, gone: int
) -> None:
    database.execute(f"DELETE FROM journal WHERE entry_id & 65535 = {gone + 1}")
    for name, (wanted, expected) in PERIODS.items():
        left = [number for number in expected if number != gone]
        assert numbers(hourly, wanted) == left[::-1], name


def test_a_clock_that_was_set_back_a_little_hides_nothing(store: OpenStore, clock: Clock) -> None:
    for number in range(8):
        write_at(store, clock, NOW + number * HOUR, entry(number))
        write_at(store, clock, NOW + number * HOUR - 3 * SECOND, entry(number + 100))
    wanted = RequestFilter(since=NOW + 3 * HOUR, until=NOW + 5 * HOUR)
    assert numbers(store, wanted) == [105, 104, 4, 3]


def test_a_call_examines_a_limited_number_of_entries(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXAMINED_ENTRIES_MAX", 40)
    monkeypatch.setattr(module, "SELECTED_AT_ONCE", 20)
    write(store, entry(0, channel=OTHER), *map(entry, range(1, 101)))
    wanted = RequestFilter(channel_code=OTHER)
    position: Position | None = None
    sizes = []
    while True:
        found = page(store, wanted, position)
        sizes.append(len(found.entries))
        position = found.position
        if position is None:
            break
    assert sizes == [0, 0, 1]


@all_cases("column", ["entry = '{'", "entry = replace(entry, 'unlock', 'lock')"])
def test_damaged_entries_are_listed(store: OpenStore, database: Database, column: str) -> None:
    write(store, entry(0), entry(1), entry(2))
    ((first,),) = database.execute("SELECT max(entry_id) FROM journal")
    database.execute(f"UPDATE journal SET {column} WHERE entry_id = ?", first - 1)
    found = page(store, limit=3)
    assert [one.damaged for one in found.entries] == [False, True, False]
    assert list(map(number_of, found.entries)) == [2, 1, 0]


def test_pruned_entries_are_not_missed(store: OpenStore, database: Database) -> None:
    write(store, *map(entry, range(6)))
    ((first,),) = database.execute("SELECT min(entry_id) FROM journal")
    database.execute("DELETE FROM journal WHERE entry_id <= ?", first + 2)
    database.execute("UPDATE journal_chains SET pruned_number = 3")
    assert numbers(store) == [5, 4, 3]
    assert page(store, limit=3).position is None


def test_a_position_of_a_chain_that_does_not_exist_finds_nothing(store: OpenStore) -> None:
    write(store, entry(0))
    assert page(store, position={99: 5}) == FoundRequests([], None)
    assert page(store, position={}) == FoundRequests([], None)
    assert page(store, position={2**36 - 1: 2**36 - 1}) == FoundRequests([], None)


def test_many_that_match_are_read_in_portions(store: OpenStore) -> None:
    write(store, *(entry(n, channel=CHANNEL if n % 3 else OTHER) for n in range(200)))
    wanted = RequestFilter(channel_code=CHANNEL)
    expected = [number for number in range(199, -1, -1) if number % 3]
    assert numbers(store, wanted) == expected
    assert numbers(store, wanted, limit=21) == expected
    assert len(page(store, wanted, limit=100).entries) == 100
