"""Writes the journal on PostgreSQL: its SQL.

Each writing transaction has exclusive use of a chain, so transactions never wait for each other's
heads. The next transaction of the same process continues the chain, unless another process has done
so first. The rows are sent together with COMMIT, so the journal needs no round trip of its own.

See decisions 85 and 192.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat

import msgspec
from psycopg import errors
from psycopg.pq.abc import PGresult

from seatlatch.domain.journal import NewEntry
from seatlatch.journal.chain import chained
from seatlatch.journal.rows import NUMBERS_MAX, Head, Row, entry_id_of
from seatlatch.store.journal import Ends
from seatlatch.store.postgres.arrays import array
from seatlatch.store.postgres.connection import Statement
from seatlatch.store.postgres.distribution import COMMIT_IN_TWO_PHASES
from seatlatch.store.postgres.executor import NOW_MICROSECONDS, PostgresExecutor
from seatlatch.store.postgres.journal import PostgresJournalReader
from seatlatch.store.sql.client_addresses import addresses_text, erase_addresses
from seatlatch.store.sql.journal import prune_chain

IDLE_SECONDS = 5
"""Any process may continue a chain that was not used for this long. The chain of a busy server
never reaches this age.
"""

CHAIN_TAKEN = (errors.NotNullViolation, errors.UniqueViolation, errors.LockNotAvailable)
"""The errors of continuing a chain that another transaction has continued."""

LOCK_IDLE_CHAIN = f"""
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
"""Sent after the tickets are locked and changed. A later change of one of them must wait for the
lock and so gets a higher position.
"""
CONTINUE_CHAIN = """
UPDATE seatlatch.journal_chains SET used_at = $5::timestamptz, hash = $4::bytea,
  number = CASE WHEN number = $2::bigint THEN $3::bigint END
WHERE chain = $1::bigint
"""
"""If the head was moved, its number becomes NULL, which violates a constraint: two transactions
cannot continue a chain from the same row.
"""
ADD_ROWS = """
INSERT INTO seatlatch.journal (entry_id, position, moment, request_id, entry, hash, listing)
SELECT (SELECT chain << 36 FROM seatlatch.journal_chains WHERE chain = $1::bigint)
         + $2::bigint + nth, $3::bigint, $4::timestamptz,
       request_id, entry, substr($5::bytea, (nth * 32 - 31)::int, 32), listing
FROM unnest($6::uuid[], $7::text[], $8::text[])
  WITH ORDINALITY AS new (request_id, entry, listing, nth)
"""
"""If the head is missing, the ids are NULL, which violates a constraint. The timestamp is the one
that was hashed; `now()` here could be the clock of another node. An array of listings that is empty
counts as NULLs.
"""
ADD_ADDRESSES = """
INSERT INTO seatlatch.client_addresses (first_entry_id, recorded_at, addresses)
VALUES ($1::bigint, $2::timestamptz, $3::text)
ON CONFLICT (first_entry_id) DO UPDATE
  SET recorded_at = excluded.recorded_at, addresses = excluded.addresses
"""
"""Client addresses of these entries can exist only if a repair of the journal left them behind."""
MOVE_HEAD = """
INSERT INTO seatlatch.journal_chains (chain, number, hash, pruned_number)
OVERRIDING SYSTEM VALUE VALUES (:chain, :number, :hash, :pruned_number)
ON CONFLICT (chain) DO UPDATE SET number = excluded.number, hash = excluded.hash
"""
LOCK_HEADS = "LOCK TABLE seatlatch.journal_chains IN SHARE ROW EXCLUSIVE MODE"
"""Conflicts with the lock that each writer holds from the move of its head to the end of its
COMMIT. A transaction that holds it sees every head at the last committed row of its chain.
"""


