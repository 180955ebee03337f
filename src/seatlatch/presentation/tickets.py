"""Whole tickets as the box office sees them, and pages of them.

Members are written in the order of the fields.

See decisions 48 and 145.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Raw, Struct

from seatlatch.domain.listing import Listing, Source
from seatlatch.domain.ticket import SeatStatus, WholeTicket
from seatlatch.domain.ticket_filter import TicketFilter, TicketState, state_of
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.operations.find_tickets import FoundTickets
from seatlatch.presentation.schemas import Timestamp
from seatlatch.store.finding import Place


class ShownHold(Struct, rename="camel"):
    """The reason of a hold, and when it ends by itself; null = not before a release."""

    reason: str | None
    expires_at: Timestamp | None


class ShownListing(Struct, rename="camel"):
    """The listing as the marketplace described it. `seller` is a JSON object with personal data."""

    source: Source | None
    external_listing_id: str | None
    total_price: Decimal | None
    individual_price: Decimal | None
    seller: Annotated[Raw, Meta(extra_json_schema={"type": "object"})] | None


class ShownTicket(Struct, rename="camel"):
    """Everything that is known about a ticket."""

    token: str
    organization_id: str
    owner_id: str
    access_id: str | None
    section: str | None
    row: str | None
    seat: str | None
    barcode: str | None
    state: TicketState
    voided: bool
    status: SeatStatus
    hold: ShownHold | None
    mpreserve: bool
    channel: str | None
    listing: ShownListing | None
    version: int
    revision: Annotated[int, Meta(extra_json_schema={"deprecated": True})]


class Page(Struct):
    """Some of the tickets of a search. `next`: the value of `after` for the next page; null = no
    more.
    """

    tickets: list[ShownTicket]
    next: str | None


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


def shown_page(
    found: FoundTickets, wanted: TicketFilter, organizations: frozenset[str] | None
) -> Page:
    """The page of what was found."""
    tickets = [shown_ticket(whole, found.now) for whole in found.tickets]
    search = search_of(wanted, organizations)
    return Page(tickets, bound_cursor(found.next, search) if found.next else None)


def place_after(
    cursor: str | None, wanted: TicketFilter, organizations: frozenset[str] | None
) -> Place | None:
    """The place that the cursor of an earlier page marks; None = the beginning.

    Raises `InvalidRequest` for a cursor of another search.
    """
    return None if cursor is None else place_in(cursor, Place, search_of(wanted, organizations))


def search_of(wanted: TicketFilter, organizations: frozenset[str] | None) -> list[object]:
    """The search to which a cursor belongs: the filters, and what the caller may see."""
    return [wanted, None if organizations is None else sorted(organizations)]
