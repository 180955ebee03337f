"""Changes callers and what they may see, one change at a time.

See decision 163.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from seatlatch.commit import Committer
from seatlatch.domain.audit import Actor
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.administration import Administration, RecordedChange
from seatlatch.store.interface import Result, TicketsBusy, Transaction


class AccessChange(RecordedChange[Result]):
    """A change of callers or of what they may see."""

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["RecordedChange[Any]"]
    ) -> list[Any]:
        """Apply the changes while no other such change runs, and nobody puts tickets."""
        await transaction.access.lock()
        return await RecordedChange.apply(transaction, changes)


async def change_access(
    committer: Committer, actor: Actor, work: Callable[[Administration], Awaitable[Result]]
) -> Result:
    """The result of `work`, which changes access. If it raises, then nothing was changed.

    Something is removed only after a check that nothing depends on it: no other such change runs
    meanwhile, and nobody puts tickets. Raises `NotDone`, and `Unavailable`, also if another
    transaction has the lock for too long.
    """
    try:
        return await committer.submit(AccessChange(actor, work))
    except Unavailable as refusal:
        if isinstance(refusal.__cause__, TicketsBusy):
            raise Unavailable(
                "Another change of access or an import is running. Retry the request."
            ) from None
        raise
