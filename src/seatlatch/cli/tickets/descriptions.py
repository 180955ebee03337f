"""Descriptions of tickets and outcomes, for people."""

from typing import NamedTuple

from seatlatch.cli.output import for_people, in_columns
from seatlatch.domain.outcome import Outcome
from seatlatch.operator_api.schemas import ShownListing, ShownTicket


class Failure(NamedTuple):
    """The reason why a ticket was not changed. `message` says what to do."""

    outcome: str
    message: str


UNCONFIRMED = Failure("unconfirmed", "The database did not confirm it. Run the command again.")
"""The failure of the remaining tickets after a lost database or Ctrl-C."""

FAILURES = {
    Outcome.UNKNOWN: Failure(
        Outcome.UNKNOWN, "There is no such ticket. Check the spelling of the token."
    ),
    Outcome.VOIDED: Failure(
        Outcome.VOIDED, "The ticket is permanently void. Look for its replacement."
    ),
    Outcome.SEAT_LOCKED: Failure(
        Outcome.SEAT_LOCKED, "The seat is held. Release it first with `seatlatch tickets release`."
    ),
    Outcome.RESERVED: Failure(
        Outcome.RESERVED,
        "The ticket is listed at a marketplace. Unlock it first with `seatlatch tickets unlock`.",
    ),
}
"""The failures of the box office's verbs."""

DONE = {
    Outcome.HELD: "is now held.",
    Outcome.ALREADY_HELD: "was already held.",
    Outcome.RELEASED: "released.",
    Outcome.ALREADY_RELEASED: "was not held.",
    Outcome.MADE_VOID: "is now void.",
    Outcome.ALREADY_VOID: "was already void.",
    Outcome.UNLOCKED: "unlocked.",
    Outcome.ALREADY_UNLOCKED: "was already unlocked.",
}
"""The successes of the box office's verbs."""


def outcome_line(token: str, outcome: Outcome | None) -> str:
    """Describe the outcome of a ticket; None = the database did not confirm it."""
    if outcome is None:
        return f"{token}: {UNCONFIRMED.message}"
    return f"{token}: {DONE[outcome] if outcome in DONE else FAILURES[outcome].message}"


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
