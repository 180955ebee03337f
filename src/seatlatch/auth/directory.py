"""All callers, in memory, never older than a moment.

So a request makes no query for its credentials, and a revocation works at once: before the
directory answers from a copy that is older than `MAX_AGE_SECONDS` it asks the database whether
anything changed.
"""

import asyncio
from collections.abc import Callable
from math import inf

from seatlatch.auth.database_clock import DatabaseClock
from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import Unavailable
from seatlatch.store.interface import Store

MAX_AGE_SECONDS = 0.5
"""A revocation must work within 1 second; half of that leaves room for the rest."""

NOBODY = Credentials(-1, {}, {}, {})
"""What is known before the database was asked for the first time."""


class Directory:
    """The callers as they stand. `monotonic` is a clock in seconds that never goes back.

    `clock` gets the database's time with each confirmation.
    """

    def __init__(
        self, store: Store, monotonic: Callable[[], float], clock: DatabaseClock | None = None
    ) -> None:
        self._clock = clock
        self._store = store
        self._monotonic = monotonic
        self._credentials = NOBODY
        self._confirmed_at = -inf
        self._doubted_at = -inf
        self._asking: asyncio.Task[None] | None = None

    async def credentials(self) -> Credentials:
        """All callers. Raises `Unavailable` if the database can't confirm them."""
        confirmed_after = max(self._doubted_at, self._monotonic() - MAX_AGE_SECONDS)
        if self._confirmed_at < confirmed_after:
            await self._confirm(confirmed_after)
        return self._credentials

    def doubt(self) -> None:
        """Have the copy confirmed before it is used again: something has just been changed."""
        self._doubted_at = self._monotonic()

    async def confirm(self) -> bool:
        """Ask the database at once; True if anything has changed. Raises `Unavailable`.

        For a caller whom the copy does not know: it may be half a second old.
        """
        version = self._credentials.version
        await self._confirm(self._monotonic())
        return self._credentials.version != version

    async def _confirm(self, confirmed_after: float) -> None:
        """All who ask at once share one question, but none that was asked before they came."""
        while self._confirmed_at < confirmed_after:
            if self._asking is None:
                self._asking = asyncio.get_running_loop().create_task(self._ask())
            try:
                await asyncio.shield(self._asking)
            except Unavailable as refusal:
                raise refusal.again() from refusal

    async def _ask(self) -> None:
        asked_at = self._monotonic()
        try:
            version, now = await self._store.credentials_version_and_time()
            if self._clock:
                self._clock.was_read(now, asked_at)
            if version != self._credentials.version:
                self._credentials = await self._store.read_credentials()
            self._confirmed_at = asked_at
        finally:
            self._asking = None
