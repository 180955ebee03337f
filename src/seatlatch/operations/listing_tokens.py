"""Tokens of the tickets that may have a listing, from the journal.

See decision 146.
"""

import asyncio
from collections.abc import Iterable
from functools import partial

from seatlatch.domain.journal import Entry, EntryPlace, FoundEntry
from seatlatch.domain.outcome import Outcome
from seatlatch.store.interface import Snapshot, Store
from seatlatch.store.journal import Found

LISTING_TOKENS_MAX = 2_000
"""A listing with more tickets leaves too many to examine."""

ENTRIES_AT_ONCE = 50
"""The entries that are read before other requests run; each has up to 100 tokens."""

LISTED = (Outcome.LOCKED, Outcome.ALREADY_LOCKED)


async def listing_tokens(store: Store, external_listing_id: str) -> list[str] | None:
    """The tokens of all tickets that have or had a listing; None = there are too many.

    Raises `Unavailable`.
    """
    earlier = await store.read(partial(_earlier, external_listing_id=external_listing_id))
    tokens = set(earlier)
    before: EntryPlace | None = None
    while len(tokens) <= LISTING_TOKENS_MAX:
        found = await store.read(
            partial(_locks, external_listing_id=external_listing_id, before=before)
        )
        tokens.update(locked_tokens(found.entries))
        before = found.before
        if before is None:
            return sorted(tokens) if len(tokens) <= LISTING_TOKENS_MAX else None
        await asyncio.sleep(0)  # let other requests run
    return None


def locked_tokens(entries: Iterable[FoundEntry]) -> Iterable[str]:
    """The tokens of the tickets that had mpreserve after lock requests."""
    return (
        token
        for entry in entries
        if isinstance(entry, Entry)
        for outcome in LISTED
        for token in entry.outcomes.get(outcome, ())
    )


async def _earlier(snapshot: Snapshot, external_listing_id: str) -> Iterable[str]:
    limit = LISTING_TOKENS_MAX + 1
    return await snapshot.tickets.tokens_of_earlier_listing(external_listing_id, limit)


async def _locks(snapshot: Snapshot, external_listing_id: str, before: EntryPlace | None) -> Found:
    return await snapshot.journal.locks_of_listing(external_listing_id, ENTRIES_AT_ONCE, before)
