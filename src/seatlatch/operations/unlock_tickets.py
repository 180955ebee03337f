"""Unlock: clear mpreserve on the tickets named, each on its own."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from seatlatch.commit import Commits
from seatlatch.domain.channel import Channel
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.rules import judge_unlock
from seatlatch.domain.ticket import Ticket
from seatlatch.operations.ticket_change import TicketChange
from seatlatch.store.interface import Transaction


async def unlock_tickets(
    commits: Commits, channel: Channel, tokens: Iterable[str]
) -> list[TicketResult]:
    """Unlock `tokens` for `channel`; one result per different token, in the order given.

    Returns after the change is durable. Idempotent: a ticket that is already unlocked is a
    success. Raises `Unavailable` if the database could not confirm it.
    Source: the contract's section on the unlock call.
    """
    return await commits.submit(UnlockTickets(dict.fromkeys(tokens, channel)))


class UnlockTickets(TicketChange[Channel]):
    """An unlock: by token the channel that asks for it."""

    __slots__ = ()
    done = Outcome.UNLOCKED

    @staticmethod
    def write(transaction: Transaction, wishes: Mapping[str, Channel]) -> Mapping[str, str]:
        """Clear mpreserve where the rule says so."""
        return transaction.unlock(wishes)

    @staticmethod
    def judge(ticket: Ticket | None, wish: Channel, now: datetime) -> Outcome:
        """What the rule says."""
        return judge_unlock(ticket, wish, now)
