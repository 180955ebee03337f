"""The journal on PostgreSQL: its SQL.

Whoever writes has a chain to itself while its transaction lasts, and goes on with it in the next
one if nobody else took it meanwhile. The rows go out together with COMMIT in one piece, so that a
group costs no more round trips with them than without.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import msgspec
from psycopg import errors
from psycopg.pq.abc import PGresult

from seatlatch.domain.feed import CursorKey, Position, position_from_text
from seatlatch.domain.journal import EntryPlace, FoundEntry, NewEntry
from seatlatch.store.journal import (
    NUMBERS_MAX,
    Found,
    Head,
    Row,
    chained,
    entry_id_of,
    found_entry,
    moment_of,
    place_of,
)
from seatlatch.store.journal_text import text_of_channel
from seatlatch.store.postgres.arrays import array, is_storable
from seatlatch.store.postgres.chains import PostgresChains
from seatlatch.store.postgres.connection import Connection, Statement
from seatlatch.store.postgres.reading import NOW_MICROSECONDS, utc

BUCKET_BITS = 16
"""The index by Request-ID takes 65,536 entries at a time, some 400 pages: see the migration."""

IDLE_SECONDS = 5
"""A chain that nobody has used for so long is taken by whoever needs one. A server's own, if it is
busy, is never that old.
"""

CHAIN_TAKEN = (errors.NotNullViolation, errors.UniqueViolation, errors.LockNotAvailable)
"""What comes of going on with a chain that another transaction has taken."""

ROW = """
entry_id, position, CASE WHEN moment BETWEEN '1970-01-01' AND '9999-12-31' THEN moment END,
request_id::text, entry, hash
"""
"""A timestamp that Python can't hold is NULL: the row was edited."""
PREVIOUS_HASH = "(SELECT hash FROM seatlatch.journal AS p WHERE p.entry_id = j.entry_id - 1)"
TAKE_IDLE_CHAIN = f"""
SELECT chain, number, hash FROM seatlatch.journal_chains
WHERE used_at < now() - interval '{IDLE_SECONDS} seconds'
  AND number BETWEEN 0 AND {NUMBERS_MAX >> 1} AND NOT EXISTS (
    SELECT 1 FROM seatlatch.journal WHERE entry_id = (chain << 36) + number + 1)
ORDER BY used_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""
ADD_CHAIN = "INSERT INTO seatlatch.journal_chains DEFAULT VALUES RETURNING chain, number, hash"
MARK = f"""
SELECT nextval('seatlatch.journal_positions'), {NOW_MICROSECONDS}
"""
"""To be said after the tickets were changed: whoever changes one of them next gets a higher one."""
ADD_ROWS = """
WITH moved AS (
  UPDATE seatlatch.journal_chains SET used_at = $9::timestamptz, hash = $7::bytea,
    number = CASE WHEN number = $2::bigint THEN $3::bigint END
  WHERE chain = $1::bigint RETURNING chain)
INSERT INTO seatlatch.journal (entry_id, position, moment, request_id, entry, hash)
SELECT ((SELECT chain FROM moved) << 36) + $2::bigint + nth, $4::bigint, $9::timestamptz,
       request_id, entry, substr($8::bytea, (nth * 32 - 31)::int, 32)
FROM unnest($5::uuid[], $6::text[]) WITH ORDINALITY AS new (request_id, entry, nth)
"""
"""A head that is not where it was left, or is gone, becomes NULL, which fails. The timestamp is
the one that was hashed: `now()` here could be the clock of another node.
"""
READ_ROWS = f"""
SELECT {ROW} FROM seatlatch.journal
WHERE entry_id > %s AND entry_id <= %s ORDER BY entry_id LIMIT %s
"""
READ_ENTRIES = f"""
SELECT {ROW}, {PREVIOUS_HASH} FROM seatlatch.journal AS j
WHERE entry_id = ANY (%s::bigint[]) ORDER BY entry_id
"""
ENTRIES_AFTER = f"""
SELECT unseen.* FROM seatlatch.journal_chains AS c
LEFT JOIN unnest(%(chains)s::bigint[], %(numbers)s::bigint[]) AS seen (chain, seen_number)
  USING (chain)
