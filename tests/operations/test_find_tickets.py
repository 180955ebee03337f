"""Find tickets: by every filter, page by page, among the tickets that the caller may see."""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket_filter import TicketFilter, TicketState
from seatlatch.operations import listing_tokens
from seatlatch.store.finding import Place
from tests.cases import all_cases
from tests.databases import Databases
from tests.operations.ticket_facts import (
    VALUES,
    Facts,
    all_pages,
    examine_at_once,
    find,
    is_possible,
    matches,
    random_facts,
    random_filters,
    store_facts,
    tokens,
)
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION
from tests.store.test_store import NOW
from tests.stores import OpenStore, opened

OURS = frozenset({ORGANIZATION})
BOTH = frozenset({ORGANIZATION, FOREIGN_ORGANIZATION})


@pytest.fixture(scope="module")
def everything() -> list[Facts]:
    """The facts about random tickets."""
    chance = random.Random(20261125)
    return [random_facts(chance, number) for number in range(300)]


@pytest.fixture(scope="module")
def store(databases: Databases, everything: list[Facts]) -> Iterator[OpenStore]:
    """A store with these tickets."""
    database = databases.new()
    store_facts(database, everything)
    with opened(database.store(NOW)) as store:
        yield store


def expected(everything: list[Facts], scope: frozenset[str] | None, **filters: Any) -> list[str]:
    """The tokens of the tickets that match, sorted."""
    wanted = TicketFilter(**filters)
    return sorted(
        facts.ticket.token
        for facts in everything
        if matches(facts, wanted) and (scope is None or facts.ticket.organization_id in scope)
    )


@pytest.mark.parametrize("listing_tokens_max", [0, 2_000])
def test_a_search_finds_what_matches_and_each_ticket_once(
    store: OpenStore,
    everything: list[Facts],
    listing_tokens_max: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A listing is looked up, or compared like any other filter."""
    examine_at_once(monkeypatch, 60)
    monkeypatch.setattr(listing_tokens, "LISTING_TOKENS_MAX", listing_tokens_max)
    chance = random.Random(listing_tokens_max)
    found_some = 0
    for number in range(120):
        filters = random_filters(chance, number)
        if not is_possible(filters):
            continue
        scope = chance.choice((None, None, OURS, BOTH))
        pages = all_pages(store, scope, chance.choice((1, 7, 40)), **filters)
        found = [token for page in pages for token in tokens(page)]
        assert sorted(found) == expected(everything, scope, **filters), (filters, scope)
        found_some += bool(found)
    assert found_some > 30


@all_cases("field", VALUES)
def test_each_filter_alone(store: OpenStore, everything: list[Facts], field: str) -> None:
    for value in VALUES[field]:
        filters: dict[str, Any] = {field: value or ""}
        if value is not None or field == "access_id":
            found = tokens(find(store, **filters))
            assert found
            assert sorted(found) == expected(everything, None, **filters)


@all_cases("state", TicketState)
@all_cases("mpreserve", [None, True, False])
def test_states_and_mpreserve(
    store: OpenStore, everything: list[Facts], state: TicketState, mpreserve: bool | None
) -> None:
    filters: dict[str, Any] = {"state": state, "mpreserve": mpreserve}
    if is_possible(filters):
        assert sorted(tokens(find(store, **filters))) == expected(everything, None, **filters)


def test_a_page_is_in_the_order_of_its_search(store: OpenStore) -> None:
    def keys(*columns: str, **filters: Any) -> list[tuple[str, ...]]:
        found = find(store, **filters).tickets
        assert len(found) > 1
        return [tuple(getattr(one.record, column) or "" for column in columns) for one in found]

    by_event = keys("organization_id", "access_id", "token", organization_id=ORGANIZATION)
    assert by_event == sorted(by_event)
    by_row = keys("organization_id", "row", "seat", "token", section="101", access_id="E1")
    assert by_row == sorted(by_row)
    by_token = keys("token", state=TicketState.FREE)
    assert by_token == sorted(by_token)


def test_an_organization_outside_the_scope_is_like_one_without_tickets(store: OpenStore) -> None:
    unknown = find(store, OURS, organization_id="unknown")
    outside = find(store, OURS, organization_id=FOREIGN_ORGANIZATION)
    assert unknown[:2] == outside[:2] == ([], None)
    assert find(store, frozenset())[:2] == ([], None)
    assert find(store, BOTH, organization_id=FOREIGN_ORGANIZATION).tickets


def test_a_place_that_a_caller_makes_shows_nothing_outside_the_scope(store: OpenStore) -> None:
    for organization_id, keys in product(("", "1", FOREIGN_ORGANIZATION, "~"), ((), ("",), ("E",))):
        place = Place(organization_id, keys)
        try:
            found = find(store, OURS, place)
        except InvalidRequest:
            continue
        assert {one.record.organization_id for one in found.tickets} <= OURS


@all_cases(
    "place",
    [Place("", ("a",)), Place(ORGANIZATION, ("a", "b", "c")), Place("", ())],
)
def test_a_place_of_another_search_is_refused(store: OpenStore, place: Place) -> None:
    with pytest.raises(InvalidRequest, match="another search"):
        find(store, None, place, access_id="E1")


def test_what_the_database_cannot_hold_is_found_nowhere(store: OpenStore) -> None:
    for field in VALUES:
        filters: dict[str, Any] = {field: "\0"}
        assert find(store, **filters)[:2] == ([], None)
