"""GET /operator/v1/events: events with the counts of their tickets, page by page."""

from typing import Any

import pytest

from seatlatch.operations import list_events
from tests.cases import all_cases
from tests.databases import Database
from tests.http.wire import message_of
from tests.operator_api.box_office import hold, put, record, void
from tests.operator_api.events import (
    DETAILS,
    NOTHING,
    UNPROCESSABLE,
    event,
    get,
    ids,
    page,
    put_events,
)
from tests.serving import FOREIGN_ORGANIZATION, ORGANIZATION, Served, serving


def test_a_thousand_events_are_put_and_listed_once_each(served: Served) -> None:
    answer = put_events(served, *(event(f"E{n:04}", seasonCode="2026") for n in range(1_000)))
    assert answer.status_code == 200
    assert len(answer.json()["success"]) == 1_000
    assert ids(served, organizationId=ORGANIZATION, limit=500) == [
        None,
        *(f"E{n:04}" for n in range(1_000)),
    ]


def test_access_ids_that_only_tickets_name_are_listed_with_their_counts(served: Served) -> None:
    put(served, *(record(f"new-{n}", accessId="E7") for n in range(5)))
    put_events(served, event("E8"))
    served.lock("new-1", "new-2")
    hold(served, "new-3")
    void(served, "new-4")
    served.database.execute("UPDATE tickets SET seat_status = 'LOCK' WHERE token = 'new-2'")
    without, e7, e8 = page(served, organizationId=ORGANIZATION)["events"]
    assert (without["accessId"], without["total"]) == (None, 8)
    assert {name: e7[name] for name in DETAILS} == NOTHING
    assert (e7["accessId"], e7["total"]) == ("E7", 5)
    assert e7["counts"] == {"free": 1, "listed": 1, "held": 2, "voided": 1, "heldOverListing": 1}
    assert (e8["accessId"], e8["total"]) == ("E8", 0)


def test_counts_are_cached_and_say_when_they_were_made(served: Served) -> None:
    put(served, record("new-1", accessId="E7"))
    first = page(served, accessId="E7")
    put(served, record("new-2", accessId="E7"))
    assert page(served, accessId="E7") == first


def test_all_organizations_are_listed_in_order(served: Served) -> None:
    put_events(served, event("E1"), {"organizationId": FOREIGN_ORGANIZATION, "accessId": "E1"})
    found = page(served)["events"]
    assert [(one["organizationId"], one["accessId"]) for one in found] == [
        (ORGANIZATION, None),
        (ORGANIZATION, "E1"),
        (FOREIGN_ORGANIZATION, None),
        (FOREIGN_ORGANIZATION, "E1"),
    ]
    assert [one["organizationId"] for one in page(served, accessId="E1")["events"]] == [
        ORGANIZATION,
        FOREIGN_ORGANIZATION,
    ]
    assert page(served, organizationId=FOREIGN_ORGANIZATION)["events"] == found[2:]
    assert ids(served, limit=1) == [None, "E1", None, "E1"]
    assert ids(served, limit=1, accessId="") == [None, None]


def test_an_unknown_organization_looks_like_an_empty_one(served: Served) -> None:
    assert page(served, organizationId="none") == {"events": [], "next": None}
    assert page(served, organizationId="") == {"events": [], "next": None}
    assert page(served, accessId="none") == {"events": [], "next": None}


def test_a_page_ends_when_it_has_counted_enough(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_events, "TICKETS_COUNTED_MAX", 3)
    put(served, *(record(f"{e}-{n}", accessId=e) for e in ("E1", "E2", "E3") for n in range(2)))
    first = page(served, organizationId=ORGANIZATION)
    assert [one["accessId"] for one in first["events"]] == [None]
    second = page(served, organizationId=ORGANIZATION, after=first["next"])
    assert [one["accessId"] for one in second["events"]] == ["E1", "E2"]
    third = page(served, organizationId=ORGANIZATION, after=second["next"])
    assert [one["accessId"] for one in third["events"]] == ["E3"]
    assert third["next"] is None
    # Everything is cached now, so one page has it all.
    assert len(page(served, organizationId=ORGANIZATION)["events"]) == 4


@all_cases(
    "query",
    [
        {"acessId": "E1"},
        {"limit": 0},
        {"limit": 501},
        {"after": "x"},
        {"after": "WzEsMl0"},
    ],
)
def test_a_bad_query_is_refused(served: Served, query: dict[str, Any]) -> None:
    assert get(served, **query).status_code == 422


@all_cases("other", [{"organizationId": "2002"}, {"accessId": "x"}])
def test_a_cursor_of_another_query_is_refused(served: Served, other: dict[str, str]) -> None:
    put_events(served, event("E1"))
    cursor = page(served, organizationId=ORGANIZATION, limit=1)["next"]
    message = message_of(get(served, after=cursor, **other), 422, UNPROCESSABLE)
    assert message == "`after` belongs to a list with other filters. Start without it."


def test_season_and_item_are_in_the_feed_if_known(inventory: Database) -> None:
    with serving(inventory) as served:
        put(
            served,
            record("new-1", accessId="E1"),
            record("new-2", accessId="E2"),
            record("new-3"),
        )
        put_events(served, event("E1", seasonCode="2026", itemCode="G1"), event("E2"))
        foreign = {"organizationId": FOREIGN_ORGANIZATION, "accessId": "E2", "seasonCode": "1999"}
        put_events(served, foreign)
        served.lock("new-1", "new-2", "new-3")
        feed = served.call("GET", "/v1/events", b"", content_type=None).json()["events"]
        codes = {one["token"]: (one.get("season"), one.get("item")) for one in feed}
        assert codes == {"new-1": ("2026", "G1"), "new-2": (None, None), "new-3": (None, None)}
        assert not feed[1].keys() & {"season", "item"}
