"""The page of an event: its seat map, and the data that the map's script requests.

See decisions 176 and 177.
"""

import asyncio
from functools import partial

from msgspec import Struct
from starlette.responses import Response

from seatlatch.console.event_paths import (
    ACCESS_ID,
    EVENT,
    event_of,
    event_url,
    timestamp_of,
    title_of,
    visible,
)
from seatlatch.console.pages import Pages
from seatlatch.console.seat_changes import SELECTED_TICKETS_MAX
from seatlatch.console.seat_filters import CHANGES, SeatsQuery
from seatlatch.console.seat_map_data import SeatMapData, respond
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer
from seatlatch.domain.feed import Position, position_from_text
from seatlatch.domain.operator import Role
from seatlatch.domain.performance import EventKey
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.seat_maps import News, SeatMaps
from seatlatch.presentation.identifiers import ORGANIZATION_ID
from seatlatch.store.interface import Store

STATES = CONSOLE + "/seat-states"
"""A path without values, which the router finds at once: every map requests it each second."""

WAIT_SECONDS = 10
"""How long a request for changes waits for one."""

CONFIRM_SECONDS = 1.0
"""After waiting for longer, a request checks whether its sender still has access."""


class StatesQuery(Struct, rename="camel"):
    """The query of the states of an event's seats: what changed on a map after a position.

    `map` None = the states of all seats, at once. `access_id` empty = of tickets without an event.
    """

    organization_id: str = ""
    access_id: str = ""
    map: str | None = None
    after: str | None = None


class SeatMapPage:
    """The handlers of the map."""

    def __init__(self, pages: Pages, store: Store, maps: SeatMaps, data: SeatMapData) -> None:
        self._pages = pages
        self._store = store
        self._maps = maps
        self._data = data

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = partial(self._pages.page, path_value=ACCESS_ID, parent=ORGANIZATION_ID)
        return [
            page(EVENT, Role.READ, self.page, query=SeatsQuery),
            page(EVENT + "/layout", Role.READ, self.layout),
            self._pages.page(STATES, Role.READ, self.states, query=StatesQuery, is_polled=True),
        ]

    async def page(self, call: Call[Viewer, SeatsQuery]) -> Response:
        """`GET /console/events/{organizationId}/{accessId}`: the seat map, without its data."""
        event = await event_of(call, self._store)
        return self._pages.render(
            call,
            "seat_map.html",
            event=event,
            title=title_of(event),
            event_url=event_url(self._pages, event.key),
            starts_at=timestamp_of(event.starts_at),
            ends_at=timestamp_of(event.ends_at),
            wanted=call.input,
            channels=[call.input.channel] if call.input.channel else [],
            states=self._pages.url(
                STATES,
                organizationId=event.organization_id,
                accessId=event.access_id,
            ),
            changes=CHANGES,
            most=SELECTED_TICKETS_MAX,
        )

    async def layout(self, call: Call[Viewer, None]) -> Response:
        """`GET .../layout`: the sections, rows and seats."""
        event = await event_of(call, self._store)
        seat_map = await self._maps.opened(event.key)
        return await respond(call.context, await self._data.layout(seat_map))

    async def states(self, call: Call[Viewer, StatesQuery]) -> Response:
        """`GET /console/seat-states`: the states of seats, or what changes after a position."""
        query, after = call.input, call.input.after or ""
        key = visible(call.caller, EventKey(query.organization_id, query.access_id))
        position = _position(after)
        if query.map is None or position is None:
            news = News(await self._maps.opened(key), None)
        else:
            loop = asyncio.get_running_loop()
            began = loop.time()
            news = await self._maps.news(key, query.map, position, began + WAIT_SECONDS)
            if loop.time() - began > CONFIRM_SECONDS:
                confirmed = await self._pages.confirm(call, Role.READ)
                visible(confirmed.caller, key)
        return await respond(call.context, await self._data.states(news, after))


def _position(text: str) -> Position | None:
    """The position of an earlier response; None = it can't be read."""
    try:
        return position_from_text(text)
    except ValueError:
        return None
