"""The client addresses of the journal's entries: one row for each transaction that wrote entries.

See decision 152.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

import msgspec

from seatlatch.domain.journal import FoundEntry, NewEntry
from seatlatch.journal.rows import NUMBERS_MAX, entry_id_of, place_of
from seatlatch.store.journal import OldAddresses
from seatlatch.store.sql.executor import Executor, Row, timestamp

ERASED_AT_ONCE_ROWS = 1_000

WRONG_CLOCK = timedelta(days=1)
"""A row from further in the future was recorded by a wrong clock."""

READ = """
SELECT first_entry_id, recorded_at, addresses FROM seatlatch.client_addresses
WHERE first_entry_id IN (
  SELECT (SELECT max(first_entry_id) FROM seatlatch.client_addresses
          WHERE first_entry_id <= j.entry_id)
  FROM seatlatch.journal AS j WHERE j.entry_id = ANY (:entry_ids))
ORDER BY first_entry_id
"""
READ_OLDEST = """
SELECT first_entry_id, recorded_at FROM seatlatch.client_addresses
WHERE first_entry_id > :after ORDER BY first_entry_id LIMIT :limit
"""
ERASE = """
DELETE FROM seatlatch.client_addresses WHERE first_entry_id IN (
  SELECT first_entry_id FROM seatlatch.client_addresses WHERE first_entry_id = ANY (:entry_ids)
  ORDER BY first_entry_id FOR UPDATE SKIP LOCKED)
"""
"""Processes that erase the same rows do not wait for each other."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str | int | None]).decode


def addresses_text(entries: Sequence[NewEntry]) -> bytes | None:
    """The client addresses of a transaction's entries as they are stored; None = none is known.

    Many entries have the same address. Then only the first one has it, and the others the index of
    the first, so that the text is short.
    """
    first: dict[str | None, int] = {}
    elements: list[str | int | None] = []
    for nth, entry in enumerate(entries):
        address = entry.act.asker.client_address
        index = first.setdefault(address, nth)
        elements.append(address if index == nth else index)
    return None if first.keys() == {None} else _encode(elements)


async def read_addresses(executor: Executor, entries: Sequence[FoundEntry]) -> Mapping[int, str]:
    """See `store.journal.JournalReader`. A row counts only for entries of the same timestamp: a row
    that a repair of the journal left behind does not.
    """
    rows = await executor.fetch(READ, entry_ids=[entry.entry_id for entry in entries])
    first_ids = [row[0] for row in rows]
    found = {}
    for entry in entries:
        row = rows[nth - 1] if (nth := bisect_right(first_ids, entry.entry_id)) else None
        address = _address(entry, row) if row else None
        if address is not None:
            found[entry.entry_id] = address
    return found


def _address(entry: FoundEntry, row: Row) -> str | None:
    first_entry_id, recorded_at, text = row
    try:
        addresses = _decode(text)
    except msgspec.DecodeError:  # the row was edited
        return None
    nth = entry.entry_id - first_entry_id
    if nth >= len(addresses) or timestamp(recorded_at) != entry.timestamp:
        return None
    element = addresses[nth]
    if isinstance(element, int):
        element = addresses[element] if 0 <= element < nth else None
    return element if isinstance(element, str) else None


async def old_addresses(executor: Executor, kept: timedelta, after: int) -> OldAddresses:
    """See `store.journal.JournalReader`. A chain's rows are in order of time, so behind the first
    one that is kept there is nothing to erase.
    """
    now = await executor.now()
    rows = await executor.fetch(READ_OLDEST, after=after, limit=ERASED_AT_ONCE_ROWS)
    due = [row[0] for row in takewhile(lambda row: _is_due(timestamp(row[1]), now, kept), rows)]
    if len(due) < len(rows):
        chain, _ = place_of(rows[len(due)][0])
        return OldAddresses(due, entry_id_of(chain, NUMBERS_MAX))
    return OldAddresses(due, due[-1] if due else None)


async def erase_addresses(executor: Executor, entry_ids: Sequence[int]) -> None:
    """See `store.journal.JournalWriter`."""
    await executor.execute(ERASE, entry_ids=list(entry_ids))


def _is_due(recorded_at: datetime, now: datetime, kept: timedelta) -> bool:
    return not now - kept <= recorded_at <= now + WRONG_CLOCK
