"""The refused attempts on a ticket: found in the journal, page by page, and the new ones."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Verb
from seatlatch.domain.outcome import Outcome
from seatlatch.operations import list_requests as list_module
from seatlatch.operations import refused_attempts as module
from seatlatch.operations.journal_scope import EVERYTHING, Scope
from seatlatch.operations.refused_attempts import (
    RefusedAttempts,
    new_attempts,
    refused_attempts,
)
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.databases import Clock, Database
from tests.operations.requests import entry, write, write_at
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "<script>alert(1)</script>\"'&\\"
REFUSED: dict[Outcome, Sequence[str]] = {Outcome.UNLOCKED: ["b"], Outcome.SEAT_LOCKED: ["c", TOKEN]}
DONE: dict[Outcome, Sequence[str]] = {Outcome.UNLOCKED: [TOKEN], Outcome.SEAT_LOCKED: ["c"]}


@pytest.fixture
def clock(database: Database) -> Clock:
    fill(database, [NewTicket(TOKEN, ORGANIZATION, OWNER)])
    return database.clock(NOW)


@pytest.fixture
def store(database: Database, clock: Clock) -> Iterator[OpenStore]:
    with opened(database.store(clock)) as store:
        yield store


def page(
    store: OpenStore,
    token: str = TOKEN,
    position: Position | None = None,
    until: datetime | None = None,
    scope: Scope = EVERYTHING,
) -> RefusedAttempts:
    return store.run(refused_attempts(store.store, token, scope, position, until))


def seen(page: RefusedAttempts | None) -> Sequence[tuple[int, Outcome]]:
    """The numbers of the requests, and the outcomes."""
    assert page is not None
    return [(int(one.entry.act.asker.request_id[-12:]), one.outcome) for one in page.attempts]


def test_refused_requests_are_found_among_others(store: OpenStore) -> None:
    write(store, entry(0, outcomes=REFUSED), entry(1, outcomes=DONE), entry(2))
    write(store, entry(3, Verb.HOLD, channel=None, outcomes={Outcome.RESERVED: [TOKEN]}))
    write(store, entry(4, refusal="BAD_REQUEST: no"))
    found = page(store)
    assert seen(found) == [(3, Outcome.RESERVED), (0, Outcome.SEAT_LOCKED)]
    assert (found.older, found.examined_since) == (None, None)
    assert seen(page(store, "c")) == [(1, Outcome.SEAT_LOCKED), (0, Outcome.SEAT_LOCKED)]


@all_cases("part", ["script", "", "<script>alert(1)</script>", '"', "seat_locked", "unlock", "\0"])
def test_a_part_of_a_token_is_another_ticket(store: OpenStore, part: str) -> None:
    write(store, entry(0, outcomes=REFUSED))
    assert seen(page(store, part)) == []


def test_an_empty_journal_has_none(store: OpenStore) -> None:
    assert seen(page(store)) == []


def test_pages_continue_where_the_examined_part_ends(
    store: OpenStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXAMINED_ENTRIES_MAX", 3)
    monkeypatch.setattr(list_module, "SELECTED_AT_ONCE", 1)
    for number in range(8):
        outcomes = REFUSED if number in (0, 6) else DONE
        write_at(store, clock, NOW + number * HOUR, entry(number, outcomes=outcomes))
    found, pages = page(store), []
    since = found.examined_since
    while True:
        pages += [seen(found)]
        if found.older is None:
            break
        found = page(store, position=found.older)
    assert [one for some in pages for one in some] == [
        (6, Outcome.SEAT_LOCKED),
        (0, Outcome.SEAT_LOCKED),
    ]
    assert len(pages) == 3
    assert since == NOW + 4 * HOUR


def test_attempts_before_a_timestamp(store: OpenStore, clock: Clock) -> None:
    for number in range(4):
        write_at(store, clock, NOW + number * HOUR, entry(number, outcomes=REFUSED))
    found = page(store, until=NOW + 2 * HOUR)
    assert [number for number, _ in seen(found)] == [1, 0]


def test_new_attempts_follow_an_earlier_page(store: OpenStore, database: Database) -> None:
    write(store, entry(0, outcomes=REFUSED))
    first = page(store)
    assert seen(store.run(new_attempts(store.store, TOKEN, EVERYTHING, first.newest))) == []
    with opened(database.store()) as other:
        write(store, entry(1, outcomes=REFUSED), entry(2, outcomes=DONE))
        write(other, entry(3, outcomes=REFUSED))
    found = store.run(new_attempts(store.store, TOKEN, EVERYTHING, first.newest))
    assert sorted(number for number, _ in seen(found)) == [1, 3]
    assert found is not None
    assert seen(store.run(new_attempts(store.store, TOKEN, EVERYTHING, found.newest))) == []


def test_too_many_new_entries_are_not_examined(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_module, "EXAMINED_ENTRIES_MAX", 3)
    monkeypatch.setattr(list_module, "SELECTED_AT_ONCE", 1)
    first = page(store)
    write(store, *(entry(number, outcomes=REFUSED) for number in range(4)))
    assert store.run(new_attempts(store.store, TOKEN, EVERYTHING, first.newest)) is None


def test_attempts_on_a_ticket_of_another_organization_are_not_seen(store: OpenStore) -> None:
    write(store, entry(0, outcomes=REFUSED))
    assert seen(page(store, scope=Scope(frozenset({FOREIGN_ORGANIZATION})))) == []
    ours = page(store, scope=Scope(frozenset({ORGANIZATION})))
    assert [list(one.entry.outcomes.items()) for one in ours.attempts] == [
        [(Outcome.SEAT_LOCKED, [TOKEN])]
    ]
