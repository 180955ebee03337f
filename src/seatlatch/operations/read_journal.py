"""Trace and history: what a request did, and who changed a ticket."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from seatlatch.domain.journal import Changed, Entry
from seatlatch.store.interface import Snapshot, Store
from seatlatch.store.journal import FOUND_ENTRIES_MAX, Found, is_entry


class TicketHistory(NamedTuple):
    """Changes of a ticket, the latest first, each with its entry.

    `next_entry_id`: where to go on, None = there is nothing before. `is_pruned`: what was before is
    no longer in the journal.
    """

    changes: Sequence[tuple[Entry, Changed]]
    next_entry_id: int | None
    is_pruned: bool


async def trace_request(
    store: Store, request_id: str, channel_code: str | None = None
) -> list[Entry]:
    """All that was asked under a Request-ID, in order of time; a client may use one twice. Of more
    than 100 the latest.

    `channel_code`: only what was asked by this channel; None = by anybody. Raises `Unavailable`.
    """
    entries: list[Entry] = []
    before: int | None = None
    while True:
        find = partial(_find, request_id=request_id.lower(), before=before)
        found, before = await store.read(find)
        entries += found
        if before is None or len(entries) >= FOUND_ENTRIES_MAX:
            break
        await asyncio.sleep(0)  # others get their turn
    entries = sorted(entries, key=lambda entry: (entry.position, entry.entry_id))
    return [
        entry
        for entry in entries[-FOUND_ENTRIES_MAX:]
        if channel_code in (None, entry.act.asker.channel_code)
    ]


async def _find(snapshot: Snapshot, request_id: str, before: int | None) -> Found:
    return await snapshot.find_requests(request_id, before)


async def ticket_history(
    snapshot: Snapshot, token: str, before: int | None, limit: int
) -> TicketHistory | None:
    """At most `limit` changes of a ticket; `before`: a `next_entry_id`. None = no such ticket.

    Each entry leads to the one before it, so this takes as long as there are changes told, however
    long the journal is.
    """
    latest = await snapshot.last_entry_of(token)
    if latest is None:
        return None
    entry_id = latest if before is None else before
    changes: list[tuple[Entry, Changed]] = []
    while is_entry(entry_id) and len(changes) < limit:
        found = [
            (entry, changed)
            for entry in await snapshot.read_entries([entry_id])
            for changed in entry.changed
            if changed.token == token
        ]
        if not found:
            return TicketHistory(changes, None, is_pruned=True)
        changes += found
        entry_id = found[0][1].previous_entry_id
    return TicketHistory(changes, entry_id if is_entry(entry_id) else None, is_pruned=False)
