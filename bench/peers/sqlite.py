"""SQLite behind the small service, by aiosqlite.

One connection writes and one reads, each on its own thread. A statement outside of a transaction
commits itself. The settings are those of the other measurements.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiosqlite

from bench.peers.database import Caller, Listing, Secrets, Ticket

SETTINGS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -40960;
PRAGMA wal_autocheckpoint = 48000;
PRAGMA busy_timeout = 5000;
"""
NOW = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')"
CALLER = f"""
SELECT a.channel_code, json_group_array(g.organization_id)
FROM applications AS a
JOIN api_keys AS k USING (application_id)
JOIN access_tokens AS t USING (application_id)
JOIN grants AS g USING (channel_code)
WHERE a.application_id = ?1 AND k.key_hash = ?2 AND t.token_hash = ?3
  AND (k.expires_at IS NULL OR k.expires_at > {NOW})
  AND (t.expires_at IS NULL OR t.expires_at > {NOW})
GROUP BY a.channel_code
"""
IS_FREE = f"voided = 0 AND (seat_status = 'UNLOCK' OR coalesce(hold_expires_at <= {NOW}, 0))"
IS_GRANTED = "organization_id IN (SELECT value FROM json_each(?2))"
UNLOCK = f"""
UPDATE tickets SET mpreserve = 0, mpreserve_channel = NULL, listing_source = NULL,
  external_listing_id = NULL, total_price = NULL, individual_price = NULL, seller = NULL,
  revision = revision + 1
WHERE token IN (SELECT value FROM json_each(?1)) AND {IS_GRANTED}
  AND mpreserve_channel = ?3 AND {IS_FREE}
RETURNING token, owner_id
"""
LOCK = f"""
UPDATE tickets SET mpreserve = 1, mpreserve_channel = ?3, listing_source = ?4,
  external_listing_id = ?5, total_price = ?6, seller = ?7, individual_price = asked.price,
  seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL, revision = revision + 1
FROM (SELECT value ->> 0 AS token, value ->> 1 AS price FROM json_each(?1)) AS asked
WHERE tickets.token = asked.token AND {IS_GRANTED}
  AND (mpreserve = 0 OR mpreserve_channel = ?3) AND {IS_FREE}
RETURNING token, owner_id
"""
TICKETS = f"""
SELECT token, owner_id, voided, NOT ({IS_FREE}), mpreserve_channel
FROM tickets WHERE token IN (SELECT value FROM json_each(?1)) AND {IS_GRANTED}
"""


class SqliteDatabase:
    """See `database.Database`."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator["SqliteDatabase"]:
        """Two connections to a file, closed at the end."""
        path = url.removeprefix("sqlite:///")
        async with (
            aiosqlite.connect(path, isolation_level=None) as writer,
            aiosqlite.connect(path, isolation_level=None) as reader,
        ):
            for connection in (writer, reader):
                await connection.executescript(SETTINGS)
            yield cls(writer, reader)

    async def caller(self, secrets: Secrets) -> Caller | None:
        """The caller with these secrets, or None."""
        rows = await self._reader.execute_fetchall(CALLER, secrets)
        return next((Caller(channel, json.loads(granted)) for channel, granted in rows), None)

    async def unlock(self, caller: Caller, tokens: Sequence[str]) -> dict[str, str]:
        """Clear mpreserve, and return the owners of the changed tickets."""
        asked = json.dumps(tokens)
        return await self._changed(UNLOCK, asked, _grants(caller), caller.channel)

    async def lock(
        self, caller: Caller, prices: Mapping[str, Decimal | None], listing: Listing
    ) -> dict[str, str]:
        """Set mpreserve, and return the owners of the changed tickets."""
        return await self._changed(
            LOCK,
            json.dumps([(token, _text(price)) for token, price in prices.items()]),
            _grants(caller),
            caller.channel,
            listing.source,
            listing.external_listing_id,
            _text(listing.total_price),
            json.dumps(listing.seller) if listing.seller else None,
        )

    async def tickets(self, caller: Caller, tokens: Sequence[str]) -> dict[str, Ticket]:
        """The tickets that the caller may see."""
        asked = (json.dumps(tokens), _grants(caller))
        rows = await self._writer.execute_fetchall(TICKETS, asked)
        return {token: Ticket(*state) for token, *state in rows}

    async def _changed(self, sql: str, *values: Any) -> dict[str, str]:
        return {
            str(token): str(owner)
            for token, owner in await self._writer.execute_fetchall(sql, values)
        }


def _grants(caller: Caller) -> str:
    return json.dumps(caller.organizations)


def _text(price: Decimal | None) -> str | None:
    return None if price is None else str(price)
