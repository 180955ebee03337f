"""Which index serves a search."""

from typing import Any

from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.store.finding import BY_EVENT, PREFERENCES, Search, TicketIndex
from tests.cases import all_cases
from tests.store.searches import INDEX_NAMES, SEARCHES


@all_cases(("wanted", "index"), SEARCHES.values(), ids=SEARCHES)
def test_a_search_uses_the_index_that_leaves_least_to_examine(
    wanted: TicketFilter, index: TicketIndex
) -> None:
    scope = None if wanted.organization_id is None else frozenset({wanted.organization_id})
    assert Search.of(wanted, scope).by == index


@all_cases("filters", [{}, {"channel_code": "c"}])
def test_a_key_that_is_limited_to_organizations_examines_only_their_tickets(
    filters: dict[str, Any],
) -> None:
    search = Search.of(TicketFilter(**filters), frozenset({"1001", "2002"}))
    assert search.by == BY_EVENT
    assert search.organizations == ("1001", "2002")


def test_every_index_is_searched_for_in_a_plan() -> None:
    assert {index for _, index in SEARCHES.values()} == set(INDEX_NAMES)
    assert {index for index, _ in PREFERENCES} <= set(INDEX_NAMES)


def test_filters_that_the_index_has_not_are_left() -> None:
    wanted = TicketFilter(owner_id="o", access_id="E", row="1", channel_code="c", mpreserve=True)
    assert Search.of(wanted, None).rest == ("row", "channel_code", "mpreserve")
