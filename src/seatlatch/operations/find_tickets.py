"""Find tickets by what a person knows about them.

See decision 142.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import WholeTicket
from seatlatch.domain.ticket_filter import TicketFilter, require_possible
from seatlatch.operations.listing_tokens import listing_tokens
from seatlatch.store.finding import FoundPart, Place, Search
from seatlatch.store.interface import Snapshot, Store

EXAMINED_TICKETS_MAX = 20_000
"""The most tickets that one call examines, whatever it filters by."""

TOKENS_AT_ONCE = 500
"""The tickets of a listing that are read before other requests run."""


class FoundTickets(NamedTuple):
    """Tickets that match. `now`: the timestamp for which their states were decided. `next`: the
    place at which a further call continues; None = there are no more.
    """

    tickets: Sequence[WholeTicket]
    next: Place | None
    now: datetime


async def find_tickets(
    store: Store,
    wanted: TicketFilter,
    organizations: frozenset[str] | None,
    after: Place | None,
    limit: int,
) -> FoundTickets:
    """At most `limit` tickets that match, from the place `after` on.

    `organizations`: those that the caller may see; None = all. There may be fewer tickets than
    `limit`, even none, although there are more: a call examines at most `EXAMINED_TICKETS_MAX`.
    Raises `InvalidRequest` for filters that contradict each other, and for a place of another
    search, and `Unavailable`.
    """
    require_possible(wanted)
    search = Search.of(wanted, _searched(wanted, organizations))
    if after is not None and not search.has(after):
        raise InvalidRequest("`after` belongs to another search. Start without it.")
    if search.is_for_a_listing and (listing_id := wanted.external_listing_id):
        tokens = await listing_tokens(store, listing_id)
        if tokens is not None:
            return await _find_among(store, search, tokens, after, limit)
    return await _find_in_index(store, search, after, limit)


async def _find_in_index(
    store: Store, search: Search, after: Place | None, limit: int
) -> FoundTickets:
    """Find tickets by the index, until the page is full or enough were examined."""
    found: list[WholeTicket] = []
    examined, place = 0, after
    at: datetime | None = None
    while True:
        work = partial(
            _find,
            search=search,
            place=place,
            limit=limit + 1 - len(found),
            most=EXAMINED_TICKETS_MAX - examined,
            at=at,
        )
        at, (tickets, more, place) = await store.read(work)
        found += tickets
        examined += more
        if len(found) > limit:
            place = search.place_after(found[limit - 1].record)
            return FoundTickets(found[:limit], place, at)
        if place is None or examined >= EXAMINED_TICKETS_MAX:
            return FoundTickets(found, place, at)
        await asyncio.sleep(0)  # let other requests run


async def _find_among(
    store: Store, search: Search, tokens: Sequence[str], after: Place | None, limit: int
) -> FoundTickets:
    """Find tickets among the few that the filters can match. Their order is that of the index."""
    now = await store.read(_now)
    found: list[WholeTicket] = []
    for first in range(0, len(tokens), TOKENS_AT_ONCE):
        some = tokens[first : first + TOKENS_AT_ONCE]
        work = partial(_read_among, search=search, tokens=some, at=now)
        found += await store.read(work)
        await asyncio.sleep(0)  # let other requests run
    rest = [whole for whole in found if search.follows(whole.record, after)]
    rest.sort(key=lambda whole: search.place_after(whole.record))
    place = search.place_after(rest[limit - 1].record) if len(rest) > limit else None
    return FoundTickets(rest[:limit], place, now)


def _searched(wanted: TicketFilter, organizations: frozenset[str] | None) -> frozenset[str] | None:
    """The organizations among whose tickets to search; None = all."""
    if wanted.organization_id is None:
        return organizations
    asked = frozenset({wanted.organization_id})
    return asked if organizations is None else asked & organizations


async def _find(
    snapshot: Snapshot,
    search: Search,
    place: Place | None,
    limit: int,
    most: int,
    at: datetime | None,
) -> tuple[datetime, FoundPart]:
    """Find tickets in one part, at the timestamp of the first part."""
    at = at or await snapshot.now()
    return at, await snapshot.tickets.find(search, place, limit, most, at)


async def _now(snapshot: Snapshot) -> datetime:
    return await snapshot.now()


async def _read_among(
    snapshot: Snapshot, search: Search, tokens: Sequence[str], at: datetime
) -> Sequence[WholeTicket]:
    return await snapshot.tickets.find_among(search, tokens, at)
