"""A store that one can have alone for a moment, while all others wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime

from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Result, Snapshot, Store, Transaction

ALONE_SECONDS = 5.0
"""So long is waited for transactions to end that had begun."""


class SharedStore:
    """See `store.interface.Store`: another one, with a door to it."""

    def __init__(self, inside: Store) -> None:
        self.lanes = inside.lanes
        self.mixes_kinds = inside.mixes_kinds
        self._inside = inside
        self._visitors = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Let nobody in until the end, and begin when nobody is in there any more.

        Raises `Unavailable` if that can't be had.
        """
        async with self._one_at_a_time:
            self._is_open.clear()
            try:
                await self._all_out()
                yield
            finally:
                self._is_open.set()

    async def _all_out(self) -> None:
        try:
            async with asyncio.timeout(ALONE_SECONDS):
                await self._is_empty.wait()
        except TimeoutError:
            raise Unavailable("The sandbox is busy. Send the request again.") from None

    @asynccontextmanager
    async def _visited(self) -> AsyncIterator[Store]:
        while not self._is_open.is_set():
            await self._is_open.wait()
        self._visitors += 1
        self._is_empty.clear()
        try:
            yield self._inside
        finally:
            self._visitors -= 1
            if not self._visitors:
                self._is_empty.set()

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction and make it durable."""
        async with self._visited() as store:
            return await store.commit(work)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot."""
        async with self._visited() as store:
            return await store.read(work)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """Those of `tokens` whose tickets another transaction holds."""
        async with self._visited() as store:
            return await store.tokens_in_use(tokens)

    @property
    def unfinished_commits(self) -> int:
        """Number of COMMITs that may still be waiting inside the database."""
        return self._inside.unfinished_commits

    async def require_writable(self) -> None:
        """Raise `Unavailable` if no change can be made."""
        async with self._visited() as store:
            await store.require_writable()

    async def credentials_version(self) -> int:
        """Grows with every change to credentials, channels and grants."""
        async with self._visited() as store:
            return await store.credentials_version()

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """The same with the database's time."""
        async with self._visited() as store:
            return await store.credentials_version_and_time()

    async def read_credentials(self) -> Credentials:
        """All callers, as they stand now."""
        async with self._visited() as store:
            return await store.read_credentials()

    async def close(self) -> None:
        """Let go of the database."""
        await self._inside.close()
