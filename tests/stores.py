"""Stores as tests use them: from outside of an event loop, or with something in between."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from seatlatch.domain.application import Credentials
from seatlatch.store.interface import Result, Snapshot, Store, Surroundings, Transaction

Answer = TypeVar("Answer")


class OpenStore:
    """A store and the event loop that it lives in: each call runs until it is answered."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._runner = asyncio.Runner()

    def run(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        """What somebody who was given `store` answers."""
        return self._runner.run(asked)

    def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """See `Store.commit`."""
        return self.run(self.store.commit(work))

    def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """See `Store.read`."""
        return self.run(self.store.read(work))

    def credentials_version(self) -> int:
        """See `Store.credentials_version`."""
        return self.run(self.store.credentials_version())

    def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """See `Store.read_credentials`."""
        return self.run(self.store.read_credentials(known))

    def close(self) -> None:
        """Let go of the database."""
        self.run(self.store.close())
        self._runner.close()


@contextmanager
def opened(store: Store) -> Iterator[OpenStore]:
    """A store with a loop of its own, closed in the end."""
    made = OpenStore(store)
    try:
        yield made
    finally:
        made.close()


class Around:
    """A real store with something before it: what a test overrides; all else goes through."""

    def __init__(self, inside: Store) -> None:
        self.inside = inside
        self.lanes = inside.lanes
        self.mixes_kinds = inside.mixes_kinds

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """See `Store.commit`."""
        return await self.inside.commit(work)

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """See `Store.read`."""
        return await self.inside.read(work)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """See `Store.tokens_in_use`."""
        return await self.inside.tokens_in_use(tokens)

    @property
    def unfinished_commits(self) -> int:
        """See `Store.unfinished_commits`."""
        return self.inside.unfinished_commits

    async def require_writable(self) -> None:
        """See `Store.require_writable`."""
        await self.inside.require_writable()

    async def surroundings(self) -> Surroundings:
        """See `Store.surroundings`."""
        return await self.inside.surroundings()

    async def credentials_version(self) -> int:
        """See `Store.credentials_version`."""
        return await self.inside.credentials_version()

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """See `Store.credentials_version_and_time`."""
        return await self.inside.credentials_version_and_time()

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """See `Store.read_credentials`."""
        return await self.inside.read_credentials(known)

    async def close(self) -> None:
        """See `Store.close`."""
        await self.inside.close()


class Broken(Around):
    """A store with a bug in it."""

    DETAIL = "detail-that-must-not-leak"

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Fail as no database does."""
        raise RuntimeError(self.DETAIL)
