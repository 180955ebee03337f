"""POST /operator/v1/tickets: the stored records, and the result of each ticket."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from seatlatch.operations import put_tickets
from tests.http.wire import message_of
from tests.operator_api.box_office import (
    hold,
    invalid,
    operate,
    put,
    put_lines,
    record,
    show,
    void,
)
from tests.serving import (
    CHANNEL,
    FOREIGN_ORGANIZATION,
    OWNER,
    Served,
)
from tests.waiting import until

MANY = 10_000
PATIENCE_SECONDS = 30
PLACE = {"accessId": "E1", "section": "S", "row": "12", "seat": "7", "barcode": "B7"}


def done(token: str, outcome: str, owner_id: str = OWNER) -> dict[str, str]:
    return {"token": token, "ownerId": owner_id, "outcome": outcome}


def many() -> Iterator[dict[str, Any]]:
    return (record(f"many-{number}", seat=str(number)) for number in range(MANY))


def test_a_new_ticket_is_added_as_it_was_reported(served: Served) -> None:
    answer = put(served, record("new", **PLACE))
    assert (answer.status_code, answer.json()) == (200, {"success": [done("new", "added")]})
    assert show(served, "new") == {
        **record("new", **PLACE),
        "state": "free",
        "voided": False,
        "status": "UNLOCK",
        "hold": None,
        "mpreserve": False,
        "channel": None,
        "listing": None,
        "version": 1,
        "revision": 1,
    }


def test_added_updated_and_unchanged_are_reported_apart_in_the_requests_order(
    served: Served,
) -> None:
    put(served, record("a", seat="1"), record("b", seat="2"))
    answer = put(served, record("b", seat="3"), record("c"), record("a", seat="1"))
    assert answer.json() == {
        "success": [done("b", "updated"), done("c", "added"), done("a", "unchanged")]
    }
    assert [show(served, token)["version"] for token in "abc"] == [1, 2, 1]


@pytest.mark.parametrize("absent", [{}, dict.fromkeys(PLACE)], ids=["absent", "null"])
def test_what_is_not_mentioned_is_kept(served: Served, absent: dict[str, None]) -> None:
    put(served, record("new", **PLACE))
    answer = put(served, {**record("new", **absent), "ownerId": "other"})
    assert answer.json() == {"success": [done("new", "updated", "other")]}
    assert show(served, "new").items() >= {**PLACE, "ownerId": "other"}.items()


def test_unknown_members_are_ignored(served: Served) -> None:
    answer = put(served, record("new", price=1e3, voided=True, status="LOCK", mpreserve=True))
    assert answer.status_code == 200
    shown = show(served, "new")
    assert (shown["voided"], shown["status"], shown["mpreserve"]) == (False, "UNLOCK", False)


def test_mpreserve_seat_status_and_void_are_never_touched(served: Served) -> None:
    hold(served, "not-listed")
    tokens = ["listed-1", "locked-and-listed", "not-listed", "voided"]
    before = {token: show(served, token) for token in tokens}
    answer = put(served, *(record(token, ownerId="new-owner", seat="9") for token in tokens))
    assert answer.json() == {"success": [done(token, "updated", "new-owner") for token in tokens]}
    for token in tokens:
        version = before[token]["version"] + 1
        changed = {"ownerId": "new-owner", "seat": "9", "version": version, "revision": version}
        assert show(served, token) == {**before[token], **changed}
    assert before["listed-1"]["channel"] == CHANNEL


def test_unknown_organization_and_another_organizations_token_fail_alone(served: Served) -> None:
    before = show(served, "foreign")
    answer = put(
        served,
        record("stray", organizationId="unknown"),
        record("new"),
        record("foreign"),
    )
    assert answer.status_code == 207
    unknown = {**invalid("stray", "Organization is unknown"), "type": "INVALID_ORGANIZATION"}
    other = invalid("foreign", "Token belongs to another organization")
    assert answer.json() == {"success": [done("new", "added")], "failure": [unknown, other]}
    assert operate(served, "GET", "/stray").status_code == 404
    assert show(served, "foreign") == before


def test_if_none_succeeds_it_is_422_with_the_failures(served: Served) -> None:
    answer = put(served, record("listed-1", organizationId=FOREIGN_ORGANIZATION))
    assert answer.status_code == 422
    assert answer.json() == {
        "error": {
            "type": "UNPROCESSABLE_ENTITY",
            "appErrorCode": "MS-422",
            "developerMessage": "Unable to process the request.",
        },
        "failure": [invalid("listed-1", "Token belongs to another organization")],
    }


def test_a_token_twice_in_one_request_is_refused_and_changes_nothing(served: Served) -> None:
    answer = put(served, record("a"), record("twice"), record("twice", seat="2"))
    message = message_of(answer, 422, "UNPROCESSABLE_ENTITY")
    assert message == "Records 2 and 3, counted from 1, have the same token. Send one."
    assert operate(served, "GET", "/a").status_code == 404


def test_what_was_put_can_be_listed_and_unlocked_by_a_marketplace(served: Served) -> None:
    put(served, record("new"))
    assert served.unlock("new").status_code == 200
    void(served, "new")
    assert put(served, record("new", seat="1")).json() == {"success": [done("new", "updated")]}
    assert show(served, "new")["voided"] is True


@pytest.mark.parametrize("lines", [False, True], ids=["JSON", "NDJSON"])
def test_10000_tickets_in_one_call(served: Served, lines: bool) -> None:
    if lines:
        answer = put_lines(served, b"\n".join(json.dumps(each).encode() for each in many()))
    else:
        answer = put(served, *many())
    assert answer.status_code == 200
    success = [done(f"many-{number}", "added") for number in range(MANY)]
    assert answer.json() == {"success": success}
    assert len(served.database.mpreserve_of()) >= MANY
    assert show(served, f"many-{MANY - 1}")["seat"] == str(MANY - 1)


@pytest.mark.parametrize("lines", [False, True], ids=["JSON", "NDJSON"])
def test_more_than_10000_are_refused_and_change_nothing(served: Served, lines: bool) -> None:
    records = [*many(), record("one-more")]
    if lines:
        answer = put_lines(served, b"\n".join(json.dumps(each).encode() for each in records))
    else:
        answer = put(served, *records)
    message = message_of(answer, 422, "UNPROCESSABLE_ENTITY")
    assert message == "The body contains more than 10000 tickets."
    assert operate(served, "GET", "/many-0").status_code == 404


def last_when_an_unlock_came_in_between(served: Served) -> int:
    """The status of the last of many tickets after an unlock, sent after the first was stored."""
    statuses: list[int] = []

    def put_many() -> None:
        statuses.append(put(served, *many()).status_code)

    putting = threading.Thread(target=put_many)
    putting.start()
    until(lambda: operate(served, "GET", "/many-0").status_code != 404)
    assert served.unlock("listed-1").status_code == 200
    last = operate(served, "GET", f"/many-{MANY - 1}").status_code
    putting.join()
    assert statuses == [200]
    return last


def test_unlocks_are_answered_while_10000_tickets_are_put(served: Served) -> None:
    assert last_when_an_unlock_came_in_between(served) == 404


def test_without_portions_they_would_not_be(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(put_tickets, "AT_ONCE_TOKENS", MANY)
    assert last_when_an_unlock_came_in_between(served) == 200


def test_the_longest_record_is_stored_and_found(served: Served) -> None:
    """An index of PostgreSQL has a limit of bytes, which incompressible text reaches."""
    letters = "".join(chr(0x20000 + number * 37) for number in range(200))
    seat = {name: letters[at : at + 62] for at, name in enumerate(("section", "row", "seat"))}
    longest = record(letters, accessId=letters[::-1], ownerId=letters, barcode=letters, **seat)
    assert put(served, longest).status_code == 200
    found = operate(served, "GET", "?" + urlencode({"section": seat["section"]}))
    assert [ticket["token"] for ticket in found.json()["tickets"]] == [letters]
