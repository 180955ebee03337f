"""Bulk changes over HTTP: the tickets that match a filter, after a dry run."""

from collections.abc import Iterator
from typing import Any

import pytest

from seatlatch.commit import CommitEach
from seatlatch.domain.outcome import TicketResult
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations import bulk_changes
from seatlatch.operations.change_tickets import unlock_tickets
from seatlatch.store.interface import Store
from seatlatch.store.tickets import NewTicket
from tests.cases import all_cases
from tests.databases import Database, Databases
from tests.http.wire import message_of
from tests.journals import entries_of
from tests.operations.changes import ASKER
from tests.operations.states import MINE
from tests.operator_api.box_office import KEY, invalid, locked, show
from tests.operator_api.bulk import (
    HOLD,
    RELEASE,
    UNLOCK,
    VOID,
    Call,
    Interfered,
    confirmed,
    dry_run,
    request,
)
from tests.operator_api.test_scopes import THEIRS, limit_a_key
from tests.serving import (
    CHANNEL,
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    fill,
    serving,
)
from tests.stores import opened

MINE_LISTED = {"channelCode": CHANNEL}
EVENT = {"accessId": "full"}
FULL = 10_000


def done(token: str) -> dict[str, str]:
    return {"token": token, "ownerId": OWNER}


def test_a_channels_tickets_are_unlocked_after_a_dry_run(served: Served) -> None:
    before = served.database.rows()
    found = dry_run(served, UNLOCK, MINE_LISTED)
    assert found["count"] == 3
    assert served.database.rows() == before
    assert served.database.execute("SELECT count(*) FROM journal") == [(0,)]
    answer = request(served, UNLOCK, MINE_LISTED, confirmation=found["confirmation"])
    assert answer.status_code == 207
    assert sorted(answer.json()["success"], key=lambda one: one["token"]) == [
        done("listed-1"),
        done("listed-2"),
    ]
    assert answer.json()["failure"] == [locked("locked-and-listed", "LOCK", "Seat is locked")]
    kept = served.database.mpreserve_of()
    assert {token for token, mpreserve in kept.items() if mpreserve} == {
        "listed-elsewhere",
        "locked-and-listed",
    }
    path = f"/operator/v1/requests/{answer.headers['Request-ID']}"
    (traced,) = served.send(path, "GET", {"authorization": KEY}).json()["requests"]
    assert (traced["verb"], traced["reason"]) == ("override", "the channel was closed")


@pytest.mark.parametrize(
    ("call", "wanted", "tokens", "state"),
    [
        (VOID, {"ownerId": OWNER, "state": "free"}, ["foreign", "not-listed"], "voided"),
        (HOLD, {"state": "free"}, ["foreign", "not-listed"], "held"),
        (RELEASE, {"state": "held"}, ["foreign-locked", "locked", "locked-and-listed"], None),
        (UNLOCK, {"channelCode": OTHER_CHANNEL}, ["listed-elsewhere"], "free"),
    ],
)
def test_every_verb_takes_a_filter(
    served: Served, call: Call, wanted: dict[str, Any], tokens: list[str], state: str | None
) -> None:
    answer = confirmed(served, call, wanted, len(tokens))
    assert answer.status_code == 200
    assert sorted(one["token"] for one in answer.json()["success"]) == tokens
    for token in tokens:
        shown = show(served, token)
        assert state in (None, shown["state"])
        assert shown["version"] == 2
    assert dry_run(served, call, wanted)["count"] == 0


def test_a_hold_over_a_listing_takes_a_filter(served: Served) -> None:
    listed = {"state": "listed", **MINE_LISTED}
    assert confirmed(served, HOLD, listed, 2).status_code == 409
    assert confirmed(served, HOLD, listed, 2, overListing=True).status_code == 200
    assert show(served, "listed-1").items() >= {"state": "held", "mpreserve": True}.items()


