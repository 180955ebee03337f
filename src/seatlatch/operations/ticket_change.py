"""What all verbs that change tickets have in common: how a group of requests is worked off."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Generic, Self, TypeVar

from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import Ticket
from seatlatch.store.interface import Outrun, Transaction

Wish = TypeVar("Wish")


class TicketChange(Generic[Wish]):
    """One request. `wishes` says by token what is to be done to the ticket.

    A verb says how it is written and judged, and which outcome it is that was written.
    """

    __slots__ = ("wishes",)
    done: Outcome

    def __init__(self, wishes: Mapping[str, Wish]) -> None:
        self.wishes = wishes

    @property
    def tokens(self) -> Collection[str]:
        """The tickets that it is about, each once, in the order asked."""
        return self.wishes.keys()

    @staticmethod
    @abstractmethod
    async def write(transaction: Transaction, wishes: Mapping[str, Wish]) -> Mapping[str, str]:
        """Do what may be done; the owners' ids of the tickets that were changed."""

    @staticmethod
    @abstractmethod
    def judge(ticket: Ticket | None, wish: Wish, now: datetime) -> Outcome:
        """What the rule says of a ticket that was not changed."""

    @classmethod
    async def work_off(
        cls, transaction: Transaction, changes: Sequence[Self]
    ) -> list[list[TicketResult]]:
        """Do what may be done, for many requests at once; then ask why the rest may not."""
        wishes: dict[str, Wish] = {}
        for change in changes:
            wishes.update(change.wishes)
        owners = await cls.write(transaction, wishes)
        rest = [token for token in wishes if token not in owners]
        if not rest:
            return [change._all_done(owners) for change in changes]
        tickets = await transaction.read_tickets(rest)
        now = await transaction.moment()
        return [change._results(owners, tickets, now) for change in changes]

    def _all_done(self, owners: Mapping[str, str]) -> list[TicketResult]:
        tokens = self.wishes
        return list(map(TicketResult, tokens, repeat(self.done), map(owners.__getitem__, tokens)))

    def _results(
        self, owners: Mapping[str, str], tickets: Mapping[str, Ticket], now: datetime
    ) -> list[TicketResult]:
        done = self.done
        return [
            TicketResult(token, done, owners[token])
            if token in owners
            else self._judged(token, tickets.get(token), wish, now)
            for token, wish in self.wishes.items()
        ]

    def _judged(self, token: str, ticket: Ticket | None, wish: Wish, now: datetime) -> TicketResult:
        outcome = self.judge(ticket, wish, now)
        if ticket is None or outcome is Outcome.UNKNOWN:
            return TicketResult(token, Outcome.UNKNOWN, None)
        if outcome is self.done:
            raise Outrun
        return TicketResult(token, outcome, ticket.owner_id)
