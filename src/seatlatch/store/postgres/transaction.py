"""Changing tickets inside a transaction: the SQL of each verb, with its rule's condition in it.

Every verb is one UPDATE that takes its tickets in the order of their tokens. A transaction makes
one such statement, so that two that want the same tickets never wait in a ring.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from psycopg.pq.abc import PGresult

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import Hold, Mpreserve, Written
from seatlatch.store.journal_text import mark_with_channel
from seatlatch.store.postgres.arrays import array, is_storable
from seatlatch.store.postgres.authorizations import PostgresAuthorizations
from seatlatch.store.postgres.connection import Statement, pairs, triples
from seatlatch.store.postgres.journal import MARK, PostgresJournalWriter
from seatlatch.store.postgres.schema import KEEP_ORGANIZATIONS
from seatlatch.store.postgres.webhooks import PostgresWebhookWriter

SEPARATOR = "\x1f"
"""Stands between a channel and an organization; can't be part of an organization's id."""

REMEMBERED_GRANTS = 256

IS_ASKED = "t.token = ANY (ARRAY[asked.token])"
"""As an equality it could be joined the other way round too, which a planner does that knows a
small table: the order of the locks would be lost, and the table read wholly once it has grown.
"""

COUNT = "revision = revision + 1, previous_entry_id = t.entry_id, entry_id = asked.entry_id"
TOLD = """
RETURNING t.token, t.owner_id, '[' || t.revision || ',' || t.previous_entry_id || ']'
"""
END_LISTING = """
mpreserve = false, mpreserve_channel = NULL, listing_source = NULL, external_listing_id = NULL,
total_price = NULL, individual_price = NULL, seller = NULL
"""
END_HOLD = "seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL"
IS_FREE = "(t.seat_status = 'UNLOCK' OR t.hold_expires_at <= now())"
IS_HELD = f"{IS_FREE} IS NOT TRUE"
IS_GRANTED = "asked.channel || chr(31) || t.organization_id = ANY ($10::text[])"

CHANGE_MPRESERVE = f"""
UPDATE seatlatch.tickets AS t SET mpreserve = asked.locks,
  mpreserve_channel = CASE WHEN asked.locks THEN asked.channel END,
  listing_source = asked.source, external_listing_id = asked.external_listing_id,
  total_price = asked.total_price::numeric, individual_price = asked.individual_price::numeric,
  seller = asked.seller,
  seat_status = CASE WHEN asked.locks THEN 'UNLOCK' ELSE t.seat_status END,
  hold_reason = CASE WHEN NOT asked.locks THEN t.hold_reason END,
  hold_expires_at = CASE WHEN NOT asked.locks THEN t.hold_expires_at END,
  {COUNT}
FROM unnest($1::text[], $2::bigint[], $3::boolean[], $4::text[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::text[])
  AS asked (token, entry_id, locks, channel, source, external_listing_id, total_price,
            individual_price, seller)
WHERE {IS_ASKED} AND NOT t.voided AND {IS_FREE} AND {IS_GRANTED}
  AND CASE WHEN asked.locks AND NOT t.mpreserve THEN true
           WHEN t.mpreserve_channel <> asked.channel THEN false
           WHEN NOT asked.locks THEN t.mpreserve
           ELSE (t.listing_source, t.external_listing_id, t.total_price::text,
                 t.individual_price::text, t.seller)
             IS DISTINCT FROM (asked.source, asked.external_listing_id, asked.total_price,
                               asked.individual_price, asked.seller) END
{TOLD}
"""
HOLD = f"""
UPDATE seatlatch.tickets AS t SET seat_status = 'LOCK', hold_reason = asked.reason,
  hold_expires_at = asked.hold_expires_at, {COUNT}
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[])
  AS asked (token, entry_id, reason, hold_expires_at)
WHERE {IS_ASKED} AND NOT t.voided
  AND (NOT t.mpreserve OR {IS_HELD})
  AND ((t.seat_status, t.hold_reason, t.hold_expires_at)
       IS DISTINCT FROM ('LOCK', asked.reason, asked.hold_expires_at)
       OR t.hold_expires_at <= now())
{TOLD}
"""
RELEASE = f"""
UPDATE seatlatch.tickets AS t SET {END_HOLD}, {COUNT}
FROM unnest($1::text[], $2::bigint[]) AS asked (token, entry_id)
WHERE {IS_ASKED} AND NOT t.voided AND t.seat_status = 'LOCK'
{TOLD}
"""
VOID = f"""
UPDATE seatlatch.tickets AS t SET voided = true, {END_LISTING}, {END_HOLD},
  {COUNT}
