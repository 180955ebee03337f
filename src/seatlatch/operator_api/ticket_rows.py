"""Entries of the operator's responses: results for tickets, and whole tickets.

Source: the contract's section on operator HTTP, and its tables of per-token outcomes and status.
"""

from datetime import datetime
from typing import NamedTuple

from msgspec import Raw

from seatlatch.domain.listing import Listing
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import SeatStatus, WholeTicket
from seatlatch.domain.ticket_filter import state_of
from seatlatch.http.problems import ALL_LOCKED, NONE_SUCCEEDED
from seatlatch.operator_api.schemas import (
    PutTicket,
    ShownHold,
    ShownListing,
    ShownTicket,
    TicketWithStatus,
)
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


def shown_ticket(whole: WholeTicket, now: datetime) -> ShownTicket:
    """A ticket as it is at `now`: a hold that has expired is not shown."""
    ticket, record = whole.ticket, whole.record
    status = ticket.seat_status_at(now)
    held = status == "LOCK"
    return ShownTicket(
        *record,
        state=state_of(ticket, now),
        voided=ticket.voided,
        status=status,
        hold=ShownHold(whole.hold_reason, ticket.hold_expires_at) if held else None,
        mpreserve=ticket.mpreserve,
        channel=ticket.mpreserve_channel,
        listing=shown_listing(whole.listing) if whole.listing else None,
        version=whole.version,
        revision=whole.version,
    )


def shown_listing(listing: Listing) -> ShownListing:
    """The listing as the marketplace described it."""
    seller = None if listing.seller is None else Raw(listing.seller.encode())
    return ShownListing(
        listing.source,
        listing.external_listing_id,
        listing.total_price,
        listing.individual_price,
        seller,
    )
