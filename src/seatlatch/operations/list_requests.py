"""List requests from the journal, the newest first.

A reader's position has for each chain the last entry that it has not read. New entries are behind
it, so they do not disturb the pages. A call examines a limited number of entries, and so may return
an empty page with a position.

See decision 154.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Entry, EntryPlace, FoundEntry, Verb
from seatlatch.journal.rows import entry_id_of, place_of
from seatlatch.operations.journal_scope import Scope, visible_entries
from seatlatch.store.interface import Snapshot, Store

EXAMINED_ENTRIES_MAX = 2_000
EXAMINED_TOKENS_MAX = 20_000
"""The most entries that a call examines, and the most tokens whose organizations it must read."""

SELECTED_AT_ONCE, ENTRIES_AT_ONCE = 1_000, 20
"""The entries that are examined at once for their channel and verb, and those that are read at
once. On SQLite the event loop is blocked meanwhile, and each entry may have 1,000 tickets.
"""

CLOCK_SLACK = timedelta(seconds=5)
"""In a chain the timestamps are in order, unless the clock was set back: at most by this much."""

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def everything(_entry: FoundEntry) -> bool:
    """Whether an entry is wanted: always."""
    return True


class RequestFilter(NamedTuple):
    """The wanted requests. None = any. `matches` is for conditions that only the caller knows.

    `token`: only requests that name this ticket. `after`: only those behind this position.
    """

    channel_code: str | None = None
    verb: Verb | None = None
    since: datetime | None = None
    until: datetime | None = None
    matches: Callable[[FoundEntry], bool] = everything
    token: str | None = None
    after: Position | None = None

    @property
    def is_selective(self) -> bool:
        """Whether the database can select requests before they are read."""
        return (self.channel_code, self.verb, self.token) != (None, None, None)


class FoundRequests(NamedTuple):
    """Requests, the newest first. `position`: continue from here; None = there are no more."""

    entries: Sequence[FoundEntry]
    position: Position | None


class Bounds(NamedTuple):
    """For each chain the entry behind which the wanted ones begin, and the last one of them."""

    first: Position
    last: Position


class _Portion(NamedTuple):
    """Some entries in order. `places`: of all that were examined, in the same order."""

    places: Sequence[EntryPlace]
    entries: Sequence[FoundEntry]


async def list_requests(
    store: Store,
    wanted: RequestFilter,
    scope: Scope,
    position: Position | None,
    limit: int,
    examined_entries_max: int | None = None,
    bounds: Bounds | None = None,
) -> FoundRequests:
    """At most `limit` requests from `position` on; None = from the newest one. `bounds`: those of
    the wanted requests, if the caller has found them.

    `examined_entries_max`: how many entries to examine; None = as many as for any other list.
    Raises `Unavailable`.
    """
    most = EXAMINED_ENTRIES_MAX if examined_entries_max is None else examined_entries_max
    if bounds is None:
        bounds = await store.read(partial(find_bounds, wanted=wanted))
    first, last = bounds
    unread = _after(first, last if position is None else position)
    found: list[FoundEntry] = []
    entries = tokens = 0
    while unread and entries < most and tokens < EXAMINED_TOKENS_MAX:
        portion = await store.read(partial(_read_portion, wanted=wanted, position=unread))
        visible = await visible_entries(store, portion.entries, scope)
        found += [entry for entry in visible if _is_wanted(entry, wanted)][: limit - len(found)]
        is_full = len(found) == limit
        unread = _after(first, _without(unread, portion.places, found[-1] if is_full else None))
        if is_full:
            break
        entries += len(portion.places)
        tokens += 0 if scope.organizations is None else sum(map(_count_tokens, portion.entries))
        await asyncio.sleep(0)  # let other requests run
    return FoundRequests(found, unread or None)


async def find_bounds(snapshot: Snapshot, wanted: RequestFilter) -> Bounds:
    """The bounds of the wanted requests."""
    chains = await snapshot.journal.read_chains()
    first: Position = {chain.head.chain: chain.pruned_number for chain in chains}
    last: Position = {chain.head.chain: chain.head.number for chain in chains}
    if wanted.after is not None:
        first = {chain: max(number, wanted.after.get(chain, 0)) for chain, number in first.items()}
    if wanted.since is not None:
        earliest = wanted.since - min(CLOCK_SLACK, wanted.since - EARLIEST)
        first = await _last_before(snapshot, earliest, first, last, unknown_is_before=False)
    if wanted.until is not None:
        latest = wanted.until + min(CLOCK_SLACK, LATEST - wanted.until)
        last = await _last_before(snapshot, latest, first, last, unknown_is_before=True)
    return Bounds(first, last)


async def _last_before(
    snapshot: Snapshot,
    timestamp: datetime,
    first: Position,
    last: Position,
    *,
    unknown_is_before: bool,
) -> Position:
    """The last entry of each chain from before a timestamp, by binary search between two positions.

    `unknown_is_before`: how to count an entry that was removed or cannot be read.
    """
    low, high = dict(first), dict(last)
    while middle := {
        chain: (low[chain] + high[chain] + 1) // 2 for chain in low if low[chain] < high[chain]
    }:
        ids = [entry_id_of(chain, number) for chain, number in middle.items()]
        timestamps = {
            place_of(entry.entry_id)[0]: entry.timestamp
            for entry in await snapshot.journal.read_entries(ids)
        }
        for chain, number in middle.items():
            found = timestamps.get(chain)
            is_before = unknown_is_before if found is None else found < timestamp
            if is_before:
                low[chain] = number
            else:
                high[chain] = number - 1
    return low


async def _read_portion(snapshot: Snapshot, wanted: RequestFilter, position: Position) -> _Portion:
    if not wanted.is_selective:
        places = await snapshot.journal.places_up_to(position, ENTRIES_AT_ONCE)
        selected: Sequence[int] = [place.entry_id for place in places]
    else:
        places = await snapshot.journal.places_up_to(position, SELECTED_AT_ONCE)
        places, selected = await _select(snapshot, wanted, places)
    entries = await snapshot.journal.read_entries(selected)
    return _Portion(places, sorted(entries, key=lambda entry: entry.place, reverse=True))


async def _select(
    snapshot: Snapshot, wanted: RequestFilter, places: Sequence[EntryPlace]
) -> tuple[Sequence[EntryPlace], Sequence[int]]:
    """The first of these places that can be read at once, and the wanted entries among them."""
    ids = [place.entry_id for place in places]
    found = await snapshot.journal.select_entries(
        ids, wanted.channel_code, wanted.verb, wanted.token
    )
    selected = [entry_id for entry_id in ids if entry_id in found]
    if len(selected) <= ENTRIES_AT_ONCE:
        return places, selected
    selected = selected[:ENTRIES_AT_ONCE]
    return places[: ids.index(selected[-1]) + 1], selected


def _is_wanted(entry: FoundEntry, wanted: RequestFilter) -> bool:
    timestamp = entry.timestamp
    if timestamp is not None:
        if wanted.since is not None and timestamp < wanted.since:
            return False
        if wanted.until is not None and timestamp >= wanted.until:
            return False
    if wanted.token is not None and not _names(entry, wanted.token):
        return False
    if wanted.after is not None and not _follows(entry, wanted.after):
        return False
    return wanted.matches(entry)


def _follows(entry: FoundEntry, position: Position) -> bool:
    chain, number = place_of(entry.entry_id)
    return number > position.get(chain, 0)


def _names(entry: FoundEntry, token: str) -> bool:
    if not isinstance(entry, Entry):
        return False
    return any(token in tokens for tokens in entry.outcomes.values())


def _count_tokens(entry: FoundEntry) -> int:
    return sum(map(len, entry.outcomes.values())) if isinstance(entry, Entry) else 0


def _without(position: Position, places: Sequence[EntryPlace], last: FoundEntry | None) -> Position:
    """A position after these entries were read, up to `last`; None = all of them."""
    rest = dict(position)
    if not places:
        return {}
    for place in places:
        chain, number = place_of(place.entry_id)
        rest[chain] = min(rest[chain], number - 1)
        if last is not None and place.entry_id == last.entry_id:
            break
    return rest


def _after(first: Position, position: Position) -> Position:
    """A position without the chains that have no more entries after `first`."""
    return {
        chain: number
        for chain, number in position.items()
        if chain in first and number > first[chain]
    }