FROM unnest($1::text[], $2::bigint[]) AS asked (token, entry_id)
WHERE {IS_ASKED} AND NOT t.voided
{TOLD}
"""
OVERRIDE_UNLOCK = f"""
UPDATE seatlatch.tickets AS t SET {END_LISTING}, {COUNT}
FROM unnest($1::text[], $2::bigint[]) AS asked (token, entry_id)
WHERE {IS_ASKED} AND t.mpreserve AND NOT t.voided AND {IS_FREE}
{TOLD}
"""
TAKE = """
SELECT token, mpreserve_channel FROM seatlatch.tickets WHERE token = ANY ($1::text[])
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

TEST_WRITE = (
    Statement("SAVEPOINT before_test"),
    Statement(
        "INSERT INTO seatlatch.tickets (token, organization_id, owner_id, section)"
        " VALUES (gen_random_uuid()::text, 'test', 'test', repeat('x', 1900))"
    ),
    Statement(
        "INSERT INTO seatlatch.journal (entry_id, position, moment, request_id, entry, hash)"
        " VALUES (-(random() * 1e15)::bigint, 0, now(), gen_random_uuid(), repeat('x', 7000), '')"
    ),
    Statement("ROLLBACK TO before_test"),
    Statement("UPDATE seatlatch.database_use SET database_use = database_use"),
)
"""Each row is nearly as large as it may be without being stored apart, so that it rarely fits into
a page that is there already."""


class PostgresTransaction(PostgresJournalWriter, PostgresWebhookWriter, PostgresAuthorizations):
    """The inside of a transaction.

    Where the box office writes, tickets are taken before they are changed: it is to be told which
    channel had set mpreserve on them.
    """

    async def change_mpreserve(
        self, asked: Mapping[str, Mpreserve], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set mpreserve with its listing, or clear both, by token for a channel."""
        tokens = _in_order(asked)
        if not tokens:
            return {}
        channels, listings = zip(*[asked[token] for token in tokens], strict=True)
        locks = [listing is not None for listing in listings]
        sources, ids, totals, prices, sellers = zip(
            *[listing or NO_LISTING for listing in listings], strict=True
        )
        columns: list[Sequence[str | int | bool | None]] = [
            [entries[token] for token in tokens],
            locks,
            [channel.code for channel in channels],
            *(sources, ids, _texts(totals), _texts(prices), sellers),
        ]
        alike = channels.count(channels[0]) == len(channels)
        grants = _grants(frozenset(channels[:1] if alike else channels))
        values = [array(tokens), *map(array, columns), grants]
        take = [Statement(TAKE, values[:1])] if self._careful else []
        *_, written = await self._write(*take, Statement(CHANGE_MPRESERVE, values))
        return triples(written)

    async def hold(
        self, asked: Mapping[str, Hold], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""
        tokens = _in_order(asked)
        reasons = array([asked[token].reason for token in tokens])
        now = await self.moment()  # the journal and the feed report the end by this timestamp
        seconds = [asked[token].seconds for token in tokens]
        ends = array(
            [None if one is None else (now + timedelta(seconds=one)).isoformat() for one in seconds]
        )
        return await self._take_and_write(HOLD, tokens, entries, reasons, ends)

    async def release(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set the seat status to `UNLOCK`."""
        return await self._take_and_write(RELEASE, _in_order(tokens), entries)

    async def void(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Make tickets void."""
        return await self._take_and_write(VOID, _in_order(tokens), entries)

    async def override_unlock(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Clear mpreserve, whichever channel set it."""
        return await self._take_and_write(OVERRIDE_UNLOCK, _in_order(tokens), entries)

    async def put_tickets(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or bring what is said of them up to date; by token, whether it is new."""
        columns = [array(column) for column in zip(*sorted(records), strict=True)]
        _, result = await self.ask(Statement(KEEP_ORGANIZATIONS), Statement(PUT, columns))
        return {token: new == "t" for token, new in pairs(result).items()}

    async def test_write(self) -> None:
        """Try what a change does, take it back, and write something that stays as it was.

        The rows that are taken back need room in the two tables that grow, on a disk that may be
        full; the update has the COMMIT wait for the disk and for a standby.
        """
        await self.ask(*TEST_WRITE)

    async def _take_and_write(
        self, sql: str, tokens: list[str], entries: Mapping[str, int], *columns: bytes
    ) -> dict[str, Written]:
        asked = array(tokens)
        numbers = array([entries[token] for token in tokens])
        taken, written = await self._write(
            Statement(TAKE, [asked]), Statement(sql, [asked, numbers, *columns])
        )
        channels = pairs(taken)
        return {
            token: (owner_id, mark_with_channel(mark, channels.get(token)))
            for token, (owner_id, mark) in triples(written).items()
        }

    async def _write(self, *statements: Statement) -> list[PGresult]:
        """The result of each. The first of a transaction goes out together with its BEGIN, and
        when all is written the mark for the journal is taken.
        """
        *results, marked = await self.ask(*statements, Statement(MARK))
        self._take_mark(marked)
        return results


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
