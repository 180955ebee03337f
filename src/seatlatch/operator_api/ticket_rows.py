"""Entries of the operator's responses: the results for tickets.

Source: the contract's section on operator HTTP, and its tables of per-token outcomes and status.
"""

from typing import NamedTuple

from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import SeatStatus
from seatlatch.http.problems import ALL_LOCKED, NONE_SUCCEEDED
from seatlatch.operator_api.schemas import PutTicket, TicketWithStatus
from seatlatch.presentation.schemas import FailedTicket
from seatlatch.presentation.ticket_results import INVALID_TOKEN, Judged

INVALID_ORGANIZATION = "INVALID_ORGANIZATION"


class Failure(NamedTuple):
    """The entry for one outcome. `status`: the seat status, where it matters."""

    status: SeatStatus | None
    app_error_code: str
    message: str
    type: str


INVALID, LOCKED = NONE_SUCCEEDED.app_error_code, ALL_LOCKED.app_error_code

FAILURES = {
    Outcome.UNKNOWN: Failure(None, INVALID, "Token is invalid", INVALID_TOKEN),
    Outcome.UNKNOWN_ORGANIZATION: Failure(
        None, INVALID, "Organization is unknown", INVALID_ORGANIZATION
    ),
    Outcome.OTHER_ORGANIZATION: Failure(
        None, INVALID, "Token belongs to another organization", INVALID_TOKEN
    ),
    Outcome.CHANGED: Failure(
        None, LOCKED, "Ticket has changed since the dry run", "TICKET_CHANGED"
    ),
    Outcome.VOIDED: Failure(None, INVALID, "Token is invalid", INVALID_TOKEN),
    Outcome.SEAT_LOCKED: Failure("LOCK", LOCKED, "Seat is locked", ALL_LOCKED.type),
    Outcome.RESERVED: Failure(
        "UNLOCK", LOCKED, "Ticket is reserved by a marketplace", ALL_LOCKED.type
    ),
}
"""Every outcome with which an operator's request for a ticket fails."""


def failed_ticket(result: Judged) -> FailedTicket:
    """The entry in `failure` of a ticket."""
    failed = FailedTicket(result.token, *FAILURES[result.outcome])
    if result.owner_id is not None:
        failed.owner_id = result.owner_id
    return failed


def put_ticket(result: TicketResult) -> PutTicket:
    """The entry in `success` of a ticket whose record was put."""
    return PutTicket(result.token, result.owner_id, result.outcome)


def held_ticket(result: TicketResult) -> TicketWithStatus:
    """The entry in `success` of a ticket whose seat was to be held."""
    return TicketWithStatus(result.token, result.owner_id, "LOCK")


def released_ticket(result: TicketResult) -> TicketWithStatus:
    """The entry in `success` of a ticket whose seat was to be released."""
    return TicketWithStatus(result.token, result.owner_id, "UNLOCK")
