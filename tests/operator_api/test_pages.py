"""GET /operator/v1/tickets: an organization's tickets, page by page."""

from base64 import urlsafe_b64encode
from itertools import count
from typing import Any

import msgspec
import pytest

from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.http.query import digest_of
from seatlatch.presentation.tickets import search_of
from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.http.wire import message_of
from tests.operator_api.box_office import operate, put, record, show
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, Served

OURS = {
    "listed-1",
    "listed-2",
    "not-listed",
    "voided",
    "voided-and-locked",
    "locked",
    "locked-and-listed",
    "listed-elsewhere",
}


def page(served: Served, **query: str) -> dict[str, Any]:
    """A page of the tests' organization, unless `query` names another."""
    query = {"organizationId": ORGANIZATION, **query}
    text = "&".join(f"{name}={value}" for name, value in query.items())
    answer = operate(served, "GET", "?" + text)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert list(found) == ["tickets", "next"]
    return found


def tokens(found: dict[str, Any]) -> list[str]:
    return [ticket["token"] for ticket in found["tickets"]]


def all_tokens(served: Served, **query: str) -> list[list[str]]:
    """The tokens of each page, until there is no next one."""
    pages: list[list[str]] = []
    while True:
        found = page(served, **query)
        pages.append(tokens(found))
        if found["next"] is None:
            return pages
        query["after"] = found["next"]


def test_an_organizations_tickets_are_listed_whole_and_no_others(shared: Served) -> None:
    found = page(shared)
    assert found["next"] is None
    assert tokens(found) == sorted(OURS)
    for ticket in found["tickets"]:
        assert ticket == show(shared, ticket["token"])
    foreign = page(shared, organizationId=FOREIGN_ORGANIZATION)
    assert tokens(foreign) == ["foreign", "foreign-locked", "foreign-voided"]


def test_an_unknown_organization_is_like_one_without_tickets(shared: Served) -> None:
    assert page(shared, organizationId="unknown") == {"tickets": [], "next": None}


def test_a_known_organization_without_such_tickets_has_an_empty_page(shared: Served) -> None:
    assert page(shared, accessId="E-unknown") == {"tickets": [], "next": None}


def test_a_limit_may_begin_with_zeros(shared: Served) -> None:
    assert tokens(page(shared, limit="05")) == sorted(OURS)[:5]


@all_cases("limit", [1, 3, 4, 7, 8, 9, 1000])
def test_pages_have_their_limit_and_the_last_one_no_next(shared: Served, limit: int) -> None:
    pages = all_tokens(shared, limit=str(limit))
    assert [token for each in pages for token in each] == sorted(OURS)
    assert all(len(each) == limit for each in pages[:-1])
    assert 0 < len(pages[-1]) <= limit


def test_a_page_has_100_tickets_unless_it_is_reported_otherwise(served: Served) -> None:
    put(served, *(record(f"t{number:03}") for number in range(200)))
    assert len(page(served)["tickets"]) == 100


def test_the_order_is_by_access_id_then_token_and_either_can_be_asked_for(served: Served) -> None:
    put(served, record("b", accessId="E1"), record("a", accessId="E2"), record("c", accessId="E1"))
    everything = [token for each in all_tokens(served, limit="2") for token in each]
    assert everything == [*sorted(OURS), "b", "c", "a"]
    assert all_tokens(served, accessId="E1", limit="1") == [["b"], ["c"]]
    assert tokens(page(served, accessId="E2")) == ["a"]
    assert tokens(page(served, accessId="E3")) == []
    assert tokens(page(served, accessId="")) == sorted(OURS), "those that have none"


def test_each_old_ticket_comes_once_while_others_are_added(served: Served) -> None:
    numbers = count()
    old = [f"{letter}-{event}" for letter in "bdfh" for event in range(1, 5)]
    put(served, *(record(token, accessId="E" + token[-1]) for token in old))
    seen: list[str] = []
    query: dict[str, str] = {}
    while True:
        found = page(served, limit="3", **query)
        seen += tokens(found)
        for letter in "aceg~":
            new = f"{letter}-new-{next(numbers)}"
            assert put(served, record(new, accessId=f"E{len(seen) % 5}")).status_code == 200
        if found["next"] is None or len(seen) > 500:
            break
        query["after"] = found["next"]
    assert sorted(token for token in seen if "-new-" not in token) == sorted([*old, *OURS])
    assert len(set(seen)) == len(seen)


