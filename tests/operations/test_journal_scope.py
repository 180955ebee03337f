"""What a limited operator sees of the journal: only its own organizations' tokens."""

from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.journal import DamagedEntry, Entry, FoundEntry
from seatlatch.domain.outcome import Outcome
from seatlatch.operations import read_journal
from seatlatch.operations.change_tickets import hold_tickets, unlock_tickets
from seatlatch.operations.journal_scope import EVERYTHING, Scope
from seatlatch.operations.list_requests import RequestFilter, list_requests
from seatlatch.operations.read_journal import ticket_history, trace_request
from seatlatch.presentation.requests import has_status
from seatlatch.store.tickets import NewTicket
from tests.databases import ON_SQLITE, Database
from tests.operations.changes import ASKER
from tests.operations.states import THEIRS
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER, fill
from tests.stores import OpenStore, opened

pytestmark = ON_SQLITE

OURS = Scope(frozenset({ORGANIZATION}))
BOTH = Scope(frozenset({ORGANIZATION, FOREIGN_ORGANIZATION}))
NOTHING = Scope(frozenset())


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    """Three requests: of both organizations, of the foreign one, and of none."""
    fill(
        database,
        [
            NewTicket("own", ORGANIZATION, OWNER),
            NewTicket("own-held", ORGANIZATION, OWNER, seat_status="LOCK"),
            NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER),
        ],
    )
    with opened(database.store()) as store:
        for tokens in (("own-held", "foreign", "none"), ("foreign",), ("none",)):
            store.run(unlock_tickets(CommitEach(store.store), ASKER, THEIRS, tokens))
        yield store


def traced(store: OpenStore, scope: Scope) -> Sequence[FoundEntry]:
    return store.run(trace_request(store.store, ASKER.request_id, scope=scope)).entries


def listed(store: OpenStore, scope: Scope, status: int | None = None) -> Sequence[FoundEntry]:
    wanted = RequestFilter(matches=has_status(status))
    return store.run(list_requests(store.store, wanted, scope, None, 100)).entries[::-1]


def tokens(entries: Sequence[FoundEntry]) -> list[list[str]]:
    return [
        [token for tokens in entry.outcomes.values() for token in tokens]
        for entry in entries
        if isinstance(entry, Entry)
    ]


SEEN = {
    EVERYTHING: [["own-held", "foreign", "none"], ["foreign"], ["none"]],
    BOTH: [["own-held", "foreign"], ["foreign"]],
    OURS: [["own-held"]],
    NOTHING: [],
}


@pytest.mark.parametrize("scope", SEEN)
def test_entries_are_reduced_to_the_visible_tokens(store: OpenStore, scope: Scope) -> None:
    seen = [sorted(one) for one in SEEN[scope]]
    assert [sorted(one) for one in tokens(traced(store, scope))] == seen
    assert [sorted(one) for one in tokens(listed(store, scope))] == seen


def test_a_status_is_that_of_the_visible_part(store: OpenStore) -> None:
    assert len(listed(store, EVERYTHING, 207)) == 1
    assert listed(store, OURS, 207) == []
    assert tokens(listed(store, OURS, 409)) == [["own-held"]]


def hold(store: OpenStore, operator: str, *asked: str) -> None:
    asker = ASKER._replace(operator=operator)
    store.run(hold_tickets(CommitEach(store.store), asker, asked, "moving"))


def test_changes_of_other_tickets_are_left_out(store: OpenStore) -> None:
    hold(store, "somebody", "own", "foreign")
    (*_, entry) = traced(store, OURS)
    assert isinstance(entry, Entry)
    assert [one.token for one in entry.changed] == ["own"]


def test_an_operators_own_requests_are_reduced_too(store: OpenStore) -> None:
    """Another operator may have had its name before."""
    hold(store, "ours", "own", "nothing-there")
    hold(store, "ours", "nothing-there")
    assert tokens(traced(store, OURS)) == [["own-held"], ["own"]]


def test_an_entry_that_cannot_be_read_is_left_out(store: OpenStore, database: Database) -> None:
    database.execute("UPDATE journal SET entry = '{'")
    assert all(isinstance(entry, DamagedEntry) for entry in traced(store, EVERYTHING))
    assert traced(store, OURS) == []
    assert listed(store, OURS) == []


def test_a_history_outside_of_the_scope_does_not_exist(store: OpenStore) -> None:
    hold(store, "somebody", "own", "foreign")
    for token, scope, is_visible in (
        ("own", OURS, True),
        ("foreign", OURS, False),
        ("foreign", BOTH, True),
        ("none", BOTH, False),
        ("own", NOTHING, False),
        ("foreign", EVERYTHING, True),
    ):
        found = store.read(partial(ticket_history, token=token, before=None, limit=10, scope=scope))
        assert (found is not None) == is_visible, (token, scope)


def test_a_trace_reads_on_until_it_has_found_enough(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        hold(store, "somebody", "foreign")
    found = store.run(trace_request(store.store, ASKER.request_id, limit=1, scope=OURS))
    assert (tokens(found.entries), found.before) == ([["own-held"]], None)
    monkeypatch.setattr(read_journal, "EXAMINED_REQUESTS_MAX", 2)
    found = store.run(trace_request(store.store, ASKER.request_id, limit=1, scope=OURS))
    assert found.entries == []
    assert found.before is not None
    rest = trace_request(store.store, ASKER.request_id, before=found.before, scope=BOTH)
    assert len(store.run(rest).entries) == 5


def test_a_list_examines_a_limited_number_of_tokens(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "seatlatch.operations.list_requests"
    monkeypatch.setattr(f"{module}.ENTRIES_AT_ONCE", 1)
    monkeypatch.setattr(f"{module}.EXAMINED_TOKENS_MAX", 2)
    for scope, entries in ((OURS, 0), (EVERYTHING, 3)):
        found = store.run(list_requests(store.store, RequestFilter(), scope, None, 100))
        assert len(found.entries) == entries
        assert (found.position is None) == (scope is EVERYTHING)


def test_many_tokens_are_read_in_portions(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatlatch.operations.journal_scope.TOKENS_AT_ONCE", 1)
    assert [sorted(one) for one in tokens(listed(store, BOTH))] == [
        ["foreign", "own-held"],
        ["foreign"],
    ]
    assert Outcome.SEAT_LOCKED in listed(store, OURS)[0].outcomes  # type: ignore[union-attr]
