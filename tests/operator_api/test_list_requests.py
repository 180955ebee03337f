"""GET /operator/v1/requests: requests of all callers, the newest first."""

from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.cases import all_cases
from tests.channel_api.journal import OTHER, ask
from tests.databases import ON_SQLITE, Database
from tests.http.wire import message_of
from tests.operator_api.box_office import hold, operate, operator_headers, release, void
from tests.serving import APPLICATION, CHANNEL, LOCK, OPERATOR, OTHER_CHANNEL, Served, serving

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"
REQUESTS = "/operator/v1/requests"
MEMBERS = [
    *("entryId", "requestId", "timestamp", "verb", "status", "application", "channel", "refusal"),
    *("externalListingId", "succeeded", "failed", "operator", "reason", "clientAddress"),
]


def get(served: Served, **query: Any) -> httpx.Response:
    """The response to a query."""
    return served.send(f"{REQUESTS}?{urlencode(query)}", "GET", operator_headers())


def page(served: Served, **query: Any) -> Any:
    """A page of requests."""
    answer = get(served, **query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def rows(served: Served, **query: Any) -> Any:
    """The requests on a page."""
    return page(served, **query)["requests"]


def lock(served: Served, listing_id: str, *tokens: str, **changes: str | None) -> httpx.Response:
    """Lock tickets with a listing."""
    listing = {"externalListingId": listing_id, "tokens": [{"token": token} for token in tokens]}
    return served.call("PUT", LOCK, {"source": "MY_ACCOUNT", "listing": listing}, **changes)


def test_requests_are_listed_the_newest_first(served: Served) -> None:
    lock(served, "L1", "not-listed", Request_ID=ID)
    hold(served, "locked", "unknown")
    found = page(served)
    assert list(found) == ["requests", "next"]
    held, locked = found["requests"]
    assert list(locked) == list(held) == MEMBERS
    assert (locked["requestId"], locked["verb"], locked["status"]) == (ID, "lock", 200)
    assert (locked["application"], locked["channel"]) == (APPLICATION, CHANNEL)
    assert locked["externalListingId"] == "L1"
    assert locked["clientAddress"] == held["clientAddress"] == "127.0.0.1"
    assert (locked["succeeded"], locked["failed"]) == (1, 0)
    assert (held["operator"], held["reason"], held["status"]) == (OPERATOR, "moving", 207)
    assert (held["succeeded"], held["failed"], held["channel"]) == (1, 1, None)
    assert found["next"] is None


def test_a_row_names_the_entry_of_its_trace(served: Served) -> None:
    lock(served, "L1", "not-listed", "unknown", Request_ID=ID)
    (row,) = rows(served)
    answer = served.send(f"{REQUESTS}/{ID}", "GET", operator_headers())
    (traced,) = answer.json()["requests"]
    assert {name: traced[name] for name in MEMBERS if name in traced} == {
        name: row[name] for name in MEMBERS if name in traced
    }
    assert (len(traced["success"]), len(traced["failure"])) == (row["succeeded"], row["failed"])


def happened(served: Served) -> list[int]:
    """Requests with every status that the journal can record; their statuses, the newest first."""
    responses = [
        served.unlock("listed-1"),
        served.unlock("listed-2", "unknown"),
        served.unlock("locked", "listed-elsewhere"),
        served.unlock("unknown", "locked"),
        served.put({"tokens": []}),
        served.put(b"no json"),
        hold(served, "not-listed"),
        hold(served, "listed-elsewhere"),
        operate(served, "PUT", "/void", b"[", content_type="application/json"),
        operate(served, "PUT", "/void", b"[", content_type="text/plain"),
        operate(served, "PUT", "/void", b"[" * 1_100_000),
        operate(served, "PUT", "/void", b"{}", accept="text/html"),
    ]
    return [response.status_code for response in responses][::-1]


def test_the_status_is_that_of_the_response(served: Served) -> None:
    statuses = happened(served)
    assert set(statuses) == {200, 207, 409, 422, 400, 415, 413, 406}
    assert [row["status"] for row in rows(served)] == statuses
    for status in set(statuses):
        assert len(rows(served, status=status)) == statuses.count(status), status
    assert rows(served, status=404) == []


def test_filters_can_be_combined(served: Served) -> None:
    happened(served)
    lock(served, "L1", "not-listed", **OTHER)
    assert {row["channel"] for row in rows(served, channelCode=CHANNEL)} == {CHANNEL}
    (locked,) = rows(served, channelCode=OTHER_CHANNEL)
    assert locked["verb"] == "lock"
    assert [row["verb"] for row in rows(served, type="hold")] == ["hold", "hold"]
    (row,) = rows(served, type="unlock", status=207, channelCode=CHANNEL)
    assert row["succeeded"] == row["failed"] == 1
    assert rows(served, channelCode=OTHER_CHANNEL, type="unlock") == []
    for nobody in ("", "nobody", '"', CHANNEL + '"', "\0", "%"):
        assert rows(served, channelCode=nobody) == []


def test_a_period(served: Served) -> None:
    happened(served)
    times = [row["timestamp"] for row in rows(served)]
    assert len(rows(served, since=times[4])) == 5
    assert len(rows(served, until=times[4])) == len(times) - 5
    assert len(rows(served, since=times[7], until=times[4])) == 3
    later = times[0].replace("Z", "+01:00")  # an hour before
    assert len(rows(served, since=later)) == len(times)


@pytest.mark.parametrize("limit", [1, 5, 100])
def test_pages(served: Served, limit: int) -> None:
    statuses = happened(served)
    for query in ({}, {"channelCode": CHANNEL}):
        expected = statuses if not query else statuses[-6:]
        found: list[int] = []
        after: dict[str, str] = {}
        while True:
            some = page(served, limit=limit, **query, **after)
            found += [row["status"] for row in some["requests"]]
            if some["next"] is None:
                break
            after = {"after": some["next"]}
        assert found == expected


def test_a_cursor_of_another_query_is_refused(served: Served) -> None:
    happened(served)
    cursor = page(served, limit=1, channelCode=CHANNEL)["next"]
    assert rows(served, limit=3, channelCode=CHANNEL, after=cursor)
    for other in ({}, {"channelCode": OTHER_CHANNEL}, {"channelCode": CHANNEL, "status": 200}):
        message = message_of(get(served, after=cursor, **other), 422, "UNPROCESSABLE_ENTITY")
        assert "other filters" in message


@ON_SQLITE
@all_cases(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=1e1",
        "status=99",
        "status=600",
        "status=ok",
        "status=",
        "type=nothing",
        "type=",
        "type=UNLOCK",
        "since=2026-01-01",
        "since=2026-01-01T00:00:00",
        "since=now",
        "until=1",
        "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z",
        "after=x",
        "after=W10",
        "after=",
        "channel=a",
        "channelcode=a",
        "channelCode=a&channelCode=b",
        "channelCode=%FF",
    ],
)
def test_a_query_that_makes_no_sense_is_422(shared: Served, query: str) -> None:
    answer = served_query(shared, query)
    message_of(answer, 422, "UNPROCESSABLE_ENTITY")


