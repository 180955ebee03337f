"""The contract's table of per-token outcomes: their precedence, and every member in its place."""

import pytest

from tests.cases import all_cases
from tests.channel_api.rows import INVALID_ERROR, LOCKED_ERROR, locked, success, unknown, voided
from tests.serving import (
    CHANNEL,
    OTHER_ACCESS_TOKEN,
    OTHER_API_KEY,
    OTHER_APPLICATION,
    OTHER_CHANNEL,
    OWNER,
    Served,
    add_tickets,
    listed,
)

OTHER_CALLER = {
    "pac_application_id": OTHER_APPLICATION,
    "pac_api_key": OTHER_API_KEY,
    "pac_channel_code": OTHER_CHANNEL,
    "authorization": f"Bearer {OTHER_ACCESS_TOKEN}",
}
UNUSUAL_TOKENS = {
    "empty": "",
    "10,000 characters": "9" * 10_000,
    "NUL": "\0",
    "a ticket's token followed by NUL and more": "listed-1\0more",
    "a ticket's token followed by NUL": "listed-1\0",
    "NUL before a ticket's token": "\0listed-1",
    "emoji": "🎟️",
    "beyond the basic plane": "\U0010ffff",
    "a ticket's token in another case": "LISTED-1",
    "a ticket's token with a space": "listed-1 ",
    "a pattern": "listed-%",
    "SQL": "' OR 1=1 --",
    "the separator of a list": "listed-1\x1flisted-2",
    "combining characters": "e\u0301",
    "not a character": "\ufffe",
}


@pytest.mark.parametrize("token", ["listed-1", "not-listed"])
def test_unlocked_now_or_already_is_a_success(served: Served, token: str) -> None:
    answer = served.unlock(token)
    assert (answer.status_code, answer.content) == (200, b'{"success":[%s]}' % success(token))
    assert not served.database.mpreserve_of()[token]


@all_cases("token", ["unknown", "foreign", "foreign-voided", "foreign-locked"])
def test_unknown_or_without_a_grant_is_an_invalid_token_without_owner(
    shared: Served, token: str
) -> None:
    answer = shared.unlock(token)
    assert answer.status_code == 422
    assert answer.content == INVALID_ERROR + unknown(token) + b"]}"


@pytest.mark.parametrize("token", ["foreign", "foreign-voided", "foreign-locked"])
def test_unknown_and_without_a_grant_are_indistinguishable(shared: Served, token: str) -> None:
    foreign, missing = shared.unlock(token), shared.unlock("x" * len(token))
    assert foreign.content == missing.content.replace(b"x" * len(token), token.encode())
    assert foreign.status_code == missing.status_code
    per_request = {"request-id", "date"}
    assert {**foreign.headers, **dict.fromkeys(per_request)} == {
        **missing.headers,
        **dict.fromkeys(per_request),
    }


@pytest.mark.parametrize("token", ["voided", "voided-and-locked"])
def test_voided_is_an_invalid_token_with_owner_even_if_the_seat_is_locked(
    shared: Served, token: str
) -> None:
    answer = shared.unlock(token)
    assert answer.status_code == 422
    assert answer.content == INVALID_ERROR + voided(token) + b"]}"


@pytest.mark.parametrize("token", ["locked", "locked-and-listed"])
def test_seat_status_lock_is_locked_whether_or_not_mpreserve_is_set(
    shared: Served, token: str
) -> None:
    before = shared.database.mpreserve_of()[token]
    answer = shared.unlock(token)
    assert (answer.status_code, answer.content) == (409, LOCKED_ERROR + locked(token) + b"]}")
    assert shared.database.mpreserve_of()[token] == before


def test_mpreserve_set_by_another_channel_is_locked(shared: Served) -> None:
    answer = shared.unlock("listed-elsewhere")
    assert answer.status_code == 409
    assert answer.content == LOCKED_ERROR + locked("listed-elsewhere") + b"]}"
    assert shared.database.mpreserve_of()["listed-elsewhere"]


def test_the_channel_that_set_mpreserve_clears_it(served: Served) -> None:
    assert served.unlock("listed-elsewhere", **OTHER_CALLER).status_code == 200
    assert served.unlock("listed-1", **OTHER_CALLER).status_code == 409
    assert not served.database.mpreserve_of()["listed-elsewhere"]
    assert served.database.mpreserve_of()["listed-1"]


def test_a_grant_is_what_makes_a_ticket_known(shared: Served) -> None:
    assert shared.unlock("foreign", **OTHER_CALLER).content == b'{"success":[%s]}' % success(
        "foreign"
    )


def test_repeated_request_is_answered_the_same(served: Served) -> None:
    tokens = ("listed-1", "unknown", "not-listed", "locked")
    first, second = served.unlock(*tokens), served.unlock(*tokens)
    assert first.status_code == second.status_code == 207
    assert first.content == second.content


def test_repeated_token_is_reported_once_where_it_first_stood(served: Served) -> None:
    answer = served.unlock("listed-2", "unknown", "listed-1", "listed-2", "unknown", "listed-2")
    rows = b",".join([success("listed-2"), success("listed-1")])
    assert answer.content == b'{"success":[%s],"failure":[%s]}' % (rows, unknown("unknown"))


def test_results_keep_the_requests_order(served: Served) -> None:
    tickets = [f"ticket-{number}" for number in range(97)]
    add_tickets(served.database, [listed(token) for token in tickets])
    tokens = [tickets[number * 31 % 97] for number in range(97)]
    answer = served.unlock("unknown", *tokens, "locked", "foreign")
    assert [entry["token"] for entry in answer.json()["success"]] == tokens
    failed = [entry["token"] for entry in answer.json()["failure"]]
    assert failed == ["unknown", "locked", "foreign"]


def test_one_failing_token_never_undoes_another(served: Served) -> None:
    before = served.database.mpreserve_of()
    failing = ["unknown", "foreign", "voided", "locked", "locked-and-listed", "listed-elsewhere"]
    answer = served.unlock(*failing[:3], "listed-1", *failing[3:], "listed-2", "\0")
    assert answer.status_code == 207
    assert served.database.mpreserve_of() == {**before, "listed-1": False, "listed-2": False}


@all_cases("token", UNUSUAL_TOKENS.values(), ids=UNUSUAL_TOKENS)
def test_what_is_not_a_ticket_is_an_invalid_token(shared: Served, token: str) -> None:
    answer = shared.unlock(token)
    assert answer.status_code == 422
    (failure,) = answer.json()["failure"]
    assert failure["token"] == token
    assert (failure["type"], failure["status"], "ownerId" in failure) == (
        "INVALID_TOKEN",
        None,
        False,
    )
    assert shared.database.mpreserve_of()["listed-1"]


def test_unusual_tokens_stand_alone_beside_a_ticket(served: Served) -> None:
    answer = served.unlock(*UNUSUAL_TOKENS.values(), "listed-1")
    assert answer.status_code == 207
    assert answer.json()["success"] == [{"token": "listed-1", "ownerId": OWNER}]
    assert [entry["token"] for entry in answer.json()["failure"]] == [*UNUSUAL_TOKENS.values()]


def test_an_unusual_token_of_a_ticket_is_a_ticket(served: Served) -> None:
    tokens = ["", "🎟️", "9" * 10_000, "listed-1 ", "' OR 1=1 --"]
    add_tickets(served.database, [listed(token, CHANNEL) for token in tokens])
    answer = served.unlock(*tokens)
    assert answer.status_code == 200
    assert [entry["token"] for entry in answer.json()["success"]] == tokens