CROSS JOIN LATERAL (
  SELECT {ROW} FROM seatlatch.journal
  WHERE entry_id > (chain << 36) + least(coalesce(seen_number, 0), {NUMBERS_MAX})
    AND entry_id <= (chain << 36) + least(number, {NUMBERS_MAX})
  ORDER BY entry_id LIMIT %(limit)s) AS unseen
WHERE number > coalesce(seen_number, 0)
ORDER BY position, entry_id LIMIT %(limit)s
"""
FIND_REQUESTS = f"""
SELECT found.* FROM seatlatch.journal_chains AS c
CROSS JOIN LATERAL (
  SELECT min(entry_id) >> {BUCKET_BITS} AS first, max(entry_id) >> {BUCKET_BITS} AS last
  FROM seatlatch.journal WHERE entry_id > chain << 36 AND entry_id < (chain + 1) << 36) AS buckets
CROSS JOIN LATERAL generate_series(buckets.first, buckets.last) AS bucket
CROSS JOIN LATERAL (
  SELECT {ROW}, {PREVIOUS_HASH} FROM seatlatch.journal AS j
  WHERE entry_id >> {BUCKET_BITS} = bucket AND request_id = %(request_id)s::uuid
    AND (%(channel)s::text IS NULL OR strpos(entry, %(channel)s::text) > 0)
    AND (%(entry_id)s::bigint IS NULL
         OR (position, entry_id) < (%(position)s::bigint, %(entry_id)s::bigint))
  ORDER BY entry_id DESC LIMIT %(limit)s) AS found
ORDER BY position DESC, entry_id DESC LIMIT %(limit)s
"""
"""The limit keeps the planner from any other way than to ask the index for each bucket."""
LAST_ENTRIES_OF = "SELECT entry_id, previous_entry_id FROM seatlatch.tickets WHERE token = %s"
READ_KEY = "SELECT journal_key FROM seatlatch.journal_key"
READ_CURSOR_KEY = "SELECT cursor_key, plain_until FROM seatlatch.cursor_key"
PRUNE_ROWS = """
DELETE FROM seatlatch.journal WHERE entry_id > %s AND entry_id <= %s RETURNING 1
"""
PRUNE_CHAIN = """
UPDATE seatlatch.journal_chains SET pruned_number = %s, pruned_hash = %s
WHERE chain = %s AND pruned_number = %s AND pruned_hash = %s
RETURNING 1
"""


class PostgresJournal(PostgresChains):
    """Reading it (`store.journal.JournalSnapshot`)."""

    async def read_rows(self, head: Head, limit: int) -> Sequence[Row]:
        """Rows of the chain that follow `head`."""
        span = (entry_id_of(*head[:2]), entry_id_of(head.chain, NUMBERS_MAX), limit)
        return [_row(row) for row in await self._rows(READ_ROWS, span)]

    async def read_entries(self, entry_ids: Sequence[int]) -> Sequence[FoundEntry]:
        """The entries of these ids."""
        rows = await self._rows(READ_ENTRIES, (list(entry_ids),))
        return [_found(row) for row in rows]

    async def entries_after(self, position: Position, limit: int) -> Sequence[FoundEntry]:
        """Entries that `position` has not seen."""
        chains, numbers = list(position.keys()), list(position.values())
        asked = {"chains": chains, "numbers": numbers, "limit": limit}
        return [_found(row) for row in await self._rows(ENTRIES_AFTER, asked)]

    async def find_requests(
        self, request_id: str, limit: int, channel_code: str | None, before: EntryPlace | None
    ) -> Found:
        """Entries of a Request-ID, found in one call."""
        asked = {
            "request_id": request_id,
            "limit": limit,
            "channel": text_of_channel(channel_code) if channel_code else None,
            "position": before.position if before else None,
            "entry_id": before.entry_id if before else None,
        }
        entries = [_found(row) for row in await self._rows(FIND_REQUESTS, asked)]
        return Found(entries, entries[-1].place if len(entries) == limit else None)

    async def last_entries_of(self, token: str) -> tuple[int, int] | None:
        """The entries of a ticket's latest two changes."""
        if is_storable(token):
            for entry_id, previous_entry_id in await self._rows(LAST_ENTRIES_OF, (token,)):
                return entry_id, previous_entry_id
        return None

    async def read_journal_key(self) -> str:
        """What tells this journal from every other."""
        ((key,),) = await self._rows(READ_KEY)
        return str(key)

    async def read_cursor_key(self) -> CursorKey:
        """The key of channels' cursors."""
        ((key, plain_until),) = await self._rows(READ_CURSOR_KEY)
        return CursorKey(bytes(key), position_from_text(plain_until))


