"""Trace a request, and show the history of a ticket."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from seatlatch.domain.journal import Changed, DamagedEntry, EntryPlace, FoundEntry
from seatlatch.journal.rows import is_entry
from seatlatch.operations.journal_scope import EVERYTHING, Scope, includes, visible_entries
from seatlatch.store.interface import Snapshot, Store
from seatlatch.store.journal import Found

PAGE_REQUESTS = 100
"""The default of the most requests on a page: a client may use one Request-ID for every request."""

EXAMINED_REQUESTS_MAX = 2_000


class TracedRequests(NamedTuple):
    """Requests of one Request-ID, in order of time. `before`: the place before which there
    are earlier ones; None = there are none.
    """

    entries: Sequence[FoundEntry]
    before: EntryPlace | None


class TicketHistory(NamedTuple):
    """Changes of a ticket, the latest first, each with its entry; a damaged entry may not name
    its changes.

    `next_entry_id`: the start of the next page, None = this is the last one. `is_pruned`: earlier
    changes are no longer in the journal. `addresses`: client addresses, by entry id.
    """

    changes: Sequence[tuple[FoundEntry, Changed | None]]
    next_entry_id: int | None
    is_pruned: bool
    addresses: Mapping[int, str] = MappingProxyType({})


async def trace_request(
    store: Store,
    request_id: str,
    channel_code: str | None = None,
    before: EntryPlace | None = None,
    limit: int = PAGE_REQUESTS,
    scope: Scope = EVERYTHING,
) -> TracedRequests:
    """The latest `limit` requests of a Request-ID, of those before `before`; a client may use one
    twice.

    `channel_code`: only requests of this channel; None = of every caller. Of requests that the
    scope leaves out, it examines a limited number. Raises `Unavailable`.
    """
    found: list[FoundEntry] = []
    examined = 0
    while True:
        work = partial(
            _find,
            request_id=request_id.lower(),
            limit=limit + 1 - len(found),
            channel_code=channel_code,
            before=before,
        )
        some, before = await store.read(work)
        found += await visible_entries(store, some, scope)
        examined += len(some)
        if before is None or len(found) > limit or examined >= EXAMINED_REQUESTS_MAX:
            break
        await asyncio.sleep(0)  # let other requests run
    shown = found[:limit]
    return TracedRequests(shown[::-1], shown[-1].place if len(found) > limit else before)


async def client_addresses(store: Store, entries: Sequence[FoundEntry]) -> Mapping[int, str]:
    """The client addresses of entries, by entry id, as far as they are kept.

    Raises `Unavailable`.
    """
    return await store.read(lambda snapshot: snapshot.journal.read_addresses(entries))


async def _find(
    snapshot: Snapshot,
    request_id: str,
    limit: int,
    channel_code: str | None,
    before: EntryPlace | None,
) -> Found:
    return await snapshot.journal.find_requests(request_id, limit, channel_code, before)


async def ticket_history(
    snapshot: Snapshot, token: str, before: int | None, limit: int, scope: Scope = EVERYTHING
) -> TicketHistory | None:
    """At most `limit` changes of a ticket; `before`: a `next_entry_id`. None = there is no such
    ticket, or the scope does not include it.

    Each entry refers to the previous one, so the time depends on the number of changes returned,
    not on the length of the journal.
    """
    latest = await snapshot.journal.last_entries_of(token)
    if latest is None or not await includes(snapshot, token, scope):
        return None
    found = await _changes(snapshot, token, latest, before, limit)
    entries = [entry for entry, _ in found.changes]
    return found._replace(addresses=await snapshot.journal.read_addresses(entries))


async def _changes(
    snapshot: Snapshot, token: str, latest: tuple[int, int], before: int | None, limit: int
) -> TicketHistory:
    first = entry_id = latest[0] if before is None else before
    changes: list[tuple[FoundEntry, Changed | None]] = []
    while is_entry(entry_id) and len(changes) < limit:
        found = await snapshot.journal.read_entries([entry_id])
        if not found:
            return TicketHistory(changes, None, is_pruned=True)
        entry = found[0]
        changed = next((one for one in entry.changed if one.token == token), None)
        if changed is not None:
            previous = changed.previous_entry_id
        elif before == first == entry_id and not isinstance(entry, DamagedEntry):
            return TicketHistory(changes, None, is_pruned=True)  # a cursor of another ticket
        else:
            entry = entry if isinstance(entry, DamagedEntry) else entry._replace(damaged=True)
            # The ticket itself refers to the change before its latest one.
            previous = latest[1] if entry_id == latest[0] else 0
        changes.append((entry, changed))
        entry_id = previous
    return TicketHistory(changes, entry_id if is_entry(entry_id) else None, is_pruned=False)
