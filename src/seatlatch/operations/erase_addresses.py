"""Erases client addresses, which are personal data, when they are old.

See decision 152.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from seatlatch.commit import Change, Committer
from seatlatch.domain.refusal import Unavailable
from seatlatch.logs import Log
from seatlatch.store.interface import Snapshot, Store, Transaction
from seatlatch.store.journal import OldAddresses

INTERVAL_SECONDS = 3_600.0
AUDIT_ENTRIES_AT_ONCE = 1_000
"""How many entries of the audit one transaction changes at most."""


class EraseAddresses(Change[None]):
    """An erasure of some client addresses."""

    __slots__ = ("entry_ids",)

    def __init__(self, entry_ids: Sequence[int]) -> None:
        self.entry_ids = entry_ids

    @staticmethod
    async def apply(transaction: Transaction, changes: Sequence["EraseAddresses"]) -> list[None]:
        """Erase those of each change."""
        for change in changes:
            await transaction.journal.erase_addresses(change.entry_ids)
        return [None] * len(changes)


class EraseAuditAddresses(Change[None]):
    """An erasure of a portion of the audit's client addresses that are older than `kept`."""

    __slots__ = ("kept",)

    def __init__(self, kept: timedelta) -> None:
        self.kept = kept

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["EraseAuditAddresses"]
    ) -> list[None]:
        """Erase a portion for each change."""
        now = await transaction.now()
        for change in changes:
            await transaction.audit.erase_addresses(now - change.kept, AUDIT_ENTRIES_AT_ONCE)
        return [None] * len(changes)


async def erase_addresses(store: Store, committer: Committer, days: int) -> None:
    """Erase all client addresses of the journal and the audit that are older than `days`, in short
    transactions. Raises `Unavailable`.
    """
    after: int | None = 0
    while after is not None:
        old = await store.read(partial(_read_old, kept=timedelta(days=days), after=after))
        if old.entry_ids:
            await committer.submit(EraseAddresses(old.entry_ids))
        after = old.after
    kept = timedelta(days=days)
    while await store.read(partial(_has_old_in_audit, kept=kept)):
        await committer.submit(EraseAuditAddresses(kept))


async def _read_old(snapshot: Snapshot, kept: timedelta, after: int) -> OldAddresses:
    return await snapshot.journal.old_addresses(kept, after)


async def _has_old_in_audit(snapshot: Snapshot, kept: timedelta) -> bool:
    return await snapshot.audit.has_addresses(await snapshot.now() - kept)


class AddressEraser:
    """Erases old client addresses when a server starts, and then every hour. Several processes may
    do so at the same time.
    """

    def __init__(self, store: Store, committer: Committer, log: Log, days: int) -> None:
        self._store = store
        self._committer = committer
        self._log = log
        self._days = days
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the event loop of the application."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="address eraser")

    async def close(self) -> None:
        """Stop. The next erasure continues the work."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            try:
                await erase_addresses(self._store, self._committer, self._days)
            except Unavailable as refusal:
                self._log.warning("client addresses", reason=refusal.message)
            except Exception:
                self._log.exception("bug", reason="Old client addresses were not erased.")
            await asyncio.sleep(INTERVAL_SECONDS)
