"""A store that can be paused: a reset then changes the database while no transaction runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime

from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Result, Snapshot, Store, Surroundings, Transaction

PAUSE_SECONDS_MAX = 5.0
"""How long `paused` waits for the transactions that are already running."""


class PausableStore:
    """A `store.interface.Store` that passes all calls on to another one, except during a pause."""

    def __init__(self, inner: Store) -> None:
        self.lanes = inner.lanes
        self.mixes_kinds = inner.mixes_kinds
        self._inner = inner
        self._calls = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._is_running = asyncio.Event()
        self._is_running.set()
        self._one_pause = asyncio.Lock()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Make new calls wait, and begin when all earlier calls have ended.

        Raises `Unavailable` if they take too long.
        """
        async with self._one_pause:
            self._is_running.clear()
            try:
                await self._until_idle()
                yield
            finally:
                self._is_running.set()

    async def _until_idle(self) -> None:
        try:
            async with asyncio.timeout(PAUSE_SECONDS_MAX):
                await self._is_idle.wait()
        except TimeoutError:
            raise Unavailable("The sandbox is busy. Retry the request.") from None

    @asynccontextmanager
    async def _in_use(self) -> AsyncIterator[Store]:
        # The next pause can begin between the end of one pause and the wake-up of this task.
        while not self._is_running.is_set():
            await self._is_running.wait()
        self._calls += 1
        self._is_idle.clear()
        try:
            yield self._inner
        finally:
            self._calls -= 1
            if not self._calls:
                self._is_idle.set()

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction and make it durable."""
        async with self._in_use() as store:
            return await store.commit(work)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot."""
        async with self._in_use() as store:
            return await store.read(work)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """The `tokens` whose tickets another transaction has locked."""
        async with self._in_use() as store:
            return await store.tokens_in_use(tokens)

    @property
    def unfinished_commits(self) -> int:
        """Number of COMMITs that may still be waiting inside the database."""
        return self._inner.unfinished_commits

    async def require_writable(self) -> None:
        """Raise `Unavailable` if no change can be made."""
        async with self._in_use() as store:
            await store.require_writable()

    async def surroundings(self) -> Surroundings:
        """The present state of the things that the database depends on."""
        async with self._in_use() as store:
            return await store.surroundings()

    async def credentials_version(self) -> int:
        """A number that grows with every change to credentials, channels and grants."""
        async with self._in_use() as store:
            return await store.credentials_version()

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """The version of the credentials and the database's time."""
        async with self._in_use() as store:
            return await store.credentials_version_and_time()

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """Read the current credentials of all callers."""
        async with self._in_use() as store:
            return await store.read_credentials(known)

    async def close(self) -> None:
        """Close the inner store."""
        await self._inner.close()