class PostgresJournal(PostgresJournalReader):
    """See `store.journal.JournalWriter`.

    `head`: the end of a chain that an earlier transaction of this process has used; None = no such
    chain is free. `careful`: the last try lost a race. Then a new chain is created, since the head
    of an idle one may be wrong.
    """

    def __init__(self, executor: PostgresExecutor, head: Head | None, *, careful: bool) -> None:
        super().__init__(executor)
        self._statements = executor
        self._head = head
        self._careful = careful
        self._reserved = 0
        self._new: list[NewEntry] = []
        self._position: int | None = None
        self._timestamp: datetime | None = None

    async def reserve_entries(self, entries: int) -> int:
        """Reserve entry ids for this transaction."""
        if self._head is None:
            idle = [] if self._careful else await self._statements.fetch(LOCK_IDLE_CHAIN)
            (row,) = idle or await self._statements.fetch(ADD_CHAIN)
            self._head = Head(*row)
        first = entry_id_of(self._head.chain, self._head.number + self._reserved + 1)
        self._reserved += entries
        return first

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Write entries: they are sent at the end of the transaction."""
        self._new += entries
        if self._position is None:
            (marked,) = await self._statements.ask(Statement(MARK))
            self.note_mark(marked)

    def note_mark(self, marked: PGresult) -> None:
        """Remember the result of `MARK`: the position and the timestamp of the transaction."""
        position, microseconds = marked.get_value(0, 0), marked.get_value(0, 1)
        if position is None or microseconds is None:
            raise AssertionError("a mark has two numbers")
        self._position = int(position)
        self._timestamp = self._statements.note_timestamp(int(microseconds))

    async def lock_heads(self) -> None:
        """Wait for writers that are in COMMIT, and block new ones."""
        await self._statements.ask(Statement(LOCK_HEADS))

    async def move_head(self, ends: Ends) -> None:
        """Set a chain's head to its last row."""
        chain, number, row_hash = ends.last
        pruned_number = ends.first_number - 1
        await self._statements.execute(
            MOVE_HEAD, chain=chain, number=number, hash=row_hash, pruned_number=pruned_number
        )

    async def prune_chain(self, before: Head, last: Row) -> int:
        """Remove entries after `before` up to and including `last`."""
        return await prune_chain(self._statements, before, last)

    async def erase_addresses(self, entry_ids: Sequence[int]) -> None:
        """Erase client addresses."""
        await erase_addresses(self._statements, entry_ids)

    def last_statements(self) -> tuple[list[Statement], Head | None]:
        """The statements to send together with COMMIT, and the end of the chain after it."""
        if len(self._new) != self._reserved:
            raise AssertionError("every entry with a reserved id is recorded")
        head = self._head
        if not self._new or head is None or self._position is None or self._timestamp is None:
            return [], head
        rows = chained(head, self._new, repeat(self._position, len(self._new)), self._timestamp)
        end = Head(head.chain, head.number + len(rows), rows[-1].row_hash)
        timestamp = self._timestamp.isoformat().encode()
        chain, number = _number(head.chain), _number(head.number)
        new = [
            array([row.request_id for row in rows]),
            _texts([row.entry for row in rows]),
            _listings(rows),
        ]
        position, hashes = _number(self._position), _bytes(b"".join([row.row_hash for row in rows]))
        moved = [chain, number, _number(end.number), _bytes(end.row_hash), timestamp]
        statements = [
            *([COMMIT_IN_TWO_PHASES] if self._statements.is_distributed else []),
            Statement(CONTINUE_CHAIN, moved),
            Statement(ADD_ROWS, [chain, number, position, timestamp, hashes, *new]),
        ]
        addresses = addresses_text(self._new)
        if addresses is not None:
            values = [_number(rows[0].entry_id), timestamp, addresses]
            statements.append(Statement(ADD_ADDRESSES, values))
        return statements, end


def _listings(rows: Sequence[Row]) -> bytes:
    """The listing of each row as an array, an empty one if no row has a listing."""
    listings = [row.listing for row in rows]
    return array(listings) if any(listings) else b"{}"


def _number(value: int) -> bytes:
    return str(value).encode()


def _bytes(value: bytes) -> bytes:
    return b"\\x" + value.hex().encode()


def _texts(entries: Sequence[str]) -> bytes:
    """Entries as an array. They are JSON, which contains no control characters, so JSON strings
    escape their quotes and backslashes in the same way as PostgreSQL's arrays.
    """
    return b"{%b}" % msgspec.json.encode(entries)[1:-1]
