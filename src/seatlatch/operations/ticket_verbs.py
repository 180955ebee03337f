"""The verbs that change tickets, one row each: unlock, lock, hold, release, void and override."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from seatlatch.domain.journal import DONE_BY, Verb
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.rules import (
    judge_hold,
    judge_lock,
    judge_override,
    judge_release,
    judge_unlock,
    judge_void,
)
from seatlatch.domain.ticket import Ticket
from seatlatch.store.tickets import ChangedTicket, Hold, Mpreserve, TicketWriter

Wish = TypeVar("Wish")
Entries = Mapping[str, int]
Changed = Awaitable[Mapping[str, ChangedTicket]]


class TicketVerb(NamedTuple, Generic[Wish]):
    """A verb: what it requests of a ticket is a `Wish`.

    `write` changes the tickets for which the rule allows it, and returns those that it changed;
    `entries` has by token the journal's entry about it. `judge` returns the outcome of a ticket
    that was not changed. Verbs with the same `write` share a statement when they are committed
    together.
    """

    name: Verb
    write: Callable[[TicketWriter, Mapping[str, Wish], Entries], Changed]
    judge: Callable[[Ticket | None, Wish, datetime], Outcome]

    @property
    def done(self) -> Outcome:
        """The outcome of a ticket that was changed."""
        return DONE_BY[self.name]


def change_mpreserve(
    tickets: TicketWriter, wishes: Mapping[str, Mpreserve], entries: Entries
) -> Changed:
    """The write of both lock and unlock: they differ in the wish, not in the statement."""
    return tickets.change_mpreserve(wishes, entries)


UNLOCK: TicketVerb[Mpreserve] = TicketVerb(
    Verb.UNLOCK,
    write=change_mpreserve,
    judge=lambda ticket, wish, now: judge_unlock(ticket, wish.channel, now),
)
LOCK: TicketVerb[Mpreserve] = TicketVerb(
    Verb.LOCK,
    write=change_mpreserve,
    judge=lambda ticket, wish, now: judge_lock(ticket, wish.channel, now),
)
HOLD: TicketVerb[Hold] = TicketVerb(
    Verb.HOLD,
    write=lambda tickets, wishes, entries: tickets.hold(wishes, entries),
    judge=lambda ticket, wish, now: judge_hold(ticket, now, over_listing=wish.over_listing),
)
RELEASE: TicketVerb[None] = TicketVerb(
    Verb.RELEASE,
    write=lambda tickets, wishes, entries: tickets.release(wishes, entries),
    judge=lambda ticket, _wish, _now: judge_release(ticket),
)
VOID: TicketVerb[None] = TicketVerb(
    Verb.VOID,
    write=lambda tickets, wishes, entries: tickets.void(wishes, entries),
    judge=lambda ticket, _wish, _now: judge_void(ticket),
)
OVERRIDE: TicketVerb[None] = TicketVerb(
    Verb.OVERRIDE,
    write=lambda tickets, wishes, entries: tickets.override_unlock(wishes, entries),
    judge=lambda ticket, _wish, now: judge_override(ticket, now),
)
