"""What a change is, and how changes become a durable transaction. Knows the store by its interface
only.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Store, TicketsBusy, Transaction

Answer = TypeVar("Answer")


class Change(Protocol[Answer]):
    """A request that wants something changed, of tickets above all."""

    @property
    def tokens(self) -> Collection[str]:
        """The tickets that it is about, each once; it may be about none."""

    @staticmethod
    async def work_off(transaction: Transaction, changes: Sequence[Any]) -> list[Answer]:
        """Work changes of this kind, no two of which want the same ticket; an answer for each.

        May run more than once, in a new transaction each time.
        """


class Commits(Protocol):
    """Makes changes durable."""

    async def submit(self, change: Change[Answer]) -> Answer:
        """The answer to `change`, after it was made durable. Raises `Unavailable`."""


class CommitEach:
    """Commits each change by itself: for a command, which has only one at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def submit(self, change: Change[Answer]) -> Answer:
        """The answer to `change`, after it was made durable."""
        try:
            (answer,) = await self._store.commit(partial(work_off, [change]))
        except TicketsBusy as busy:
            raise in_use(busy) from busy
        return cast(Answer, answer)


def in_use(busy: TicketsBusy) -> Unavailable:
    """What is said to those who want a ticket that somebody else keeps."""
    refusal = Unavailable("What is asked for is in use. Send the request again.")
    refusal.__cause__ = busy
    return refusal


async def work_off(changes: Sequence[Change[Any]], transaction: Transaction) -> list[Any]:
    """The work of one group inside its transaction; an answer for each change, in their order.

    Changes of different tickets don't depend on each other, so that those of a kind are worked
    together.
    """
    kinds: defaultdict[type[Change[Any]], list[int]] = defaultdict(list)
    for number, change in enumerate(changes):
        kinds[type(change)].append(number)
    answers: dict[int, Any] = {}
    for kind, numbers in kinds.items():
        worked = await kind.work_off(transaction, [changes[number] for number in numbers])
        answers.update(zip(numbers, worked, strict=True))
    return [answers[number] for number in range(len(changes))]
