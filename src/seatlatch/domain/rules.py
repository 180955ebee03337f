"""The rules of unlocking. The one place where an outcome is decided."""

from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.ticket import Ticket


def judge_unlock(ticket: Ticket | None, channel: Channel) -> Outcome:
    """What becomes of `ticket` (None = there is no such ticket) when `channel` unlocks it.

    Asked in order of precedence, so that the first answer is the right one.
    """
    if ticket is None or ticket.organization_id not in channel.organizations:
        return Outcome.UNKNOWN
    if ticket.voided:
        return Outcome.VOIDED
    if ticket.seat_status == "LOCK":
        return Outcome.SEAT_LOCKED
    if ticket.mpreserve_channel is None:
        return Outcome.ALREADY_UNLOCKED
    if ticket.mpreserve_channel != channel.code:
        return Outcome.RESERVED_ELSEWHERE
    return Outcome.UNLOCKED
