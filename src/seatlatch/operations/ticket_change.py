"""What all verbs that change tickets have in common: how a group of requests is worked off."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Generic, NamedTuple, Self, TypeVar

from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.ticket import Ticket
from seatlatch.store.interface import Transaction

Wish = TypeVar("Wish")


class _Asked(NamedTuple, Generic[Wish]):
    results: dict[str, TicketResult]
    token: str
    wish: Wish


class TicketChange(Generic[Wish]):
    """One request, waiting for its turn. `wishes` says by token what is to be done to the ticket.

    A verb says how it is written and judged, and which outcome it is that was written.
    """

    __slots__ = ("wishes",)
    done: ClassVar[Outcome]

    def __init__(self, wishes: Mapping[str, Wish]) -> None:
        self.wishes = wishes

    @property
    def tokens(self) -> Sequence[str]:
        """The tickets that it is about, each once, in the order asked."""
        return tuple(self.wishes)

    @staticmethod
    @abstractmethod
    def write(transaction: Transaction, wishes: Mapping[str, Wish]) -> Mapping[str, str]:
        """Do what may be done; the owners' ids of the tickets that were changed."""

    @staticmethod
    @abstractmethod
    def judge(ticket: Ticket | None, wish: Wish, now: datetime) -> Outcome:
        """What the rule says of a ticket that was not changed."""

    @classmethod
    def work_off(
        cls, transaction: Transaction, changes: Sequence[Self]
    ) -> list[list[TicketResult]]:
        """All wishes at once, but of several for one ticket each in its turn, as they came."""
        results: list[dict[str, TicketResult]] = [{} for _ in changes]
        waiting = [
            _Asked(found, token, wish)
            for found, change in zip(results, changes, strict=True)
            for token, wish in change.wishes.items()
        ]
        while waiting:
            turn: dict[str, _Asked[Wish]] = {}
            later = [asked for asked in waiting if turn.setdefault(asked.token, asked) is not asked]
            cls._take_turn(transaction, turn)
            waiting = later
        return [
            [found[token] for token in change.wishes]
            for found, change in zip(results, changes, strict=True)
        ]

    @classmethod
    def _take_turn(cls, transaction: Transaction, turn: Mapping[str, _Asked[Wish]]) -> None:
        """Do what may be done, at once; then ask why the rest may not."""
        owners = cls.write(transaction, {token: asked.wish for token, asked in turn.items()})
        rest = [token for token in turn if token not in owners] if len(owners) < len(turn) else []
        tickets = transaction.read_tickets(rest) if rest else {}
        for token, (results, _, wish) in turn.items():
            owner_id = owners.get(token)
            if owner_id is not None:
                results[token] = TicketResult(token, cls.done, owner_id)
            else:
                results[token] = cls._judged(token, tickets.get(token), wish, transaction.now)

    @classmethod
    def _judged(cls, token: str, ticket: Ticket | None, wish: Wish, now: datetime) -> TicketResult:
        outcome = cls.judge(ticket, wish, now)
        if ticket is None or outcome is Outcome.UNKNOWN:
            return TicketResult(token, Outcome.UNKNOWN, None)
        if outcome is cls.done:
            raise AssertionError(f"the database left a ticket that the rule says is {outcome}")
        return TicketResult(token, outcome, ticket.owner_id)
