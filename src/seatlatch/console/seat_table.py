"""The table of an event's seats: the same as the map, for screen readers and for printing.

See decision 176.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from starlette.responses import Response

from seatlatch.console.event_paths import ACCESS_ID, EVENT, event_of, event_url, title_of
from seatlatch.console.pages import Pages
from seatlatch.console.seat_filters import CHANGES, NO_SECTION, SeatsQuery, seat_filter
from seatlatch.console.viewer import Viewer
from seatlatch.domain.operator import Role
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.list_seats import ListedSeat, list_seats
from seatlatch.operations.seat_map import LETTERS, SeatMap
from seatlatch.operations.seat_maps import SeatMaps
from seatlatch.presentation.identifiers import ORGANIZATION_ID
from seatlatch.store.interface import Store

PAGE_SEATS = 200


class SeatRow(NamedTuple):
    """A row of the table. `since`, `until` None = not known, or no end."""

    seat: ListedSeat
    since: datetime | None
    until: datetime | None


class SeatTable:
    """The handlers of the table. `now`: the time, aware UTC."""

    def __init__(
        self, pages: Pages, store: Store, maps: SeatMaps, now: Callable[[], datetime]
    ) -> None:
        self._pages = pages
        self._store = store
        self._maps = maps
        self._now = now

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            self._pages.page(
                EVENT + path,
                Role.READ,
                handler,
                query=SeatsQuery,
                path_value=ACCESS_ID,
                parent=ORGANIZATION_ID,
            )
            for path, handler in (("/table", self.page), ("/table/seats", self.seats))
        ]

    async def page(self, call: Call[Viewer, SeatsQuery]) -> Response:
        """`GET .../table`: the page, with the seats if they were read some seconds ago. Otherwise
        they arrive later, since reading them may take a second.
        """
        event = await event_of(call, self._store)
        seat_map = self._maps.fresh(event.key)
        values = {} if seat_map is None else await self._listed(call, seat_map)
        return self._pages.render(
            call,
            "seat_table.html",
            title=title_of(event),
            event_url=event_url(self._pages, event.key),
            wanted=call.input,
            is_read=seat_map is not None,
            **values,
        )

    async def seats(self, call: Call[Viewer, SeatsQuery]) -> Response:
        """`GET .../table/seats`: the part of the page that has the seats."""
        event = await event_of(call, self._store)
        values = await self._listed(call, await self._maps.opened(event.key))
        return self._pages.render(
            call,
            "seat_table_part.html",
            event_url=event_url(self._pages, event.key),
            wanted=call.input,
            **values,
        )

    async def _listed(self, call: Call[Viewer, SeatsQuery], seat_map: SeatMap) -> dict[str, Any]:
        query, now = call.input, int(self._now().timestamp())
        filters = [query.section, sorted(query.state), query.channel, query.changed]
        after = place_in(query.after, str, filters) if query.after else None
        wanted = seat_filter(query, now)
        found = await list_seats(seat_map, wanted, after, PAGE_SEATS, now)
        return {
            "rows": [
                SeatRow(seat, _timestamp(seat.state.since), _timestamp(seat.state.until))
                for seat in found.seats
            ],
            "following": bound_cursor(found.next_token, filters) if found.next_token else None,
            "sections": [(one.name or NO_SECTION, one.name) for one in seat_map.sections],
            "channels": seat_map.channel_codes,
            "counts": [(state, seat_map.states.count(LETTERS[state])) for state in STATES],
            "changes": CHANGES,
        }


STATES = (TicketState.FREE, TicketState.LISTED, TicketState.HELD, TicketState.VOIDED)


def _timestamp(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
