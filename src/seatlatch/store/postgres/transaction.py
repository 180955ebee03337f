"""Changing tickets inside a transaction: the SQL of each verb, with its rule's condition in it.

Every verb is one UPDATE that takes its tickets in the order of their tokens. A transaction makes
one such statement, so that two that want the same tickets never wait in a ring.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import Hold, Mpreserve
from seatlatch.store.postgres.arrays import array, is_storable
from seatlatch.store.postgres.authorizations import PostgresAuthorizations
from seatlatch.store.postgres.connection import Connection, Statement, pairs
from seatlatch.store.postgres.schema import KEEP_ORGANIZATIONS

SEPARATOR = "\x1f"
"""Stands between a channel and an organization; can't be part of an organization's id."""

REMEMBERED_GRANTS = 256

IS_ASKED = "t.token = ANY (ARRAY[asked.token])"
"""As an equality it could be joined the other way round too, which a planner does that knows a
small table: the order of the locks would be lost, and the table read wholly once it has grown.
"""

END_LISTING = """
mpreserve = false, mpreserve_channel = NULL, listing_source = NULL, external_listing_id = NULL,
total_price = NULL, individual_price = NULL, seller = NULL
"""
END_HOLD = "seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL"
IS_FREE = "(t.seat_status = 'UNLOCK' OR t.hold_expires_at <= now())"
IS_HELD = f"{IS_FREE} IS NOT TRUE"
IS_GRANTED = "asked.channel || chr(31) || t.organization_id = ANY ($9::text[])"

CHANGE_MPRESERVE = f"""
UPDATE seatlatch.tickets AS t SET mpreserve = asked.locks,
  mpreserve_channel = CASE WHEN asked.locks THEN asked.channel END,
  listing_source = asked.source, external_listing_id = asked.external_listing_id,
  total_price = asked.total_price::numeric, individual_price = asked.individual_price::numeric,
  seller = asked.seller,
  seat_status = CASE WHEN asked.locks THEN 'UNLOCK' ELSE t.seat_status END,
  hold_reason = CASE WHEN NOT asked.locks THEN t.hold_reason END,
  hold_expires_at = CASE WHEN NOT asked.locks THEN t.hold_expires_at END,
  revision = revision + 1
FROM unnest($1::text[], $2::boolean[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[])
  AS asked (token, locks, channel, source, external_listing_id, total_price, individual_price,
            seller)
WHERE {IS_ASKED} AND NOT t.voided AND {IS_FREE} AND {IS_GRANTED}
  AND CASE WHEN asked.locks AND NOT t.mpreserve THEN true
           WHEN t.mpreserve_channel <> asked.channel THEN false
           WHEN NOT asked.locks THEN t.mpreserve
           ELSE (t.listing_source, t.external_listing_id, t.total_price::text,
                 t.individual_price::text, t.seller)
             IS DISTINCT FROM (asked.source, asked.external_listing_id, asked.total_price,
                               asked.individual_price, asked.seller) END
RETURNING t.token, t.owner_id
"""
HOLD = f"""
UPDATE seatlatch.tickets AS t SET seat_status = 'LOCK', hold_reason = asked.reason,
  hold_expires_at = asked.hold_expires_at, revision = revision + 1
FROM (SELECT token, reason, now() + make_interval(secs => seconds) AS hold_expires_at
      FROM unnest($1::text[], $2::text[], $3::int[]) AS given (token, reason, seconds)) AS asked
WHERE {IS_ASKED} AND NOT t.voided
  AND (NOT t.mpreserve OR {IS_HELD})
  AND ((t.seat_status, t.hold_reason, t.hold_expires_at)
       IS DISTINCT FROM ('LOCK', asked.reason, asked.hold_expires_at)
       OR t.hold_expires_at <= now())
RETURNING t.token, t.owner_id
"""
RELEASE = f"""
UPDATE seatlatch.tickets AS t SET {END_HOLD}, revision = revision + 1
FROM unnest($1::text[]) AS asked (token)
WHERE {IS_ASKED} AND NOT t.voided AND t.seat_status = 'LOCK'
RETURNING t.token, t.owner_id
"""
VOID = f"""
UPDATE seatlatch.tickets AS t SET voided = true, {END_LISTING}, {END_HOLD},
  revision = revision + 1
FROM unnest($1::text[]) AS asked (token)
WHERE {IS_ASKED} AND NOT t.voided
RETURNING t.token, t.owner_id
"""
OVERRIDE_UNLOCK = f"""
UPDATE seatlatch.tickets AS t SET {END_LISTING}, revision = revision + 1
FROM unnest($1::text[]) AS asked (token)
WHERE {IS_ASKED} AND t.mpreserve AND NOT t.voided AND {IS_FREE}
RETURNING t.token, t.owner_id
"""
TAKE = """
SELECT token FROM seatlatch.tickets WHERE token = ANY ($1::text[])
ORDER BY token FOR NO KEY UPDATE
"""

RECORD = 'token, organization_id, owner_id, access_id, section, "row", seat, barcode'
BRING_UP_TO_DATE = """
ON CONFLICT (token) DO UPDATE SET
  owner_id  = excluded.owner_id,
  access_id = coalesce(excluded.access_id, t.access_id),
  section   = coalesce(excluded.section, t.section),
  "row"     = coalesce(excluded."row", t."row"),
  seat      = coalesce(excluded.seat, t.seat),
  barcode   = coalesce(excluded.barcode, t.barcode),
  revision  = t.revision + 1
WHERE t.organization_id = excluded.organization_id
  AND (t.owner_id, t.access_id, t.section, t."row", t.seat, t.barcode) IS DISTINCT FROM (
    excluded.owner_id, coalesce(excluded.access_id, t.access_id),
    coalesce(excluded.section, t.section), coalesce(excluded."row", t."row"),
    coalesce(excluded.seat, t.seat), coalesce(excluded.barcode, t.barcode))
RETURNING t.token, t.revision = 1
"""
"""What becomes of a ticket that exists when it is put in again, one by one or by the million."""

PUT = f"""
INSERT INTO seatlatch.tickets AS t ({RECORD})
SELECT token, organization_id, owner_id, nullif(access_id, ''), nullif(section, ''),
       nullif("row", ''), nullif(seat, ''), nullif(barcode, '')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[]) AS asked ({RECORD})
