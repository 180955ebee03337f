"""Changes tickets: the SQL of each verb, which contains the condition of its rule.

Every verb is one UPDATE that locks its tickets in the order of their tokens. A transaction has one
such statement, so two transactions with the same tickets cannot deadlock.

See decisions 65, 66 and 191.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from psycopg.pq.abc import PGresult

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import TicketRecord
from seatlatch.journal.entry_text import mark_with_channel
from seatlatch.store.postgres.arrays import array, is_storable
from seatlatch.store.postgres.connection import Statement, pairs
from seatlatch.store.postgres.distribution import IS_ASKED, READ_ONCE, routed
from seatlatch.store.postgres.executor import PostgresExecutor
from seatlatch.store.postgres.journal_writer import MARK, PostgresJournal
from seatlatch.store.postgres.schema import LOCK_ORGANIZATIONS
from seatlatch.store.sql.tickets import (
    RECORD,
    REMEMBERED_GRANTS,
    SEPARATOR,
    UPDATE_EXISTING,
    SqlTickets,
    price_text,
)
from seatlatch.store.tickets import ChangedTicket, Hold, Mpreserve

COUNT = "revision = revision + 1, previous_entry_id = t.entry_id, entry_id = asked.entry_id"
CHANGED = """
RETURNING t.token, t.owner_id, '[' || t.revision::text || ',' || t.previous_entry_id::text || ']'
"""
"""The casts are for Citus: a number that is appended to a text is not an immutable expression."""

END_LISTING = """
mpreserve = false, mpreserve_channel = NULL, listing_source = NULL, external_listing_id = NULL,
total_price = NULL, individual_price = NULL, seller = NULL
"""
END_HOLD = "seat_status = 'UNLOCK', hold_reason = NULL, hold_expires_at = NULL"
IS_FREE = "(t.seat_status = 'UNLOCK' OR t.hold_expires_at <= now())"
IS_HELD = f"{IS_FREE} IS NOT TRUE"
IS_GRANTED = "asked.channel || chr(31) || t.organization_id = ANY ($11::text[])"

CHANGE_MPRESERVE = f"""
UPDATE seatlatch.tickets AS t SET mpreserve = asked.locks,
  mpreserve_channel = CASE WHEN asked.locks THEN asked.channel END,
  listing_source = CASE WHEN asked.locks THEN ($6::text[])[asked.wish] END,
  external_listing_id = CASE WHEN asked.locks THEN ($7::text[])[asked.wish] END,
  total_price = ($8::text[])[asked.wish]::numeric,
  individual_price = ($9::text[])[asked.wish]::numeric,
  seller = CASE WHEN asked.locks THEN ($10::text[])[asked.wish] END,
  seat_status = CASE WHEN asked.locks THEN 'UNLOCK' ELSE t.seat_status END,
  hold_reason = CASE WHEN NOT asked.locks THEN t.hold_reason END,
  hold_expires_at = CASE WHEN NOT asked.locks THEN t.hold_expires_at END,
  {COUNT}
FROM (SELECT token, entry_id, wish, ($4::boolean[])[wish] AS locks, ($5::text[])[wish] AS channel
      FROM unnest($1::text[], $2::bigint[], $3::integer[]) AS given (token, entry_id, wish)
      {READ_ONCE}) AS asked
WHERE {IS_ASKED} AND NOT t.voided AND {IS_FREE} AND {IS_GRANTED}
  AND CASE WHEN asked.locks AND NOT t.mpreserve THEN true
           WHEN t.mpreserve_channel <> asked.channel THEN false
           WHEN NOT asked.locks THEN t.mpreserve
           ELSE (t.listing_source, t.external_listing_id, t.total_price::text,
                 t.individual_price::text, t.seller)
             IS DISTINCT FROM (($6::text[])[asked.wish], ($7::text[])[asked.wish],
               ($8::text[])[asked.wish], ($9::text[])[asked.wish], ($10::text[])[asked.wish]) END
{CHANGED}
"""
"""Many tokens have the same wish, so each token has the number of its wish, and the parts of a wish
are read from arrays by that number. With READ_ONCE the two parts that are used often are read once.
Citus 13.2 crashes if a column is set to an element of an array; inside of CASE it does not.
"""
HOLD = f"""
UPDATE seatlatch.tickets AS t SET seat_status = 'LOCK', hold_reason = asked.reason,
  hold_expires_at = asked.hold_expires_at, {COUNT}
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], $5::boolean[])
  AS asked (token, entry_id, reason, hold_expires_at, over_listing)
