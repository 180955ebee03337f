"""The journal on SQLite: its SQL. There is one writer at a time, and so one chain."""

from array import array
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import apsw

from seatlatch.domain.feed import CursorKey, Position, position_from_text
from seatlatch.domain.journal import EntryPlace, FoundEntry, NewEntry
from seatlatch.domain.refusal import JournalDamaged
from seatlatch.store.journal import (
    NUMBERS_MAX,
    Chain,
    Ends,
    Found,
    Head,
    Row,
    chained,
    entry_id_of,
    found_entry,
    microseconds_of,
    moment_of,
    place_of,
)
from seatlatch.store.journal_text import text_of_channel

CHAIN = 1
BUCKET_BITS = 10
"""The index by Request-ID takes 1,024 entries at a time, some twenty pages: see the migration."""

BUCKETS_AT_ONCE = 2_048
"""So many are asked in a few milliseconds. Then others get their turn."""

COLUMNS = "entry_id, moment, request_id, CAST(entry AS BLOB), hash"
"""The text as bytes: somebody may have put there what is no UTF-8."""
PREVIOUS_HASH = "(SELECT hash FROM journal AS p WHERE p.entry_id = journal.entry_id - 1)"
ROW = f"SELECT {COLUMNS} FROM journal"
READ_CHAINS = """
SELECT chain, number, hash, pruned_number, pruned_hash FROM journal_chains ORDER BY chain
"""
READ_HEAD = "SELECT number, hash FROM journal_chains WHERE chain = 1"
FIND_ROW = "SELECT 1 FROM journal WHERE entry_id = ?"
MOVE_HEAD = "UPDATE journal_chains SET number = ?, hash = ? WHERE chain = 1"
ADD_ROW = "INSERT INTO journal (entry_id, moment, request_id, entry, hash) VALUES (?, ?, ?, ?, ?)"
READ_ROWS = f"{ROW} WHERE entry_id > ? AND entry_id <= ? ORDER BY entry_id LIMIT ?"
READ_ENTRY = f"SELECT {COLUMNS}, {PREVIOUS_HASH} FROM journal WHERE entry_id = ?"
FIND_REQUESTS = f"""
SELECT {COLUMNS}, {PREVIOUS_HASH}
FROM carray(?2) AS buckets CROSS JOIN journal
  ON entry_id >> {BUCKET_BITS} = buckets.value AND substr(request_id, 1, 2) = substr(?1, 1, 2)
WHERE request_id = ?1 AND entry_id < ?3 AND (?4 IS NULL OR instr(entry, ?4))
ORDER BY entry_id DESC LIMIT ?5
"""
READ_LAST_HASH = "SELECT hash FROM journal WHERE entry_id = ?"
REPAIR_HEAD = """
INSERT INTO journal_chains (chain, number, hash, pruned_number, pruned_hash)
VALUES (?, ?, ?, ?, zeroblob(32))
ON CONFLICT (chain) DO UPDATE SET number = excluded.number, hash = excluded.hash
"""
READ_ENDS_OF_CHAIN = """
SELECT (SELECT min(entry_id) FROM journal WHERE entry_id BETWEEN ?1 AND ?2),
       (SELECT max(entry_id) FROM journal WHERE entry_id BETWEEN ?1 AND ?2)
"""
READ_ENDS = "SELECT (SELECT min(entry_id) FROM journal), (SELECT max(entry_id) FROM journal)"
NEXT_ROW = "SELECT entry_id FROM journal WHERE entry_id > ? ORDER BY entry_id LIMIT 1"
LAST_ENTRIES_OF = "SELECT entry_id, previous_entry_id FROM tickets WHERE token = ?"
READ_KEY = "SELECT journal_key FROM journal_key"
READ_CURSOR_KEY = "SELECT cursor_key, plain_until FROM cursor_key"
PRUNE_ROWS = "DELETE FROM journal WHERE entry_id > ? AND entry_id <= ?"
PRUNE_CHAIN = """
UPDATE journal_chains SET pruned_number = ?, pruned_hash = ?
WHERE chain = ? AND pruned_number = ? AND pruned_hash = ?
"""