def served_query(served: Served, query: str) -> httpx.Response:
    return served.send(f"{REQUESTS}?{query}", "GET", operator_headers())


@ON_SQLITE
@all_cases(
    "since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1970-01-01T00:00:00Z"]
)
def test_any_timestamp_can_be_asked_for(shared: Served, since: str) -> None:
    for name in ("since", "until"):
        assert served_query(shared, f"{name}={quote(since)}").status_code == 200


def test_only_operators_list_requests(shared: Served) -> None:
    assert shared.send(REQUESTS, "GET", {}).status_code == 401
    assert ask(shared, REQUESTS).status_code == 401


def test_a_prune_and_what_the_box_office_changed_are_listed(served: Served) -> None:
    release(served, "locked")
    void(served, "not-listed")
    assert [row["verb"] for row in rows(served)] == ["void", "release"]
    assert [row["status"] for row in rows(served)] == [200, 200]


def test_damage_is_reported(served: Served) -> None:
    hold(served, "not-listed")
    served.database.execute("UPDATE journal SET entry = '{'")
    (row,) = rows(served)
    assert (row["damaged"], row["status"], row["verb"]) == (True, None, None)
    assert row["clientAddress"] == "127.0.0.1"
    assert rows(served, status=200) == []
    text = served.send("/metrics", "GET", {}).text
    (line,) = [
        line
        for line in text.splitlines()
        if line.startswith('seatlatch_journal_damage_total{part="row"}')
    ]
    assert not line.endswith(" 0.0")


@ON_SQLITE
def test_the_address_is_the_one_that_a_trusted_proxy_reports(inventory: Database) -> None:
    with serving(inventory, trusted_proxies="127.0.0.1") as served:
        headers = operator_headers(x_forwarded_for="6.6.6.6, 198.51.100.9")
        served.send("/operator/v1/tickets/void", "PUT", headers, b'{"tokens":["unknown"]}')
        (row,) = rows(served)
        assert row["clientAddress"] == "198.51.100.9"


def test_a_forged_address_is_not_recorded(served: Served) -> None:
    headers = operator_headers(x_forwarded_for="198.51.100.9")
    served.send("/operator/v1/tickets/void", "PUT", headers, b'{"tokens":["unknown"]}')
    (row,) = rows(served)
    assert row["clientAddress"] == "127.0.0.1"


@ON_SQLITE
def test_no_address_is_recorded_if_it_is_kept_for_no_day(inventory: Database) -> None:
    with serving(inventory, client_address_days="0") as served:
        hold(served, "not-listed")
        (row,) = rows(served)
        assert row["clientAddress"] is None
    assert inventory.table("client_addresses") == []


def test_trace_and_history_show_the_address(served: Served) -> None:
    lock(served, "L1", "not-listed", Request_ID=ID)
    served.unlock("not-listed")
    (traced,) = served.send(f"{REQUESTS}/{ID}", "GET", operator_headers()).json()["requests"]
    assert (traced["clientAddress"], traced["externalListingId"]) == ("127.0.0.1", "L1")
    changes = operate(served, "GET", "/not-listed/history").json()["changes"]
    assert [one["clientAddress"] for one in changes] == ["127.0.0.1", "127.0.0.1"]
    assert [one["externalListingId"] for one in changes] == [None, "L1"]
