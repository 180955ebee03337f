"""Changes to callers and what they may see, as commands make them."""

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec

from seatlatch.cli.actors import command_line_actor
from seatlatch.commit import CommitEach
from seatlatch.operations.administration import Administration
from seatlatch.operations.change_access import change_access
from seatlatch.settings import Settings
from seatlatch.store.interface import Result
from seatlatch.wiring import with_store

Arguments = ParamSpec("Arguments")


def change(
    settings: Settings,
    operation: Callable[Concatenate[Administration, Arguments], Awaitable[Result]],
    *arguments: Arguments.args,
    **named: Arguments.kwargs,
) -> Result:
    """The result of an operation, made durable. Waits as long as an import or another change may
    need.
    """

    async def work(administration: Administration) -> Result:
        return await operation(administration, *arguments, **named)

    return with_store(
        settings.database_url,
        lambda store: change_access(CommitEach(store), command_line_actor(settings), work),
        is_patient=True,
    )
