"""Generates the tables of the sandbox's page: the outcomes of tokens, and the fault settings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec

from docs.markdown import table
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.rules import judge_unlock
from seatlatch.domain.ticket import Ticket
from seatlatch.presentation.ticket_results import failed_ticket
from seatlatch.sandbox import data
from seatlatch.sandbox.fault_settings import FaultSettings
from seatlatch.sandbox.faults import MEANINGS, ONCE, PREFIX
from seatlatch.store.tickets import NewTicket


def venue() -> str:
    """The venue's seats by their outcome, computed by the rule."""
    blocks: dict[tuple[str, Outcome], set[int]] = {}
    for section in data.SECTIONS:
        seats = [ticket for ticket in data.venue_tickets() if ticket.section == str(section)]
        for outcome, same in groupby(seats, key=venue_outcome):
            rows = span(sorted({ticket.row or "" for ticket in same}))
            blocks.setdefault((rows, outcome), set()).add(section)
    cells = []
    for (rows, outcome), sections in blocks.items():
        row, seats_of = rows[0], len(sections) * (ord(rows[-1]) - ord(rows[0]) + 1)
        example = data.venue_token(min(sections), row, 1)
        count = f"{seats_of * len(data.SEATS):,}"
        cells.append((span(sorted(sections)), rows, count, f"`{outcome}`", f"`{example}`"))
    return table(("Sections", "Rows", "Seats", "Outcome of an unlock", "First token"), cells)


def venue_outcome(seat: NewTicket) -> Outcome:
    """The outcome of an unlock of a seat in a new sandbox."""
    ticket = Ticket(
        seat.token,
        seat.organization_id,
        seat.owner_id,
        seat.voided,
        seat.seat_status,
        seat.mpreserve_channel,
    )
    channel = Channel(data.CHANNEL, frozenset({data.ORGANIZATION}))
    return judge_unlock(ticket, channel, datetime.now(UTC))


def span(values: Sequence[object]) -> str:
    """The first and last of consecutive values, or the only one."""
    return str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}"


def failing_tokens() -> str:
    """The tokens that always have the same failure."""
    return table(
        ("Token", "Outcome", "Type"),
        (
            (
                f"`{token}`",
                f"`{outcome}`",
                f"`{type_of(outcome)}`",
            )
            for token, outcome in data.FAILING.items()
        ),
    )


def type_of(outcome: Outcome) -> str:
    """The error type of a failure in a channel's call."""
    return failed_ticket(TicketResult("", outcome, None)).type


def fault_tokens() -> str:
    """The tokens that make a whole request fail."""
    return table(
        ("Token", "At every other attempt", "Response"),
        (
            (f"`{PREFIX}{fault}`", f"`{PREFIX}{fault}{ONCE}`", meaning)
            for fault, meaning in MEANINGS.items()
        ),
    )


def behaviour() -> str:
    """The members of the fault settings, with their bounds."""
    schema = msgspec.json.schema(FaultSettings)
    members: dict[str, Any] = schema["$defs"]["FaultSettings"]["properties"]
    return table(
        ("Member", "Default", "Bounds", "Meaning"),
        (
            (
                f"`{name}`",
                f"`{json_default(member['default'])}`",
                bounds(member),
                member["description"],
            )
            for name, member in members.items()
        ),
    )


def json_default(default: float | None) -> str:
    """A default as JSON."""
    return "null" if default is None else f"{default:g}"


def bounds(member: dict[str, Any]) -> str:
    """The least and the greatest value of a member."""
    number = next((one for one in member.get("anyOf", ()) if "minimum" in one), member)
    return f"{number['minimum']:,} to {number['maximum']:,}"
