"""GET /v1/requests: a channel lists only its own requests."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cases import all_cases
from tests.channel_api.journal import OTHER, ask
from tests.databases import ON_SQLITE
from tests.http.wire import message_of
from tests.operator_api.box_office import hold
from tests.serving import APPLICATION, CHANNEL, OTHER_CHANNEL, Served

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"


def page(served: Served, changes: dict[str, str] | None = None, **query: Any) -> Any:
    """A page of requests."""
    answer = ask(served, f"/v1/requests?{urlencode(query)}", **(changes or {}))
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def used(served: Served) -> Served:
    """A service that has served both channels and the box office."""
    served.lock("not-listed", Request_ID=ID)
    served.unlock("not-listed", "unknown", "locked")
    served.unlock("foreign", **OTHER)
    hold(served, "not-listed")
    served.unlock("locked")
    served.put({"tokens": []})
    return served


def test_a_channel_lists_its_own_requests_in_its_terms(used: Served) -> None:
    found = page(used)
    assert [row["status"] for row in found["requests"]] == [422, 409, 207, 200]
    assert found["next"] is None
    *_, locked = found["requests"]
    assert list(locked) == [
        *("entryId", "requestId", "timestamp", "verb", "status", "application", "channel"),
        *("refusal", "externalListingId", "succeeded", "failed"),
    ]
    assert (locked["requestId"], locked["verb"]) == (ID, "lock")
    assert (locked["application"], locked["channel"]) == (APPLICATION, CHANNEL)
    (theirs,) = page(used, OTHER)["requests"]
    assert theirs["channel"] == OTHER_CHANNEL


def test_an_entry_id_is_that_of_the_lookup(used: Served) -> None:
    *_, locked = page(used)["requests"]
    (traced,) = ask(used, f"/v1/requests/{ID}").json()["requests"]
    assert locked["entryId"] == traced["entryId"]
    assert not locked["entryId"].isdigit()
    assert "127.0.0.1" not in ask(used, "/v1/requests").text


def test_filters(used: Served) -> None:
    assert [row["status"] for row in page(used, type="unlock")["requests"]] == [422, 409, 207]
    assert [row["status"] for row in page(used, status=207)["requests"]] == [207]
    assert page(used, status=207, type="lock")["requests"] == []


@pytest.mark.parametrize("limit", [1, 3])
def test_pages(used: Served, limit: int) -> None:
    statuses: list[int] = []
    after: dict[str, Any] = {}
    while True:
        found = page(used, limit=limit, **after)
        statuses += [row["status"] for row in found["requests"]]
        if found["next"] is None:
            break
        after = {"after": found["next"]}
    assert statuses == [422, 409, 207, 200]


def test_a_cursor_is_bound_to_its_channel_query_and_call(used: Served) -> None:
    for _ in range(2):
        used.unlock("foreign", **OTHER)
    cursor = page(used, limit=1)["next"]
    theirs = page(used, OTHER, limit=1)["next"]
    feed = ask(used, "/v1/events?limit=1").json()["next"]
    for after, query in ((theirs, ""), (feed, ""), (cursor, "&status=409"), (cursor, "&type=lock")):
        answer = ask(used, f"/v1/requests?after={after}{query}")
        message_of(answer, 422, "UNPROCESSABLE_ENTITY")
    answer = ask(used, f"/v1/events?after={cursor}")
    message_of(answer, 422, "UNPROCESSABLE_ENTITY")


def test_a_cursor_does_not_reveal_how_much_others_do(used: Served) -> None:
    cursors = [page(used, limit=1)["next"]]
    for _ in range(12):
        used.unlock("foreign", **OTHER)
    cursors.append(page(used, limit=1)["next"])
    assert len(set(cursors)) == 2
    assert len({len(cursor) for cursor in cursors}) == 1


@ON_SQLITE
@all_cases(
    "query",
    [
        "limit=0",
        "limit=101",
        "status=1",
        "type=hold",
        "type=",
        "after=",
        "after=AQ",
        "after=W10",
        "channelCode=test-channel",
        "since=2026-01-01T00:00:00Z",
    ],
)
def test_a_query_that_makes_no_sense_is_422(shared: Served, query: str) -> None:
    message_of(ask(shared, f"/v1/requests?{query}"), 422, "UNPROCESSABLE_ENTITY")


def test_only_a_channel_may_ask(shared: Served) -> None:
    assert ask(shared, "/v1/requests", Authorization=None).status_code == 401
    assert ask(shared, "/v1/requests", PAC_Channel_Code=OTHER_CHANNEL).status_code == 403
