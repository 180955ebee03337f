"""The journal on SQLite. There is one writer at a time, and so one chain.

See decisions 96 and 193.
"""

from array import array
from collections.abc import Sequence
from uuid import UUID

import apsw

from seatlatch.domain.feed import Position
from seatlatch.domain.journal import EntryPlace, FoundEntry, NewEntry
from seatlatch.domain.refusal import JournalDamaged
from seatlatch.journal.chain import chained
from seatlatch.journal.entry_text import text_of_channel
from seatlatch.journal.rows import (
    NUMBERS_MAX,
    Head,
    Row,
    entry_id_of,
    from_microseconds,
    to_microseconds,
)
from seatlatch.store.journal import Ends, Found
from seatlatch.store.sql.client_addresses import addresses_text, erase_addresses
from seatlatch.store.sql.executor import Row as StoredRow
from seatlatch.store.sql.journal import PREVIOUS_HASH, SqlJournalReader, prune_chain
from seatlatch.store.sqlite.executor import SqliteExecutor, translated

CHAIN = 1
BUCKET_BITS = 10
"""Entries are searched by Request-ID or listing in buckets of 1,024: see the migrations."""

BUCKETS_AT_ONCE = 256
"""Searching this many takes a few milliseconds. Then other requests are served."""

BUCKETS_READ_AT_ONCE = 16
"""A call reads the entries of this many buckets. In each it may have to read all to find those of
one channel.
"""

COLUMNS = f"""
entry_id, entry_id & {NUMBERS_MAX}, moment, request_id, CAST(entry AS BLOB), hash,
CAST(listing AS BLOB)
"""
"""The position is the number in the chain. Texts are read as bytes, since edited ones may not be
UTF-8.
"""
SECONDS = "CASE WHEN moment BETWEEN 0 AND 4102444800000000 THEN moment / 1000000 ELSE 0 END"
TEXT_COLUMNS = f"entry_id, entry_id & {NUMBERS_MAX}, {SECONDS}, CAST(entry AS BLOB)"
READ_HEAD = "SELECT number, hash FROM journal_chains WHERE chain = 1"
FIND_ROW = "SELECT 1 FROM journal WHERE entry_id = ?"
MOVE_HEAD = "UPDATE journal_chains SET number = ?, hash = ? WHERE chain = 1"
ADD_ROW = """
INSERT INTO journal (entry_id, moment, request_id, entry, hash, listing) VALUES (?, ?, ?, ?, ?, ?)
"""
ADD_ADDRESSES = "INSERT OR REPLACE INTO client_addresses VALUES (?, ?, ?)"
"""There are some already if a repair of the journal left them behind."""

FILL_BUCKET = f"""
INSERT OR REPLACE INTO journal_buckets
SELECT ?1, unhex(group_concat(hex(substr(request_id, 3, 2)) || hex(substr(request_id, 15, 2)), ''))
FROM journal WHERE entry_id BETWEEN ?1 << {BUCKET_BITS} AND ((?1 + 1) << {BUCKET_BITS}) - 1
"""
"""The same bytes as in `find_requests`, which differ between Request-IDs of any version."""
OF_REQUEST = (
    """
SELECT value FROM carray(?1) LEFT JOIN journal_buckets ON bucket = value
WHERE bucket IS NULL OR instr(request_ids, ?2)
""",
    translated(f"""
SELECT {COLUMNS}, {PREVIOUS_HASH} FROM journal AS j
WHERE entry_id >= ?1 << {BUCKET_BITS} AND entry_id < min((?1 + 1) << {BUCKET_BITS}, ?3)
  AND request_id = ?2 AND (?4 IS NULL OR instr(entry, ?4))
ORDER BY entry_id DESC LIMIT ?5
"""),
)
"""Statements that find buckets, and read one. A bucket that is not filled may have anything."""
OF_LISTING = (
    f"""
SELECT value FROM carray(?1) WHERE EXISTS (
  SELECT 1 FROM journal WHERE entry_id >> {BUCKET_BITS} = value AND listing = ?2)
""",
    translated(f"""
SELECT {COLUMNS}, {PREVIOUS_HASH} FROM journal AS j
WHERE entry_id >> {BUCKET_BITS} = ?1 AND listing = ?2
  AND +entry_id < ?3 AND (?4 IS NULL OR instr(entry, ?4))
ORDER BY entry_id DESC LIMIT ?5
"""),
)
"""The index has the entries of a bucket in order. With the `+` it is used, not the primary key."""
PLACES_UP_TO = f"""
SELECT entry_id & {NUMBERS_MAX}, entry_id FROM journal
WHERE entry_id <= ? ORDER BY entry_id DESC LIMIT ?
"""
REPAIR_HEAD = """
INSERT INTO journal_chains (chain, number, hash, pruned_number, pruned_hash)
VALUES (?, ?, ?, ?, zeroblob(32))
ON CONFLICT (chain) DO UPDATE SET number = excluded.number, hash = excluded.hash
"""
READ_ENDS = "SELECT (SELECT min(entry_id) FROM journal), (SELECT max(entry_id) FROM journal)"

