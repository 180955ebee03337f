"""PUT /operator/v1/tickets/status: holds and releases, and their effect on marketplaces."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cases import all_cases
from tests.databases import Clock, Database
from tests.http.wire import message_of
from tests.operator_api.box_office import (
    hold,
    invalid,
    operate,
    override,
    release,
    reserved,
    show,
)
from tests.serving import OWNER, Served, serving


@pytest.fixture
def clock(inventory: Database) -> Clock:
    return inventory.clock(datetime(2030, 1, 1, tzinfo=UTC))


@pytest.fixture
def timed(inventory: Database, clock: Clock) -> Iterator[Served]:
    """A server whose database uses `clock`."""
    with serving(inventory, at=clock) as running:
        yield running


def done(token: str, status: str) -> dict[str, str]:
    return {"token": token, "ownerId": OWNER, "status": status}


def test_a_held_ticket_is_locked_for_marketplaces_until_it_is_released(served: Served) -> None:
    answer = hold(served, "not-listed")
    assert (answer.status_code, answer.json()) == (200, {"success": [done("not-listed", "LOCK")]})
    refused = served.unlock("not-listed")
    assert refused.status_code == 409
    assert refused.json()["error"]["type"] == "SEAT_RECORD_LOCKED"
    assert served.lock("not-listed").status_code == 409
    shown = show(served, "not-listed")
    assert shown["hold"] == {"reason": "moving", "expiresAt": None}
    assert (shown["status"], shown["version"]) == ("LOCK", 2)

    answer = release(served, "not-listed")
    assert (answer.status_code, answer.json()) == (200, {"success": [done("not-listed", "UNLOCK")]})
    assert served.unlock("not-listed").status_code == 200
    assert served.lock("not-listed").status_code == 200
    shown = show(served, "not-listed")
    assert (shown["status"], shown["hold"]) == ("UNLOCK", None)


def test_an_expiring_hold_frees_itself(timed: Served, clock: Clock) -> None:
    assert hold(timed, "not-listed", expiresInSeconds=60).status_code == 200
    expires_at = clock.now + timedelta(seconds=60)
    held = {"reason": "moving", "expiresAt": expires_at.isoformat().replace("+00:00", "Z")}
    clock.now = expires_at - timedelta(microseconds=1)
    assert show(timed, "not-listed")["hold"] == held
    assert timed.unlock("not-listed").status_code == 409
    clock.now = expires_at
    shown = show(timed, "not-listed")
    assert (shown["status"], shown["hold"]) == ("UNLOCK", None)
    assert timed.unlock("not-listed").status_code == 200


def test_a_hold_takes_a_new_reason_and_end(timed: Served, clock: Clock) -> None:
    hold(timed, "not-listed", expiresInSeconds=60)
    assert hold(timed, "not-listed", reason="broken seat").status_code == 200
    clock.now += timedelta(days=400)
    assert show(timed, "not-listed")["hold"] == {"reason": "broken seat", "expiresAt": None}


@pytest.mark.parametrize("token", ["locked", "not-listed"])
def test_already_so_is_a_success(served: Served, token: str) -> None:
    for status, change in (("LOCK", hold), ("UNLOCK", release)):
        for _ in range(2):
            answer = change(served, token)
            assert answer.json() == {"success": [done(token, status)]}


def test_a_reserved_ticket_takes_no_hold(served: Served) -> None:
    before = show(served, "listed-1")
    answer = hold(served, "listed-1", "listed-elsewhere")
    assert answer.status_code == 409
    assert answer.json() == {
        "error": {
            "type": "SEAT_RECORD_LOCKED",
            "appErrorCode": "MS-409",
            "developerMessage": "Seat is locked",
        },
        "failure": [reserved("listed-1"), reserved("listed-elsewhere")],
    }
    assert show(served, "listed-1") == before


@pytest.mark.parametrize(("change", "status"), [(hold, "LOCK"), (release, "UNLOCK")])
def test_each_token_stands_alone_and_keeps_its_place(
    served: Served, change: Any, status: str
) -> None:
    answer = change(served, "unknown", "not-listed", "voided", "foreign", "not-listed", "unknown")
    assert answer.status_code == 207
    assert answer.json() == {
        "success": [done("not-listed", status), done("foreign", status)],
        "failure": [invalid("unknown"), invalid("voided", ownerId=OWNER)],
    }


def test_if_not_every_failure_is_a_lock_it_is_422(served: Served) -> None:
    answer = hold(served, "listed-1", "unknown")
    assert answer.status_code == 422
    assert answer.json()["error"]["type"] == "UNPROCESSABLE_ENTITY"
    assert answer.json()["failure"] == [reserved("listed-1"), invalid("unknown")]


def test_an_override_lets_the_box_office_hold(served: Served) -> None:
    assert override(served, "listed-1").status_code == 200
    assert hold(served, "listed-1").status_code == 200


def test_1000_tokens_at_once(served: Served) -> None:
    answer = hold(served, *(f"unknown-{number}" for number in range(999)), "not-listed")
    assert answer.status_code == 207
    assert len(answer.json()["failure"]) == 999


BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "no status": ({"status": None}, "status"),
    "another status": ({"status": "lock"}, "$.status"),
    "no reason for LOCK": ({"reason": None}, "reason"),
    "an empty reason": ({"reason": ""}, "reason"),
    "a blank reason": ({"reason": " \t"}, "reason"),
    "a long reason": ({"reason": "x" * 201}, "longer than 200 characters"),
    "a reason of two lines": ({"reason": "a\nb"}, "control character"),
    "a reason that is no string": ({"reason": 7}, "$.reason"),
    "a reason for UNLOCK that can't be kept": ({"status": "UNLOCK", "reason": "\0"}, "control"),
    "an end of no hold": ({"status": "UNLOCK", "expiresInSeconds": 60}, "expiresInSeconds"),
    "no seconds": ({"expiresInSeconds": 0}, "$.expiresInSeconds"),
    "negative seconds": ({"expiresInSeconds": -1}, "$.expiresInSeconds"),
    "more than a year": ({"expiresInSeconds": 31_536_001}, "$.expiresInSeconds"),
    "far too many seconds": ({"expiresInSeconds": 10**30}, "$.expiresInSeconds"),
    "a fraction": ({"expiresInSeconds": 1.5}, "$.expiresInSeconds"),
    "seconds as text": ({"expiresInSeconds": "60"}, "$.expiresInSeconds"),
    "true for seconds": ({"expiresInSeconds": True}, "$.expiresInSeconds"),
    "no tokens": ({"tokens": []}, "$.tokens"),
    "tokens absent": ({"tokens": None}, "tokens"),
    "a number for a token": ({"tokens": ["not-listed", 7]}, "$.tokens[1]"),
    "too many": ({"tokens": ["not-listed"] * 1001}, "more than 1000 tokens"),
}


@all_cases(("changes", "word"), BODIES.values(), ids=BODIES)
def test_a_misshapen_body_is_422_and_changes_nothing(
    shared: Served, changes: dict[str, Any], word: str
) -> None:
    body = {"tokens": ["not-listed"], "status": "LOCK", "reason": "moving"} | changes
    answer = operate(shared, "PUT", "/status", body)
    assert word in message_of(answer, 422, "UNPROCESSABLE_ENTITY")
    shown = show(shared, "not-listed")
    assert (shown["status"], shown["version"]) == ("UNLOCK", 1)


def test_the_longest_hold_and_reason(served: Served) -> None:
    answer = hold(served, "not-listed", reason="ü" * 200, expiresInSeconds=31_536_000)
    assert answer.status_code == 200
    assert show(served, "not-listed")["hold"]["reason"] == "ü" * 200
