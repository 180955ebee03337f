"""Changing tickets inside a transaction: the SQL of each verb, with its rule's condition in it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import Hold, Mpreserve
from seatlatch.store.sqlite.authorizations import SqliteAuthorizations
from seatlatch.store.sqlite.moments import to_text
from seatlatch.store.sqlite.snapshot import SqliteSnapshot

SEPARATOR = "\x1f"
"""Stands between the organizations of a channel; can't be part of an organization's id."""

REMEMBERED_GRANTS = 256

END_LISTING = """
mpreserve = 0, mpreserve_channel = NULL, listing_source = NULL, external_listing_id = NULL,
total_price = NULL, individual_price = NULL, seller = NULL
"""
END_HOLD = "seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL"

UNLOCK = f"""
UPDATE tickets SET {END_LISTING}, revision = revision + 1
WHERE token = ?1 AND mpreserve_channel = ?2 AND voided = 0
  AND (seat_status = 'UNLOCK' OR hold_expires_at <= ?4)
  AND instr(?3, char(31) || organization_id || char(31))
RETURNING token, owner_id
"""
LOCK = f"""
UPDATE tickets SET mpreserve = 1, mpreserve_channel = ?2, listing_source = ?5,
  external_listing_id = ?6, total_price = ?7, individual_price = ?8, seller = ?9,
  {END_HOLD}, revision = revision + 1
WHERE token = ?1 AND voided = 0
  AND (seat_status = 'UNLOCK' OR hold_expires_at <= ?4)
  AND instr(?3, char(31) || organization_id || char(31))
  AND (mpreserve = 0 OR (mpreserve_channel = ?2 AND
       (listing_source, external_listing_id, total_price, individual_price, seller)
       IS NOT (?5, ?6, ?7, ?8, ?9)))
RETURNING token, owner_id
"""
HOLD = """
UPDATE tickets SET seat_status = 'LOCK', hold_reason = ?2, hold_expires_at = ?3,
  revision = revision + 1
WHERE token = ?1 AND voided = 0
  AND (mpreserve = 0
       OR (seat_status = 'LOCK' AND (hold_expires_at IS NULL OR hold_expires_at > ?4)))
  AND ((seat_status, hold_reason, hold_expires_at) IS NOT ('LOCK', ?2, ?3)
       OR hold_expires_at <= ?4)
RETURNING token, owner_id
"""
RELEASE = f"""
UPDATE tickets SET {END_HOLD}, revision = revision + 1
WHERE token = ?1 AND voided = 0 AND seat_status = 'LOCK'
RETURNING token, owner_id
"""
VOID = f"""
UPDATE tickets SET voided = 1, {END_LISTING}, {END_HOLD}, revision = revision + 1
WHERE token = ?1 AND voided = 0
RETURNING token, owner_id
"""
OVERRIDE_UNLOCK = f"""
UPDATE tickets SET {END_LISTING}, revision = revision + 1
WHERE token = ?1 AND mpreserve = 1 AND voided = 0
  AND (seat_status = 'UNLOCK' OR hold_expires_at <= ?2)
RETURNING token, owner_id
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


class SqliteTransaction(SqliteSnapshot, SqliteAuthorizations):
    """The inside of a transaction that already holds SQLite's one write lock."""

    async def change_mpreserve(self, asked: Mapping[str, Mpreserve]) -> Mapping[str, str]:
        """Set mpreserve with its listing, or clear both, by token for a channel."""
        now = self._now
        unlocks, locks = [], []
        for token, (channel, listing) in asked.items():
            values = (token, channel.code, _joined(channel.organizations), now)
            if listing is None:
                unlocks.append(values)
            else:
                locks.append((*values, *_values(listing)))
        return self._owners(UNLOCK, unlocks) | self._owners(LOCK, locks)

    async def hold(self, asked: Mapping[str, Hold]) -> Mapping[str, str]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""
        now = self._now
        return self._owners(
            HOLD,
            [
                (token, reason, self._end(seconds), now)
                for token, (reason, seconds) in asked.items()
            ],
        )

    async def release(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Set the seat status to `UNLOCK`."""
        return self._owners(RELEASE, [(token,) for token in tokens])

    async def void(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Make tickets void."""
        return self._owners(VOID, [(token,) for token in tokens])

    async def override_unlock(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Clear mpreserve, whichever channel set it."""
        now = self._now
        return self._owners(OVERRIDE_UNLOCK, [(token, now) for token in tokens])

    async def put_tickets(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or bring what is said of them up to date; by token, whether it is new."""
        rows = self._connection.executemany(PUT, records)
        return {token: bool(added) for token, added in rows}

    def _end(self, seconds: int | None) -> str | None:
        return None if seconds is None else to_text(self.now + timedelta(seconds=seconds))

    def _owners(self, sql: str, bindings: Iterable[tuple[Any, ...]]) -> dict[str, str]:
        return dict(self._connection.executemany(sql, bindings))


@lru_cache(REMEMBERED_GRANTS)
def _joined(organizations: frozenset[str]) -> str:
    return SEPARATOR + SEPARATOR.join(sorted(organizations)) + SEPARATOR


def _values(listing: Listing) -> tuple[str | None, ...]:
    source, external_listing_id, total_price, individual_price, seller = listing
    return source, external_listing_id, _price(total_price), _price(individual_price), seller


def _price(price: Decimal | None) -> str | None:
    return None if price is None else format(price, "f")
