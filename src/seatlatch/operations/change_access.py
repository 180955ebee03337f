"""Changes callers and what they may see, one change at a time."""

from collections.abc import Awaitable, Callable

from seatlatch.domain.refusal import NotDone
from seatlatch.store.interface import Result, Store, TicketsBusy, Transaction


async def change_access(store: Store, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """The result of `work`, which changes access in a transaction of its own. If it raises, then
    nothing was changed.

    No other such change runs meanwhile, and nobody puts tickets: something is removed only after a
    check that nothing depends on it. Raises `NotDone` and `Unavailable`.
    """

    async def work_alone(transaction: Transaction) -> Result:
        await transaction.access.lock()
        return await work(transaction)

    try:
        return await store.commit(work_alone)
    except TicketsBusy as busy:
        raise NotDone(
            "Another command or an import is changing the database. Wait for it, then run the"
            " command again."
        ) from busy
