"""PostgreSQL behind the small service, by asyncpg.

asyncpg prepares each statement once for each connection. A statement outside of a transaction
commits itself.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import asyncpg

from bench.peers.database import Caller, Listing, Secrets, Ticket

CALLER = """
SELECT a.channel_code, array_agg(g.organization_id) AS organizations
FROM seatlatch.applications AS a
JOIN seatlatch.api_keys AS k USING (application_id)
JOIN seatlatch.access_tokens AS t USING (application_id)
JOIN seatlatch.grants AS g USING (channel_code)
WHERE a.application_id = $1 AND k.key_hash = $2 AND t.token_hash = $3
  AND (k.expires_at IS NULL OR k.expires_at > now())
  AND (t.expires_at IS NULL OR t.expires_at > now())
GROUP BY a.channel_code
"""
IS_FREE = "NOT voided AND (seat_status = 'UNLOCK' OR coalesce(hold_expires_at <= now(), false))"
UNLOCK = f"""
UPDATE seatlatch.tickets SET mpreserve = false, mpreserve_channel = NULL, listing_source = NULL,
  external_listing_id = NULL, total_price = NULL, individual_price = NULL, seller = NULL,
  revision = revision + 1
WHERE token = ANY ($1::text[]) AND organization_id = ANY ($2::text[])
  AND mpreserve_channel = $3 AND {IS_FREE}
RETURNING token, owner_id
"""
LOCK = f"""
UPDATE seatlatch.tickets AS t SET mpreserve = true, mpreserve_channel = $3, listing_source = $4,
  external_listing_id = $5, total_price = $6, seller = $7, individual_price = asked.price,
  seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL, revision = revision + 1
FROM unnest($1::text[], $8::numeric[]) AS asked (token, price)
WHERE t.token = asked.token AND organization_id = ANY ($2::text[])
  AND (NOT mpreserve OR mpreserve_channel = $3) AND {IS_FREE}
RETURNING t.token, owner_id
"""
TICKETS = f"""
SELECT token, owner_id, voided, NOT ({IS_FREE}) AS held, mpreserve_channel
FROM seatlatch.tickets WHERE token = ANY ($1::text[]) AND organization_id = ANY ($2::text[])
"""


class PostgresDatabase:
    """See `database.Database`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator["PostgresDatabase"]:
        """A pool of connections, closed at the end."""
        async with asyncpg.create_pool(url) as pool:
            yield cls(pool)

    async def caller(self, secrets: Secrets) -> Caller | None:
        """The caller with these secrets, or None."""
        row = await self._pool.fetchrow(CALLER, *secrets)
        return Caller(row["channel_code"], row["organizations"]) if row else None

    async def unlock(self, caller: Caller, tokens: Sequence[str]) -> dict[str, str]:
        """Clear mpreserve, and return the owners of the changed tickets."""
        rows = await self._pool.fetch(UNLOCK, sorted(tokens), caller.organizations, caller.channel)
        return dict(rows)

    async def lock(
        self, caller: Caller, prices: Mapping[str, Decimal | None], listing: Listing
    ) -> dict[str, str]:
        """Set mpreserve, and return the owners of the changed tickets."""
        tokens = sorted(prices)
        rows = await self._pool.fetch(
            LOCK,
            tokens,
            caller.organizations,
            caller.channel,
            listing.source,
            listing.external_listing_id,
            listing.total_price,
            json.dumps(listing.seller) if listing.seller else None,
            [prices[token] for token in tokens],
        )
        return dict(rows)

    async def tickets(self, caller: Caller, tokens: Sequence[str]) -> dict[str, Ticket]:
        """The tickets that the caller may see."""
        rows = await self._pool.fetch(TICKETS, tokens, caller.organizations)
        return {token: Ticket(*state) for token, *state in rows}