def test_a_cursor_copes_with_any_token(served: Served) -> None:
    strange = ["a/b", "a&b=c", "🎟️", '"', "\\", "?", "ÿ~"]
    put(served, *(record(token, accessId=token) for token in strange))
    pages = all_tokens(served, limit="1")
    assert sorted(token for each in pages for token in each) == sorted([*OURS, *strange])


DIGEST = digest_of(search_of(TicketFilter(organization_id=ORGANIZATION), None))


def after(text: str, more: str = "") -> str:
    """A query with a cursor that holds this text."""
    cursor = urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return f"?organizationId={ORGANIZATION}&after={cursor}{more}"


def place(*keys: str, organization_id: str = ORGANIZATION) -> str:
    """The text of a cursor of the search for the organization's tickets."""
    return msgspec.json.encode([DIGEST, [organization_id, keys]]).decode()


QUERIES = {
    "an empty organization": ("?organizationId=", "organizationId"),
    "an organization in another case": ("?organizationid=1001", "organizationid"),
    "an unknown parameter": ("?organizationId=1001&acessId=E1", "acessId"),
    "a repeated parameter": ("?organizationId=1001&organizationId=1001", "twice"),
    "a repeated parameter, once empty": ("?organizationId=1001&limit=5&limit=", "twice"),
    "limit 0": ("?organizationId=1001&limit=0", "limit"),
    "limit 1001": ("?organizationId=1001&limit=1001", "limit"),
    "limit -1": ("?organizationId=1001&limit=-1", "limit"),
    "an empty limit": ("?organizationId=1001&limit=", "limit"),
    "limit many": ("?organizationId=1001&limit=many", "limit"),
    "limit 1.5": ("?organizationId=1001&limit=1.5", "limit"),
    "limit 1e1": ("?organizationId=1001&limit=1e1", "limit"),
    "limit 5.0": ("?organizationId=1001&limit=5.0", "limit"),
    "limit +5": ("?organizationId=1001&limit=%2B5", "limit"),
    "limit in other digits": ("?organizationId=1001&limit=%D9%A5", "limit"),
    "limit true": ("?organizationId=1001&limit=true", "limit"),
    "a huge limit": ("?organizationId=1001&limit=" + "9" * 5000, "limit"),
    "no UTF-8": ("?organizationId=%FF", "UTF-8"),
    "half a surrogate pair": ("?organizationId=1001&accessId=%ED%A0%80", "UTF-8"),
    "an empty cursor": ("?organizationId=1001&after=", "after"),
    "a cursor that is no base64": ("?organizationId=1001&after=a-b_!", "after"),
    "a cursor of one character": ("?organizationId=1001&after=a", "after"),
    "a cursor that is no ASCII": ("?organizationId=1001&after=%C3%BC", "after"),
    "a cursor that is no JSON": (after("["), "after"),
    "a cursor of the wrong shape": (after("[1,2]"), "after"),
    "a cursor of half a pair": (after('["a","b",["\\ud800"]]'), "after"),
    "a nested cursor": (after("[" * 20_000), "after"),
    "a cursor of version 0.1": (after('["E2","a"]'), "after"),
    "a cursor of another event": (after(place("E2", "a"), "&accessId=E1"), "other filters"),
    "a cursor with too many keys": (after(place("E2", "a", "b")), "another search"),
    "a cursor with many keys": (after(place(*["E2"] * 9)), "after"),
    "a cursor without an organization": (after(place("a", organization_id="")), "another search"),
}


@ON_SQLITE
@all_cases(("query", "word"), QUERIES.values(), ids=QUERIES)
def test_a_wrong_query_is_422_and_says_why(shared: Served, query: str, word: str) -> None:
    answer = operate(shared, "GET", query)
    assert word in message_of(answer, 422, "UNPROCESSABLE_ENTITY")


@pytest.mark.parametrize("keys", [(), ("",), ("", ""), ("\0", "\0"), ("~", "~")])
@pytest.mark.parametrize("organization_id", [ORGANIZATION, FOREIGN_ORGANIZATION, "1", "~"])
def test_a_cursor_of_ones_own_making_does_no_harm(
    shared: Served, keys: tuple[str, ...], organization_id: str
) -> None:
    answer = operate(shared, "GET", after(place(*keys, organization_id=organization_id)))
    assert answer.status_code == 200
    assert set(tokens(answer.json())) <= OURS


def test_parameters_are_percent_decoded(served: Served) -> None:
    put(served, record("a", accessId="E 1&2/ü"))
    assert tokens(page(served, accessId="E%201%262%2F%C3%BC")) == ["a"]
    assert tokens(page(served, accessId="E+1%262/%C3%BC")) == ["a"]
