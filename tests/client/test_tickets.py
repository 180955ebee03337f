"""Unlock, lock and verify by the client, against the service itself."""

from decimal import Decimal

import pytest

from seatlatch.client import Failure, ListedTicket, Seller, Ticket, TicketsFailed, Unprocessable
from tests.client.client_kinds import MANY, Making
from tests.serving import OPERATOR_KEY, OWNER, Served


def test_unlock_tells_of_each_ticket(service: Served, make: Making) -> None:
    result = make(service.url).tickets.unlock(["listed-1", "unknown", "locked", "not-listed"])
    assert result.success == [Ticket("listed-1", OWNER), Ticket("not-listed", OWNER)]
    (request_id,) = result.request_ids
    assert result.failure == [
        Failure("INVALID_TOKEN", "MS-422", "Token is invalid", "unknown", request_id=request_id),
        Failure(
            "SEAT_RECORD_LOCKED",
            "MS-409",
            "Seat is locked",
            "locked",
            "LOCK",
            OWNER,
            request_id=request_id,
        ),
    ]
    assert service.database.mpreserve_of()["listed-1"] is False


@pytest.mark.parametrize("tokens", [["locked"], ["unknown"], ["locked", "unknown"]])
def test_no_success_is_a_result_too(service: Served, make: Making, tokens: list[str]) -> None:
    result = make(service.url).tickets.unlock(tokens)
    assert (result.success, [row.token for row in result.failure]) == ([], tokens)


def test_raise_for_failures(service: Served, make: Making) -> None:
    client = make(service.url)
    good = client.tickets.unlock(["listed-1"])
    assert good.raise_for_failures().success == good.success
    bad = client.tickets.unlock(["listed-1", "voided"])
    with pytest.raises(TicketsFailed) as raised:
        bad.raise_for_failures()
    assert raised.value.result.failure == bad.failure
    assert bad.request_ids[0] in str(raised.value)
    assert "'voided': Token is invalid" in str(raised.value)


def test_lock_with_listing_and_exact_prices(service: Served, make: Making) -> None:
    tickets = make(service.url).tickets
    result = tickets.lock(
        ["not-listed", ListedTicket("listed-1", Decimal("0.1000"))],
        source="INDIVIDUAL",
        external_listing_id="L-1",
        total_price=Decimal("95.10"),
        seller=Seller("Doe", "Jo", address={"city": "Anywhere"}),
    )
    assert [ticket.token for ticket in result.success] == ["not-listed", "listed-1"]
    first, second = tickets.verify(["not-listed", "listed-1"]).success
    assert (first.external_listing_id, str(first.total_price)) == ("L-1", "95.10")
    assert (first.individual_price, str(second.individual_price)) == (None, "0.1000")
    assert second.mpreserve is True


def test_a_lock_of_the_wrong_shape_is_an_error(service: Served, make: Making) -> None:
    with pytest.raises(Unprocessable) as raised:
        make(service.url).tickets.lock(["listed-1"], source="INDIVIDUAL")
    problem = raised.value
    assert (problem.status, problem.app_error_code) == (422, "MS-422")
    assert problem.type == "UNPROCESSABLE_ENTITY"
    assert problem.developer_message in str(problem)
    assert problem.unanswered == ["listed-1"]


def test_verify_by_barcode(service: Served, make: Making) -> None:
    result = make(service.url).tickets.verify(barcodes=["no-such-barcode"], access_id="GAME-1")
    assert [(row.asked_for, row.token) for row in result.failure] == [("no-such-barcode", None)]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"tokens": ["a"], "barcodes": ["b"]},
        {"barcodes": ["b"]},
        {"tokens": ["a"], "access_id": "GAME-1"},
    ],
)
def test_verify_takes_tokens_or_barcodes(make: Making, asked: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="tokens, or barcodes with access_id"):
        make("http://127.0.0.1:1").tickets.verify(**asked)


def test_retry_failed_joins_in_order(service: Served, make: Making) -> None:
    asked = ["locked", "listed-1", "unknown", "listed-2"]
    first = make(service.url).tickets.unlock(asked)
    release(service, "locked")
    again = first.retry_failed()
    assert [row.token for row in again.success] == ["locked", "listed-1", "listed-2"]
    assert [row.token for row in again.failure] == ["unknown"]
    assert len(again.request_ids) == 2
    assert again.failure[0].request_id == again.request_ids[1]


def test_more_than_100_are_split_and_joined_in_order(service: Served, make: Making) -> None:
    mixed = [*MANY[:500], "unknown", *MANY[500:], "locked", *MANY[:7]]
    answers: list[int] = []
    result = make(service.url).tickets.unlock(
        mixed, on_answer=lambda answer: answers.append(len(answer.success))
    )
    assert [row.token for row in result.success] == MANY
    assert [row.token for row in result.failure] == ["unknown", "locked"]
    assert len(set(result.request_ids)) == len(answers) == 11
    assert sum(answers) == len(MANY)


def test_an_empty_list_is_nothing_to_do(make: Making) -> None:
    result = make("http://127.0.0.1:1").tickets.unlock([])
    assert (result.success, result.failure, result.request_ids) == ([], [], [])
    assert result.retry_failed().success == []
    assert result.raise_for_failures().failure == []


def release(service: Served, token: str) -> None:
    """Let the box office end its hold."""
    released = service.client.put(
        "/operator/v1/tickets/status",
        json={"tokens": [token], "status": "UNLOCK", "reason": "done"},
        headers={"Authorization": f"Bearer {OPERATOR_KEY}"},
    )
    assert released.status_code == 200, released.text
