"""Lists events with the counts of their tickets, also those that only tickets name.

See decision 148.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import NamedTuple

from seatlatch.domain.performance import Event, EventKey
from seatlatch.operations.event_counts import Counted, EventCounter
from seatlatch.store.interface import Snapshot, Store

TICKETS_COUNTED_MAX = 200_000
"""After this many counted tickets a page ends. One event is counted as a whole, however large."""


class EventQuery(NamedTuple):
    """The events to list. None = all; an empty access id stands for the tickets without one.

    `after`: only events that follow, in order of organization and access id. `organizations`: those
    that the caller may see.
    """

    organization_id: str | None = None
    access_id: str | None = None
    after: EventKey | None = None
    organizations: Collection[str] | None = None

    @property
    def among(self) -> Collection[str] | None:
        """The organizations whose events are listed; None = all."""
        if self.organization_id is None:
            return self.organizations
        is_seen = self.organizations is None or self.organization_id in self.organizations
        return [self.organization_id] if is_seen else []


class FoundEvents(NamedTuple):
    """A page of events without counts. `next_after` as in `ListedEvents`."""

    events: Sequence[Event]
    next_after: EventKey | None


class ListedEvent(NamedTuple):
    """An event and its counts. If only tickets name it, the event has only its key."""

    event: Event
    counted: Counted


class ListedEvents(NamedTuple):
    """A page of events. `next_after`: the key after which the next page begins; None = no more."""

    events: Sequence[ListedEvent]
    next_after: EventKey | None


async def find_events(store: Store, query: EventQuery, limit: int) -> FoundEvents:
    """At most `limit` events that follow `query.after`, without counts.

    An organization that the caller may not see looks like one without events and tickets. Raises
    `Unavailable`.
    """
    found = await store.read(partial(_read_events, query=query, limit=limit + 1))
    events = found[:limit]
    return FoundEvents(events, events[-1].key if len(events) < len(found) else None)


async def find_event(
    store: Store, key: EventKey, organizations: Collection[str] | None
) -> Event | None:
    """An event, of which only the key may be known; None = neither it nor a ticket of it exists in
    the organizations that the caller may see. Raises `Unavailable`.
    """
    query = EventQuery(key.organization_id, key.access_id, organizations=organizations)
    found = await store.read(partial(_read_events, query=query, limit=1))
    return found[0] if found else None


async def list_events(
    store: Store, counter: EventCounter, query: EventQuery, limit: int
) -> ListedEvents:
    """At most `limit` events that follow `query.after`; there may be fewer even if there are more.

    An organization that the caller may not see looks like one without events and tickets. Raises
    `Unavailable`.
    """
    found = await find_events(store, query, limit)
    listed: list[ListedEvent] = []
    tickets = 0
    for event in found.events:
        counted = counter.cached(event.key)
        if counted is None:
            if tickets >= TICKETS_COUNTED_MAX:
                break
            counted = await counter.count(event.key)
            tickets += counted.counts.total
        listed.append(ListedEvent(event, counted))
    is_all = len(listed) == len(found.events)
    return ListedEvents(listed, found.next_after if is_all else listed[-1].event.key)


async def _read_events(snapshot: Snapshot, query: EventQuery, limit: int) -> Sequence[Event]:
    """The events of a page, in order of organization and access id."""
    keys: list[EventKey] = []
    first = query.after.organization_id if query.after else ""
    # One more, because the first one may have no further event.
    organizations = await snapshot.events.organizations(
        query.access_id, first, query.among, limit + 1
    )
    for organization_id in organizations:
        after = query.after if organization_id == first else None
        if query.access_id is None:
            rest = limit - len(keys)
            after_id = after.access_id if after else None
            found = await snapshot.events.access_ids(organization_id, after_id, rest)
        else:
            found = [query.access_id] if after is None else []
        keys += (EventKey(organization_id, access_id) for access_id in found)
        if len(keys) >= limit:
            break
    events = await snapshot.events.find(keys)
    return [events.get(key) or Event(*key) for key in keys]
