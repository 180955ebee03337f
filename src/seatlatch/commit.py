"""Changes of the database, and how several of them become one transaction."""

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Store, TicketsBusy, Transaction

Result = TypeVar("Result")


class Change(Protocol[Result]):
    """A request to change something in the database, in most cases tickets."""

    __slots__ = ()

    @property
    def tokens(self) -> Collection[str]:
        """The tokens of the tickets to change, each once; empty if it changes no tickets."""
        return ()

    @property
    def kind(self) -> object:
        """Changes of the same kind are applied together."""
        return type(self)

    @staticmethod
    @abstractmethod
    async def apply(transaction: Transaction, changes: Sequence[Any]) -> list[Result]:
        """Apply changes of this kind, no two of them of the same ticket; return their results.

        The store may call it more than once, with a new transaction each time.
        """


class Committer(Protocol):
    """Makes changes durable."""

    async def submit(self, change: Change[Result]) -> Result:
        """Make `change` durable and return its result. Raises `Unavailable`."""


class CommitEach:
    """Commits each change by itself, for a command, which makes one change at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def submit(self, change: Change[Result]) -> Result:
        """Make `change` durable and return its result. Raises `Unavailable`."""
        try:
            (result,) = await self._store.commit(partial(apply_group, [change]))
        except TicketsBusy as busy:
            raise in_use(busy) from busy
        return cast(Result, result)


def in_use(busy: TicketsBusy) -> Unavailable:
    """The refusal of a change whose tickets another transaction holds."""
    refusal = Unavailable("Another request is changing one of these tickets. Retry the request.")
    refusal.__cause__ = busy
    return refusal


async def apply_group(changes: Sequence[Change[Any]], transaction: Transaction) -> list[Any]:
    """Apply all changes of a group in one transaction; return their results, in the same order.

    The changes are of different tickets and independent of each other, so those of the same kind
    share their statements.
    """
    kinds: defaultdict[object, list[int]] = defaultdict(list)
    for number, change in enumerate(changes):
        kinds[change.kind].append(number)
    results: dict[int, Any] = {}
    for numbers in kinds.values():
        group = [changes[number] for number in numbers]
        results.update(zip(numbers, await group[0].apply(transaction, group), strict=True))
    return [results[number] for number in range(len(changes))]
