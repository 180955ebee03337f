"""The journal on SQLite: its SQL. There is one writer at a time, and so one chain."""

from array import array
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import apsw

from seatlatch.domain.feed import CursorKey, Position, position_from_text
from seatlatch.domain.journal import Entry, EntryPlace, NewEntry
from seatlatch.store.journal import (
    NUMBERS_MAX,
    Chain,
    Found,
    Head,
    Row,
    chained,
    entry_id_of,
    entry_of,
    microseconds_of,
    moment_of,
    place_of,
    text_of_channel,
)

CHAIN = 1
BUCKET_BITS = 10
"""The index by Request-ID takes 1,024 entries at a time, some twenty pages: see the migration."""

BUCKETS_AT_ONCE = 2_048
"""So many are asked in a few milliseconds. Then others get their turn."""

ROW = "SELECT entry_id, moment, request_id, entry, hash FROM journal"
READ_CHAINS = """
SELECT chain, number, hash, pruned_number, pruned_hash FROM journal_chains ORDER BY chain
"""
READ_HEAD = "SELECT number, hash FROM journal_chains WHERE chain = 1"
MOVE_HEAD = "UPDATE journal_chains SET number = ?, hash = ? WHERE chain = 1"
ADD_ROW = "INSERT INTO journal (entry_id, moment, request_id, entry, hash) VALUES (?, ?, ?, ?, ?)"
READ_ROWS = f"{ROW} WHERE entry_id > ? AND entry_id <= ? ORDER BY entry_id LIMIT ?"
READ_ENTRY = f"{ROW} WHERE entry_id = ?"
FIND_REQUESTS = f"""
SELECT entry_id, moment, request_id, entry, hash
FROM carray(?2) AS buckets CROSS JOIN journal
  ON entry_id >> {BUCKET_BITS} = buckets.value AND substr(request_id, 1, 2) = substr(?1, 1, 2)
WHERE request_id = ?1 AND entry_id < ?3 AND (?4 IS NULL OR instr(entry, ?4))
ORDER BY entry_id DESC LIMIT ?5
"""
READ_ENDS = "SELECT (SELECT min(entry_id) FROM journal), (SELECT max(entry_id) FROM journal)"
NEXT_ROW = "SELECT entry_id FROM journal WHERE entry_id > ? ORDER BY entry_id LIMIT 1"
LAST_ENTRY_OF = "SELECT entry_id FROM tickets WHERE token = ?"
READ_KEY = "SELECT journal_key FROM journal_key"
READ_CURSOR_KEY = "SELECT cursor_key, plain_until FROM cursor_key"
PRUNE_ROWS = "DELETE FROM journal WHERE entry_id > ? AND entry_id <= ?"
PRUNE_CHAIN = """
UPDATE journal_chains SET pruned_number = ?, pruned_hash = ?
WHERE chain = ? AND pruned_number = ? AND pruned_hash = ?
"""


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
        return self._rows(head.chain, head.number, limit)

    async def read_entries(self, entry_ids: Sequence[int]) -> Sequence[Entry]:
        """The entries of these ids."""
        bindings = [(entry_id,) for entry_id in sorted(entry_ids)]
        return [entry_of(_row(row)) for row in self._connection.executemany(READ_ENTRY, bindings)]

    async def entries_after(self, position: Position, limit: int) -> Sequence[Entry]:
        """Entries that `position` has not seen."""
        return [entry_of(row) for row in self._rows(CHAIN, position.get(CHAIN, 0), limit)]

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
        entries = [entry_of(_row(row)) for row in self._connection.execute(FIND_REQUESTS, asked)]
        if len(entries) == limit:
            return Found(entries, entries[-1].place)
        return Found(entries, EntryPlace(0, begin << BUCKET_BITS) if begin > first else None)

    async def last_entry_of(self, token: str) -> int | None:
        """The entry of a ticket's latest change."""
        for (entry_id,) in self._connection.execute(LAST_ENTRY_OF, (token,)):
            return int(entry_id)
        return None

    async def chain_with_rows_after(self, chain: int) -> int | None:
        """The next chain that has rows."""
        last = (entry_id_of(chain, NUMBERS_MAX),)
        for (entry_id,) in self._connection.execute(NEXT_ROW, last):
            return place_of(entry_id)[0]
        return None

    async def read_journal_key(self) -> str:
        """What tells this journal from every other."""
        ((key,),) = self._connection.execute(READ_KEY)
        return str(key)

    async def read_cursor_key(self) -> CursorKey:
        """The key of channels' cursors."""
        ((key, plain_until),) = self._connection.execute(READ_CURSOR_KEY)
        return CursorKey(bytes(key), position_from_text(plain_until))

    def _rows(self, chain: int, number: int, limit: int) -> list[Row]:
        span = (entry_id_of(chain, number), entry_id_of(chain, NUMBERS_MAX), limit)
        return [_row(row) for row in self._connection.execute(READ_ROWS, span)]


class SqliteJournalWriter(SqliteJournal):
    """Writing it (`store.journal.JournalTransaction`)."""

    now: datetime
    _head: Head | None = None
    _taken = 0

    async def open_entries(self, entries: int) -> int:
        """Entry ids for this transaction."""
        if self._head is None:
            ((number, row_hash),) = self._connection.execute(READ_HEAD)
            self._head = Head(CHAIN, number, row_hash)
            self._taken = number
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
        self._connection.executemany(
            ADD_ROW,
            [
                (entry_id, microseconds, _request_bytes(request_id), entry, row_hash)
                for entry_id, _, _, request_id, entry, row_hash in rows
            ],
        )
        self._head = Head(CHAIN, head.number + len(rows), rows[-1].row_hash)
        self._connection.execute(MOVE_HEAD, self._head[1:])

    async def prune_chain(self, before: Head, last: Row) -> int:
        """Remove entries after `before` up to `last`."""
        _, number = place_of(last.entry_id)
        self._connection.execute(PRUNE_CHAIN, (number, last.row_hash, *before))
        if not self._connection.changes():
            return 0
        self._connection.execute(PRUNE_ROWS, (entry_id_of(*before[:2]), last.entry_id))
        return self._connection.changes()


def _row(row: tuple[Any, ...]) -> Row:
    entry_id, microseconds, request_id, entry, row_hash = row
    _, number = place_of(entry_id)
    moment = moment_of(microseconds)
    return Row(entry_id, number, moment, str(UUID(bytes=request_id)), entry, row_hash)


def _request_bytes(request_id: str) -> bytes:
    return bytes.fromhex(request_id.replace("-", ""))
