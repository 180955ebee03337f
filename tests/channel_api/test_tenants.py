"""The rights of tenants: every route, every credential, every kind of ticket."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from seatlatch.auth.keys import hash_secret
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.channel_api.listings import MINE, THEIRS, lock_body
from tests.databases import Database, Databases
from tests.serving import (
    ACCESS_TOKEN,
    APPLICATION,
    CHANNEL,
    FOREIGN_ORGANIZATION,
    LOCK,
    OPERATOR_KEY,
    ORGANIZATION,
    OTHER_ACCESS_TOKEN,
    OTHER_API_KEY,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    fill,
    serving,
)

Call = Callable[..., httpx.Response]

GAME = "GAME-7"
REVOKED_KEY = "revoked-api-key"
EXPIRED_TOKEN = "expired-access-token"
FOREIGN_OWNER = "owner-of-the-others"


def ticket(token: str, organization: str = ORGANIZATION) -> NewTicket:
    """A ticket whose barcode is its token."""
    owner = OWNER if organization == ORGANIZATION else FOREIGN_OWNER
    return NewTicket(token, organization, owner, access_id=GAME, barcode=token)


TICKETS = (
    ticket("own-free"),
    ticket("of-mine-"),
    ticket("of-them-"),
    ticket("for-free", FOREIGN_ORGANIZATION),
    ticket("for-list", FOREIGN_ORGANIZATION),
    ticket("for-void", FOREIGN_ORGANIZATION)._replace(voided=True),
    ticket("for-held", FOREIGN_ORGANIZATION)._replace(seat_status="LOCK"),
)
"""All tokens have the same length, so that responses can be compared byte by byte.

Of the two channels, MINE has a grant for the first organization alone, THEIRS for both.
"""

UNKNOWN = "unknown-"
FOREIGN = ("for-free", "for-list", "for-void", "for-held")

STATUSES = {
    # ticket: (MINE, THEIRS)
    "own-free": (200, 200),
    "of-mine-": (200, 409),
    "of-them-": (409, 200),
    "for-free": (422, 200),
    "for-list": (422, 200),
    "for-void": (422, 422),
    "for-held": (422, 409),
    UNKNOWN: (422, 422),
}
"""The result of each ticket for each channel, on every /v1 route."""

ROUTES: dict[str, Call] = {
    "unlock": lambda served, token, **caller: served.unlock(token, **caller),
    "lock": lambda served, token, **caller: served.lock(token, **caller),
    "verify": lambda served, token, **caller: served.verify(token, **caller),
    "barcode": lambda served, token, **caller: served.verify_barcodes(GAME, token, **caller),
}
# The routes of /operator/v1 are in tests/operator_api/test_tenants.py.

REFUSED: dict[str, tuple[dict[str, str | None], int]] = {
    "nothing": (dict.fromkeys(MINE), 400),
    "no application": ({"pac_application_id": None}, 400),
    "no key": ({"pac_api_key": None}, 400),
    "no channel": ({"pac_channel_code": None}, 400),
    "no access token": ({"authorization": None}, 401),
    "no bearer": ({"authorization": ACCESS_TOKEN}, 401),
    "unknown application": ({"pac_application_id": "com.example.unknown"}, 401),
    "wrong key": ({"pac_api_key": "wrong"}, 401),
    "revoked key": ({"pac_api_key": REVOKED_KEY}, 401),
    "wrong access token": ({"authorization": "Bearer wrong"}, 401),
    "expired access token": ({"authorization": f"Bearer {EXPIRED_TOKEN}"}, 401),
    "their application": ({"pac_application_id": OTHER_APPLICATION}, 401),
    "their key": ({"pac_api_key": OTHER_API_KEY}, 401),
    "their access token": ({"authorization": f"Bearer {OTHER_ACCESS_TOKEN}"}, 401),
    "their channel": ({"pac_channel_code": OTHER_CHANNEL}, 403),
    "all of theirs but the application": ({**THEIRS, "pac_application_id": APPLICATION}, 401),
    "all of theirs but the channel": ({**THEIRS, "pac_channel_code": CHANNEL}, 403),
    "an operator's key as token": ({"authorization": f"Bearer {OPERATOR_KEY}"}, 401),
    "an operator's key as key": ({"pac_api_key": OPERATOR_KEY}, 401),
    "an operator's key as both": (
        {"pac_api_key": OPERATOR_KEY, "authorization": f"Bearer {OPERATOR_KEY}"},
        401,
    ),
    "the key and token exchanged": (
        {"pac_api_key": ACCESS_TOKEN, "authorization": f"Bearer {MINE['pac_api_key']}"},
        401,
    ),
}
"""Credentials that are refused everywhere, as changes to MINE."""


def make_tenants(database: Database) -> None:
    """The database of both."""
    fill(database, TICKETS)
    now = datetime.now(UTC)
    with database.provisioning() as provisioning:
        provisioning.add_api_key(APPLICATION, hash_secret(REVOKED_KEY.encode()), now)
        expired = now - timedelta(seconds=1)
        provisioning.add_access_token(APPLICATION, hash_secret(EXPIRED_TOKEN.encode()), expired)


def list_for_both(served: Served) -> None:
    """Each channel's listing, with a seller and prices."""
    for caller, name, tokens in (
        (MINE, "mine", ["of-mine-"]),
        (THEIRS, "theirs", ["of-them-", "for-list"]),
    ):
        seller = {"lastName": f"seller-{name}", "firstName": f"first-{name}"}
        listing = {"externalListingId": f"listing-{name}", "totalPrice": 31337}
        body = lock_body(*tokens, seller=seller, source="BROKER", **listing)
        assert served.call("PUT", LOCK, body, **caller).status_code == 200


