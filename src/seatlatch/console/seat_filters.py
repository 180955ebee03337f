"""The filters of an event's seats, as the forms of the map and of the table have them."""

from typing import Literal

from msgspec import Struct

from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations.list_seats import SeatFilter

CHANGES = {
    "under-600": "within 10 minutes",
    "under-3600": "within an hour",
    "under-86400": "within a day",
    "over-86400": "longer than a day ago",
    "over-604800": "longer than a week ago",
    "over-2592000": "longer than 30 days ago",
}
"""When a seat last changed: the values of the field, which the map's script reads too."""

Change = Literal[
    "under-600", "under-3600", "under-86400", "over-86400", "over-604800", "over-2592000"
]


class SeatsQuery(Struct):
    """The query of a list of seats. `section` is `NO_SECTION` for tickets without one.

    `after`: the place of a later page.
    """

    section: str | None = None
    state: list[TicketState] = []
    channel: str | None = None
    changed: Change | None = None
    after: str | None = None


NO_SECTION = " "
"""No section is a space, and an empty field counts as absent."""


def seat_filter(query: SeatsQuery, now: int) -> SeatFilter:
    """The filter of a query at a time."""
    section = "" if query.section == NO_SECTION else query.section
    states = frozenset(query.state) or None
    if query.changed is None:
        return SeatFilter(section, states, query.channel)
    direction, _, seconds = query.changed.partition("-")
    bound = now - int(seconds)
    if direction == "under":
        return SeatFilter(section, states, query.channel, changed_after=bound)
    return SeatFilter(section, states, query.channel, changed_before=bound)