def test_the_statuses_are_those_of_every_list(served: Served) -> None:
    answer = confirmed(served, UNLOCK, {"state": "held"}, 3)
    assert answer.status_code == 409
    assert answer.json()["error"]["type"] == "SEAT_RECORD_LOCKED"
    assert len(answer.json()["failure"]) == 3
    answer = confirmed(served, HOLD, {"state": "voided"}, 3)
    assert answer.status_code == 422
    assert answer.json()["error"]["type"] == "UNPROCESSABLE_ENTITY"
    answer = confirmed(served, VOID, {"section": "nowhere"}, 0)
    assert (answer.status_code, answer.json()) == (200, {"success": []})


def test_a_dry_run_that_is_out_of_date_changes_nothing(served: Served) -> None:
    found = dry_run(served, UNLOCK, MINE_LISTED)
    served.unlock("listed-1")
    before = served.database.rows()
    answer = request(served, UNLOCK, MINE_LISTED, confirmation=found["confirmation"])
    assert answer.status_code == 409
    assert list(answer.json()) == ["error", "count"]
    assert answer.json()["count"] == 2
    assert (answer.json()["error"]["type"], answer.json()["error"]["appErrorCode"]) == (
        "CONFLICT",
        "MS-409",
    )
    assert served.database.rows() == before
    # The same tickets match again, but one of them in another version.
    served.lock("listed-1")
    answer = request(served, UNLOCK, MINE_LISTED, confirmation=found["confirmation"])
    assert (answer.status_code, answer.json()["count"]) == (409, 3)
    assert confirmed(served, UNLOCK, MINE_LISTED, 3).status_code == 207


def test_a_confirmation_is_good_for_one_request(served: Served) -> None:
    wanted = {"state": "free"}
    found = dry_run(served, HOLD, wanted)
    held = request(served, HOLD, wanted, confirmation=found["confirmation"])
    assert held.status_code == 200
    again = request(served, HOLD, wanted, confirmation=found["confirmation"])
    assert (again.status_code, again.json()["count"]) == (409, 0)


OTHERS: dict[str, tuple[Call, dict[str, Any], dict[str, Any]]] = {
    "another verb": (VOID, {"state": "free"}, {}),
    "a release": (RELEASE, {"state": "free"}, {}),
    "another filter for the same tickets": (HOLD, {"state": "free", "ownerId": OWNER}, {}),
    "an end": (HOLD, {"state": "free"}, {"expiresInSeconds": 60}),
    "over a listing": (HOLD, {"state": "free"}, {"overListing": True}),
    "an invented one": (HOLD, {"state": "free"}, {"confirmation": "0" * 64}),
    "an empty one": (HOLD, {"state": "free"}, {"confirmation": ""}),
}


@all_cases("other", OTHERS)
def test_a_confirmation_is_for_what_was_tried(shared: Served, other: str) -> None:
    call, wanted, more = OTHERS[other]
    found = dry_run(shared, HOLD, {"state": "free"})
    answer = request(shared, call, wanted, **{"confirmation": found["confirmation"], **more})
    assert (answer.status_code, answer.json()["count"]) == (409, 2)
    assert show(shared, "not-listed")["version"] == 1


def test_the_reason_may_change(served: Served) -> None:
    found = dry_run(served, HOLD, {"state": "free"}, reason="one")
    confirmation = found["confirmation"]
    answer = request(served, HOLD, {"state": "free"}, reason="two", confirmation=confirmation)
    assert answer.status_code == 200
    assert show(served, "not-listed")["hold"]["reason"] == "two"


def test_a_limited_key_finds_its_own_tickets_alone(inventory: Database) -> None:
    limit_a_key(inventory, FOREIGN_ORGANIZATION)
    with serving(inventory) as served:
        theirs = {"authorization": THEIRS}
        assert dry_run(served, VOID, {"ownerId": OWNER}, **theirs)["count"] == 3
        for organization in (ORGANIZATION, "unknown"):
            elsewhere = {"organizationId": organization}
            assert dry_run(served, VOID, elsewhere, **theirs)["count"] == 0
        found = dry_run(served, HOLD, {"state": "free"})
        answer = request(
            served, HOLD, {"state": "free"}, confirmation=found["confirmation"], **theirs
        )
        assert (answer.status_code, answer.json()["count"]) == (409, 1)
        answer = confirmed(served, HOLD, {"state": "free"}, 1, **theirs)
        assert answer.json() == {"success": [{**done("foreign"), "status": "LOCK"}]}
        assert show(served, "not-listed")["version"] == 1


