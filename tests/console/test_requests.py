"""The pages of requests: the list with its filters, and all attempts of a request."""

import re
from html import unescape
from typing import Any

import pytest

from seatlatch.http.query import bound_cursor, to_cursor
from tests.cases import all_cases
from tests.console.console_client import Console
from tests.console.people import READ
from tests.console.request_pages import (
    ALL,
    HOSTILE,
    ID,
    REQUESTS,
    UNKNOWN,
    listed,
    live,
    make_requests,
    rows,
    show,
    text_of,
)
from tests.databases import ON_SQLITE
from tests.operator_api.box_office import hold, operate
from tests.serving import CHANNEL, OTHER_CHANNEL, Served


def test_requests_are_listed_the_newest_first(served: Served) -> None:
    make_requests(served)
    found = rows(Console(served, READ).get(REQUESTS))
    assert [(row[1], row[2]) for row in found] == ALL
    assert found[1][3] == "box-office"
    assert found[1][4] == "moving"
    assert found[2][4].startswith("UNPROCESSABLE_ENTITY: The body has the wrong shape")
    assert found[4][5] == ID


def test_filters_can_be_combined(served: Served) -> None:
    make_requests(served)
    console = Console(served, READ)
    assert listed(console, channelCode=OTHER_CHANNEL) == [ALL[3]]
    assert listed(console, type="hold") == [ALL[1]]
    assert listed(console, status="422") == [ALL[2]]
    assert listed(console, channelCode=CHANNEL, type="unlock", status="207") == [ALL[4]]
    assert listed(console, channelCode=HOSTILE) == []
    assert listed(console, channelCode="", type="", status="", since="", until="") == ALL


def test_a_period(served: Served) -> None:
    make_requests(served)
    console = Console(served, READ)
    times = re.findall(r'<td><time datetime="([^"]+)"', console.get(REQUESTS).text)
    assert len(listed(console, since=times[2])) == 3
    assert len(listed(console, until=times[2])) == 2
    naive = times[2].removesuffix("+00:00")
    assert len(listed(console, since=naive, until=times[0])) == 2
    page = console.get(REQUESTS, since="2026-01-02T03:04:05+01:00")
    assert 'value="2026-01-02T02:04:05"' in page.text


