"""GET /v1/events: the feed of a channel, page by page."""

import json
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

from tests.cases import all_cases
from tests.channel_api.journal import OTHER, ask, events, reported
from tests.operator_api.box_office import hold, operate, override, release, void
from tests.serving import ORGANIZATION, Served

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"


def test_what_happened_is_reported_in_order_with_all_members(served: Served) -> None:
    served.unlock("listed-1", "unknown", Request_ID=ID)
    page = events(served)
    (event,) = page["events"]
    timestamp = event.pop("timestamp")
    assert timestamp.endswith("Z")
    assert event == {
        "change": "unlocked",
        "token": "listed-1",
        "version": 2,
        "by": "channel",
        "requestId": ID,
        "status": "UNLOCK",
        "mpreserve": False,
        "organizationId": ORGANIZATION,
        "accessId": None,
        "section": None,
        "row": None,
        "seat": None,
    }
    assert page["more"] is False


def test_every_verb_is_reported(served: Served) -> None:
    served.lock("not-listed")
    override(served, "not-listed")
    hold(served, "not-listed", expiresInSeconds=60)
    release(served, "not-listed")
    void(served, "not-listed")
    release(served, "locked-and-listed")
    page = events(served)
    assert reported(page) == [
        ("locked", "not-listed", 2),
        ("unlocked", "not-listed", 3),
        ("held", "not-listed", 4),
        ("released", "not-listed", 5),
        ("voided", "not-listed", 6),
        ("released", "locked-and-listed", 2),
    ]
    seats = [(one["by"], one["status"], one["mpreserve"]) for one in page["events"]]
    assert seats == [
        ("channel", "UNLOCK", True),
        ("box_office", "UNLOCK", False),
        ("box_office", "LOCK", False),
        ("box_office", "UNLOCK", False),
        ("box_office", "UNLOCK", False),
        ("box_office", "UNLOCK", True),
    ]
    assert ["holdExpiresAt" in one for one in page["events"]].index(True) == 2


def test_nothing_is_reported_of_what_the_channel_may_not_see(served: Served) -> None:
    hold(served, "foreign")
    served.lock("not-listed", Request_ID=ID)
    assert reported(events(served)) == [("locked", "not-listed", 2)]
    assert reported(events(served, **OTHER)) == [("held", "foreign", 2)]
    assert ID not in json.dumps(events(served, **OTHER))


def test_whether_a_ticket_is_listed_elsewhere_is_not_reported(served: Served) -> None:
    served.lock("not-listed", **OTHER)
    override(served, "not-listed")
    served.lock("not-listed", **OTHER)
    void(served, "not-listed")
    release(served, "locked-and-listed")
    assert reported(events(served)) == [
        ("voided", "not-listed", 5),
        ("released", "locked-and-listed", 2),
    ]
    page = events(served, **OTHER)
    assert reported(page)[:4] == [
        ("locked", "not-listed", 2),
        ("unlocked", "not-listed", 3),
        ("locked", "not-listed", 4),
        ("voided", "not-listed", 5),
    ]
    assert [one["mpreserve"] for one in page["events"]] == [True, False, True, False, False]


def test_what_changes_nothing_is_no_event(served: Served) -> None:
    served.unlock("not-listed", "unknown", "voided", "locked")
    served.put(b"no json")
    assert events(served)["events"] == []


def test_pages_split_a_request_and_go_on_where_they_ended(served: Served) -> None:
    tokens = ["listed-1", "listed-2", "not-listed"]
    hold(served, "not-listed")
    release(served, "not-listed")
    served.unlock(*tokens)
    served.lock(*tokens)
    whole = reported(events(served))
    assert len(whole) == 7
    for limit in (1, 2, 3, 5):
        seen: list[Any] = []
        page = events(served, f"?limit={limit}")
        while page["events"]:
            assert len(page["events"]) <= limit
            assert page["more"] == (len(seen) + len(page["events"]) < 7)
            seen += reported(page)
            page = events(served, f"?limit={limit}&after={page['next']}")
        assert seen == whole


def test_a_reader_that_begins_at_the_latest_gets_later_events(served: Served) -> None:
    served.unlock("listed-1")
    page = events(served, "?after=latest")
    assert page["events"] == []
    served.unlock("listed-2")
    assert reported(events(served, f"?after={page['next']}")) == [("unlocked", "listed-2", 2)]


def test_a_reader_waits_for_news(served: Served) -> None:
    page = events(served, "?after=latest")
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(events, served, f"?after={page['next']}&wait=8") for _ in range(8)]
        served.unlock("listed-1")
        for one in asked:
            assert reported(one.result()) == [("unlocked", "listed-1", 2)]


def test_who_waits_in_vain_is_reported_so_in_time(served: Served) -> None:
    began = monotonic()
    page = events(served, "?after=latest&wait=1")
    assert page["events"] == []
    assert 0.5 < monotonic() - began < 3


@all_cases(
    "query",
    [
        "?limit=0",
        "?limit=1001",
        "?limit=x",
        "?wait=9",
        "?wait=-1",
        "?after=x",
        "?after=",
        "?after=LATEST",
        "?unknown=1",
        "?limit=1&limit=2",
        "?after=%ff",
        "?after=e30",
        "?after=W10",
        f"?after={'A' * 9000}",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(shared: Served, query: str) -> None:
    assert ask(shared, f"/v1/events{query}").status_code in (422, 431)


def test_a_cursor_whose_events_were_pruned_away_is_gone(served: Served) -> None:
    cursor = events(served, "?after=latest")["next"]
    served.unlock("listed-1")
    last = events(served)["next"]
    served.unlock("listed-2")
    served.database.execute("UPDATE journal_chains SET pruned_number = 1")
    answer = ask(served, f"/v1/events?after={cursor}")
    assert (answer.status_code, answer.json()["error"]["appErrorCode"]) == (410, "MS-410")
    assert "/v1/tickets/verify" in answer.json()["error"]["developerMessage"]
    assert reported(events(served, f"?after={last}")) == [("unlocked", "listed-2", 2)]
    assert reported(events(served)) == [("unlocked", "listed-2", 2)]


def test_who_is_refused_the_feed(shared: Served) -> None:
    assert ask(shared, "/v1/events", Authorization=None).status_code == 401
    assert ask(shared, "/v1/events", PAC_Channel_Code="x").status_code == 403
    assert ask(shared, "/v1/events", Accept="text/html").status_code == 406
    assert shared.send("/v1/events", "POST", {}).status_code == 405
    assert operate(shared, "GET", "/../../../v1/events").status_code in (400, 401, 404)
