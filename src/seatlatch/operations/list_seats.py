"""Lists the seats of a map, in its order, by the filters that the map has too.

See decision 176.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations.seat_map import SeatMap, SeatState

EXAMINED_AT_ONCE_SEATS = 2_000
"""The seats that are examined before other requests are served: about a millisecond."""


class SeatFilter(NamedTuple):
    """The filters; a seat must match all of them. None = any.

    `changed_after`, `changed_before`: the bounds of the latest change, in seconds since 1970.
    """

    section: str | None = None
    states: frozenset[TicketState] | None = None
    channel_code: str | None = None
    changed_after: int | None = None
    changed_before: int | None = None

    def matches(self, state: SeatState) -> bool:
        """Whether a seat with this state matches, wherever it is."""
        return (
            (self.states is None or state.state in self.states)
            and (self.channel_code is None or state.channel_code == self.channel_code)
            and (self.changed_after is None or state.since >= self.changed_after)
            and (self.changed_before is None or state.since < self.changed_before)
        )


class ListedSeat(NamedTuple):
    """A seat with its place and its state."""

    token: str
    section: str
    row: str
    name: str
    state: SeatState


class ListedSeats(NamedTuple):
    """A page of seats. `next_token`: the last of them; None = there are no more."""

    seats: Sequence[ListedSeat]
    next_token: str | None


async def list_seats(
    seat_map: SeatMap, wanted: SeatFilter, after_token: str | None, limit: int, now: int
) -> ListedSeats:
    """At most `limit` seats that match and follow the seat of a ticket, at the time `now`.

    If that ticket is no longer in the map, the list begins again.
    """
    after = None if after_token is None else seat_map.number_of(after_token)
    found: list[ListedSeat] = []
    examined = 0
    for section in seat_map.sections:
        if wanted.section is not None and section.name != wanted.section:
            continue
        for row in section.rows:
            first = row.first if after is None else max(row.first, after + 1)
            for seat in range(first, row.first + row.length):
                state = seat_map.state_at(seat, now)
                if wanted.matches(state):
                    if len(found) == limit:
                        return ListedSeats(found, found[-1].token)
                    token, name = seat_map.tokens[seat], seat_map.names[seat]
                    found.append(ListedSeat(token, section.name, row.name, name, state))
                examined += 1
                if examined % EXAMINED_AT_ONCE_SEATS == 0:
                    await asyncio.sleep(0)
    return ListedSeats(found, None)
