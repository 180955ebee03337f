"""Changes tickets: the SQL of each verb, which contains the condition of its rule."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import TicketRecord
from seatlatch.journal.entry_text import mark_with_channel
from seatlatch.store.sql.tickets import (
    RECORD,
    REMEMBERED_GRANTS,
    SEPARATOR,
    UPDATE_EXISTING,
    SqlTickets,
    price_text,
)
from seatlatch.store.sqlite.executor import SqliteExecutor, to_text
from seatlatch.store.tickets import ChangedTicket, Hold, Mpreserve

COUNT = "revision = revision + 1, previous_entry_id = entry_id, entry_id = ?2"
CHANGED = "RETURNING token, owner_id, '[' || revision || ',' || previous_entry_id || ']'"
READ_CHANNEL = "SELECT token, mpreserve_channel FROM tickets WHERE token = ?"

END_LISTING = """
mpreserve = 0, mpreserve_channel = NULL, listing_source = NULL, external_listing_id = NULL,
total_price = NULL, individual_price = NULL, seller = NULL
"""
END_HOLD = "seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL"

UNLOCK = f"""
UPDATE tickets SET {END_LISTING}, {COUNT}
WHERE token = ?1 AND mpreserve_channel = ?3 AND voided = 0
  AND (seat_status = 'UNLOCK' OR hold_expires_at <= ?5)
  AND instr(?4, char(31) || organization_id || char(31))
{CHANGED}
"""
LOCK = f"""
UPDATE tickets SET mpreserve = 1, mpreserve_channel = ?3, listing_source = ?6,
  external_listing_id = ?7, total_price = ?8, individual_price = ?9, seller = ?10,
  {END_HOLD}, {COUNT}
WHERE token = ?1 AND voided = 0
  AND (seat_status = 'UNLOCK' OR hold_expires_at <= ?5)
  AND instr(?4, char(31) || organization_id || char(31))
  AND (mpreserve = 0 OR (mpreserve_channel = ?3 AND
       (listing_source, external_listing_id, total_price, individual_price, seller)
       IS NOT (?6, ?7, ?8, ?9, ?10)))
{CHANGED}
"""
HOLD = f"""
UPDATE tickets SET seat_status = 'LOCK', hold_reason = ?3, hold_expires_at = ?4,
  {COUNT}
WHERE token = ?1 AND voided = 0
  AND (mpreserve = 0 OR ?6
       OR (seat_status = 'LOCK' AND (hold_expires_at IS NULL OR hold_expires_at > ?5)))
  AND ((seat_status, hold_reason, hold_expires_at) IS NOT ('LOCK', ?3, ?4)
       OR hold_expires_at <= ?5)
{CHANGED}
"""
RELEASE = f"""
UPDATE tickets SET {END_HOLD}, {COUNT}
WHERE token = ?1 AND voided = 0 AND seat_status = 'LOCK'
{CHANGED}
"""
VOID = f"""
UPDATE tickets SET voided = 1, {END_LISTING}, {END_HOLD}, {COUNT}
WHERE token = ?1 AND voided = 0
{CHANGED}
"""
OVERRIDE_UNLOCK = f"""
UPDATE tickets SET {END_LISTING}, {COUNT}
WHERE token = ?1 AND mpreserve = 1 AND voided = 0
  AND (seat_status = 'UNLOCK' OR hold_expires_at <= ?3)
{CHANGED}
"""

PUT = f"""
INSERT INTO tickets AS t ({RECORD})
SELECT ?1, ?2, ?3, nullif(?4, ''), nullif(?5, ''), nullif(?6, ''), nullif(?7, ''), nullif(?8, '')
WHERE EXISTS (SELECT 1 FROM organizations WHERE organization_id = ?2)
{UPDATE_EXISTING}
"""


class SqliteTickets(SqlTickets):
    """See `store.tickets.TicketWriter`."""

    def __init__(self, executor: SqliteExecutor) -> None:
        super().__init__(executor)
        self._sqlite = executor

    async def change_mpreserve(
        self, asked: Mapping[str, Mpreserve], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set mpreserve with its listing, or clear both, by token for a channel."""
        now = self._sqlite.now_text
        unlocks, locks = [], []
        for token, (channel, listing) in asked.items():
            values = (token, entries[token], channel.code, _joined(channel.organizations), now)
            if listing is None:
                unlocks.append(values)
            else:
                locks.append((*values, *_values(listing)))
        return self._write(UNLOCK, unlocks) | self._write(LOCK, locks)

    async def hold(
        self, asked: Mapping[str, Hold], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""
        now = self._sqlite.now_text
        return self._write_with_channels(
            HOLD,
            [
                (token, entries[token], reason, self._end(seconds), now, over_listing)
                for token, (reason, seconds, over_listing) in asked.items()
            ],
        )

    async def release(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set the seat status to `UNLOCK`."""
        return self._write_with_channels(RELEASE, [(token, entries[token]) for token in tokens])

    async def void(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Make tickets void."""
        return self._write_with_channels(VOID, [(token, entries[token]) for token in tokens])

    async def override_unlock(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Clear mpreserve, whichever channel set it."""
        now = self._sqlite.now_text
        bindings = [(token, entries[token], now) for token in tokens]
        return self._write_with_channels(OVERRIDE_UNLOCK, bindings)

    async def put(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or update their details."""
        rows = self._sqlite.connection.executemany(PUT, records)
        return {token: bool(added) for token, added in rows}

    def _end(self, seconds: int | None) -> str | None:
        return (
            None
            if seconds is None
            else to_text(self._sqlite.timestamp + timedelta(seconds=seconds))
        )

    def _write_with_channels(
        self, sql: str, bindings: Sequence[Any]
    ) -> Mapping[str, ChangedTicket]:
        """Write, and add the channel that had set mpreserve to each mark."""
        tokens = [(token,) for token, *_ in bindings]
        channels = dict(self._sqlite.connection.executemany(READ_CHANNEL, tokens))
        return {
            token: ChangedTicket(
                changed.owner_id, mark_with_channel(changed.journal_mark, channels[token])
            )
            for token, changed in self._write(sql, bindings).items()
        }

    def _write(self, sql: str, bindings: Iterable[tuple[Any, ...]]) -> dict[str, ChangedTicket]:
        rows = self._sqlite.connection.executemany(sql, bindings)
        return {token: ChangedTicket(owner_id, mark) for token, owner_id, mark in rows}


@lru_cache(REMEMBERED_GRANTS)
def _joined(organizations: frozenset[str]) -> str:
    return SEPARATOR + SEPARATOR.join(sorted(organizations)) + SEPARATOR


def _values(listing: Listing) -> tuple[str | None, ...]:
    source, external_listing_id, total_price, individual_price, seller = listing
    return (
        source,
        external_listing_id,
        price_text(total_price),
        price_text(individual_price),
        seller,
    )
