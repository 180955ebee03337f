"""Helpers of the tests of events: calls as the box office, and the content of responses."""

import json
from typing import Any

import httpx

from tests.operator_api.box_office import operator_headers
from tests.serving import ORGANIZATION, Served

EVENTS = "/operator/v1/events"
DETAILS = {
    "itemName": "Home – Away",
    "seasonCode": "2026",
    "itemCode": "G1",
    "startsAt": "2026-11-23T19:30:00-05:00",
    "endsAt": "2026-11-23T22:00:00-05:00",
    "facilityCode": "ARENA",
    "facilityName": "City Arena",
}
UNPROCESSABLE = "UNPROCESSABLE_ENTITY"
NOTHING = dict.fromkeys(DETAILS)


def event(access_id: str, **more: Any) -> dict[str, Any]:
    """An event of ORGANIZATION to put."""
    return {"organizationId": ORGANIZATION, "accessId": access_id, **more}


def put_events(served: Served, *events: Any) -> httpx.Response:
    """Put these events."""
    body = json.dumps(events).encode()
    return served.send(EVENTS, "PUT", operator_headers(), body)


def page(served: Served, **query: Any) -> dict[str, Any]:
    """A page of events."""
    answer = get(served, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def get(served: Served, **query: Any) -> httpx.Response:
    """The response to a query for events."""
    path = EVENTS + "?" + str(httpx.QueryParams(query))
    return served.send(path, "GET", operator_headers(content_type=None))


def ids(served: Served, **query: Any) -> list[str | None]:
    """The access ids of all pages."""
    found: list[str | None] = []
    while True:
        got = page(served, **query)
        found += [one["accessId"] for one in got["events"]]
        if got["next"] is None:
            return found
        query["after"] = got["next"]


def known(served: Served, access_id: str) -> dict[str, Any]:
    """What is known of an event, without its counts."""
    (found,) = page(served, organizationId=ORGANIZATION, accessId=access_id)["events"]
    return {name: found[name] for name in DETAILS}


def done(access_id: str, outcome: str) -> dict[str, str]:
    """An entry of `success`."""
    return {"organizationId": ORGANIZATION, "accessId": access_id, "outcome": outcome}