@ON_SQLITE
@all_cases(
    "query",
    [
        {"since": "yesterday"},
        {"since": "2026-01-02", "until": "2026-01-01"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"status": "99"},
        {"status": "ok"},
        {"type": "nothing"},
        {"after": "x"},
        {"after": to_cursor("x")},
        {"after": to_cursor(["digest", [{"1": 1}, "2026-01-01T00:00:00Z"]])},
        {"after": bound_cursor([{"1": -1}, "2026-01-01T00:00:00Z"], {})},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(shared_console: Served, query: Any) -> None:
    assert Console(shared_console, READ).get(REQUESTS, **query).status_code == 422


@ON_SQLITE
def test_pages_continue_where_the_last_one_ended(served: Served) -> None:
    for number in range(120):
        served.unlock(f"unknown-{number}")
    console = Console(served, READ)
    found: list[str] = []
    path, pages = REQUESTS, 0
    while path:
        page = console.get(path)
        found += [row[5] for row in rows(page)]
        is_first = pages == 0
        assert ('hx-trigger="every 2s"' in page.text) == is_first
        assert ("Newest requests" in page.text) == (not is_first)
        older = re.search(r'<a href="([^"]+)">Older requests', page.text)
        path = unescape(older[1]) if older else ""
        pages += 1
    assert pages == 3
    assert len(set(found)) == len(found) == 120
    assert console.get(f"{REQUESTS}?status=200&after={after_of(console)}").status_code == 422


def test_a_place_far_behind_the_journals_end_is_its_end(served: Served) -> None:
    served.unlock("listed-1", request_id=ID)
    after = bound_cursor([2**63 - 1, 2**63 - 1], [ID])
    page = Console(served, READ).get(f"{REQUESTS}/{ID}", after=after)
    assert page.status_code == 200
    assert "listed-1" in text_of(page.text)


def after_of(console: Console) -> str:
    """The cursor of the second page."""
    found = re.search(r"after=([\w-]+)", console.get(REQUESTS).text)
    assert found is not None
    return found[1]


def test_the_list_follows_new_requests(served: Served) -> None:
    make_requests(served)
    console = Console(served, READ)
    page = console.get(REQUESTS, type="unlock")
    unchanged = live(console, page)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert unchanged.headers["cache-control"] == "no-store"
    hold(served, "not-listed")
    assert live(console, page).status_code == 204, "the filter leaves it out"
    served.unlock("unknown")
    changed = live(console, page)
    assert [row[2] for row in rows(changed)][:2] == ["422 1 failed", "409 1 failed"]
    assert "<html" not in changed.text
    assert live(console, changed).status_code == 204


def test_each_ticket_s_outcome_is_explained(served: Served) -> None:
    served.unlock(
        "listed-1", "locked", "listed-elsewhere", "voided", "foreign", HOSTILE, request_id=ID
    )
    page = show(Console(served, READ), ID)
    text = text_of(page.text)
    for expected in (
        "unlocked 1 ticket mpreserve was cleared by this request. listed-1 version 2",
        "seat locked 1 ticket The seat status is LOCK : a box-office operation holds the record."
        " What to do: The ticket's history shows who holds the seat and why.",
        "reserved elsewhere 1 ticket Another channel has set mpreserve. What to do:",
        "voided 1 ticket The ticket was cancelled or reissued. What to do:",
        "unknown 2 tickets There is no such ticket, or the channel has no grant",
    ):
        assert expected in text
    for token in ("listed-1", "locked", "voided"):
        assert f'<a href="/console/tickets/{token}">{token}</a>' in page.text
    assert "/console/tickets/foreign" not in page.text, "it may not exist"
    assert HOSTILE not in page.text
    assert HOSTILE in text
    assert f'href="/console/channels/{CHANNEL}"' in page.text


def test_tokens_in_links_are_encoded(served: Served) -> None:
    operate(served, "POST", "", [{"token": "a/b?c#<d>", "organizationId": "1001", "ownerId": "1"}])
    request_id = hold(served, "a/b?c#<d>").headers["Request-ID"]
    page = show(Console(served, READ), request_id)
    assert '<a href="/console/tickets/a%2Fb%3Fc%23%3Cd%3E">a/b?c#&lt;d&gt;</a>' in page.text


def test_all_attempts_are_shown_in_order_of_time(served: Served) -> None:
    served.put({"tokens": []}, request_id=ID)
    served.unlock("listed-1", request_id=ID)
    served.unlock("listed-1", request_id=ID.upper())
    page = show(Console(served, READ), ID.upper())
    badges = re.findall(r"<h2.*?</h2>", page.text, re.DOTALL)
    assert [text_of(one).rpartition("UTC ")[2] for one in badges] == [
        "422 refused",
        "200 1 done",
        "200 1 done",
    ]
    text = text_of(page.text)
    assert "3 attempts with this Request-ID" in text
    assert "The whole request was refused, and nothing was changed. UNPROCESSABLE_ENTITY" in text
    assert "already unlocked 1 ticket" in text


@ON_SQLITE
def test_many_attempts_have_pages(served: Served) -> None:
    for _ in range(23):
        served.unlock("unknown", request_id=ID)
    console = Console(served, READ)
    path, counts = f"{REQUESTS}/{ID}", []
    while path:
        page = console.get(path)
        counts.append(page.text.count('<section class="card"'))
        earlier = re.search(r'<a href="([^"]+)">Earlier attempts', page.text)
        path = unescape(earlier[1]) if earlier else ""
    assert counts == [10, 10, 3]


def test_the_box_office_s_facts_are_shown(served: Served) -> None:
    answer = hold(served, "not-listed", reason=HOSTILE, expiresInSeconds=60)
    page = show(Console(served, READ), answer.headers["Request-ID"])
    text = text_of(page.text)
    assert (
        f"Operator box-office Reason {HOSTILE} Held for 60 seconds Client address 127.0.0.1" in text
    )
    assert HOSTILE not in page.text


def test_a_command_has_no_secret(served: Served) -> None:
    served.unlock("listed-1", request_id=ID)
    page = show(Console(served, READ), ID)
    copied = re.search(r'data-copy="([^"]*)"', page.text)
    assert copied is not None
    command = unescape(copied[1])
    assert command.startswith('curl -X PUT "$URL"/v1/tickets/unlock')
    assert '"PAC-API-Key: $API_KEY"' in command
    assert f"'Request-ID: {ID}'" in command
    assert "test-api-key" not in page.text
    assert "test-access-token" not in page.text


def test_damage_is_shown(served: Served) -> None:
    request_id = hold(served, "not-listed").headers["Request-ID"]
    console = Console(served, READ)
    served.database.execute("UPDATE journal SET entry = '{'")
    assert listed(console) == [("unknown", "damaged entry")]
    assert "was edited after it was written" in text_of(show(console, request_id).text)
    text = served.send("/metrics", "GET", {}).text
    assert re.search(r'^seatlatch_journal_damage_total{part="row"} [1-9]', text, re.MULTILINE)


@pytest.mark.parametrize("request_id", [UNKNOWN, "x", "%3Cscript%3E"])
def test_an_unknown_request_is_404(served: Served, request_id: str) -> None:
    page = Console(served, READ).get(f"{REQUESTS}/{request_id}", {"Accept": "text/html"})
    assert page.status_code == 404
    assert "There is no request with this Request-ID." in text_of(page.text)