HEAD_DAMAGED = (
    "The journal's head is damaged, so nothing can be changed. The operator of the service"
    " must run `seatlatch journal repair`."
)


class SqliteJournalReader(SqlJournalReader):
    """See `store.journal.JournalReader`."""

    columns = COLUMNS
    text_columns = TEXT_COLUMNS
    seconds = SECONDS

    def __init__(self, executor: SqliteExecutor) -> None:
        super().__init__(executor)
        self._connection = executor.connection

    @staticmethod
    def row(stored: StoredRow) -> Row:
        """A row from its columns."""
        entry_id, number, microseconds, request_id, entry, row_hash, listing = stored
        timestamp = from_microseconds(microseconds)
        request_id = str(UUID(bytes=request_id))
        listing = None if listing is None else listing.decode()
        return Row(entry_id, number, timestamp, request_id, entry.decode(), row_hash, listing)

    async def entries_after(self, position: Position, limit: int) -> Sequence[FoundEntry]:
        """Entries after `position`."""
        head = Head(CHAIN, position.get(CHAIN, 0), b"")
        return [self.found(stored) for stored in await self.stored_rows(head, limit)]

    async def places_up_to(self, position: Position, limit: int) -> Sequence[EntryPlace]:
        """The places of entries up to `position`."""
        last = entry_id_of(CHAIN, min(position.get(CHAIN, 0), NUMBERS_MAX))
        return [EntryPlace(*row) for row in self._connection.execute(PLACES_UP_TO, (last, limit))]

    async def find_requests(
        self, request_id: str, limit: int, channel_code: str | None, before: EntryPlace | None
    ) -> Found:
        """Entries of a Request-ID, in a part of the journal."""
        channel = text_of_channel(channel_code) if channel_code else None
        wanted = request_bytes(request_id)
        part = wanted[2:4] + wanted[14:16]
        return self._find(OF_REQUEST, part, wanted, limit, before, channel)

    async def rows_of_listing(
        self, external_listing_id: str, limit: int, before: EntryPlace | None
    ) -> Found:
        """Entries whose column `listing` has this value, in a part of the journal."""
        return self._find(OF_LISTING, external_listing_id, external_listing_id, limit, before)

    def _find(
        self,
        statements: tuple[str, str],
        part: str | bytes,
        wanted: str | bytes,
        limit: int,
        before: EntryPlace | None,
        contained: str | None = None,
    ) -> Found:
        """Entries with the `wanted` value, in the buckets that may have its `part`, and whose text
        contains `contained`.
        """
        ((first_id, last_id),) = self._connection.execute(READ_ENDS)
        if first_id is None:
            return Found([])
        end_id = last_id + 1  # also of a place far behind it, which a caller may have made up
        if before is not None:
            end_id = min(end_id, before.entry_id)
        first, last = first_id >> BUCKET_BITS, (end_id - 1) >> BUCKET_BITS
        begin = max(first, last + 1 - BUCKETS_AT_ONCE)
        if begin > last:
            return Found([])
        searched = apsw.carray(array("q", range(last, begin - 1, -1)))
        find_buckets, read_bucket = statements
        buckets = [value for (value,) in self._connection.execute(find_buckets, (searched, part))]
        entries: list[FoundEntry] = []
        for nth, bucket in enumerate(sorted(buckets, reverse=True)):
            if nth == BUCKETS_READ_AT_ONCE:
                return Found(entries, EntryPlace(0, (bucket + 1) << BUCKET_BITS))
            asked = (bucket, wanted, end_id, contained, limit - len(entries))
            entries += map(self.found, self._connection.execute(read_bucket, asked))
            if len(entries) == limit:
                return Found(entries, entries[-1].place)
        return Found(entries, EntryPlace(0, begin << BUCKET_BITS) if begin > first else None)


