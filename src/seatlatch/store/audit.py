"""The interface to the audit, which records administrative changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from seatlatch.domain.audit import AuditEntry, AuditFilters, AuditPlace, NewAuditEntry


class AuditReader(Protocol):
    """Reads the audit. Part of a snapshot."""

    async def page(
        self, filters: AuditFilters, before: AuditPlace | None, limit: int
    ) -> Sequence[AuditEntry]:
        """At most `limit` entries, the newest first, that precede the place `before`."""

    async def has_addresses(self, before: datetime) -> bool:
        """Whether an entry that is older than `before` has a client address."""


class AuditWriter(AuditReader, Protocol):
    """Writes the audit. Part of a transaction."""

    async def record(self, entry: NewAuditEntry) -> None:
        """Add an entry with the timestamp of the transaction."""

    async def erase_addresses(self, before: datetime, limit: int) -> int:
        """Erase the client addresses of at most `limit` entries that are older than `before`;
        returns how many.
        """
