"""Helpers of the tests of the journal's calls: GET as a channel."""

from typing import Any
from uuid import uuid4

import httpx

from tests.serving import (
    OTHER_ACCESS_TOKEN,
    OTHER_API_KEY,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
    Served,
    valid_headers,
)

OTHER = {
    "PAC_Application_ID": OTHER_APPLICATION,
    "PAC_API_Key": OTHER_API_KEY,
    "PAC_Channel_Code": OTHER_CHANNEL,
    "Authorization": f"Bearer {OTHER_ACCESS_TOKEN}",
}
"""The headers of an application of the other channel."""


def ask(served: Served, target: str, **changes: str | None) -> httpx.Response:
    """GET as a channel, without a body and its type."""
    changes = {"Content_Type": None, "Request_ID": str(uuid4()), **changes}
    return served.send(target, "GET", valid_headers(**changes))


def events(served: Served, query: str = "", **changes: str | None) -> Any:
    """A page of the feed."""
    answer = ask(served, f"/v1/events{query}", **changes)
    assert answer.status_code == 200, answer.content
    return answer.json()


def reported(page: Any) -> list[tuple[str, str, int]]:
    """The change, the token and the version of each event."""
    return [(one["change"], one["token"], one["version"]) for one in page["events"]]