WHERE organization_id IN (SELECT organization_id FROM seatlatch.organizations)
ORDER BY token COLLATE "C"
{BRING_UP_TO_DATE}
"""
NO_LISTING = Listing()


class PostgresTransaction(PostgresAuthorizations):
    """The inside of a transaction. `careful`: another one came in between at the last try."""

    def __init__(
        self, connection: Connection, begin: Sequence[Statement], *, careful: bool
    ) -> None:
        super().__init__(connection, begin)
        self._careful = careful

    async def change_mpreserve(self, asked: Mapping[str, Mpreserve]) -> Mapping[str, str]:
        """Set mpreserve with its listing, or clear both, by token for a channel."""
        tokens = _in_order(asked)
        if not tokens:
            return {}
        channels, listings = zip(*[asked[token] for token in tokens], strict=True)
        locks = [listing is not None for listing in listings]
        sources, ids, totals, prices, sellers = zip(
            *[listing or NO_LISTING for listing in listings], strict=True
        )
        columns = [
            locks,
            [channel.code for channel in channels],
            *(sources, ids, _texts(totals), _texts(prices), sellers),
        ]
        alike = channels.count(channels[0]) == len(channels)
        grants = _grants(frozenset(channels[:1] if alike else channels))
        return await self._write(CHANGE_MPRESERVE, tokens, *map(array, columns), grants)

    async def hold(self, asked: Mapping[str, Hold]) -> Mapping[str, str]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""
        tokens = _in_order(asked)
        reasons = array([asked[token].reason for token in tokens])
        seconds = array([asked[token].seconds for token in tokens])
        return await self._write(HOLD, tokens, reasons, seconds)

    async def release(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Set the seat status to `UNLOCK`."""
        return await self._write(RELEASE, _in_order(tokens))

    async def void(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Make tickets void."""
        return await self._write(VOID, _in_order(tokens))

    async def override_unlock(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Clear mpreserve, whichever channel set it."""
        return await self._write(OVERRIDE_UNLOCK, _in_order(tokens))

    async def put_tickets(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or bring what is said of them up to date; by token, whether it is new."""
        columns = [array(column) for column in zip(*sorted(records), strict=True)]
        written = await self._changed(Statement(KEEP_ORGANIZATIONS), Statement(PUT, columns))
        return {token: new == "t" for token, new in written.items()}

    async def _write(self, sql: str, tokens: list[str], *columns: bytes) -> dict[str, str]:
        """The owners of the tickets that were changed. `tokens` in the order of their locks."""
        asked = array(tokens)
        take = [Statement(TAKE, [asked])] if self._careful else []
        return await self._changed(*take, Statement(sql, [asked, *columns]))

    async def _changed(self, *statements: Statement) -> dict[str, str]:
        """What the last one gives, the first of its two columns to the second.

        The first of a transaction goes out together with its BEGIN.
        """
        begin, self._begin = self._begin, ()
        *_, result = await self._connection.ask(*begin, *statements)
        return pairs(result)


def _in_order(tokens: Iterable[str]) -> list[str]:
    """Those that can be tickets, in the order of which every lock is taken."""
    return sorted(filter(is_storable, tokens))


@lru_cache(REMEMBERED_GRANTS)
def _grants(channels: frozenset[Channel]) -> bytes:
    return array(
        [
            channel.code + SEPARATOR + organization_id
            for channel in channels
            for organization_id in channel.organizations
        ]
    )


def _texts(prices: Iterable[Decimal | None]) -> list[str | None]:
    return [None if price is None else format(price, "f") for price in prices]
