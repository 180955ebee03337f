"""Records when keys of operators and applications were last used, once an hour for each key.

See decision 161.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import timedelta

from seatlatch.commit import Change, Committer
from seatlatch.domain.refusal import Unavailable
from seatlatch.logs import Log
from seatlatch.store.interface import Transaction

EVERY_SECONDS = 3_600


class NoteKeyUses(Change[None]):
    """The use of some keys."""

    __slots__ = ("key_hashes",)

    def __init__(self, key_hashes: Collection[bytes]) -> None:
        self.key_hashes = key_hashes

    @staticmethod
    async def apply(transaction: Transaction, changes: Sequence["NoteKeyUses"]) -> list[None]:
        """Set the time of the last use, unless another process did so in the last hour."""
        now = await transaction.now()
        key_hashes = sorted({key_hash for change in changes for key_hash in change.key_hashes})
        for key_hash in key_hashes:
            before = now - timedelta(seconds=EVERY_SECONDS)
            await transaction.access.note_key_use(key_hash, before)
        return [None] * len(changes)


class KeyUses:
    """Writes in the background: no request waits for it, and a failed write is repeated at the next
    use (`http.app.BackgroundTask`). `monotonic`: a clock in seconds.
    """

    def __init__(self, committer: Committer, log: Log, monotonic: Callable[[], float]) -> None:
        self._committer = committer
        self._log = log
        self._monotonic = monotonic
        self._noted: dict[bytes, float] = {}
        self._pending: set[bytes] = set()
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def note(self, key_hash: bytes) -> None:
        """Note that a valid key was used now."""
        now = self._monotonic()
        if now - self._noted.get(key_hash, -EVERY_SECONDS) >= EVERY_SECONDS:
            self._noted[key_hash] = now
            self._pending.add(key_hash)
            self._arrived.set()

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write_all())

    async def close(self) -> None:
        """Stop. What is not written yet is lost."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _write_all(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            pending, self._pending = self._pending, set()
            try:
                await self._committer.submit(NoteKeyUses(pending))
            except Exception as error:
                for key_hash in pending:
                    self._noted.pop(key_hash, None)
                if not isinstance(error, Unavailable):
                    self._log.exception("bug", reason="The last use of keys was not noted.")
