"""What all verbs that change tickets have in common: how a group of requests is worked off."""

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Generic, Self, TypeVar

from seatlatch.domain.journal import DONE_BY, Act, NewEntry
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import Ticket
from seatlatch.store.interface import Outrun, Transaction, Written

Wish = TypeVar("Wish")


class TicketChange(Generic[Wish]):
    """One request. `wishes` says by token what is to be done to the ticket, `act` who asks for it.

    A verb says how it is written and judged. Each request is written down in the journal, in the
    same transaction and whatever became of its tickets.
    """

    __slots__ = ("_done", "act", "wishes")

    def __init__(self, wishes: Mapping[str, Wish], act: Act) -> None:
        self.wishes = wishes
        self.act = act
        self._done = DONE_BY[act.verb]

    @property
    def tokens(self) -> Collection[str]:
        """The tickets that it is about, each once, in the order asked."""
        return self.wishes.keys()

    @staticmethod
    @abstractmethod
    async def write(
        transaction: Transaction, wishes: Mapping[str, Wish], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Do what may be done; what is told of the tickets that were changed.

        `entries`: by token the entry of the journal that tells of it.
        """

    @staticmethod
    @abstractmethod
    def judge(ticket: Ticket | None, wish: Wish, now: datetime) -> Outcome:
        """What the rule says of a ticket that was not changed."""

    @classmethod
    async def work_off(
        cls, transaction: Transaction, changes: Sequence[Self]
    ) -> list[list[TicketResult]]:
        """Do what may be done, for many requests at once; then ask why the rest may not."""
        first = await transaction.open_entries(len(changes))
        wishes: dict[str, Wish] = {}
        entries: dict[str, int] = {}
        for entry_id, change in enumerate(changes, first):
            wishes.update(change.wishes)
            entries.update(dict.fromkeys(change.wishes, entry_id))
        written = await cls.write(transaction, wishes, entries)
        rest = [token for token in wishes if token not in written]
        if rest:
            tickets = await transaction.read_tickets(rest)
            now = await transaction.moment()
            results = [change._results(written, tickets, now) for change in changes]
        else:
            results = [change._all_done(written) for change in changes]
        await transaction.record(
            [change._entry(written, told) for change, told in zip(changes, results, strict=True)]
        )
        return results

    def _all_done(self, written: Mapping[str, Written]) -> list[TicketResult]:
        owners = [written[token][0] for token in self.wishes]
        return list(map(TicketResult, self.wishes, repeat(self._done), owners))

    def _results(
        self, written: Mapping[str, Written], tickets: Mapping[str, Ticket], now: datetime
    ) -> list[TicketResult]:
        done = self._done
        return [
            TicketResult(token, done, written[token][0])
            if token in written
            else self._judged(token, tickets.get(token), wish, now)
            for token, wish in self.wishes.items()
        ]

    def _judged(self, token: str, ticket: Ticket | None, wish: Wish, now: datetime) -> TicketResult:
        outcome = self.judge(ticket, wish, now)
        if ticket is None or outcome is Outcome.UNKNOWN:
            return TicketResult(token, Outcome.UNKNOWN, None)
        if outcome is self._done:
            raise Outrun
        return TicketResult(token, outcome, ticket.owner_id)

    def _entry(self, written: Mapping[str, Written], results: Sequence[TicketResult]) -> NewEntry:
        """What the journal is to say of this request."""
        marks = [written[token][1] for token in self.wishes if token in written]
        if len(marks) == len(results):
            return NewEntry(self.act, {self._done: list(self.wishes)}, marks)
        outcomes: defaultdict[Outcome, list[str]] = defaultdict(list)
        for token, outcome, _ in results:
            outcomes[outcome].append(token)
        return NewEntry(self.act, outcomes, marks)
