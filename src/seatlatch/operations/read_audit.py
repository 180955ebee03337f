"""Reads the audit, page by page."""

from collections.abc import Sequence
from typing import NamedTuple

from seatlatch.domain.audit import AuditEntry, AuditFilters, AuditPlace
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.store.interface import Snapshot


class AuditPage(NamedTuple):
    """Entries of the audit, the newest first. `next`: where the next page begins; None = no more.

    The next page has the entries that precede that place.
    """

    entries: Sequence[AuditEntry]
    next: AuditPlace | None


async def read_audit(
    snapshot: Snapshot, filters: AuditFilters, before: AuditPlace | None, limit: int
) -> AuditPage:
    """At most `limit` entries that precede the place `before`. Raises `InvalidRequest`."""
    if filters.since and filters.until and filters.since >= filters.until:
        raise InvalidRequest("No entry is both after `since` and before `until`. Swap them.")
    found = await snapshot.audit.page(filters, before, limit + 1)
    entries = found[:limit]
    if len(found) == len(entries):
        return AuditPage(entries, None)
    return AuditPage(entries, AuditPlace(entries[-1].timestamp, entries[-1].audit_id))
