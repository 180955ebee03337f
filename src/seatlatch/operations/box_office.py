"""What the box office does to tickets: hold, release, void, and unlock over a channel's head.

Four verbs of a few lines each, so they share this file. Each returns after the change is durable,
takes "already so" for a success, and raises `Unavailable` if the database could not confirm it.
Source: the contract's sections on the command line and on operator HTTP.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from seatlatch.commit import Commits
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.rules import judge_hold, judge_override, judge_release, judge_void
from seatlatch.domain.ticket import Ticket
from seatlatch.operations.ticket_change import TicketChange
from seatlatch.store.interface import Hold, Transaction


async def hold_tickets(
    commits: Commits, tokens: Iterable[str], reason: str, seconds: int | None = None
) -> list[TicketResult]:
    """Set the seat status to `LOCK`. After `seconds` the hold ends by itself; None = never.

    A seat that is held already takes the new reason and end.
    """
    return await commits.submit(HoldTickets(dict.fromkeys(tokens, Hold(reason, seconds))))


async def release_tickets(commits: Commits, tokens: Iterable[str]) -> list[TicketResult]:
    """Set the seat status to `UNLOCK`."""
    return await commits.submit(ReleaseTickets(dict.fromkeys(tokens)))


async def void_tickets(commits: Commits, tokens: Iterable[str]) -> list[TicketResult]:
    """Make tickets void, for good. What was kept of a listing or hold goes."""
    return await commits.submit(VoidTickets(dict.fromkeys(tokens)))


async def override_unlock(commits: Commits, tokens: Iterable[str]) -> list[TicketResult]:
    """Clear mpreserve, whichever channel set it."""
    return await commits.submit(OverrideUnlock(dict.fromkeys(tokens)))


class HoldTickets(TicketChange[Hold]):
    """A hold: by token its reason and end."""

    __slots__ = ()
    done = Outcome.HELD

    @staticmethod
    async def write(transaction: Transaction, wishes: Mapping[str, Hold]) -> Mapping[str, str]:
        """Set the seat status, reason and end where the rule says so."""
        return await transaction.hold(wishes)

    @staticmethod
    def judge(ticket: Ticket | None, wish: Hold, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_hold(ticket, now)


class ReleaseTickets(TicketChange[None]):
    """A release."""

    __slots__ = ()
    done = Outcome.RELEASED

    @staticmethod
    async def write(transaction: Transaction, wishes: Mapping[str, None]) -> Mapping[str, str]:
        """Clear the seat status where it is set."""
        return await transaction.release(wishes)

    @staticmethod
    def judge(ticket: Ticket | None, wish: None, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_release(ticket)


class VoidTickets(TicketChange[None]):
    """A void."""

    __slots__ = ()
    done = Outcome.MADE_VOID

    @staticmethod
    async def write(transaction: Transaction, wishes: Mapping[str, None]) -> Mapping[str, str]:
        """Make void what is not."""
        return await transaction.void(wishes)

    @staticmethod
    def judge(ticket: Ticket | None, wish: None, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_void(ticket)


class OverrideUnlock(TicketChange[None]):
    """An unlock by the box office."""

    __slots__ = ()
    done = Outcome.UNLOCKED

    @staticmethod
    async def write(transaction: Transaction, wishes: Mapping[str, None]) -> Mapping[str, str]:
        """Clear mpreserve where the rule says so."""
        return await transaction.override_unlock(wishes)

    @staticmethod
    def judge(ticket: Ticket | None, wish: None, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_override(ticket, now)
