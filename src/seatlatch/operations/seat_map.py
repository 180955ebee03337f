"""The seat map of an event: all its seats in sections and rows, and the state of each.

The seats are numbered in the order of the map. Their states are in columns, one value for each
seat, which follow the journal.

See decisions 176 and 177.
"""

import re
from array import array
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple, cast

import msgspec

from seatlatch.domain.feed import Position, covers, position_to_text
from seatlatch.domain.performance import EventKey
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations.seat_changes import SeatChange

LETTERS = {
    TicketState.FREE: ord("F"),
    TicketState.LISTED: ord("L"),
    TicketState.HELD: ord("H"),
    TicketState.VOIDED: ord("V"),
}
"""The letter of each state in the column of states."""

STATES = {letter: state for state, letter in LETTERS.items()}

REMEMBERED_CHANGES = 0.5
"""Changes are remembered until this part of all seats has changed. For a reader that has missed
more, the state of all seats is not much longer.
"""

MAP_ID_CHARACTERS = 16

_PARTS = re.compile(r"\d+|\D+")


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which 2 precedes 10, and A2 precedes A10. An empty name comes first."""
    if name.isdecimal():
        return ((0, int(name), ""),)
    parts = _PARTS.findall(name)
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts)


class Row(NamedTuple):
    """A row of a section: its name, the number of its first seat, and how many seats it has."""

    name: str
    first: int
    length: int


class Section(NamedTuple):
    """A section of a map. Its name is empty for tickets without one, as that of a row."""

    name: str
    rows: list[Row]


class NewSeat(NamedTuple):
    """A seat to add to a map."""

    token: str
    name: str
    state: "SeatState"


class SeatState(NamedTuple):
    """The state of one seat. `channel_code`, `since` and `until` as in `SeatChange`.

    `since` 0 = the ticket was never changed, or longer ago than the journal goes back.
    """

    state: TicketState
    channel_code: str | None
    since: int
    until: int | None


class _Portion(NamedTuple):
    """The seats that changed in the portion of the journal that ends at a position."""

    end: Position
    seats: set[int]


class SeatMap:
    """The map of one event. To be used from one event loop.

    `position`: up to where it has followed the journal. `names`, `tokens`, `states`, `channels` and
    `since` have one value for each seat: `states` a letter of `LETTERS`, `channels` a place in
    `channel_codes` from 1 on, 0 = no channel has set mpreserve. `until` has the ends of holds. All
    times are seconds since 1970.
    """

    def __init__(self, key: EventKey, position: Position) -> None:
        self.key = key
        self.position = position
        self.sections: list[Section] = []
        self.names: list[str] = []
        self.tokens: list[str] = []
        self.states = bytearray()
        self.channels = array("I")
        self.since = array("I")
        self.until: dict[int, int] = {}
        self.channel_codes: list[str] = []
        self._channel_numbers: dict[str | None, int] = {None: 0}
        self._numbers: dict[str, int] = {}
        self._digest = sha256()
        self._remembered: deque[_Portion] = deque()
        self._remembered_seats = 0
        self._remembered_from = position
        self.derived: dict[str, object] = {}
        """Anything that was made of the present states, by a name. Emptied when they change, and
        after some seconds.
        """

    @property
    def map_id(self) -> str:
        """An id that another map has only if it has the same seats in the same order."""
        return self._digest.hexdigest()[:MAP_ID_CHARACTERS]

    def number_of(self, token: str) -> int | None:
        """The number of a ticket's seat; None = it is not in the map."""
        return self._numbers.get(token)

    def add_seats(self, section: str, row: str, seats: Sequence[NewSeat]) -> None:
        """Add seats of a row at the end of the map."""
        if not self.sections or self.sections[-1].name != section:
            self.sections.append(Section(section, []))
        rows = self.sections[-1].rows
        if not rows or rows[-1].name != row:
            rows.append(Row(row, len(self.tokens), 0))
        rows[-1] = rows[-1]._replace(length=rows[-1].length + len(seats))
        for token, name, state in seats:
            self._numbers[token] = len(self.tokens)
            self.tokens.append(token)
            self.names.append(name)
            self.states.append(0)
            self.channels.append(0)
            self.since.append(0)
            self._set(len(self.states) - 1, *state)
        identity = (section, row, [(seat.token, seat.name) for seat in seats])
        self._digest.update(msgspec.json.encode(identity))

    def _set(
        self,
        seat: int,
        state: TicketState,
        channel_code: str | None,
        since: int,
        until: int | None,
    ) -> None:
        channel = self._channel_numbers.get(channel_code)
        if channel is None and channel_code is not None:
            self.channel_codes.append(channel_code)
            channel = self._channel_numbers[channel_code] = len(self.channel_codes)
        self.states[seat] = LETTERS[state]
        self.channels[seat] = channel or 0
        self.since[seat] = since
        if until is not None:
            self.until[seat] = until
        elif seat in self.until:
            del self.until[seat]

    def follow(self, changes: Iterable[SeatChange], end: Position) -> None:
        """Apply some of the changes up to a position, and remember which seats changed.

        When all are applied, `arrive` there. Until then a reader may get them twice.
        """
        self.derived.clear()
        numbers = self._numbers
        seats: set[int] = set()
        for one in changes:
            for token in one.tokens:
                seat = numbers.get(token)
                if seat is not None:
                    self._set(seat, one.state, one.channel_code, one.since, one.until)
                    seats.add(seat)
        if seats:
            self._remembered.append(_Portion(end, seats))
            self._remembered_seats += len(seats)
            while self._remembered_seats > REMEMBERED_CHANGES * len(self.states):
                forgotten = self._remembered.popleft()
                self._remembered_seats -= len(forgotten.seats)
                self._remembered_from = forgotten.end

    def arrive(self, position: Position) -> None:
        """Note up to where the map has followed the journal."""
        self.derived.clear()
        self.position = position

    def changed_after(self, position: Position) -> Collection[int] | None:
        """The seats that changed after a position; None = it is too long ago.

        None changed after a position to which the map has not come yet.
        """
        name = f"changed {position_to_text(position)}"
        if name not in self.derived:
            self.derived[name] = self._changed_after(position)
        return cast("Collection[int] | None", self.derived[name])

    def _changed_after(self, position: Position) -> Collection[int] | None:
        changed: set[int] = set()
        for portion in reversed(self._remembered):
            if covers(position, portion.end):
                return changed
            changed |= portion.seats
        return changed if covers(position, self._remembered_from) else None

    def state_at(self, seat: int, now: int) -> SeatState:
        """The state of a seat; a hold that has ended is over."""
        state, channel = STATES[self.states[seat]], self.channels[seat]
        channel_code = self.channel_codes[channel - 1] if channel else None
        until = self.until.get(seat)
        if state is TicketState.HELD and until is not None and until <= now:
            state = TicketState.LISTED if channel else TicketState.FREE
            until = None
        return SeatState(state, channel_code, self.since[seat], until)
