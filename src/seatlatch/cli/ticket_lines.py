"""A ticket, and what became of one, in words for people."""

from typing import NamedTuple

from seatlatch.cli.printing import for_people, in_columns
from seatlatch.domain.outcome import Outcome
from seatlatch.operator.schemas import ShownListing, ShownTicket


class Failure(NamedTuple):
    """Why a ticket was left as it is. `message` says what to do."""

    outcome: str
    message: str


UNCONFIRMED = Failure("unconfirmed", "The database did not confirm it. Do it again.")
"""Said of the rest when the database went away, or Ctrl-C came, after some were done."""

FAILURES = {
    Outcome.UNKNOWN: Failure(
        Outcome.UNKNOWN, "There is no such ticket. Look whether the token is typed right."
    ),
    Outcome.VOIDED: Failure(
        Outcome.VOIDED, "The ticket is void for good. Look for the one issued instead."
    ),
    Outcome.SEAT_LOCKED: Failure(
        Outcome.SEAT_LOCKED, "The seat is held. Release it first with `seatlatch tickets release`."
    ),
    Outcome.RESERVED: Failure(
        Outcome.RESERVED,
        "The ticket is listed at a marketplace. Unlock it first with `seatlatch tickets unlock`.",
    ),
}
"""Every outcome of the box office's verbs that is no success."""

DONE = {
    Outcome.HELD: "held now.",
    Outcome.ALREADY_HELD: "was held already.",
    Outcome.RELEASED: "released.",
    Outcome.ALREADY_RELEASED: "was not held.",
    Outcome.MADE_VOID: "void now.",
    Outcome.ALREADY_VOID: "was void already.",
    Outcome.UNLOCKED: "unlocked.",
    Outcome.ALREADY_UNLOCKED: "was unlocked already.",
}
"""And every one that is."""


def outcome_line(token: str, outcome: Outcome | None) -> str:
    """What became of one ticket; `outcome` None = the database did not confirm it."""
    if outcome is None:
        return f"{token}: {UNCONFIRMED.message}"
    return f"{token}: {DONE[outcome] if outcome in DONE else FAILURES[outcome].message}"


def ticket_lines(ticket: ShownTicket) -> list[str]:
    """All that is known of a ticket; what is not known is left out."""
    rows = [
        ("token", ticket.token),
        ("organization", ticket.organization_id),
        ("owner", ticket.owner_id),
        ("access id", ticket.access_id),
        ("section", ticket.section),
        ("row", ticket.row),
        ("seat", ticket.seat),
        ("barcode", ticket.barcode),
        ("voided", "yes, for good" if ticket.voided else "no"),
        ("seat status", ticket.status),
        *_hold(ticket),
        ("mpreserve", f"set by {ticket.channel}" if ticket.mpreserve else "not set"),
        *(_listing(ticket.listing) if ticket.listing else []),
        ("revision", str(ticket.revision)),
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
