"""The tenants' matrix for the operator's calls: no channel can use them, for any ticket."""

from collections.abc import Callable, Iterator, Mapping

import httpx
import pytest

from tests.cases import all_cases
from tests.channel_api.listings import MINE, THEIRS
from tests.channel_api.test_tenants import (
    MY_WORDS,
    STATUSES,
    THEIR_WORDS,
    UNKNOWN,
    assert_tells_nothing,
    list_for_both,
    make_tenants,
)
from tests.databases import Databases
from tests.operator_api.box_office import operate, record
from tests.serving import OPERATOR_KEY, OWNER, Served, serving

Call = Callable[..., httpx.Response]

ROUTES: dict[str, Call] = {
    "show": lambda served, token, **caller: operate(served, "GET", f"/{token}", **caller),
    "page": lambda served, _token, **caller: operate(
        served, "GET", "?organizationId=2002", **caller
    ),
    "put": lambda served, token, **caller: operate(served, "POST", "", [record(token)], **caller),
    "hold": lambda served, token, **caller: operate(
        served, "PUT", "/status", {"tokens": [token], "status": "LOCK", "reason": "r"}, **caller
    ),
    "release": lambda served, token, **caller: operate(
        served, "PUT", "/status", {"tokens": [token], "status": "UNLOCK"}, **caller
    ),
    "void": lambda served, token, **caller: operate(
        served, "PUT", "/void", {"tokens": [token]}, **caller
    ),
    "unlock": lambda served, token, **caller: operate(
        served, "PUT", "/unlock", {"tokens": [token], "reason": "r"}, **caller
    ),
}

REFUSED: dict[str, Mapping[str, str | None]] = {
    "nothing": {"authorization": None},
    "my channel": MINE,
    "their channel": THEIRS,
    "an operator's key in my channel's place": {**MINE, "pac_api_key": OPERATOR_KEY},
    "a wrong key": {"authorization": "Bearer wrong"},
}


@pytest.fixture(scope="module")
def tenants(databases: Databases) -> Iterator[Served]:
    """Two channels with a listing each, for requests that change nothing."""
    database = databases.new()
    make_tenants(database)
    with serving(database) as served:
        list_for_both(served)
        yield served


@all_cases("route", ROUTES)
@all_cases("credentials", REFUSED)
def test_no_channel_gets_through_whatever_the_ticket(
    tenants: Served, route: str, credentials: str
) -> None:
    tokens = list(STATUSES)
    answers = [ROUTES[route](tenants, token, **REFUSED[credentials]) for token in tokens]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert_tells_nothing(answers[0], [*THEIR_WORDS, *MY_WORDS, OWNER, OPERATOR_KEY])


def test_the_box_office_reaches_every_organization(tenants: Served) -> None:
    for token in STATUSES:
        expected = 404 if token == UNKNOWN else 200
        assert ROUTES["show"](tenants, token).status_code == expected
    page = ROUTES["page"](tenants, "").json()["tickets"]
    assert {ticket["organizationId"] for ticket in page} == {"2002"}
    assert len(page) == 4


def test_of_all_that_was_refused_nothing_was_done(tenants: Served) -> None:
    for route in ROUTES:
        for credentials in REFUSED.values():
            ROUTES[route](tenants, "of-mine-", **credentials)
    shown = ROUTES["show"](tenants, "of-mine-").json()
    assert (shown["mpreserve"], shown["voided"], shown["hold"]) == (True, False, None)
    assert shown["listing"]["externalListingId"] == "listing-mine"