@pytest.fixture(scope="module")
def full(databases: Databases) -> Iterator[Served]:
    """A server with as many listed tickets of one event as one request may change, and one of
    another event.
    """
    database = databases.new()
    seat = NewTicket("", ORGANIZATION, OWNER, "full", mpreserve_channel=CHANNEL)
    tickets = [seat._replace(token=f"t{number:05}") for number in range(FULL)]
    fill(database, [*tickets, seat._replace(token="one-more", access_id="other")])
    with serving(database) as served:
        yield served


def test_at_most_10000_tickets(full: Served) -> None:
    for more in ({"dryRun": True}, {"confirmation": "0"}):
        message = message_of(
            request(full, UNLOCK, MINE_LISTED, **more), 422, "UNPROCESSABLE_ENTITY"
        )
        assert message.startswith("More than 10,000 tickets match.")
    answer = confirmed(full, UNLOCK, EVENT, FULL)
    assert answer.status_code == 200
    reported = [one["token"] for one in answer.json()["success"]]
    assert len(reported) == len(set(reported)) == FULL
    listed = [token for token, mpreserve in full.database.mpreserve_of().items() if mpreserve]
    assert listed == ["one-more"]
    with opened(full.database.store()) as store:
        entries = entries_of(store)[-20:]
    assert {entry.act.asker.request_id for entry in entries} == {answer.headers["Request-ID"]}
    assert sum(len(entry.changed) for entry in entries) == FULL


async def unlock_one(store: Store) -> list[TicketResult]:
    return await unlock_tickets(CommitEach(store), ASKER, MINE, ["listed-1"])


async def fail(_store: Store) -> None:
    raise Unavailable("unavailable")


@pytest.fixture
def interfered(inventory: Database) -> Iterator[tuple[Served, Interfered]]:
    """A server on a store that a test interferes with."""
    stores: list[Interfered] = []

    def around(inside: Store) -> Store:
        stores.append(Interfered(inside))
        return stores[0]

    with serving(inventory, around=around) as served:
        yield served, stores[0]


def test_a_ticket_that_changes_after_the_confirmation_stays_as_it_is(
    interfered: tuple[Served, Interfered],
) -> None:
    served, store = interfered
    found = dry_run(served, VOID, MINE_LISTED)
    store.happens[1] = unlock_one
    answer = request(served, VOID, MINE_LISTED, confirmation=found["confirmation"])
    assert answer.status_code == 207
    assert sorted(one["token"] for one in answer.json()["success"]) == [
        "listed-2",
        "locked-and-listed",
    ]
    changed = {"appErrorCode": "MS-409", "type": "TICKET_CHANGED", "ownerId": OWNER}
    message = "Ticket has changed since the dry run"
    assert answer.json()["failure"] == [{**invalid("listed-1", message), **changed}]
    shown = show(served, "listed-1")
    assert (shown["voided"], shown["version"]) == (False, 2)
    assert show(served, "listed-2")["voided"] is True
    with opened(served.database.store()) as other:
        assert entries_of(other)[-1].outcomes["changed"] == ["listed-1"]  # type: ignore[index]


def test_what_was_done_before_a_503_stays_done(
    interfered: tuple[Served, Interfered], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, store = interfered
    monkeypatch.setattr(bulk_changes, "PORTION_TICKETS", 1)
    found = dry_run(served, VOID, MINE_LISTED)
    store.happens[2] = fail
    answer = request(served, VOID, MINE_LISTED, confirmation=found["confirmation"])
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    again = request(served, VOID, MINE_LISTED, confirmation=found["confirmation"])
    assert (again.status_code, again.json()["count"]) == (409, 2)
    assert confirmed(served, VOID, MINE_LISTED, 2).status_code == 200
