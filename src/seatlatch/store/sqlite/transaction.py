"""Changing tickets inside a transaction: the SQL of each verb, with its rule's condition in it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import Hold, Mpreserve, Written
from seatlatch.store.journal_text import mark_with_channel
from seatlatch.store.sqlite.authorizations import SqliteAuthorizations
from seatlatch.store.sqlite.journal import SqliteJournalWriter
from seatlatch.store.sqlite.moments import to_text
from seatlatch.store.sqlite.snapshot import SqliteSnapshot
from seatlatch.store.sqlite.webhooks import SqliteWebhookWriter

SEPARATOR = "\x1f"
"""Stands between the organizations of a channel; can't be part of an organization's id."""

REMEMBERED_GRANTS = 256

COUNT = "revision = revision + 1, previous_entry_id = entry_id, entry_id = ?2"
TOLD = "RETURNING token, owner_id, '[' || revision || ',' || previous_entry_id || ']'"
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
{TOLD}
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
{TOLD}
"""
HOLD = f"""
UPDATE tickets SET seat_status = 'LOCK', hold_reason = ?3, hold_expires_at = ?4,
  {COUNT}
WHERE token = ?1 AND voided = 0
  AND (mpreserve = 0
       OR (seat_status = 'LOCK' AND (hold_expires_at IS NULL OR hold_expires_at > ?5)))
  AND ((seat_status, hold_reason, hold_expires_at) IS NOT ('LOCK', ?3, ?4)
       OR hold_expires_at <= ?5)
{TOLD}
"""
RELEASE = f"""
UPDATE tickets SET {END_HOLD}, {COUNT}
WHERE token = ?1 AND voided = 0 AND seat_status = 'LOCK'
{TOLD}
"""
VOID = f"""
UPDATE tickets SET voided = 1, {END_LISTING}, {END_HOLD}, {COUNT}
WHERE token = ?1 AND voided = 0
{TOLD}
"""
OVERRIDE_UNLOCK = f"""
UPDATE tickets SET {END_LISTING}, {COUNT}
WHERE token = ?1 AND mpreserve = 1 AND voided = 0
  AND (seat_status = 'UNLOCK' OR hold_expires_at <= ?3)
{TOLD}
"""

RECORD = 'token, organization_id, owner_id, access_id, section, "row", seat, barcode'
BRING_UP_TO_DATE = """
ON CONFLICT (token) DO UPDATE SET
  owner_id  = excluded.owner_id,
  access_id = ifnull(excluded.access_id, access_id),
  section   = ifnull(excluded.section, section),
  "row"     = ifnull(excluded."row", "row"),
  seat      = ifnull(excluded.seat, seat),
  barcode   = ifnull(excluded.barcode, barcode),
  revision  = revision + 1
WHERE organization_id = excluded.organization_id
  AND (owner_id, access_id, section, "row", seat, barcode) IS NOT (
    excluded.owner_id, ifnull(excluded.access_id, access_id), ifnull(excluded.section, section),
    ifnull(excluded."row", "row"), ifnull(excluded.seat, seat), ifnull(excluded.barcode, barcode))
RETURNING token, revision = 1
"""
"""What becomes of a ticket that exists when it is put in again, one by one or by the million."""

PUT = f"""
INSERT INTO tickets ({RECORD})
SELECT ?1, ?2, ?3, nullif(?4, ''), nullif(?5, ''), nullif(?6, ''), nullif(?7, ''), nullif(?8, '')
WHERE EXISTS (SELECT 1 FROM organizations WHERE organization_id = ?2)
{BRING_UP_TO_DATE}
"""


TEST_WRITE = "UPDATE database_use SET database_use = database_use"


class SqliteTransaction(
    SqliteJournalWriter, SqliteWebhookWriter, SqliteSnapshot, SqliteAuthorizations
):
    """The inside of a transaction that already holds SQLite's one write lock."""

    async def test_write(self) -> None:
        """Check that an entry can be recorded, and write a row as it is. SQLite logs its page,
        for which there must be room.
        """
        await self.check_head()
        self._connection.execute(TEST_WRITE)

    async def change_mpreserve(
        self, asked: Mapping[str, Mpreserve], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set mpreserve with its listing, or clear both, by token for a channel."""
        now = self._now
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
    ) -> Mapping[str, Written]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""
        now = self._now
        return self._tell_channels(
            HOLD,
            [
                (token, entries[token], reason, self._end(seconds), now)
                for token, (reason, seconds) in asked.items()
            ],
        )

    async def release(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set the seat status to `UNLOCK`."""
        return self._tell_channels(RELEASE, [(token, entries[token]) for token in tokens])

    async def void(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Make tickets void."""
        return self._tell_channels(VOID, [(token, entries[token]) for token in tokens])

    async def override_unlock(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Clear mpreserve, whichever channel set it."""
        now = self._now
        bindings = [(token, entries[token], now) for token in tokens]
        return self._tell_channels(OVERRIDE_UNLOCK, bindings)

    async def put_tickets(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or bring what is said of them up to date; by token, whether it is new."""
        rows = self._connection.executemany(PUT, records)
        return {token: bool(added) for token, added in rows}

    def _end(self, seconds: int | None) -> str | None:
        return None if seconds is None else to_text(self.now + timedelta(seconds=seconds))

    def _tell_channels(self, sql: str, bindings: Sequence[Any]) -> Mapping[str, Written]:
        """What was changed, also told which channel had set mpreserve before."""
        tokens = [(token,) for token, *_ in bindings]
        channels = dict(self._connection.executemany(READ_CHANNEL, tokens))
        return {
            token: (owner_id, mark_with_channel(mark, channels[token]))
            for token, (owner_id, mark) in self._write(sql, bindings).items()
        }

    def _write(self, sql: str, bindings: Iterable[tuple[Any, ...]]) -> dict[str, Written]:
        rows = self._connection.executemany(sql, bindings)
        return {token: (owner_id, mark) for token, owner_id, mark in rows}


@lru_cache(REMEMBERED_GRANTS)
def _joined(organizations: frozenset[str]) -> str:
    return SEPARATOR + SEPARATOR.join(sorted(organizations)) + SEPARATOR


def _values(listing: Listing) -> tuple[str | None, ...]:
    source, external_listing_id, total_price, individual_price, seller = listing
    return source, external_listing_id, _price(total_price), _price(individual_price), seller


def _price(price: Decimal | None) -> str | None:
    return None if price is None else format(price, "f")