@pytest.fixture
def arena(database: Database) -> Iterator[Served]:
    """The tenants, as they are at first."""
    make_tenants(database)
    with serving(database) as served:
        list_for_both(served)
        yield served


@pytest.fixture(scope="module")
def tenants(databases: Databases) -> Iterator[Served]:
    """The tenants, for requests that are all refused."""
    database = databases.new()
    make_tenants(database)
    with serving(database) as served:
        list_for_both(served)
        yield served


THEIR_WORDS = ["theirs", OTHER_CHANNEL, OTHER_APPLICATION, FOREIGN_OWNER, FOREIGN_ORGANIZATION]
MY_WORDS = ["seller-mine", "first-mine", "listing-mine", CHANNEL, APPLICATION]


def assert_tells_nothing(answer: httpx.Response, words: list[str]) -> None:
    """Check that it contains none of the words, but for what a Request-ID, drawn by lot,
    has by chance.
    """
    text = (answer.text + str(answer.headers)).replace(answer.headers["request-id"], "")
    assert [word for word in words if word in text] == []


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("caller", [0, 1], ids=["mine", "theirs"])
def test_right_credentials(arena: Served, route: str, caller: int) -> None:
    words = [*(MY_WORDS if caller else THEIR_WORDS), "seller-", "first-"]
    for token, statuses in STATUSES.items():
        answer = ROUTES[route](arena, token, **(THEIRS if caller else MINE))
        assert (token, answer.status_code) == (token, statuses[caller])
        assert_tells_nothing(answer, words)


def refused(route: str, credentials: str) -> tuple[Call, dict[str, str | None], int]:
    """A call, the wrong credentials, and their status."""
    changes, status = REFUSED[credentials]
    return ROUTES[route], {**MINE, **changes}, status


@all_cases("route", ROUTES)
@all_cases("credentials", REFUSED)
def test_wrong_credentials_are_reported_the_same_of_every_ticket(
    tenants: Served, route: str, credentials: str
) -> None:
    call, caller, status = refused(route, credentials)
    answers = [call(tenants, token, **caller) for token in STATUSES]
    assert {answer.status_code for answer in answers} == {status}
    assert len({answer.content for answer in answers}) == 1
    assert_tells_nothing(answers[0], [*THEIR_WORDS, *MY_WORDS, OWNER, OPERATOR_KEY])


def test_wrong_credentials_changed_nothing(tenants: Served) -> None:
    for route in ROUTES:
        for credentials in REFUSED:
            call, caller, _ = refused(route, credentials)
            call(tenants, "of-mine-", **caller)
    (row,) = tenants.verify("of-mine-").json()["success"]
    assert (row["mpreserve"], row["externalListingId"]) == (True, "listing-mine")
    assert tenants.verify("own-free").json()["success"][0]["mpreserve"] is False


@all_cases("route", ROUTES)
@all_cases("token", FOREIGN)
def test_a_foreign_ticket_is_as_unknown_as_one_that_does_not_exist(
    tenants: Served, route: str, token: str
) -> None:
    foreign, unknown = (ROUTES[route](tenants, asked) for asked in (token, UNKNOWN))
    assert foreign.status_code == unknown.status_code == 422
    assert foreign.content == unknown.content.replace(UNKNOWN.encode(), token.encode())
    per_request = {"request-id", "date"}
    assert {**foreign.headers, **dict.fromkeys(per_request)} == {
        **unknown.headers,
        **dict.fromkeys(per_request),
    }


@all_cases("route", ROUTES)
def test_among_others_too(arena: Served, route: str) -> None:
    calls: dict[str, Callable[..., httpx.Response]] = {
        "unlock": arena.unlock,
        "lock": arena.lock,
        "verify": arena.verify,
        "barcode": lambda *barcodes: arena.verify_barcodes(GAME, *barcodes),
    }
    call = calls[route]
    foreign = call("own-free", "of-them-", *FOREIGN)
    unknown = call("own-free", "of-them-", *[f"unknown{n}" for n in range(len(FOREIGN))])
    expected = unknown.text
    for number, token in enumerate(FOREIGN):
        expected = expected.replace(f"unknown{number}", token)
    assert (foreign.status_code, foreign.text) == (207, expected)