WHERE {IS_ASKED} AND NOT t.voided
  AND (NOT t.mpreserve OR asked.over_listing OR {IS_HELD})
  AND ((t.seat_status, t.hold_reason, t.hold_expires_at)
       IS DISTINCT FROM ('LOCK', asked.reason, asked.hold_expires_at)
       OR t.hold_expires_at <= now())
{CHANGED}
"""
RELEASE = f"""
UPDATE seatlatch.tickets AS t SET {END_HOLD}, {COUNT}
FROM unnest($1::text[], $2::bigint[]) AS asked (token, entry_id)
WHERE {IS_ASKED} AND NOT t.voided AND t.seat_status = 'LOCK'
{CHANGED}
"""
VOID = f"""
UPDATE seatlatch.tickets AS t SET voided = true, {END_LISTING}, {END_HOLD},
  {COUNT}
FROM unnest($1::text[], $2::bigint[]) AS asked (token, entry_id)
WHERE {IS_ASKED} AND NOT t.voided
{CHANGED}
"""
OVERRIDE_UNLOCK = f"""
UPDATE seatlatch.tickets AS t SET {END_LISTING}, {COUNT}
FROM unnest($1::text[], $2::bigint[]) AS asked (token, entry_id)
WHERE {IS_ASKED} AND t.mpreserve AND NOT t.voided AND {IS_FREE}
{CHANGED}
"""
LOCK_ROWS = """
SELECT token, mpreserve_channel FROM seatlatch.tickets WHERE token = ANY ($1::text[])
ORDER BY token FOR NO KEY UPDATE
"""
LOCK_ROW = """
SELECT token, mpreserve_channel FROM seatlatch.tickets WHERE token = $1 FOR NO KEY UPDATE
"""
LOCK_VERSION = "SELECT token, revision FROM seatlatch.tickets WHERE token = $1 FOR NO KEY UPDATE"
"""Citus locks rows only in a statement for one shard."""

PUT = f"""
INSERT INTO seatlatch.tickets AS t ({RECORD})
SELECT token, organization_id, owner_id, nullif(access_id, ''), nullif(section, ''),
       nullif("row", ''), nullif(seat, ''), nullif(barcode, '')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[]) AS asked ({RECORD})
