"""PUT /operator/v1/events: stored events, and the result of each."""

import json
from typing import Any

import pytest

from tests.cases import all_cases
from tests.http.wire import message_of
from tests.operator_api.box_office import operator_headers
from tests.operator_api.events import (
    DETAILS,
    EVENTS,
    UNPROCESSABLE,
    done,
    event,
    known,
    page,
    put_events,
)
from tests.serving import Served


def test_an_event_is_added_and_listed_as_it_was_reported(served: Served) -> None:
    answer = put_events(served, event("E1", **DETAILS))
    assert (answer.status_code, answer.json()) == (200, {"success": [done("E1", "added")]})
    (found,) = page(served, accessId="E1")["events"]
    assert found.pop("countedAt").endswith("Z")
    assert found == {
        **event("E1", **DETAILS),
        "total": 0,
        "counts": {"free": 0, "listed": 0, "held": 0, "voided": 0, "heldOverListing": 0},
    }


def test_added_updated_and_unchanged_are_reported_in_the_requests_order(served: Served) -> None:
    put_events(served, event("A", itemName="A"), event("B", itemName="B"))
    answer = put_events(served, event("B", itemName="2"), event("C"), event("A", itemName="A"))
    assert answer.json()["success"] == [
        done("B", "updated"),
        done("C", "added"),
        done("A", "unchanged"),
    ]


@pytest.mark.parametrize("absent", [{}, {"itemName": None, "facilityCode": ""}])
def test_absent_members_are_kept(served: Served, absent: dict[str, Any]) -> None:
    put_events(served, event("E1", **DETAILS))
    answer = put_events(served, event("E1", **absent, seasonCode="2027"))
    assert answer.json()["success"] == [done("E1", "updated")]
    assert known(served, "E1") == {**DETAILS, "seasonCode": "2027"}


def test_null_removes_a_time(served: Served) -> None:
    put_events(served, event("E1", **DETAILS))
    assert put_events(served, event("E1", startsAt=None)).json()["success"] == [
        done("E1", "updated")
    ]
    assert known(served, "E1") == {**DETAILS, "startsAt": None}
    assert put_events(served, event("E1", startsAt=None)).json()["success"] == [
        done("E1", "unchanged")
    ]


@all_cases(
    "sent, shown",
    [
        ("2026-11-23t19:30:00z", "2026-11-23T19:30:00Z"),
        ("2026-11-23T19:30:00-00:00", "2026-11-23T19:30:00Z"),
        ("2026-11-23T19:30:00+05:30", "2026-11-23T19:30:00+05:30"),
    ],
)
def test_an_offset_is_kept(served: Served, sent: str, shown: str) -> None:
    put_events(served, event("E1", startsAt=sent))
    assert known(served, "E1")["startsAt"] == shown
    assert put_events(served, event("E1", startsAt=shown)).json()["success"] == [
        done("E1", "unchanged")
    ]


def test_an_unknown_organization_fails_alone(served: Served) -> None:
    answer = put_events(served, {"organizationId": "none", "accessId": "E1"}, event("E2"))
    failure = {
        "organizationId": "none",
        "accessId": "E1",
        "appErrorCode": "MS-422",
        "developerMessage": "Organization is unknown",
        "type": "INVALID_ORGANIZATION",
    }
    assert answer.status_code == 207
    assert answer.json() == {"success": [done("E2", "added")], "failure": [failure]}
    answer = put_events(served, {"organizationId": "none", "accessId": "E1"})
    assert answer.status_code == 422
    assert answer.json()["error"]["type"] == "UNPROCESSABLE_ENTITY"
    assert answer.json()["failure"] == [failure]


@all_cases(
    "bad, message",
    [
        (
            {"accessId": "E1"},
            "The event at $[1] has the wrong shape: Object missing required field"
            " `organizationId`.",
        ),
        (event(""), "The event at $[1]: accessId must not be empty."),
        (event(" E1"), "The event at $[1]: accessId starts with whitespace, U+0020"),
        (
            event("E1", itemName="x" * 201),
            "The event at $[1]: itemName is longer than 200 characters.",
        ),
        (
            event("E1", startsAt="2026-11-23T19:30:00"),
            "The event at $[1]: startsAt is not a date and time with an offset, such as"
            " 2026-11-23T19:30:00-05:00.",
        ),
        (
            event("E1", endsAt="2026-02-30T19:30:00Z"),
            "The event at $[1]: endsAt is not a date and time with an offset",
        ),
        (
            event("E1", startsAt=""),
            "The event at $[1] has the wrong shape: Expected `str` of length >= 1 - at"
            " `$.startsAt`.",
        ),
        (event("E1", startsAt="2026-11-23"), "The event at $[1]: startsAt is not a"),
        (
            event("E1", startsAt=7),
            "The event at $[1] has the wrong shape: Expected `str | null`, got `int` - at"
            " `$.startsAt`.",
        ),
        (
            event("GOOD"),
            "Entries 1 and 2, counted from 1, name the same event. Send one.",
        ),
    ],
)
def test_a_bad_event_is_named_and_nothing_is_stored(
    served: Served, bad: dict[str, Any], message: str
) -> None:
    answer = put_events(served, event("GOOD"), bad)
    assert message_of(answer, 422, UNPROCESSABLE).startswith(message)
    assert page(served, accessId="GOOD")["events"] == []


@all_cases(
    "body, status, message",
    [
        (b"", 400, "The body is empty."),
        (b"[{]", 400, "The body is not valid JSON"),
        (b"{}", 422, "The body has the wrong shape: Expected an `array` of events"),
        (b"[]", 422, "The body contains no events."),
        (
            json.dumps([event(f"E{n}") for n in range(1_001)]).encode(),
            422,
            "The body contains more than 1000 events.",
        ),
        (b'[{"accessId": "\\ud800"}]', 400, "The body"),
    ],
)
def test_a_bad_body_is_refused(served: Served, body: bytes, status: int, message: str) -> None:
    answer = served.send(EVENTS, "PUT", operator_headers(), body)
    kind = "BAD_REQUEST" if status == 400 else UNPROCESSABLE
    assert message_of(answer, status, kind).startswith(message)


def test_a_put_is_not_counted_as_tickets(served: Served) -> None:
    put_events(served, event("E1"))
    metrics = served.send("/metrics", "GET", {}).text
    assert 'seatlatch_tokens_total{outcome="added"' not in metrics
    assert 'route="/operator/v1/events"' in metrics
