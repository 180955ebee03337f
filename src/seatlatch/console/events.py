"""The page that lists events. The counts of their tickets arrive later, since counting takes longer
than a page should.
"""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from starlette.responses import Response

from seatlatch.console.event_paths import (
    ACCESS_ID,
    EVENT,
    EVENTS,
    event_of,
    path_of,
    timestamp_of,
)
from seatlatch.console.pages import Pages
from seatlatch.console.viewer import Viewer
from seatlatch.domain.operator import Role
from seatlatch.domain.performance import Event, EventKey
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.event_counts import Counted, EventCounter
from seatlatch.operations.list_events import EventQuery, find_events
from seatlatch.presentation.identifiers import ORGANIZATION_ID
from seatlatch.store.interface import Store

PAGE_EVENTS = 50


class EventsFilter(Struct, rename="camel"):
    """The query of the list. `after`: the place of a later page."""

    organization_id: str | None = None
    access_id: str | None = None
    after: str | None = None


class EventRow(NamedTuple):
    """An event in the list. `counted` None = its tickets are counted later."""

    event: Event
    counted: Counted | None

    @property
    def path(self) -> tuple[str, str]:
        """The segments of the path of its page."""
        return path_of(self.event.key)

    @property
    def starts_at(self) -> datetime | None:
        """The time of its start."""
        return timestamp_of(self.event.starts_at)


class Events:
    """The handlers of the list."""

    def __init__(self, pages: Pages, store: Store, counter: EventCounter) -> None:
        self._pages = pages
        self._store = store
        self._counter = counter

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = self._pages.page
        counts = page(
            EVENT + "/counts",
            Role.READ,
            self.counts,
            path_value=ACCESS_ID,
            parent=ORGANIZATION_ID,
            is_polled=True,
        )
        return [page(EVENTS, Role.READ, self.events, query=EventsFilter), counts]

    async def events(self, call: Call[Viewer, EventsFilter]) -> Response:
        """`GET /console/events`: events, page by page."""
        wanted, organizations = call.input, call.caller.operator.organizations
        scope = None if organizations is None else sorted(organizations)
        filters = [wanted.organization_id, wanted.access_id, scope]
        after = place_in(wanted.after, EventKey, filters) if wanted.after else None
        query = EventQuery(wanted.organization_id, wanted.access_id, after, organizations)
        found = await find_events(self._store, query, PAGE_EVENTS)
        following = bound_cursor(found.next_after, filters) if found.next_after else None
        return self._pages.render(
            call,
            "events.html",
            rows=[EventRow(event, self._counter.cached(event.key)) for event in found.events],
            wanted=wanted,
            following=following,
        )

    async def counts(self, call: Call[Viewer, None]) -> Response:
        """`GET /console/events/{organizationId}/{accessId}/counts`: the counts of one event, as a
        row of the list.
        """
        event = await event_of(call, self._store)
        counted = await self._counter.count(event.key)
        return self._pages.render(call, "event_row.html", row=EventRow(event, counted))
