"""GET /v1/requests/{requestId}: a channel traces only its own requests."""

from uuid import uuid4

import pytest

from tests.cases import all_cases
from tests.channel_api.journal import OTHER, ask
from tests.databases import Database
from tests.operator_api.box_office import operate
from tests.serving import APPLICATION, CHANNEL, Served, serving

ID = "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2"


def test_what_a_request_did_is_reported_in_the_documents_words(served: Served) -> None:
    tokens = ("listed-1", "not-listed", "unknown", "voided", "locked", "listed-elsewhere")
    served.unlock(*tokens, Request_ID=ID)
    answer = ask(served, f"/v1/requests/{ID}")
    (traced,) = answer.json()["requests"]
    assert list(traced) == [
        *("entryId", "requestId", "timestamp", "verb", "application", "channel", "operator"),
        *("reason", "holdSeconds", "externalListingId", "refusal", "success", "failure"),
    ]
    assert (traced["requestId"], traced["verb"]) == (ID, "unlock")
    assert (traced["application"], traced["channel"]) == (APPLICATION, CHANNEL)
    assert traced["success"] == [
        {"token": "listed-1", "outcome": "unlocked", "version": 2},
        {"token": "not-listed", "outcome": "already_unlocked"},
    ]
    assert traced["failure"] == [
        {"token": "unknown", "outcome": "INVALID_TOKEN"},
        {"token": "voided", "outcome": "INVALID_TOKEN"},
        {"token": "locked", "outcome": "SEAT_RECORD_LOCKED"},
        {"token": "listed-elsewhere", "outcome": "SEAT_RECORD_LOCKED"},
    ]


def test_an_id_in_capitals_is_the_same_one(served: Served) -> None:
    served.unlock("listed-1", Request_ID=ID.upper())
    for asked in (ID, ID.upper()):
        (traced,) = ask(served, f"/v1/requests/{asked}").json()["requests"]
        assert traced["requestId"] == ID


def test_one_that_is_used_twice_is_reported_twice_in_order(served: Served) -> None:
    served.lock("listed-1", Request_ID=ID)
    served.unlock("listed-1", Request_ID=ID)
    served.unlock("listed-1", Request_ID=ID)
    traced = ask(served, f"/v1/requests/{ID}").json()["requests"]
    assert [one["verb"] for one in traced] == ["lock", "unlock", "unlock"]
    outcomes = [one["success"][0]["outcome"] for one in traced]
    assert outcomes[1:] == ["unlocked", "already_unlocked"]


@pytest.mark.parametrize(
    ("body", "changes", "says"),
    [
        (b'{"tokens":[]}', {}, "UNPROCESSABLE_ENTITY: "),
        ({"tokens": ["x"] * 101}, {}, "UNPROCESSABLE_ENTITY: The request payload"),
        (b"no json", {}, "BAD_REQUEST: "),
        (b"", {}, "BAD_REQUEST: The body is empty"),
        (b"{}", {"Content_Type": "text/plain"}, "UNSUPPORTED_MEDIA_TYPE: "),
        (b"{}", {"Accept": "text/html"}, "NOT_ACCEPTABLE: "),
        (b" " * (1024 * 1024 + 1), {}, "PAYLOAD_TOO_LARGE: "),
    ],
)
def test_what_was_refused_as_a_whole_is_reported_too(
    served: Served, body: object, changes: dict[str, str], says: str
) -> None:
    refused = served.put(body, Request_ID=ID, **changes)
    assert refused.status_code >= 400
    (traced,) = ask(served, f"/v1/requests/{ID}").json()["requests"]
    assert traced["refusal"].startswith(says)
    assert (traced["success"], traced["failure"], traced["verb"]) == ([], [], "unlock")


@pytest.mark.parametrize(
    "changes",
    [
        {"PAC_API_Key": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"PAC_Channel_Code": "not-mine"},
        {"User_Agent": None},
    ],
)
def test_who_was_not_let_in_is_not_in_it(served: Served, changes: dict[str, str | None]) -> None:
    assert served.unlock("listed-1", Request_ID=ID, **changes).status_code in (400, 401, 403)
    assert ask(served, f"/v1/requests/{ID}").status_code == 404


def test_nobody_else_s_request_is_reported(served: Served) -> None:
    served.unlock("listed-1", Request_ID=ID)
    unknown = ask(served, f"/v1/requests/{uuid4()}", **OTHER)
    foreign = ask(served, f"/v1/requests/{ID}", **OTHER)
    assert (unknown.status_code, unknown.content) == (404, foreign.content)
    operate(served, "PUT", "/void", {"tokens": ["listed-2"]}, request_id=ID)
    served.unlock("listed-elsewhere", Request_ID=ID, **OTHER)
    (own,) = ask(served, f"/v1/requests/{ID}").json()["requests"]
    assert own["channel"] == CHANNEL
    (theirs,) = ask(served, f"/v1/requests/{ID}", **OTHER).json()["requests"]
    assert theirs["success"][0]["token"] == "listed-elsewhere"


@all_cases("name", ["x", "..", "%00", "0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b", "%ff"])
def test_what_is_no_request_id_is_not_found(shared: Served, name: str) -> None:
    assert ask(shared, f"/v1/requests/{name}").status_code == 404


def test_the_headers_are_those_of_a_call_without_a_body(shared: Served) -> None:
    target = f"/v1/requests/{uuid4()}"
    assert ask(shared, target, Content_Type="text/plain").status_code == 404
    assert ask(shared, target, Accept=None).status_code == 400
    assert ask(shared, target, Request_ID=None).status_code == 400
    assert ask(shared, target, Authorization=None).status_code == 401
    assert ask(shared, target, Accept="text/html").status_code == 406


def test_a_request_that_asks_for_what_is_very_long_is_kept_short(served: Served) -> None:
    served.unlock("x" * 100_000, "a\0b", Request_ID=ID)
    (traced,) = ask(served, f"/v1/requests/{ID}").json()["requests"]
    assert [one["token"] for one in traced["failure"]] == [
        f"{'x' * 200}... (100000 characters)",
        "a\0b",
    ]


def test_what_only_reads_is_not_written_down(served: Served) -> None:
    before = len(served.database.table("journal"))
    assert served.verify("listed-1", Request_ID=ID).status_code == 200
    assert ask(served, "/v1/events", Request_ID=ID).status_code == 200
    assert len(served.database.table("journal")) == before


def test_what_is_over_the_rate_costs_no_write(inventory: Database) -> None:
    with serving(inventory, rate_limit="1:1") as served:
        assert served.unlock("listed-1").status_code == 200
        assert served.unlock("listed-2", Request_ID=ID).status_code == 429
        assert ask(served, f"/v1/requests/{ID}").status_code == 404
    assert len(inventory.table("journal")) == 1


def test_a_refusal_is_reported_also_while_nothing_can_be_written(served: Served) -> None:
    with served.database.writing():
        assert served.put(b"no json", Request_ID=ID).status_code == 400
