"""Tickets: what the rules need of them, and their full record. Values, never changed in place.

See decision 45.
"""

from datetime import datetime
from typing import Literal, NamedTuple

from seatlatch.domain.listing import Listing

SeatStatus = Literal["LOCK", "UNLOCK"]
"""Owned by the ticketing system; `LOCK` = a box-office operation holds the seat's record."""

HOLD_SECONDS_MAX = 31_536_000
"""The longest hold that ends by itself: a year."""


class Ticket(NamedTuple):
    """One ticket (item/seat), named by its opaque token.

    `mpreserve_channel` is the code of the channel that set mpreserve, None while mpreserve is
    false. `hold_expires_at` (aware UTC) is when a seat status of `LOCK` ends by itself; None =
    only when it is released.
    """

    token: str
    organization_id: str
    owner_id: str
    voided: bool
    seat_status: SeatStatus
    mpreserve_channel: str | None
    hold_expires_at: datetime | None = None

    @property
    def mpreserve(self) -> bool:
        """Whether the ticket is protected because it is listed at a marketplace."""
        return self.mpreserve_channel is not None

    def seat_status_at(self, now: datetime) -> SeatStatus:
        """The seat status at a time: an expired hold is over."""
        if self.hold_expires_at is not None and self.hold_expires_at <= now:
            return "UNLOCK"
        return self.seat_status


class TicketRecord(NamedTuple):
    """A ticket's details from the ticketing system. None = not given.

    `access_id` names the event or entitlement that it admits to; `barcode` is scanned at the gate.
    """

    token: str
    organization_id: str
    owner_id: str
    access_id: str | None = None
    section: str | None = None
    row: str | None = None
    seat: str | None = None
    barcode: str | None = None


class WholeTicket(NamedTuple):
    """Everything about a ticket. `listing` None = mpreserve is false.

    `hold_reason` is the box office's reason for the seat status `LOCK`; `version`
    counts the ticket's changes, from 1.
    """

    ticket: Ticket
    record: TicketRecord
    listing: Listing | None
    hold_reason: str | None
    version: int
