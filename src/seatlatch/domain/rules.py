"""The rules: who may do what to a ticket, and when. The one place where an outcome is decided.

Each asks in order of precedence, so that the first answer is the right one. `ticket` None = there
is no such ticket; `now` is aware UTC.
"""

from datetime import datetime

from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.ticket import Ticket, TicketRecord


def judge_unlock(ticket: Ticket | None, channel: Channel, now: datetime) -> Outcome:
    """What becomes of a ticket when a channel unlocks it."""
    barred = _barred(ticket, channel, now)
    if barred or ticket is None:
        return barred or Outcome.UNKNOWN
    return Outcome.UNLOCKED if ticket.mpreserve else Outcome.ALREADY_UNLOCKED


def judge_lock(ticket: Ticket | None, channel: Channel, now: datetime) -> Outcome:
    """What becomes of a ticket when a channel locks it."""
    barred = _barred(ticket, channel, now)
    if barred or ticket is None:
        return barred or Outcome.UNKNOWN
    return Outcome.ALREADY_LOCKED if ticket.mpreserve else Outcome.LOCKED


def judge_verify(ticket: Ticket | None, channel: Channel, now: datetime) -> Outcome:
    """Whether a channel could lock or unlock a ticket now."""
    return _barred(ticket, channel, now) or Outcome.VERIFIED


def _barred(ticket: Ticket | None, channel: Channel, now: datetime) -> Outcome | None:
    """What keeps a channel from a ticket, if anything does."""
    if ticket is None or ticket.organization_id not in channel.organizations:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    if ticket.seat_status_at(now) == "LOCK":
        return Outcome.SEAT_LOCKED
    if ticket.mpreserve_channel not in (None, channel.code):
        return Outcome.RESERVED_ELSEWHERE
    return None


def judge_hold(ticket: Ticket | None, now: datetime) -> Outcome:
    """What becomes of a ticket when the box office sets its seat status to `LOCK`.

    A ticket that is listed at a marketplace takes no status change: that is what mpreserve is for.
    """
    if ticket is None:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    if ticket.seat_status_at(now) == "LOCK":
        return Outcome.ALREADY_HELD
    return Outcome.RESERVED if ticket.mpreserve else Outcome.HELD


def judge_release(ticket: Ticket | None) -> Outcome:
    """What becomes of a ticket when the box office sets its seat status to `UNLOCK`.

    mpreserve does not stand in the way: a seat that has both could not be helped otherwise. What
    is left of a hold that has ended is released too.
    """
    if ticket is None:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    return Outcome.RELEASED if ticket.seat_status == "LOCK" else Outcome.ALREADY_RELEASED


def judge_void(ticket: Ticket | None) -> Outcome:
    """What becomes of a ticket when the box office voids it. Nothing stands in the way of that."""
    if ticket is None:
        return Outcome.UNKNOWN
    return Outcome.ALREADY_VOID if ticket.voided else Outcome.MADE_VOID


def judge_override(ticket: Ticket | None, now: datetime) -> Outcome:
    """What becomes of a ticket when the box office unlocks it, whichever channel has locked it.

    A seat that is held must be released first: whoever holds it relies on its record.
    """
    if ticket is None:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    if ticket.seat_status_at(now) == "LOCK":
        return Outcome.SEAT_LOCKED
    return Outcome.UNLOCKED if ticket.mpreserve else Outcome.ALREADY_UNLOCKED


def judge_put(ticket: Ticket | None, record: TicketRecord, organization_exists: bool) -> Outcome:
    """What becomes of what the box office says of a ticket. `UPDATED` may prove `UNCHANGED`."""
    if not organization_exists:
        return Outcome.UNKNOWN_ORGANIZATION
    if ticket is None:
        return Outcome.ADDED
    if ticket.organization_id != record.organization_id:
        return Outcome.OTHER_ORGANIZATION
    return Outcome.UPDATED