class PostgresJournalWriter(PostgresJournal):
    """Writing it (`store.journal.JournalTransaction`).

    `head`: where the chain ended that the writer had in its transaction before; None = it had none.
    `careful`: another one came in between at the last try. Then a chain is made, for the one that
    nobody uses may be one whose head somebody has moved.
    """

    def __init__(
        self,
        connection: Connection,
        begin: Sequence[Statement],
        head: Head | None,
        *,
        careful: bool,
    ) -> None:
        super().__init__(connection, begin)
        self.head = head
        self._careful = careful
        self._taken = 0
        self._new: list[NewEntry] = []
        self._position: int | None = None

    async def open_entries(self, entries: int) -> int:
        """Entry ids for this transaction."""
        if self.head is None:
            idle = [] if self._careful else await self._rows(TAKE_IDLE_CHAIN)
            (row,) = idle or await self._rows(ADD_CHAIN)
            self.head = Head(*row)
        first = entry_id_of(self.head.chain, self.head.number + self._taken + 1)
        self._taken += entries
        return first

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Write entries down: at the end of the transaction."""
        self._new += entries
        if self._position is None:
            (marked,) = await self.ask(Statement(MARK))
            self._take_mark(marked)

    def _take_mark(self, marked: PGresult) -> None:
        position, microseconds = marked.get_value(0, 0), marked.get_value(0, 1)
        if position is None or microseconds is None:
            raise AssertionError("a mark is two numbers")
        self._position = int(position)
        if self._moment is None:
            self._moment = moment_of(int(microseconds))

    def last_statements(self) -> tuple[list[Statement], Head | None]:
        """What is to be said together with COMMIT, and where the chain will end after it."""
        if len(self._new) != self._taken:
            raise AssertionError("every entry whose id was taken is recorded")
        head = self.head
        if not self._new or head is None or self._position is None or self._moment is None:
            return [], head
        rows = chained(head, self._new, repeat(self._position, len(self._new)), self._moment)
        number, row_hash = head.number + len(rows), rows[-1].row_hash
        numbers = (head.chain, head.number, number, self._position)
        values = [
            *(str(value).encode() for value in numbers),
            array([row.request_id for row in rows]),
            _texts([row.entry for row in rows]),
            _bytes(row_hash),
            _bytes(b"".join([row.row_hash for row in rows])),
            self._moment.isoformat().encode(),
        ]
        return [Statement(ADD_ROWS, values)], Head(head.chain, number, row_hash)

    async def prune_chain(self, before: Head, last: Row) -> int:
        """Remove entries after `before` up to `last`."""
        _, number = place_of(last.entry_id)
        if not await self._rows(PRUNE_CHAIN, (number, last.row_hash, *before)):
            return 0
        return len(await self._rows(PRUNE_ROWS, (entry_id_of(*before[:2]), last.entry_id)))


def _row(row: tuple[Any, ...]) -> Row:
    entry_id, position, moment, request_id, entry, row_hash = row
    return Row(entry_id, position, utc(moment), request_id, entry, row_hash)


def _found(row: tuple[Any, ...]) -> FoundEntry:
    previous_hash = row[6] if len(row) > 6 else None
    return found_entry(row[0], row[1], lambda: _row(row[:6]), previous_hash)


def _bytes(value: bytes) -> bytes:
    return b"\\x" + value.hex().encode()


def _texts(entries: Sequence[str]) -> bytes:
    """As an array. In JSON the entries, which are JSON themselves and so without a control
    character, have quotes and backslashes escaped just as an array wants them.
    """
    return b"{%b}" % msgspec.json.encode(entries)[1:-1]
