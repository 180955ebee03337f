"""An answer about a ticket for the customer who owns it: nothing internal, and nothing of others.

See decision 178.
"""

from datetime import datetime

from seatlatch.domain.performance import Event
from seatlatch.domain.ticket import TicketRecord
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations.ticket_story import Situation

CONTACT = "If you have questions, please contact the box office."


def customer_answer(record: TicketRecord, event: Event | None, situation: Situation) -> str:
    """The state of a ticket in a few friendly sentences. They name no channel, operator, reason,
    token or owner.
    """
    return f"{_ticket(record, event)} {_sentences(situation)}"


def seat_words(record: TicketRecord) -> str:
    """A seat as people call it; empty = the ticket has none."""
    parts = (("section", record.section), ("row", record.row), ("seat", record.seat))
    return ", ".join(f"{name} {value}" for name, value in parts if value)


def _ticket(record: TicketRecord, event: Event | None) -> str:
    seat, name = seat_words(record), event.item_name if event else None
    if seat and name:
        return f"Your ticket for {name} ({seat})"
    return f"Your ticket for {seat or name}" if seat or name else "Your ticket"


def _sentences(situation: Situation) -> str:
    if situation.state is TicketState.VOIDED:
        return (
            "is no longer valid: it was cancelled or replaced. If it was replaced, you will find"
            f" the new ticket in your account. {CONTACT}"
        )
    if situation.state is TicketState.HELD:
        end = _end(situation.until)
        listed = " It is still listed for sale." if situation.channel else ""
        return f"is on hold at the box office. It can't be changed {end}.{listed} {CONTACT}"
    if situation.state is TicketState.LISTED:
        return (
            "is listed for sale at a marketplace. To use it yourself or to give it to somebody"
            " else, please take the listing down there first."
        )
    return (
        "is valid and is not listed for sale. You can use it, give it to somebody else, or list it."
    )


def _end(until: datetime | None) -> str:
    if until is None:
        return "until the hold has ended"
    return f"until {until.day} {until:%B %Y, %H:%M} UTC"
