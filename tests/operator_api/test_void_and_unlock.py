"""PUT /operator/v1/tickets/void and /unlock."""

import pytest

from tests.cases import all_cases
from tests.http.wire import message_of
from tests.operator_api.box_office import (
    hold,
    invalid,
    locked,
    operate,
    override,
    release,
    show,
    void,
)
from tests.serving import OWNER, Served

NOTHING_LEFT = {
    "state": "voided",
    "voided": True,
    "status": "UNLOCK",
    "hold": None,
    "mpreserve": False,
    "channel": None,
    "listing": None,
}


def done(token: str) -> dict[str, str]:
    return {"token": token, "ownerId": OWNER}


@pytest.mark.parametrize("token", ["listed-1", "locked-and-listed", "locked", "listed-elsewhere"])
def test_void_ends_mpreserve_listing_and_hold(served: Served, token: str) -> None:
    answer = void(served, token)
    assert (answer.status_code, answer.json()) == (200, {"success": [done(token)]})
    assert show(served, token).items() >= NOTHING_LEFT.items()


def test_a_void_ticket_is_an_invalid_token_with_its_owner(served: Served) -> None:
    void(served, "listed-1")
    answer = served.unlock("listed-1")
    assert answer.status_code == 422
    assert answer.json()["failure"] == [invalid("listed-1", ownerId=OWNER)]


def test_void_again_is_a_success_and_the_unknown_stands_alone(served: Served) -> None:
    answer = void(served, "voided", "unknown", "foreign", "voided")
    assert answer.status_code == 207
    assert answer.json() == {
        "success": [done("voided"), done("foreign")],
        "failure": [invalid("unknown")],
    }
    assert void(served, "unknown").status_code == 422


def test_a_void_ticket_takes_neither_hold_nor_release_nor_override(served: Served) -> None:
    for change in (hold, release, override):
        answer = change(served, "voided")
        assert answer.status_code == 422
        assert answer.json()["failure"] == [invalid("voided", ownerId=OWNER)]


def test_an_override_clears_any_channels_mpreserve(served: Served) -> None:
    answer = override(served, "listed-1", "unknown", "listed-elsewhere", "not-listed", "voided")
    assert answer.status_code == 207
    assert answer.json() == {
        "success": [done("listed-1"), done("listed-elsewhere"), done("not-listed")],
        "failure": [invalid("unknown"), invalid("voided", ownerId=OWNER)],
    }
    for token in ("listed-1", "listed-elsewhere"):
        shown = show(served, token)
        assert (shown["mpreserve"], shown["channel"], shown["listing"]) == (False, None, None)


def test_an_override_waits_for_the_release_of_a_hold(served: Served) -> None:
    answer = override(served, "locked-and-listed")
    assert answer.status_code == 409
    assert answer.json()["failure"] == [locked("locked-and-listed", "LOCK", "Seat is locked")]
    assert show(served, "locked-and-listed")["mpreserve"] is True
    release(served, "locked-and-listed")
    assert override(served, "locked-and-listed").status_code == 200


@all_cases("reason", [{}, {"reason": None}, {"reason": ""}, {"reason": "\n"}])
def test_an_override_needs_a_reason(shared: Served, reason: dict[str, str]) -> None:
    answer = operate(shared, "PUT", "/unlock", {"tokens": ["listed-1"], **reason})
    assert "reason" in message_of(answer, 422, "UNPROCESSABLE_ENTITY")
    assert show(shared, "listed-1")["mpreserve"] is True


@pytest.mark.parametrize("path", ["/void", "/unlock"])
def test_at_most_1000_tokens(shared: Served, path: str) -> None:
    body = {"tokens": ["unknown"] * 1001, "reason": "why"}
    message = message_of(operate(shared, "PUT", path, body), 422, "UNPROCESSABLE_ENTITY")
    assert message == "The request payload cannot contain more than 1000 tokens"
    answer = operate(shared, "PUT", path, {**body, "tokens": ["unknown"] * 1000})
    assert answer.json()["failure"] == [invalid("unknown")]


@all_cases("path", ["/status", "/void", "/unlock"])
@all_cases("token", ["", "\0", "🎟️", "x" * 10_000, "listed-1 "])
def test_any_string_may_be_asked_for(shared: Served, path: str, token: str) -> None:
    body = {"tokens": [token], "status": "LOCK", "reason": "why"}
    answer = operate(shared, "PUT", path, body)
    assert answer.status_code == 422
    assert answer.json()["failure"] == [invalid(token)]
