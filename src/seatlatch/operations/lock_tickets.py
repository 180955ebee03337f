"""Lock: set mpreserve on the tickets named, each with its listing and each on its own."""

from collections.abc import Mapping
from datetime import datetime

from seatlatch.commit import Commits
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.rules import judge_lock
from seatlatch.domain.ticket import Ticket
from seatlatch.operations.ticket_change import TicketChange
from seatlatch.store.interface import Lock, Transaction


async def lock_tickets(
    commits: Commits, channel: Channel, listings: Mapping[str, Listing]
) -> list[TicketResult]:
    """Lock tickets for `channel`, by token with what is told of the listing; results in order.

    Returns after the change is durable. A ticket that the channel has locked already is a success,
    and its listing is brought up to date. Raises `Unavailable` if the database could not confirm.
    Source: the contract's section on the lock call.
    """
    wishes = {token: Lock(channel, listing) for token, listing in listings.items()}
    return await commits.submit(LockTickets(wishes))


class LockTickets(TicketChange[Lock]):
    """A lock: by token the channel that asks for it, and its listing."""

    __slots__ = ()
    done = Outcome.LOCKED

    @staticmethod
    def write(transaction: Transaction, wishes: Mapping[str, Lock]) -> Mapping[str, str]:
        """Set mpreserve where the rule says so, and the listing where it is another one."""
        return transaction.lock(wishes)

    @staticmethod
    def judge(ticket: Ticket | None, wish: Lock, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_lock(ticket, wish.channel, now)
