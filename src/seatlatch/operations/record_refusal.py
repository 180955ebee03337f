"""Record in the journal that a request of an admitted caller was refused as a whole."""

from collections.abc import Sequence

from seatlatch.commit import Change, Committer
from seatlatch.domain.journal import Act, NewEntry
from seatlatch.store.interface import Transaction


async def record_refusal(committer: Committer, act: Act, reason: str) -> None:
    """Returns when the entry is durable. `reason`: one sentence, without a ticket or a secret.

    Raises `Unavailable` if the database could not confirm it.
    """
    await committer.submit(Refused(act, reason))


class Refused(Change[None]):
    """One request that was refused."""

    __slots__ = ("act", "reason")

    def __init__(self, act: Act, reason: str) -> None:
        self.act = act
        self.reason = reason

    @staticmethod
    async def apply(transaction: Transaction, changes: Sequence["Refused"]) -> list[None]:
        """Record all refusals."""
        await transaction.journal.reserve_entries(len(changes))
        await transaction.journal.record(
            [NewEntry(one.act, {}, refusal=one.reason) for one in changes]
        )
        return [None] * len(changes)
