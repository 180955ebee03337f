"""What the box office does to tickets: hold, release, void, and unlock over a channel's head.

Four verbs of a few lines each, so they share this file. Each returns after the change is durable,
takes "already so" for a success, and raises `Unavailable` if the database could not confirm it.
Source: the contract's sections on the command line and on operator HTTP.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from seatlatch.commit import Commits
from seatlatch.domain.journal import Act, Asker, Verb
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.rules import judge_hold, judge_override, judge_release, judge_void
from seatlatch.domain.ticket import Ticket
from seatlatch.operations.ticket_change import TicketChange
from seatlatch.store.interface import Hold, Transaction, Written


async def hold_tickets(
    commits: Commits, asker: Asker, tokens: Iterable[str], reason: str, seconds: int | None = None
) -> list[TicketResult]:
    """Set the seat status to `LOCK`. After `seconds` the hold ends by itself; None = never.

    A seat that is held already takes the new reason and end.
    """
    act = Act(Verb.HOLD, asker, reason, seconds)
    return await commits.submit(HoldTickets(dict.fromkeys(tokens, Hold(reason, seconds)), act))


async def release_tickets(
    commits: Commits, asker: Asker, tokens: Iterable[str], reason: str | None = None
) -> list[TicketResult]:
    """Set the seat status to `UNLOCK`."""
    act = Act(Verb.RELEASE, asker, reason)
    return await commits.submit(ReleaseTickets(dict.fromkeys(tokens), act))


async def void_tickets(
    commits: Commits, asker: Asker, tokens: Iterable[str], reason: str | None = None
) -> list[TicketResult]:
    """Make tickets void, for good. What was kept of a listing or hold goes."""
    act = Act(Verb.VOID, asker, reason)
    return await commits.submit(VoidTickets(dict.fromkeys(tokens), act))


async def override_unlock(
    commits: Commits, asker: Asker, tokens: Iterable[str], reason: str
) -> list[TicketResult]:
    """Clear mpreserve, whichever channel set it."""
    act = Act(Verb.OVERRIDE, asker, reason)
    return await commits.submit(OverrideUnlock(dict.fromkeys(tokens), act))


class HoldTickets(TicketChange[Hold]):
    """A hold: by token its reason and end."""

    __slots__ = ()

    @staticmethod
    async def write(
        transaction: Transaction, wishes: Mapping[str, Hold], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set the seat status, reason and end where the rule says so."""
        return await transaction.hold(wishes, entries)

    @staticmethod
    def judge(ticket: Ticket | None, wish: Hold, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_hold(ticket, now)


class ReleaseTickets(TicketChange[None]):
    """A release."""

    __slots__ = ()

    @staticmethod
    async def write(
        transaction: Transaction, wishes: Mapping[str, None], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Clear the seat status where it is set."""
        return await transaction.release(wishes, entries)

    @staticmethod
    def judge(ticket: Ticket | None, wish: None, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_release(ticket)


class VoidTickets(TicketChange[None]):
    """A void."""

    __slots__ = ()

    @staticmethod
    async def write(
        transaction: Transaction, wishes: Mapping[str, None], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Make void what is not."""
        return await transaction.void(wishes, entries)

    @staticmethod
    def judge(ticket: Ticket | None, wish: None, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_void(ticket)


class OverrideUnlock(TicketChange[None]):
    """An unlock by the box office."""

    __slots__ = ()

    @staticmethod
    async def write(
        transaction: Transaction, wishes: Mapping[str, None], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Clear mpreserve where the rule says so."""
        return await transaction.override_unlock(wishes, entries)

    @staticmethod
    def judge(ticket: Ticket | None, wish: None, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_override(ticket, now)
