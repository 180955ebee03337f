"""Put through a real store: what the ticketing system says is kept, and nothing else is touched."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.refusal import InvalidRequest, Unavailable
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operations import put_tickets as operation
from seatlatch.operations.put_tickets import put_tickets
from tests.databases import Database
from tests.group_commit import Gate
from tests.operations.states import EVERY_STATE, NOW, make_every_state
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, OWNER
from tests.stores import OpenStore, opened

WHOLE = TicketRecord("new", ORGANIZATION, OWNER, "E", "S", "R", "9", "B")


@pytest.fixture
def database(database: Database) -> Database:
    make_every_state(database)
    return database


@pytest.fixture
def store(database: Database) -> Iterator[OpenStore]:
    with opened(database.store(NOW)) as store:
        yield store


def put(store: OpenStore, *records: TicketRecord) -> list[TicketResult]:
    return store.run(put_tickets(CommitEach(store.store), records))


def outcome_of(store: OpenStore, record: TicketRecord) -> Outcome:
    (result,) = put(store, record)
    succeeded = result.outcome in (Outcome.ADDED, Outcome.UPDATED, Outcome.UNCHANGED)
    assert result.owner_id == (record.owner_id if succeeded else None)
    return result.outcome


def test_a_ticket_is_added_then_unchanged_then_updated(
    store: OpenStore, database: Database
) -> None:
    assert outcome_of(store, WHOLE) is Outcome.ADDED
    added = database.rows()["new"]
    assert [added[name] for name in ("access_id", "section", "row", "seat", "barcode")] == [
        *("E", "S", "R", "9", "B")
    ]
    assert (added["mpreserve"], added["seat_status"], added["voided"]) == (False, "UNLOCK", False)
    assert outcome_of(store, WHOLE) is Outcome.UNCHANGED
    assert database.rows()["new"] == added
    assert outcome_of(store, WHOLE._replace(owner_id="other", row="R2")) is Outcome.UPDATED
    changed = {"owner_id": "other", "row": "R2", "revision": 2}
    assert database.rows()["new"] == {**added, **changed}


@pytest.mark.parametrize("field", ["access_id", "section", "row", "seat", "barcode"])
def test_what_is_not_said_is_left_and_what_is_said_is_kept(
    store: OpenStore, database: Database, field: str
) -> None:
    put(store, WHOLE)
    before = database.rows()["new"]
    for nothing in (None, ""):
        silent: dict[str, Any] = {field: nothing}
        assert outcome_of(store, WHOLE._replace(**silent)) is Outcome.UNCHANGED
        assert database.rows()["new"] == before
    assert outcome_of(store, WHOLE._replace(**{field: "other"})) is Outcome.UPDATED
    assert database.rows()["new"] == {**before, field: "other", "revision": 2}


def test_a_bare_ticket_learns_later_where_it_is(store: OpenStore, database: Database) -> None:
    bare = TicketRecord("new", ORGANIZATION, OWNER)
    assert outcome_of(store, bare) is Outcome.ADDED
    assert database.rows()["new"]["barcode"] is None
    assert outcome_of(store, bare._replace(token="empty", barcode="")) is Outcome.ADDED
    assert database.rows()["empty"]["barcode"] is None
    assert outcome_of(store, bare._replace(barcode="B")) is Outcome.UPDATED
    assert outcome_of(store, bare) is Outcome.UNCHANGED
    assert database.rows()["new"]["barcode"] == "B"


def test_what_others_have_set_is_never_touched(store: OpenStore, database: Database) -> None:
    before = database.rows()
    records = [
        TicketRecord(state.token, state.organization_id, "other", "E2", "S2", "R2", "10", "B2")
        for state in EVERY_STATE
    ]
    assert {result.outcome for result in put(store, *records)} == {Outcome.UPDATED}
    said = {
        "owner_id": "other",
        "access_id": "E2",
        "section": "S2",
        "row": "R2",
        "seat": "10",
        "barcode": "B2",
        "revision": 2,
    }
    assert database.rows() == {token: {**row, **said} for token, row in before.items()}


def test_a_ticket_of_another_organization_is_left_and_not_told(
    store: OpenStore, database: Database
) -> None:
    before = database.rows()
    state = EVERY_STATE[0]
    other = TicketRecord(state.token, FOREIGN_ORGANIZATION, "other", "E2")
    assert state.organization_id == ORGANIZATION
    assert outcome_of(store, other) is Outcome.OTHER_ORGANIZATION
    unknown = other._replace(organization_id="unknown")
    assert outcome_of(store, unknown) is Outcome.UNKNOWN_ORGANIZATION
    assert outcome_of(store, unknown._replace(token="new")) is Outcome.UNKNOWN_ORGANIZATION
    assert database.rows() == before


def test_a_ticket_of_an_organization_that_is_gone_is_left(
    store: OpenStore, database: Database
) -> None:
    add = "INSERT INTO tickets (token, organization_id, owner_id) VALUES ('x', 'g', 'o')"
    database.execute(add)
    before = database.rows()
    assert outcome_of(store, TicketRecord("x", "g", "p")) is Outcome.UNKNOWN_ORGANIZATION
    assert database.rows() == before


def test_each_record_stands_alone_and_results_keep_the_order(store: OpenStore) -> None:
    put(store, WHOLE)
    results = put(
        store,
        WHOLE._replace(token="second"),
        WHOLE._replace(token="third", organization_id="unknown"),
        WHOLE,
        WHOLE._replace(token="fourth"),
    )
    assert [(result.token, result.outcome) for result in results] == [
        ("second", Outcome.ADDED),
        ("third", Outcome.UNKNOWN_ORGANIZATION),
        ("new", Outcome.UNCHANGED),
        ("fourth", Outcome.ADDED),
    ]
    assert put(store) == []


def test_two_records_of_one_ticket_are_refused_before_anything_is_done(
    store: OpenStore, database: Database
) -> None:
    before = database.rows()
    records = [WHOLE, WHOLE._replace(token="second"), WHOLE._replace(seat="10")]
    with pytest.raises(InvalidRequest, match="Records 1 and 3"):
        put(store, *records)
    assert database.rows() == before


def many(tickets: int) -> Sequence[TicketRecord]:
    return [WHOLE._replace(token=f"many-{number:04}") for number in range(tickets)]


@pytest.mark.parametrize(("tickets", "commits"), [(1, 1), (5, 1), (6, 2), (10, 2), (11, 3)])
def test_a_large_request_is_worked_in_portions(
    database: Database, monkeypatch: pytest.MonkeyPatch, tickets: int, commits: int
) -> None:
    monkeypatch.setattr(operation, "AT_ONCE_TOKENS", 5)
    counting = Gate(database.store())
    with opened(counting) as store:
        results = put(store, *many(tickets))
    assert counting.commits == commits
    assert [result.token for result in results] == [record.token for record in many(tickets)]
    assert {result.outcome for result in results} == {Outcome.ADDED}


def test_portions_before_one_that_fails_are_kept_and_sent_again_are_unchanged(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "AT_ONCE_TOKENS", 5)
    failing = Gate(database.store())
    with opened(failing) as store:
        failing.refuse_from = 3
        with pytest.raises(Unavailable):
            put(store, *many(12))
        kept = [token for token in sorted(database.rows()) if token.startswith("many-")]
        assert kept == [record.token for record in many(10)]
        failing.refuse_from = 100
        outcomes = [result.outcome for result in put(store, *many(12))]
    assert outcomes == [Outcome.UNCHANGED] * 10 + [Outcome.ADDED] * 2
