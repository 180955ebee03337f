"""Write down that a request was refused as a whole: who was let in and asked for something."""

from collections.abc import Collection, Sequence

from seatlatch.commit import Commits
from seatlatch.domain.journal import Act, NewEntry
from seatlatch.store.interface import Transaction


async def record_refusal(commits: Commits, act: Act, why: str) -> None:
    """Returns when it is durable. `why`: one sentence, without a ticket or a secret.

    Raises `Unavailable` if the database could not confirm it.
    """
    await commits.submit(Refused(act, why))


class Refused:
    """One request that was refused. It is about no ticket."""

    __slots__ = ("act", "why")
    tokens: Collection[str] = ()

    def __init__(self, act: Act, why: str) -> None:
        self.act = act
        self.why = why

    @staticmethod
    async def work_off(transaction: Transaction, changes: Sequence["Refused"]) -> list[None]:
        """Write them all down."""
        await transaction.open_entries(len(changes))
        await transaction.record([NewEntry(one.act, {}, refusal=one.why) for one in changes])
        return [None] * len(changes)
