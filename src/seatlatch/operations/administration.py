"""Administration: changes that are recorded in the audit, in the same transaction.

See decision 162.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from seatlatch.commit import Change
from seatlatch.domain.audit import Action, Actor, Detail, NewAuditEntry
from seatlatch.store.access import AccessWriter
from seatlatch.store.interface import Transaction

Result = TypeVar("Result")


class Administration:
    """A transaction in which an actor changes something. Each change is recorded."""

    __slots__ = ("actor", "transaction")

    def __init__(self, transaction: Transaction, actor: Actor) -> None:
        self.transaction = transaction
        self.actor = actor

    @property
    def access(self) -> AccessWriter:
        """Callers and what they may see."""
        return self.transaction.access

    async def now(self) -> datetime:
        """The timestamp of the transaction, aware UTC."""
        return await self.transaction.now()

    async def record(self, action: Action, target: str, **details: Detail) -> None:
        """Record a change. `details` never contain a secret or a hash of one; their names are
        written in camel case, as they are shown.
        """
        await self.transaction.audit.record(NewAuditEntry(self.actor, action, target, details))


class RecordedChange(Change[Result]):
    """A change by an actor. `order`: the row that it locks first; a transaction applies its changes
    in that order, so two transactions cannot deadlock.
    """

    __slots__ = ("actor", "order", "work")

    def __init__(
        self, actor: Actor, work: Callable[[Administration], Awaitable[Result]], order: str = ""
    ) -> None:
        self.actor = actor
        self.work = work
        self.order = order

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["RecordedChange[Any]"]
    ) -> list[Any]:
        """Apply the changes one after the other."""
        numbers = sorted(range(len(changes)), key=lambda number: changes[number].order)
        results = {
            number: await changes[number].work(Administration(transaction, changes[number].actor))
            for number in numbers
        }
        return [results[number] for number in range(len(changes))]
