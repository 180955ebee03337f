"""What lock and unlock have in common: both are what a channel wants of mpreserve."""

from collections.abc import Mapping
from datetime import datetime

from seatlatch.domain.outcome import Outcome
from seatlatch.domain.rules import judge_lock, judge_unlock
from seatlatch.domain.ticket import Ticket
from seatlatch.operations.ticket_change import TicketChange
from seatlatch.store.interface import Mpreserve, Transaction, Written


class MpreserveChange(TicketChange[Mpreserve]):
    """A lock or an unlock. They are one kind, so that both share a transaction and a statement."""

    __slots__ = ()

    @staticmethod
    async def write(
        transaction: Transaction, wishes: Mapping[str, Mpreserve], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set or clear mpreserve where the rule says so, and the listing where it is another."""
        return await transaction.change_mpreserve(wishes, entries)

    @staticmethod
    def judge(ticket: Ticket | None, wish: Mpreserve, now: datetime) -> Outcome:
        """What the rule says."""
        judge = judge_unlock if wish.listing is None else judge_lock
        return judge(ticket, wish.channel, now)
