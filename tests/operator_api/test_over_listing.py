"""A hold over a listing: the ticket is listed and held, and its channel is informed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.channel_api.journal import OTHER, events, reported
from tests.databases import Clock, Database
from tests.http.wire import message_of
from tests.operator_api.box_office import (
    hold,
    locked,
    operate,
    override,
    release,
    reserved,
    show,
    void,
)
from tests.serving import OTHER_CHANNEL, OWNER, Served, serving

TOKEN = "listed-1"
LISTED = {"status": "UNLOCK", "mpreserve": True, "hold": None}


def hold_over(served: Served, *tokens: str, **more: Any) -> None:
    """Hold tickets although they are listed."""
    answer = hold(served, *tokens, overListing=True, **more)
    assert answer.status_code == 200
    rows = [{"token": token, "ownerId": OWNER, "status": "LOCK"} for token in tokens]
    assert answer.json() == {"success": rows}


def test_the_ticket_is_listed_and_held_until_the_release(served: Served) -> None:
    assert hold(served, TOKEN).json()["failure"] == [reserved(TOKEN)]
    before = show(served, TOKEN)
    hold_over(served, TOKEN)
    shown = show(served, TOKEN)
    assert shown["hold"] == {"reason": "moving", "expiresAt": None}
    kept = {"mpreserve": True, "channel": before["channel"], "listing": before["listing"]}
    assert shown.items() >= {**kept, "status": "LOCK", "version": 2}.items()
    for refused in (served.unlock(TOKEN), served.lock(TOKEN), override(served, TOKEN)):
        assert refused.status_code == 409
        assert refused.json()["failure"][0]["type"] == "SEAT_RECORD_LOCKED"
    assert show(served, TOKEN) == shown

    assert release(served, TOKEN).status_code == 200
    assert show(served, TOKEN).items() >= {**kept, **LISTED, "version": 3}.items()
    assert served.unlock(TOKEN).status_code == 200


def test_another_reason_needs_no_second_decision(served: Served) -> None:
    hold_over(served, TOKEN)
    assert hold(served, TOKEN, reason="broken seat").status_code == 200
    assert show(served, TOKEN)["hold"]["reason"] == "broken seat"


def test_a_ticket_without_a_listing_is_held_too(served: Served) -> None:
    hold_over(served, "not-listed", TOKEN)
    assert show(served, "not-listed")["status"] == "LOCK"
    answer = hold(served, "voided", "unknown", overListing=True)
    assert {one["type"] for one in answer.json()["failure"]} == {"INVALID_TOKEN"}


def test_a_void_ends_both(served: Served) -> None:
    hold_over(served, TOKEN)
    assert void(served, TOKEN).status_code == 200
    shown = show(served, TOKEN)
    assert (shown["voided"], shown["status"], shown["mpreserve"]) == (True, "UNLOCK", False)


def test_only_the_channel_of_the_listing_learns_that_it_is_listed(served: Served) -> None:
    hold_over(served, TOKEN, "listed-elsewhere")
    release(served, TOKEN, "listed-elsewhere")
    mine, theirs = events(served)["events"], events(served, **OTHER)["events"]
    for own, page in ((TOKEN, mine), ("listed-elsewhere", theirs)):
        seen = [
            (one["change"], one["token"], one["status"], one["mpreserve"])
            for one in page
            if one["by"] == "box_office"
        ]
        both = (TOKEN, "listed-elsewhere")
        assert seen == [
            *(("held", token, "LOCK", token == own) for token in both),
            *(("released", token, "UNLOCK", token == own) for token in both),
        ]


def test_the_journal_says_whose_listing_it_was(served: Served) -> None:
    hold_over(served, "listed-elsewhere")
    changes = operate(served, "GET", "/listed-elsewhere/history").json()["changes"]
    assert [(one["verb"], one["listedBy"]) for one in changes] == [("hold", OTHER_CHANNEL)]


@pytest.fixture
def clock(inventory: Database) -> Clock:
    return inventory.clock(datetime(2030, 1, 1, tzinfo=UTC))


@pytest.fixture
def timed(inventory: Database, clock: Clock) -> Iterator[Served]:
    """A server whose database uses `clock`."""
    with serving(inventory, at=clock) as running:
        yield running


def test_an_expired_hold_leaves_the_listing(timed: Served, clock: Clock) -> None:
    hold_over(timed, TOKEN, expiresInSeconds=60)
    clock.now += timedelta(seconds=59)
    assert timed.unlock(TOKEN).json()["failure"] == [locked(TOKEN, "LOCK", "Seat is locked")]
    clock.now += timedelta(seconds=1)
    assert show(timed, TOKEN).items() >= LISTED.items()
    assert hold(timed, TOKEN).json()["failure"] == [reserved(TOKEN)]
    assert timed.lock(TOKEN).status_code == 200
    assert reported(events(timed))[-1][:2] == ("locked", TOKEN)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": "UNLOCK"}, "overListing"),
        ({"overListing": "yes"}, "$.overListing"),
        ({"overListing": None}, "$.overListing"),
        ({"reason": None}, "reason"),
    ],
)
def test_a_misshapen_request_changes_nothing(
    shared: Served, changes: dict[str, Any], word: str
) -> None:
    body = {"tokens": [TOKEN], "status": "LOCK", "reason": "moving", "overListing": True}
    answer = operate(shared, "PUT", "/status", body | changes)
    assert word in message_of(answer, 422, "UNPROCESSABLE_ENTITY")
    assert show(shared, TOKEN).items() >= {**LISTED, "version": 1}.items()
