"""Reads the journal on PostgreSQL: its SQL. See decision 85."""

from collections.abc import Sequence

from seatlatch.domain.feed import Position
from seatlatch.domain.journal import EntryPlace, FoundEntry
from seatlatch.journal.entry_text import text_of_channel
from seatlatch.journal.rows import NUMBERS_MAX, Row
from seatlatch.store.journal import Found
from seatlatch.store.sql.executor import Row as StoredRow
from seatlatch.store.sql.executor import timestamp
from seatlatch.store.sql.journal import PREVIOUS_HASH, SqlJournalReader

BUCKET_BITS = 16
"""The index by Request-ID takes 65,536 entries at a time, about 400 pages: see the migration."""

ROW = """
entry_id, position, CASE WHEN moment BETWEEN '1970-01-01' AND '9999-12-31' THEN moment END,
request_id::text, entry, hash, listing
"""
"""A timestamp that Python can't hold is NULL: the row was edited."""
SECONDS = """
CASE WHEN moment BETWEEN '1970-01-01Z' AND '2100-01-01Z' THEN date_part('epoch', moment)::bigint
     ELSE 0 END
"""
ENTRIES_AFTER = f"""
SELECT unseen.* FROM seatlatch.journal_chains AS c
LEFT JOIN unnest(:chains::bigint[], :numbers::bigint[]) AS seen (chain, seen_number)
  USING (chain)
CROSS JOIN LATERAL (
  SELECT {ROW} FROM seatlatch.journal
  WHERE entry_id > (chain << 36) + least(coalesce(seen_number, 0), {NUMBERS_MAX})
    AND entry_id <= (chain << 36) + least(number, {NUMBERS_MAX})
  ORDER BY entry_id LIMIT :limit) AS unseen
WHERE number > coalesce(seen_number, 0)
ORDER BY position, entry_id LIMIT :limit
"""
PLACES_UP_TO = f"""
SELECT places.* FROM unnest(:chains::bigint[], :numbers::bigint[]) AS unread (chain, number)
CROSS JOIN LATERAL (
  SELECT position, entry_id FROM seatlatch.journal
  WHERE entry_id > chain << 36 AND entry_id <= (chain << 36) + least(number, {NUMBERS_MAX})
  ORDER BY entry_id DESC LIMIT :limit) AS places
ORDER BY position DESC, entry_id DESC LIMIT :limit
"""
FIND = f"""
SELECT whole.* FROM (
  SELECT found.* FROM seatlatch.journal_chains AS c
  CROSS JOIN LATERAL (
    SELECT min(entry_id) >> {BUCKET_BITS} AS first, max(entry_id) >> {BUCKET_BITS} AS last
    FROM seatlatch.journal WHERE entry_id > chain << 36 AND entry_id < (chain + 1) << 36
  ) AS buckets
  CROSS JOIN LATERAL generate_series(buckets.first, buckets.last) AS bucket
  CROSS JOIN LATERAL (
    SELECT position AS place, entry_id AS id FROM seatlatch.journal
    WHERE entry_id >> {BUCKET_BITS} = bucket AND {{condition}}
      AND (:entry_id::bigint IS NULL
           OR (position, entry_id) < (:position::bigint, :entry_id::bigint))
    ORDER BY entry_id DESC LIMIT :limit) AS found
  ORDER BY place DESC, id DESC LIMIT :limit) AS found
CROSS JOIN LATERAL (
  SELECT {ROW}, {PREVIOUS_HASH} FROM seatlatch.journal AS j WHERE entry_id = id LIMIT 1) AS whole
ORDER BY place DESC, id DESC
"""
"""Because of the inner limits, the planner searches the index in each bucket, and reads only the
entries that are returned.
"""
FIND_REQUESTS = FIND.format(
    condition="request_id = :request_id::uuid"
    " AND (:channel::text IS NULL OR strpos(entry, :channel::text) > 0)"
)
FIND_LISTING = FIND.format(condition="listing = :listing")


class PostgresJournalReader(SqlJournalReader):
    """See `store.journal.JournalReader`."""

    columns = ROW
    text_columns = f"entry_id, position, {SECONDS}, entry"
    seconds = SECONDS

    @staticmethod
    def row(stored: StoredRow) -> Row:
        """A row from its columns."""
        entry_id, position, written_at, *rest = stored
        return Row(entry_id, position, timestamp(written_at), *rest)

    async def entries_after(self, position: Position, limit: int) -> Sequence[FoundEntry]:
        """Entries after `position`."""
        rows = await self._executor.fetch(
            ENTRIES_AFTER,
            chains=list(position.keys()),
            numbers=list(position.values()),
            limit=limit,
        )
        return [self.found(stored) for stored in rows]

    async def places_up_to(self, position: Position, limit: int) -> Sequence[EntryPlace]:
        """The places of entries up to `position`, of all its chains."""
        rows = await self._executor.fetch(
            PLACES_UP_TO,
            chains=list(position.keys()),
            numbers=list(position.values()),
            limit=limit,
        )
        return [EntryPlace(*row) for row in rows]

    async def find_requests(
        self, request_id: str, limit: int, channel_code: str | None, before: EntryPlace | None
    ) -> Found:
        """Entries of a Request-ID, found in one call."""
        channel = text_of_channel(channel_code) if channel_code else None
        return await self._find(
            FIND_REQUESTS, limit, before, request_id=request_id, channel=channel
        )

    async def rows_of_listing(
        self, external_listing_id: str, limit: int, before: EntryPlace | None
    ) -> Found:
        """Entries whose column `listing` has this value, found in one call."""
        return await self._find(FIND_LISTING, limit, before, listing=external_listing_id)

    async def _find(
        self, sql: str, limit: int, before: EntryPlace | None, **values: str | None
    ) -> Found:
        rows = await self._executor.fetch(
            sql,
            limit=limit,
            position=before.position if before else None,
            entry_id=before.entry_id if before else None,
            **values,
        )
        entries = [self.found(stored) for stored in rows]
        return Found(entries, entries[-1].place if len(entries) == limit else None)
