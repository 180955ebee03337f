"""Descriptions of tickets and outcomes, for people."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from seatlatch.cli.output import for_people, in_columns
from seatlatch.domain.outcome import Outcome
from seatlatch.presentation.tickets import ShownListing, ShownTicket

HEADER = (
    *("token", "organization", "event", "section", "row", "seat", "owner"),
    *("state", "channel", "listing"),
)
ABSENT = "-"


class Description(NamedTuple):
    """An outcome in words. `message`: what happened to the ticket, or what to do if it failed."""

    outcome: str
    message: str
    is_failure: bool = False


def _failures(messages: Mapping[Outcome, str]) -> dict[Outcome, Description]:
    return {one: Description(one, message, is_failure=True) for one, message in messages.items()}


def _successes(messages: Mapping[Outcome, str]) -> dict[Outcome, Description]:
    return {one: Description(one, message) for one, message in messages.items()}


UNCONFIRMED = Description(
    "unconfirmed", "The database did not confirm it. Run the command again.", is_failure=True
)
"""The failure of the remaining tickets after a lost database or Ctrl-C."""

DESCRIPTIONS = {
    **_failures(
        {
            Outcome.UNKNOWN: "There is no such ticket. Check the spelling of the token.",
            Outcome.VOIDED: "The ticket is permanently void. Look for its replacement.",
            Outcome.SEAT_LOCKED: "The seat is held. Release it first with"
            " `seatlatch tickets release`.",
            Outcome.RESERVED: "The ticket is listed at a marketplace. Pass --over-listing to hold"
            " it, or unlock it first with `seatlatch tickets unlock`.",
            Outcome.CHANGED: "Another request changed the ticket meanwhile. Run the command again.",
        }
    ),
    **_successes(
        {
            Outcome.HELD: "is now held.",
            Outcome.ALREADY_HELD: "was already held.",
            Outcome.RELEASED: "released.",
            Outcome.ALREADY_RELEASED: "was not held.",
            Outcome.MADE_VOID: "is now void.",
            Outcome.ALREADY_VOID: "was already void.",
            Outcome.UNLOCKED: "unlocked.",
            Outcome.ALREADY_UNLOCKED: "was already unlocked.",
        }
    ),
}
"""The outcomes of the box office's verbs."""


def description_of(outcome: Outcome | None) -> Description:
    """Describe the outcome of a ticket; None = the database did not confirm it."""
    return UNCONFIRMED if outcome is None else DESCRIPTIONS[outcome]


def ticket_table(tickets: Sequence[ShownTicket]) -> list[str]:
    """Describe tickets in a line each, with a header."""
    return in_columns([HEADER, *map(_row, tickets)]) if tickets else []


def _row(ticket: ShownTicket) -> tuple[str, ...]:
    listing = ticket.listing.external_listing_id if ticket.listing else None
    values = (
        *(ticket.token, ticket.organization_id, ticket.access_id, ticket.section, ticket.row),
        *(ticket.seat, ticket.owner_id, ticket.state, ticket.channel, listing),
    )
    return tuple(value or ABSENT for value in values)


def ticket_lines(ticket: ShownTicket) -> list[str]:
    """Describe a ticket. Unknown values are left out."""
    rows = [
        ("token", ticket.token),
        ("organization", ticket.organization_id),
        ("owner", ticket.owner_id),
        ("access id", ticket.access_id),
        ("section", ticket.section),
        ("row", ticket.row),
        ("seat", ticket.seat),
        ("barcode", ticket.barcode),
        ("state", ticket.state),
        ("voided", "yes, permanently" if ticket.voided else "no"),
        ("seat status", ticket.status),
        *_hold(ticket),
        ("mpreserve", f"set by {ticket.channel}" if ticket.mpreserve else "not set"),
        *(_listing(ticket.listing) if ticket.listing else []),
        ("version", str(ticket.version)),
    ]
    return in_columns([(name, value) for name, value in rows if value is not None])


def _hold(ticket: ShownTicket) -> list[tuple[str, str | None]]:
    if ticket.hold is None:
        return []
    end = ticket.hold.expires_at
    until = for_people(end) if end else "it is released"
    return [("hold reason", ticket.hold.reason), ("held until", until)]


def _listing(listing: ShownListing) -> list[tuple[str, str | None]]:
    return [
        ("source", listing.source),
        ("external listing id", listing.external_listing_id),
        ("total price", _text(listing.total_price)),
        ("individual price", _text(listing.individual_price)),
        ("seller", bytes(listing.seller).decode() if listing.seller else None),
    ]


def _text(price: object) -> str | None:
    return None if price is None else format(price, "f")
