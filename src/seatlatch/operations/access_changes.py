"""Changes of callers and of what they may see, of which the server's own memory learns at once.

See decision 163.
"""

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec

from seatlatch.auth.credentials_cache import CredentialsCache
from seatlatch.commit import Committer
from seatlatch.domain.audit import Actor
from seatlatch.operations.administration import Administration
from seatlatch.operations.change_access import change_access
from seatlatch.store.interface import Result

Arguments = ParamSpec("Arguments")


class AccessChanges:
    """Runs the operations that change access. The next request sees the change."""

    def __init__(self, committer: Committer, cache: CredentialsCache) -> None:
        self.committer = committer
        self._cache = cache

    async def run(
        self,
        actor: Actor,
        operation: Callable[Concatenate[Administration, Arguments], Awaitable[Result]],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """The result of an operation, made durable. Raises what it raises, and `Unavailable`."""

        async def work(administration: Administration) -> Result:
            return await operation(administration, *arguments, **named)

        result = await change_access(self.committer, actor, work)
        self.made()
        return result

    def made(self) -> None:
        """Let the next request read the credentials again, because something has changed."""
        self._cache.invalidate()