WHERE organization_id IN (SELECT organization_id FROM seatlatch.organizations)
ORDER BY token COLLATE "C"
{UPDATE_EXISTING}
"""
NO_LISTING = Listing()

_WishRow = tuple[bool, str, str | None, str | None, str | None, str | None, str | None]


class PostgresTickets(SqlTickets):
    """See `store.tickets.TicketWriter`.

    The box office's writes lock tickets before they change them, since the journal names the
    channel that had set mpreserve. `careful`: after a lost race the channels' writes do so too.
    """

    def __init__(
        self, executor: PostgresExecutor, journal: PostgresJournal, *, careful: bool
    ) -> None:
        super().__init__(executor)
        self._statements = executor
        self._journal = journal
        self._careful = careful

    async def lock_versions(self, tokens: Collection[str]) -> Mapping[str, int]:
        """The versions of the tickets that exist, which stay as they are."""
        if not self._statements.is_distributed:
            return await super().lock_versions(tokens)
        ordered = _in_order(tokens)
        locking = [Statement(LOCK_VERSION, [token.encode()]) for token in ordered]
        locked = await self._statements.ask(*locking)
        rows = [pair for result in locked for pair in pairs(result).items()]
        return {token: int(revision or 0) for token, revision in rows}

    async def change_mpreserve(
        self, asked: Mapping[str, Mpreserve], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set mpreserve with its listing, or clear both, by token for a channel."""
        tokens = _in_order(asked)
        if not tokens:
            return {}
        wishes = [asked[token] for token in tokens]
        # Nearly always, the tokens of a request share one object.
        distinct = {id(wish): wish for wish in wishes}
        rows: dict[_WishRow, int] = {}
        numbers = {
            key: rows.setdefault(_wish_row(wish), len(rows) + 1) for key, wish in distinct.items()
        }
        values = [
            array(tokens),
            array([entries[token] for token in tokens]),
            array([numbers[id(wish)] for wish in wishes]),
            *map(array, zip(*rows, strict=True)),
            _grants(frozenset(wish.channel for wish in distinct.values())),
        ]
        lock = self._locking(tokens) if self._careful else []
        *_, written = await self._write(*lock, self._changing(CHANGE_MPRESERVE, values))
        return _changed(written)

    async def hold(
        self, asked: Mapping[str, Hold], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""
        tokens = _in_order(asked)
        reasons = array([asked[token].reason for token in tokens])
        # The journal and the feed compute the hold's end from this timestamp.
        now = await self._statements.now()
        seconds = [asked[token].seconds for token in tokens]
        ends = array(
            [None if one is None else (now + timedelta(seconds=one)).isoformat() for one in seconds]
        )
        over_listing = array([asked[token].over_listing for token in tokens])
        return await self._lock_and_write(HOLD, tokens, entries, reasons, ends, over_listing)

    async def release(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set the seat status to `UNLOCK`."""
        return await self._lock_and_write(RELEASE, _in_order(tokens), entries)

    async def void(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Make tickets void."""
        return await self._lock_and_write(VOID, _in_order(tokens), entries)

    async def override_unlock(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Clear mpreserve, whichever channel set it."""
        return await self._lock_and_write(OVERRIDE_UNLOCK, _in_order(tokens), entries)

    async def put(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or update their details."""
        columns = [array(column) for column in zip(*sorted(records), strict=True)]
        _, result = await self._statements.ask(
            Statement(LOCK_ORGANIZATIONS), Statement(PUT, columns)
        )
        return {token: new == "t" for token, new in pairs(result).items()}

    async def _lock_and_write(
        self, sql: str, tokens: list[str], entries: Mapping[str, int], *columns: bytes
    ) -> dict[str, ChangedTicket]:
        numbers = array([entries[token] for token in tokens])
        *locked, written = await self._write(
            *self._locking(tokens), self._changing(sql, [array(tokens), numbers, *columns])
        )
        channels = dict(pair for result in locked for pair in pairs(result).items())
        return {
            token: ChangedTicket(
                changed.owner_id, mark_with_channel(changed.journal_mark, channels.get(token))
            )
            for token, changed in _changed(written).items()
        }

    def _locking(self, tokens: list[str]) -> list[Statement]:
        """The statements that lock tickets, in the order of `tokens`."""
        if self._statements.is_distributed:
            return [Statement(LOCK_ROW, [token.encode()]) for token in tokens]
        return [Statement(LOCK_ROWS, [array(tokens)])]

    def _changing(self, sql: str, values: list[bytes]) -> Statement:
        return Statement(routed(sql) if self._statements.is_distributed else sql, values)

    async def _write(self, *statements: Statement) -> list[PGresult]:
        """The result of each statement, sent together with the one that reads the journal's mark.

        The mark comes last, when the tickets are locked: positions then follow the order of
        changes.
        """
        *results, marked = await self._statements.ask(*statements, Statement(MARK))
        self._journal.note_mark(marked)
        return results


def _changed(result: PGresult) -> dict[str, ChangedTicket]:
    value: Callable[[int, int], Any] = result.get_value
    return {
        value(row, 0).decode(): ChangedTicket(value(row, 1).decode(), value(row, 2).decode())
        for row in range(result.ntuples)
    }


def _wish_row(wish: Mpreserve) -> _WishRow:
    """A wish as values of the statement. Prices as text: 12.5 and 12.50 are not the same."""
    channel, listing = wish
    source, listing_id, total, price, seller = listing or NO_LISTING
    is_lock = listing is not None
    return is_lock, channel.code, source, listing_id, price_text(total), price_text(price), seller


def _in_order(tokens: Iterable[str]) -> list[str]:
    """The tokens that can be tickets, in the order in which every transaction locks them."""
    ordered = sorted(tokens)
    return ordered if is_storable("".join(ordered)) else list(filter(is_storable, ordered))


@lru_cache(REMEMBERED_GRANTS)
def _grants(channels: frozenset[Channel]) -> bytes:
    return array(
        [
            channel.code + SEPARATOR + organization_id
            for channel in channels
            for organization_id in channel.organizations
        ]
    )
