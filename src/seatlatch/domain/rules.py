"""The rules for who may change a ticket and when: the only place where outcomes are decided.

Each function checks in order of precedence. `ticket` None = there is no such ticket; `now` is aware
UTC.

See decisions 4, 32, 40, 41, 42 and 169.
"""

from datetime import datetime

from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.ticket import Ticket, TicketRecord


def judge_unlock(ticket: Ticket | None, channel: Channel, now: datetime) -> Outcome:
    """The outcome when a channel unlocks a ticket."""
    obstacle = _obstacle(ticket, channel, now)
    if obstacle or ticket is None:
        return obstacle or Outcome.UNKNOWN
    return Outcome.UNLOCKED if ticket.mpreserve else Outcome.ALREADY_UNLOCKED


def judge_lock(ticket: Ticket | None, channel: Channel, now: datetime) -> Outcome:
    """The outcome when a channel locks a ticket."""
    obstacle = _obstacle(ticket, channel, now)
    if obstacle or ticket is None:
        return obstacle or Outcome.UNKNOWN
    return Outcome.ALREADY_LOCKED if ticket.mpreserve else Outcome.LOCKED


def judge_verify(ticket: Ticket | None, channel: Channel, now: datetime) -> Outcome:
    """Whether a channel could lock or unlock a ticket now."""
    return _obstacle(ticket, channel, now) or Outcome.VERIFIED


def _obstacle(ticket: Ticket | None, channel: Channel, now: datetime) -> Outcome | None:
    """The reason why a channel cannot change a ticket; None = it can."""
    if ticket is None or ticket.organization_id not in channel.organizations:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    if ticket.seat_status_at(now) == "LOCK":
        return Outcome.SEAT_LOCKED
    if ticket.mpreserve_channel not in (None, channel.code):
        return Outcome.RESERVED_ELSEWHERE
    return None


def judge_hold(ticket: Ticket | None, now: datetime, *, over_listing: bool = False) -> Outcome:
    """The outcome when the box office sets a seat status to `LOCK`.

    The status of a ticket that is listed at a marketplace cannot change: mpreserve is for that. But
    the box office may decide to hold it `over_listing`: then it is listed and held.
    """
    if ticket is None:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    if ticket.seat_status_at(now) == "LOCK":
        return Outcome.ALREADY_HELD
    return Outcome.RESERVED if ticket.mpreserve and not over_listing else Outcome.HELD


def judge_release(ticket: Ticket | None) -> Outcome:
    """The outcome when the box office sets a seat status to `UNLOCK`.

    mpreserve does not prevent it: a ticket that is held and listed must be releasable. The status
    of an expired hold is released too.
    """
    if ticket is None:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    return Outcome.RELEASED if ticket.seat_status == "LOCK" else Outcome.ALREADY_RELEASED


def judge_void(ticket: Ticket | None) -> Outcome:
    """The outcome when the box office voids a ticket. Nothing prevents it."""
    if ticket is None:
        return Outcome.UNKNOWN
    return Outcome.ALREADY_VOID if ticket.voided else Outcome.MADE_VOID


def judge_override(ticket: Ticket | None, now: datetime) -> Outcome:
    """The outcome when the box office unlocks a ticket, whichever channel has locked it.

    A held seat must be released first: the operation that holds it relies on its record.
    """
    if ticket is None:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    if ticket.seat_status_at(now) == "LOCK":
        return Outcome.SEAT_LOCKED
    return Outcome.UNLOCKED if ticket.mpreserve else Outcome.ALREADY_UNLOCKED


def judge_put(
    ticket: Ticket | None,
    record: TicketRecord,
    organization_exists: bool,
    organizations: frozenset[str] | None = None,
) -> Outcome:
    """The outcome when the box office puts a ticket. `UPDATED` may turn out as `UNCHANGED`.

    `organizations`: the only ones that the caller may know of; None = all.
    """
    if not organization_exists or not _may_know(organizations, record.organization_id):
        return Outcome.UNKNOWN_ORGANIZATION
    if ticket is None:
        return Outcome.ADDED
    if ticket.organization_id == record.organization_id:
        return Outcome.UPDATED
    if _may_know(organizations, ticket.organization_id):
        return Outcome.OTHER_ORGANIZATION
    return Outcome.UNKNOWN


def _may_know(organizations: frozenset[str] | None, organization_id: str) -> bool:
    return organizations is None or organization_id in organizations
