"""The requests that tried to change a ticket and were refused, the newest first.

The journal is not indexed by them, so a call examines a limited number of entries.

See decision 178.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Entry, FoundEntry
from seatlatch.domain.outcome import SUCCESSES, Outcome
from seatlatch.journal.rows import entry_id_of
from seatlatch.operations.journal_scope import Scope
from seatlatch.operations.list_requests import RequestFilter, list_requests
from seatlatch.store.interface import Snapshot, Store

PAGE_REQUESTS = 20

EXAMINED_ENTRIES_MAX = 10_000
"""The most entries that one call examines. The database looks for the token in their text."""


class RefusedAttempt(NamedTuple):
    """A request, and why it did not change the ticket."""

    entry: Entry
    outcome: Outcome


class RefusedAttempts(NamedTuple):
    """A page of attempts.

    `older`: continue here; None = the whole journal was examined. `examined_since`: the timestamp
    from which on all entries were examined. `newest`: the end of the journal when the page was
    read, behind which `new_attempts` continues.
    """

    attempts: Sequence[RefusedAttempt]
    older: Position | None
    examined_since: datetime | None
    newest: Position


async def refused_attempts(
    store: Store,
    token: str,
    scope: Scope,
    position: Position | None = None,
    until: datetime | None = None,
) -> RefusedAttempts:
    """Attempts before `until`, from `position` on; None = from the newest one.

    Raises `Unavailable`.
    """
    newest = await store.read(_end)
    wanted = RequestFilter(until=until, token=token, matches=partial(_is_refused, token=token))
    found = await list_requests(
        store, wanted, scope, position or newest, PAGE_REQUESTS, EXAMINED_ENTRIES_MAX
    )
    since = None
    if found.position is not None:
        since = await store.read(partial(_timestamp, position=found.position))
    return RefusedAttempts(_attempts(found.entries, token), found.position, since, newest)


async def new_attempts(
    store: Store, token: str, scope: Scope, after: Position
) -> RefusedAttempts | None:
    """The attempts since an earlier page; None = there are too many new entries to examine.

    Raises `Unavailable`.
    """
    newest = await store.read(_end)
    matches = partial(_is_refused, token=token)
    wanted = RequestFilter(token=token, matches=matches, after=after)
    found = await list_requests(store, wanted, scope, newest, PAGE_REQUESTS)
    if found.position is not None:
        return None
    return RefusedAttempts(_attempts(found.entries, token), None, None, newest)


def _is_refused(entry: FoundEntry, token: str) -> bool:
    return isinstance(entry, Entry) and _refusal(entry, token) is not None


def _refusal(entry: Entry, token: str) -> Outcome | None:
    for outcome, tokens in entry.outcomes.items():
        if outcome not in SUCCESSES and token in tokens:
            return outcome
    return None


def _attempts(entries: Iterable[FoundEntry], token: str) -> Sequence[RefusedAttempt]:
    return [
        RefusedAttempt(entry, outcome)
        for entry in entries
        if isinstance(entry, Entry) and (outcome := _refusal(entry, token))
    ]


async def _end(snapshot: Snapshot) -> Position:
    return await snapshot.journal.read_position()


async def _timestamp(snapshot: Snapshot, position: Position) -> datetime | None:
    """The timestamp of the latest entry up to a position."""
    ids = [entry_id_of(chain, number) for chain, number in position.items()]
    entries = await snapshot.journal.read_entries(ids)
    return max((entry.timestamp for entry in entries if entry.timestamp), default=None)
