"""GET /operator/v1/tickets: every filter by its parameter, and queries that cannot be answered."""

from collections.abc import Iterator
from typing import Any

import pytest

from seatlatch.domain.ticket_filter import PARAMETERS
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.databases import ON_SQLITE, Databases
from tests.http.wire import message_of
from tests.operator_api.box_office import operate
from tests.serving import CHANNEL, LOCK, ORGANIZATION, Served, fill, serving

SEAT = NewTicket("seat", ORGANIZATION, "anna", "E1", "101", "A", "1", barcode="B1")
OTHERS = [
    NewTicket("other", ORGANIZATION, "ben", "E2", "102", "B", "2", barcode="B2"),
    NewTicket("held", ORGANIZATION, "ben", "E2", "102", "B", "3", seat_status="LOCK"),
    NewTicket("void", ORGANIZATION, "ben", voided=True),
]
LISTING = (
    b'{"source":"MY_ACCOUNT","listing":{"externalListingId":"L1","tokens":[{"token":"seat"}]}}'
)

FILTERS = {
    "accessId": "E1",
    "section": "101",
    "row": "A",
    "seat": "1",
    "ownerId": "anna",
    "barcode": "B1",
    "externalListingId": "L1",
    "channelCode": CHANNEL,
    "state": "listed",
    "mpreserve": "true",
}


@pytest.fixture(scope="module")
def venue(databases: Databases) -> Iterator[Served]:
    """A server on an inventory with one listed seat, and others."""
    database = databases.new()
    fill(database, [SEAT, *OTHERS])
    with serving(database) as served:
        assert served.call("PUT", LOCK, LISTING).status_code == 200
        yield served


def found(served: Served, query: str) -> Any:
    answer = operate(served, "GET", query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tokens(served: Served, query: str) -> list[str]:
    return [ticket["token"] for ticket in found(served, query)["tickets"]]


@all_cases(("name", "value"), FILTERS.items())
def test_each_parameter_is_a_filter(venue: Served, name: str, value: str) -> None:
    assert tokens(venue, f"?{name}={value}") == ["seat"]


def test_every_parameter_is_tried() -> None:
    assert set(FILTERS) == set(PARAMETERS.values()) - {"organizationId"}


def test_filters_are_combined(venue: Served) -> None:
    everything = "&".join(f"{name}={value}" for name, value in FILTERS.items())
    assert tokens(venue, f"?organizationId={ORGANIZATION}&{everything}") == ["seat"]
    assert tokens(venue, "?accessId=E2&row=A") == []
    assert tokens(venue, "?mpreserve=false&ownerId=ben") == ["void", "held", "other"]
    assert tokens(venue, "?accessId=") == ["void"]


def test_without_a_filter_all_tickets_are_found(venue: Served) -> None:
    page = found(venue, "?limit=3")
    states = {ticket["token"]: ticket["state"] for ticket in page["tickets"]}
    assert states == {"held": "held", "other": "free", "seat": "listed"}
    last = found(venue, f"?limit=3&after={page['next']}")
    assert [ticket["state"] for ticket in last["tickets"]] == ["voided"]
    assert last["next"] is None


WRONG = {
    "an unknown state": ("?state=sold", "state"),
    "a state in capitals": ("?state=HELD", "state"),
    "mpreserve as a number": ("?mpreserve=1", "mpreserve"),
    "an empty section": ("?section=", "`section` is empty"),
    "an empty owner": ("?ownerId=", "`ownerId` is empty"),
    "free and of a channel": (f"?state=free&channelCode={CHANNEL}", "state=free"),
    "listed without mpreserve": ("?state=listed&mpreserve=false", "state=listed"),
    "void with mpreserve": ("?state=voided&mpreserve=true", "state=voided"),
    "a listing without mpreserve": ("?externalListingId=L1&mpreserve=false", "mpreserve=false"),
    "an unknown filter": ("?price=5", "price"),
    "a filter in another case": ("?ownerid=anna", "ownerid"),
}


@ON_SQLITE
@all_cases(("query", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_found_is_422_and_says_why(venue: Served, query: str, words: str) -> None:
    assert words in message_of(operate(venue, "GET", query), 422, "UNPROCESSABLE_ENTITY")


@ON_SQLITE
def test_a_cursor_of_other_filters_is_422(venue: Served) -> None:
    cursor = found(venue, "?ownerId=ben&limit=1")["next"]
    assert tokens(venue, f"?ownerId=ben&limit=5&after={cursor}") == ["held", "other"]
    for query in ("ownerId=anna", "ownerId=ben&state=free", "section=102", "limit=1"):
        answer = operate(venue, "GET", f"?{query}&after={cursor}")
        assert "other filters" in message_of(answer, 422, "UNPROCESSABLE_ENTITY")
