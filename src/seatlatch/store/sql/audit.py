"""Reading and writing the audit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from seatlatch.domain.audit import AuditEntry, AuditFilters, AuditPlace, NewAuditEntry
from seatlatch.store.sql.executor import Executor, Row, timestamp

ENTRIES = """
SELECT audit_id, recorded_at, actor, client_address, request_id, action, target, details
FROM seatlatch.audit
"""
CONDITIONS = {
    "actor": "actor IN (:actor, 'command line (' || :actor || ')')",
    "action": "action = :action",
    "target": "target = :target",
    "since": "recorded_at >= :since",
    "until": "recorded_at < :until",
}
"""The condition of each filter."""

BEFORE = "(recorded_at, audit_id) < (:timestamp, :audit_id)"
NEWEST_FIRST = "ORDER BY recorded_at DESC, audit_id DESC LIMIT :limit"
RECORD = """
INSERT INTO seatlatch.audit
    (recorded_at, actor, client_address, request_id, action, target, details)
VALUES (now(), :actor, :client_address, :request_id, :action, :target, :details)
"""
WITH_ADDRESS = """
SELECT audit_id FROM seatlatch.audit
WHERE client_address IS NOT NULL AND recorded_at < :before ORDER BY recorded_at LIMIT :limit
"""
ERASE_ADDRESSES = f"""
UPDATE seatlatch.audit SET client_address = NULL WHERE audit_id IN ({WITH_ADDRESS})
"""


class SqlAuditReader:
    """See `store.audit.AuditReader`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def page(
        self, filters: AuditFilters, before: AuditPlace | None, limit: int
    ) -> Sequence[AuditEntry]:
        """The entries that precede a place, the newest first."""
        values: dict[str, Any] = {
            name: value for name, value in filters._asdict().items() if value is not None
        }
        conditions = [CONDITIONS[name] for name in values]
        if before is not None:
            conditions.append(BEFORE)
            values |= before._asdict()
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await self._executor.fetch(
            f"{ENTRIES} {where} {NEWEST_FIRST}", **values, limit=limit
        )
        return [_entry(row) for row in rows]

    async def has_addresses(self, before: datetime) -> bool:
        """Whether an old entry has a client address."""
        return bool(await self._executor.fetch(WITH_ADDRESS, before=before, limit=1))


class SqlAudit(SqlAuditReader):
    """See `store.audit.AuditWriter`."""

    async def record(self, entry: NewAuditEntry) -> None:
        """Add an entry."""
        actor, action, target, details = entry
        await self._executor.execute(
            RECORD,
            actor=actor.name,
            client_address=actor.client_address,
            request_id=actor.request_id,
            action=action.value,
            target=target,
            details=msgspec.json.encode(details).decode(),
        )

    async def erase_addresses(self, before: datetime, limit: int) -> int:
        """Erase the client addresses of old entries."""
        return await self._executor.execute(ERASE_ADDRESSES, before=before, limit=limit)


def _entry(row: Row) -> AuditEntry:
    audit_id, recorded_at, actor, client_address, request_id, action, target, details = row
    return AuditEntry(
        audit_id,
        timestamp(recorded_at),
        actor,
        client_address,
        request_id,
        action,
        target,
        msgspec.json.decode(details),
    )