class SqliteJournal(SqliteJournalReader):
    """See `store.journal.JournalWriter`."""

    def __init__(self, executor: SqliteExecutor) -> None:
        super().__init__(executor)
        self._statements = executor
        self._timestamp = executor.timestamp
        self._head: Head | None = None
        self._last_reserved = 0

    async def reserve_entries(self, entries: int) -> int:
        """Reserve entry ids for this transaction."""
        if self._head is None:
            self._head = self._read_head()
            self._last_reserved = self._head.number
        first = self._last_reserved + 1
        self._last_reserved += entries
        return entry_id_of(CHAIN, first)

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Write entries."""
        head = self._head
        if head is None:
            raise AssertionError("entries are recorded after their ids were reserved")
        first = head.number + 1
        rows = chained(head, entries, range(first, first + len(entries)), self._timestamp)
        microseconds = to_microseconds(self._timestamp)
        try:
            self._connection.executemany(
                ADD_ROW,
                [
                    (entry_id, microseconds, request_bytes(request_id), entry, row_hash, listing)
                    for entry_id, _, _, request_id, entry, row_hash, listing in rows
                ],
            )
        except apsw.ConstraintError as error:  # there is already a row after the head
            raise JournalDamaged(HEAD_DAMAGED) from error
        if (addresses := addresses_text(entries)) is not None:
            values = (rows[0].entry_id, self._statements.now_text, addresses.decode())
            self._connection.execute(ADD_ADDRESSES, values)
        following = rows[-1].entry_id + 1
        for bucket in range(rows[0].entry_id >> BUCKET_BITS, following >> BUCKET_BITS):
            self._connection.execute(FILL_BUCKET, (bucket,))
        self._head = Head(CHAIN, head.number + len(rows), rows[-1].row_hash)
        self._connection.execute(MOVE_HEAD, self._head[1:])

    async def erase_addresses(self, entry_ids: Sequence[int]) -> None:
        """Erase client addresses."""
        await erase_addresses(self._executor, entry_ids)

    async def lock_heads(self) -> None:
        """Nothing to do: SQLite has one writer."""

    async def check_head(self) -> None:
        """Raise `JournalDamaged` if no entry could be recorded."""
        head = self._read_head()
        following = (entry_id_of(CHAIN, head.number + 1),)
        if self._connection.execute(FIND_ROW, following).fetchall():
            raise JournalDamaged(HEAD_DAMAGED)

    async def move_head(self, ends: Ends) -> None:
        """Set a chain's head to its last row."""
        self._connection.execute(REPAIR_HEAD, (*ends.last, ends.first_number - 1))

    def _read_head(self) -> Head:
        for number, row_hash in self._connection.execute(READ_HEAD):
            if 0 <= number < NUMBERS_MAX >> 1:
                return Head(CHAIN, number, row_hash)
        raise JournalDamaged(HEAD_DAMAGED)

    async def prune_chain(self, before: Head, last: Row) -> int:
        """Remove entries after `before` up to and including `last`."""
        return await prune_chain(self._executor, before, last)


def request_bytes(request_id: str) -> bytes:
    """A Request-ID as it is stored."""
    return bytes.fromhex(request_id.replace("-", ""))
