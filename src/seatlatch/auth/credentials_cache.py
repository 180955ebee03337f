"""The credentials of all callers in memory, at most half a second old.

A request needs no query for its credentials, and a revocation still takes effect within a second:
before a copy that is older than `MAX_AGE_SECONDS` is used, the database is asked for changes.

See decision 26.
"""

import asyncio
from collections.abc import Callable
from math import inf

from seatlatch.auth.database_clock import DatabaseClock
from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Store

MAX_AGE_SECONDS = 0.5
"""A revocation must take effect within 1 second; the other half is for the request itself."""

NO_CREDENTIALS = Credentials(-1, {}, {}, {})
"""The credentials before the first read."""


class CredentialsCache:
    """The current credentials. `monotonic` is a clock in seconds that never goes back.

    `clock` gets the database's time with each confirmation.
    """

    def __init__(
        self, store: Store, monotonic: Callable[[], float], clock: DatabaseClock | None = None
    ) -> None:
        self._clock = clock
        self._store = store
        self._monotonic = monotonic
        self._credentials = NO_CREDENTIALS
        self.generation = 0
        """How often the copy has changed. Equal numbers mean that it is still the same."""
        self._confirmed_at = -inf
        self._invalidated_at = -inf
        self._query: asyncio.Task[None] | None = None

    async def credentials(self) -> Credentials:
        """The credentials. Raises `Unavailable` if the database can't confirm them."""
        confirmed_after = self._oldest()
        if self._confirmed_at < confirmed_after:
            await self._confirm(confirmed_after)
        return self._credentials

    @property
    def in_memory(self) -> Credentials:
        """The copy in memory, however old it is."""
        return self._credentials

    @property
    def is_confirmed(self) -> bool:
        """Whether the copy can be used without a query."""
        return self._confirmed_at >= self._oldest()

    @property
    def was_read(self) -> bool:
        """Whether there is a copy."""
        return self._credentials is not NO_CREDENTIALS

    def refresh_soon(self) -> None:
        """Read any changes in the background, unless the copy is recent. Nobody waits for it."""
        if self._query is None and not self.is_confirmed:
            self._start_query().add_done_callback(_ignore_failure)

    def _oldest(self) -> float:
        """The earliest confirmation of a copy that can be used now."""
        return max(self._invalidated_at, self._monotonic() - MAX_AGE_SECONDS)

    def invalidate(self) -> None:
        """Confirm the copy before its next use, because something has just changed."""
        self._invalidated_at = self._monotonic()

    async def refresh(self) -> bool:
        """Read any changes; returns whether there were any. Raises `Unavailable`.

        For a caller that is not in the copy, which may be half a second old.
        """
        version = self._credentials.version
        await self._confirm(self._monotonic())
        return self._credentials.version != version

    async def _confirm(self, confirmed_after: float) -> None:
        """Concurrent callers share one query, but only one that started after they came."""
        while self._confirmed_at < confirmed_after:
            try:
                await asyncio.shield(self._query or self._start_query())
            except Unavailable as refusal:
                raise refusal.again() from refusal

    def _start_query(self) -> asyncio.Task[None]:
        self._query = asyncio.get_running_loop().create_task(self._run_query())
        return self._query

    async def _run_query(self) -> None:
        asked_at = self._monotonic()
        try:
            version, now = await self._store.credentials_version_and_time()
            if self._clock:
                self._clock.was_read(now, asked_at)
            if version != self._credentials.version:
                known = self._credentials if self.was_read else None
                self._credentials = await self._store.read_credentials(known)
                self.generation += 1
            self._confirmed_at = asked_at
        finally:
            self._query = None


def _ignore_failure(query: asyncio.Task[None]) -> None:
    """Retrieve the failure of a query for which nobody waits: the next query reports it."""
    if not query.cancelled():
        query.exception()