HEAD_DAMAGED = (
    "The journal's head is damaged, so that nothing can be changed. The operator of the service"
    " must run `seatlatch journal repair`."
)


class SqliteJournal:
    """Reading it (`store.journal.JournalSnapshot`)."""

    _connection: apsw.Connection

    async def read_chains(self) -> Sequence[Chain]:
        """All chains."""
        return [
            Chain(Head(chain, number, row_hash), pruned_number, pruned_hash)
            for chain, number, row_hash, pruned_number, pruned_hash in (
                self._connection.execute(READ_CHAINS)
            )
        ]

    async def read_position(self) -> Position:
        """Where the journal ends now."""
        return {chain.head.chain: chain.head.number for chain in await self.read_chains()}

    async def read_rows(self, head: Head, limit: int) -> Sequence[Row]:
        """Rows of the chain that follow `head`."""
        span = _span(head.chain, head.number, limit)
        return [_row(row) for row in self._connection.execute(READ_ROWS, span)]

    async def read_entries(self, entry_ids: Sequence[int]) -> Sequence[FoundEntry]:
        """The entries of these ids."""
        bindings = [(entry_id,) for entry_id in sorted(entry_ids)]
        return [_found(row) for row in self._connection.executemany(READ_ENTRY, bindings)]

    async def entries_after(self, position: Position, limit: int) -> Sequence[FoundEntry]:
        """Entries that `position` has not seen."""
        span = _span(CHAIN, position.get(CHAIN, 0), limit)
        return [_found(row) for row in self._connection.execute(READ_ROWS, span)]

    async def find_requests(
        self, request_id: str, limit: int, channel_code: str | None, before: EntryPlace | None
    ) -> Found:
        """Entries of a Request-ID, in a part of the journal."""
        ((first_id, last_id),) = self._connection.execute(READ_ENDS)
        if first_id is None:
            return Found([])
        end_id = before.entry_id if before else last_id + 1
        first, last = first_id >> BUCKET_BITS, (end_id - 1) >> BUCKET_BITS
        begin = max(first, last + 1 - BUCKETS_AT_ONCE)
        if begin > last:
            return Found([])
        asked = (
            _request_bytes(request_id),
            apsw.carray(array("q", range(begin, last + 1))),
            end_id,
            text_of_channel(channel_code) if channel_code else None,
            limit,
        )
        entries = [_found(row) for row in self._connection.execute(FIND_REQUESTS, asked)]
        if len(entries) == limit:
            return Found(entries, entries[-1].place)
        return Found(entries, EntryPlace(0, begin << BUCKET_BITS) if begin > first else None)

    async def last_entries_of(self, token: str) -> tuple[int, int] | None:
        """The entries of a ticket's latest two changes."""
        for row in self._connection.execute(LAST_ENTRIES_OF, (token,)):
            entry_id, previous_entry_id = cast(tuple[int, int], row)
            return entry_id, previous_entry_id
        return None

    async def chain_with_rows_after(self, chain: int) -> int | None:
        """The next chain that has rows."""
        last = (entry_id_of(chain, NUMBERS_MAX),)
        for (entry_id,) in self._connection.execute(NEXT_ROW, last):
            return place_of(entry_id)[0]
        return None

    async def read_ends(self, chain: int) -> Ends | None:
        """The first and the last row of a chain."""
        span = (entry_id_of(chain, 1), entry_id_of(chain, NUMBERS_MAX))
        ((first_id, last_id),) = self._connection.execute(READ_ENDS_OF_CHAIN, span)
        if first_id is None:
            return None
        ((row_hash,),) = self._connection.execute(READ_LAST_HASH, (last_id,))
        return Ends(place_of(first_id)[1], Head(chain, place_of(last_id)[1], row_hash))

    async def read_journal_key(self) -> str:
        """What tells this journal from every other."""
        ((key,),) = self._connection.execute(READ_KEY)
        return str(key)

    async def read_cursor_key(self) -> CursorKey:
        """The key of channels' cursors."""
        ((key, plain_until),) = self._connection.execute(READ_CURSOR_KEY)
        return CursorKey(bytes(key), position_from_text(plain_until))


