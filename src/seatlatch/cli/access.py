"""Changes to callers and what they may see, as commands make them."""

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec

from seatlatch.operations.change_access import change_access
from seatlatch.settings import Settings
from seatlatch.store.interface import Result, Transaction
from seatlatch.wiring import with_store

Arguments = ParamSpec("Arguments")


def change(
    settings: Settings,
    operation: Callable[Concatenate[Transaction, Arguments], Awaitable[Result]],
    *arguments: Arguments.args,
    **named: Arguments.kwargs,
) -> Result:
    """The result of an operation, made durable. Waits as long as an import or another change may
    need.
    """

    async def work(transaction: Transaction) -> Result:
        return await operation(transaction, *arguments, **named)

    return with_store(
        settings.database_url, lambda store: change_access(store, work), is_patient=True
    )
