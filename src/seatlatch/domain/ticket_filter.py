"""Filters of a search for tickets, and the state of a ticket.

See decision 141.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import Ticket


class TicketState(StrEnum):
    """The one state of a ticket: the first that applies.

    A ticket that is listed and held is `held`.
    """

    VOIDED = "voided"
    HELD = "held"
    LISTED = "listed"
    FREE = "free"


class TicketFilter(NamedTuple):
    """The filters of a search; a ticket must match all of them. None = any value.

    `access_id` empty = tickets without one. `external_listing_id` and `channel_code` are those of
    the ticket's current listing.
    """

    organization_id: str | None = None
    access_id: str | None = None
    section: str | None = None
    row: str | None = None
    seat: str | None = None
    owner_id: str | None = None
    barcode: str | None = None
    external_listing_id: str | None = None
    channel_code: str | None = None
    state: TicketState | None = None
    mpreserve: bool | None = None


PARAMETERS = {
    "organization_id": "organizationId",
    "access_id": "accessId",
    "section": "section",
    "row": "row",
    "seat": "seat",
    "owner_id": "ownerId",
    "barcode": "barcode",
    "external_listing_id": "externalListingId",
    "channel_code": "channelCode",
    "state": "state",
    "mpreserve": "mpreserve",
}
"""The name of each filter in a request."""


def state_of(ticket: Ticket, now: datetime) -> TicketState:
    """The state of a ticket at a time: an expired hold is over."""
    if ticket.voided:
        return TicketState.VOIDED
    if ticket.seat_status_at(now) == "LOCK":
        return TicketState.HELD
    return TicketState.LISTED if ticket.mpreserve else TicketState.FREE


def require_possible(wanted: TicketFilter) -> None:
    """Raise `InvalidRequest` for filters that no ticket can match, and for an empty value."""
    for field, value in wanted._asdict().items():
        if value == "" and field != "access_id":
            raise InvalidRequest(f"`{PARAMETERS[field]}` is empty. Give a value, or leave it out.")
    listed = _first(
        (wanted.state is TicketState.LISTED, "state=listed"),
        (wanted.mpreserve is True, "mpreserve=true"),
        (wanted.channel_code is not None, "channelCode"),
        (wanted.external_listing_id is not None, "externalListingId"),
    )
    not_listed = _first(
        (wanted.state is TicketState.FREE, "state=free"),
        (wanted.state is TicketState.VOIDED, "state=voided"),
        (wanted.mpreserve is False, "mpreserve=false"),
    )
    if listed and not_listed:
        raise InvalidRequest(
            f"No ticket can match both `{not_listed}` and `{listed}`. Leave one of them out."
        )


def _first(*given: tuple[bool, str]) -> str | None:
    return next((name for is_given, name in given if is_given), None)