class SqliteJournalWriter(SqliteJournal):
    """Writing it (`store.journal.JournalTransaction`)."""

    now: datetime
    _head: Head | None = None
    _taken = 0

    async def open_entries(self, entries: int) -> int:
        """Entry ids for this transaction."""
        if self._head is None:
            self._head = self._read_head()
            self._taken = self._head.number
        first = self._taken + 1
        self._taken += entries
        return entry_id_of(CHAIN, first)

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Write entries down."""
        head = self._head
        if head is None:
            raise AssertionError("entries are recorded after their ids were taken")
        first = head.number + 1
        rows = chained(head, entries, range(first, first + len(entries)), self.now)
        microseconds = microseconds_of(self.now)
        try:
            self._connection.executemany(
                ADD_ROW,
                [
                    (entry_id, microseconds, _request_bytes(request_id), entry, row_hash)
                    for entry_id, _, _, request_id, entry, row_hash in rows
                ],
            )
        except apsw.ConstraintError as error:  # a row is there already, after the head
            raise JournalDamaged(HEAD_DAMAGED) from error
        self._head = Head(CHAIN, head.number + len(rows), rows[-1].row_hash)
        self._connection.execute(MOVE_HEAD, self._head[1:])

    async def lock_heads(self) -> None:
        """Nothing to do: SQLite has one writer."""

    async def check_head(self) -> None:
        """Raise `JournalDamaged` if no entry could be recorded."""
        head = self._read_head()
        following = (entry_id_of(CHAIN, head.number + 1),)
        if self._connection.execute(FIND_ROW, following).fetchall():
            raise JournalDamaged(HEAD_DAMAGED)

    async def move_head(self, ends: Ends) -> None:
        """Put a chain's head to its last row."""
        self._connection.execute(REPAIR_HEAD, (*ends.last, ends.first_number - 1))

    def _read_head(self) -> Head:
        for number, row_hash in self._connection.execute(READ_HEAD):
            if 0 <= number < NUMBERS_MAX >> 1:
                return Head(CHAIN, number, row_hash)
        raise JournalDamaged(HEAD_DAMAGED)

    async def prune_chain(self, before: Head, last: Row) -> int:
        """Remove entries after `before` up to `last`."""
        _, number = place_of(last.entry_id)
        self._connection.execute(PRUNE_CHAIN, (number, last.row_hash, *before))
        if not self._connection.changes():
            return 0
        self._connection.execute(PRUNE_ROWS, (entry_id_of(*before[:2]), last.entry_id))
        return self._connection.changes()


def _span(chain: int, number: int, limit: int) -> tuple[int, int, int]:
    return entry_id_of(chain, number), entry_id_of(chain, NUMBERS_MAX), limit


def _found(row: tuple[Any, ...]) -> FoundEntry:
    previous_hash = row[5] if len(row) > 5 else None
    return found_entry(row[0], place_of(row[0])[1], lambda: _row(row[:5]), previous_hash)


def _row(row: tuple[Any, ...]) -> Row:
    entry_id, microseconds, request_id, entry, row_hash = row
    _, number = place_of(entry_id)
    moment = moment_of(microseconds)
    return Row(entry_id, number, moment, str(UUID(bytes=request_id)), entry.decode(), row_hash)


def _request_bytes(request_id: str) -> bytes:
    return bytes.fromhex(request_id.replace("-", ""))
