"""GET /operator/v1/requests/... and .../history: the journal for the box office."""

from typing import Any
from urllib.parse import quote

from tests.cases import all_cases
from tests.databases import ON_SQLITE
from tests.operator_api.box_office import (
    hold,
    operate,
    operator_headers,
    override,
    put,
    record,
    release,
    void,
)
from tests.serving import APPLICATION, CHANNEL, OPERATOR, Served

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"


def trace(served: Served, request_id: str) -> Any:
    """The response about a Request-ID."""
    answer = served.send(f"/operator/v1/requests/{request_id}", "GET", operator_headers())
    assert answer.status_code == 200, answer.content
    return answer.json()["requests"]


def history(served: Served, token: str, query: str = "") -> Any:
    """The response about a ticket."""
    answer = operate(served, "GET", f"/{quote(token, safe='')}/history{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_all_who_used_a_request_id_are_reported_in_full(served: Served) -> None:
    served.unlock("listed-1", "locked", "listed-elsewhere", "foreign", Request_ID=ID)
    operate(served, "PUT", "/void", {"tokens": ["listed-2"], "reason": "fraud"}, request_id=ID)
    channel, box_office = trace(served, ID)
    assert (channel["application"], channel["channel"]) == (APPLICATION, CHANNEL)
    outcomes = [(one["token"], one["outcome"]) for one in channel["failure"]]
    assert outcomes == [
        ("locked", "seat_locked"),
        ("listed-elsewhere", "reserved_elsewhere"),
        ("foreign", "unknown"),
    ]
    assert (box_office["operator"], box_office["reason"]) == (OPERATOR, "fraud")
    (voided,) = box_office["success"]
    assert voided == {
        "token": "listed-2",
        "outcome": "made_void",
        "version": 2,
        "listedBy": CHANNEL,
    }


def test_what_an_operator_was_refused_is_reported(served: Served) -> None:
    operate(served, "PUT", "/void", b"no json", request_id=ID)
    (refused,) = trace(served, ID)
    assert refused["refusal"].startswith("BAD_REQUEST: ")
    assert (refused["operator"], refused["verb"]) == (OPERATOR, "void")


def test_an_answer_tells_its_request_id_even_if_none_was_sent(served: Served) -> None:
    answer = hold(served, "not-listed")
    (traced,) = trace(served, answer.headers["request-id"])
    assert (traced["verb"], traced["reason"], traced["holdSeconds"]) == ("hold", "moving", None)


def test_who_changed_a_ticket_the_latest_first(served: Served) -> None:
    served.lock("not-listed")
    override(served, "not-listed")
    hold(served, "not-listed", expiresInSeconds=60)
    release(served, "not-listed")
    void(served, "not-listed")
    reported = history(served, "not-listed")
    assert (reported["token"], reported["next"], reported["isPruned"]) == (
        "not-listed",
        None,
        False,
    )
    assert [(one["version"], one["verb"]) for one in reported["changes"]] == [
        (6, "void"),
        (5, "release"),
        (4, "hold"),
        (3, "override"),
        (2, "lock"),
    ]
    assert list(reported["changes"][0]) == [
        *("version", "timestamp", "verb", "requestId", "entryId", "application", "channel"),
        *("operator", "reason", "holdSeconds", "externalListingId", "listedBy", "clientAddress"),
    ]
    assert reported["changes"][3]["listedBy"] == CHANNEL
    assert reported["changes"][2]["holdSeconds"] == 60


def test_what_did_not_change_it_is_no_part_of_its_history(served: Served) -> None:
    served.unlock("not-listed", "locked")
    assert history(served, "not-listed")["changes"] == []
    assert history(served, "locked")["changes"] == []


def test_what_is_put_counts_as_a_version_but_is_no_change_of_the_journal(served: Served) -> None:
    hold(served, "not-listed")
    put(served, record("not-listed", seat="9"))
    release(served, "not-listed")
    assert [one["version"] for one in history(served, "not-listed")["changes"]] == [4, 2]


def test_a_history_goes_on_page_by_page(served: Served) -> None:
    for _ in range(4):
        hold(served, "not-listed")
        release(served, "not-listed")
    versions: list[int] = []
    query = "?limit=3"
    while query:
        page = history(served, "not-listed", query)
        assert len(page["changes"]) <= 3
        versions += [one["version"] for one in page["changes"]]
        query = f"?limit=3&after={page['next']}" if page["next"] else ""
    assert versions == [9, 8, 7, 6, 5, 4, 3, 2]


def test_a_history_says_where_it_was_pruned(served: Served) -> None:
    hold(served, "not-listed")
    release(served, "not-listed")
    ((first,),) = served.database.execute("SELECT min(entry_id) FROM journal")
    served.database.execute("DELETE FROM journal WHERE entry_id = ?", first)
    reported = history(served, "not-listed")
    assert ([one["version"] for one in reported["changes"]], reported["isPruned"]) == ([3], True)


@all_cases("token", ["nothing", "a/b", "", "%41", "🎟️", "x" * 5000])
def test_an_unknown_ticket_has_no_history(shared: Served, token: str) -> None:
    answer = operate(shared, "GET", f"/{quote(token, safe='')}/history")
    assert answer.status_code == 404


@ON_SQLITE
@all_cases(
    "query",
    [
        "?limit=0",
        "?limit=101",
        "?after=x",
        "?after=W10",
        "?after=Wy01XQ",
        "?after=WzFlNDBd",
        "?x=1",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(shared: Served, query: str) -> None:
    assert operate(shared, "GET", f"/not-listed/history{query}").status_code == 422


def test_a_cursor_of_another_ticket_tells_nothing(served: Served) -> None:
    hold(served, "listed-2")
    for _ in range(2):
        hold(served, "not-listed")
        release(served, "not-listed")
    after = history(served, "not-listed", "?limit=1")["next"]
    assert history(served, "listed-1", f"?after={after}")["changes"] == []


def test_only_operators_are_reported(shared: Served) -> None:
    for path in (f"requests/{ID}", "tickets/not-listed/history"):
        assert shared.send(f"/operator/v1/{path}", "GET", {}).status_code == 401
        headers = operator_headers(authorization="Bearer wrong")
        assert shared.send(f"/operator/v1/{path}", "GET", headers).status_code == 401
    answer = shared.send(f"/operator/v1/requests/{ID}", "GET", operator_headers())
    assert answer.status_code == 404
