"""Export the journal in portions: the requests of a period, the newest first.

See decision 182.
"""

import asyncio
from functools import partial

from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Entry, FoundEntry
from seatlatch.operations.journal_scope import EVERYTHING
from seatlatch.operations.list_requests import (
    FoundRequests,
    RequestFilter,
    find_bounds,
    list_requests,
)
from seatlatch.store.interface import Store

PORTION_SECONDS = 0.25
PORTION_ENTRIES_MAX = 500
PORTION_TICKETS_MAX = 5_000
ENTRIES_AT_ONCE = 20
"""An entry of the box office may have 1,000 tickets, so a portion may exceed its limit by the
tickets of this many entries.
"""


async def export_portion(
    store: Store, wanted: RequestFilter, position: Position | None
) -> FoundRequests:
    """The next requests from `position` on; None = from the newest one. Raises `Unavailable`."""
    now = asyncio.get_running_loop().time
    deadline = now() + PORTION_SECONDS
    bounds = await store.read(partial(find_bounds, wanted=wanted))
    entries: list[FoundEntry] = []
    tickets = 0
    while True:
        found = await list_requests(
            store, wanted, EVERYTHING, position, ENTRIES_AT_ONCE, bounds=bounds
        )
        entries += found.entries
        tickets += sum(map(_count_tickets, found.entries))
        position = found.position
        is_full = len(entries) >= PORTION_ENTRIES_MAX or tickets >= PORTION_TICKETS_MAX
        if position is None or is_full or now() >= deadline:
            return FoundRequests(entries, position)


def _count_tickets(entry: FoundEntry) -> int:
    return sum(map(len, entry.outcomes.values())) if isinstance(entry, Entry) else 0
