"""The interface to events in a database: what is known of them, their changes, their tickets."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

from seatlatch.domain.performance import Event, EventKey, TicketCounts
from seatlatch.domain.ticket_filter import TicketState


class ChangedEvent(NamedTuple):
    """An event after its latest change. `request_id`: the request that changed it.

    `change_number` counts the changes of all events.
    """

    event: Event
    change_number: int
    request_id: str


class CountedPortion(NamedTuple):
    """Counts of some of an event's tickets. `last_token`: the last of them in order of tokens."""

    counts: TicketCounts
    last_token: str


class EventSeat(Struct, frozen=True, gc=False):
    """A ticket of an event as a map shows it.

    `channel_code`: the channel that has set mpreserve, None = none has. `hold_expires_at`: the end
    of a hold that lasts. `entry_id`: the journal's entry about its latest change. A struct, since
    a map has one for each of 100,000 tickets.
    """

    token: str
    section: str | None
    row: str | None
    seat: str | None
    state: TicketState
    channel_code: str | None
    hold_expires_at: datetime | None
    entry_id: int


class EventReader(Protocol):
    """Reads events. Part of a snapshot. An empty access id stands for the tickets without one."""

    async def find(self, keys: Collection[EventKey]) -> Mapping[EventKey, Event]:
        """The events that are known among `keys`."""

    async def organizations(
        self, access_id: str | None, first: str, among: Collection[str] | None, limit: int
    ) -> Sequence[str]:
        """Organizations from `first` on that have an event or a ticket, in order of their ids.

        With `access_id` only those that have this event; with `among` only those listed.
        """

    async def access_ids(
        self, organization_id: str, after: str | None, limit: int
    ) -> Sequence[str]:
        """The access ids of an organization's events and tickets that follow `after` (None = all),
        in their order.
        """

    async def count_tickets(self, key: EventKey, after_token: str, limit: int) -> CountedPortion:
        """Count by state the first `limit` tickets of an event whose tokens follow `after_token`.

        Fewer than `limit` = these are the last ones.
        """

    async def read_seats(self, key: EventKey, after_token: str, limit: int) -> Sequence[EventSeat]:
        """The first `limit` tickets of an event whose tokens follow `after_token`, in this order.

        Fewer than `limit` = these are the last ones.
        """

    async def last_change(self) -> int:
        """The number of the last change of any event."""

    async def changed_after(
        self, change_number: int, organization_ids: Collection[str], limit: int
    ) -> Sequence[ChangedEvent]:
        """Events of these organizations whose latest change has a higher number, in that order."""


class EventWriter(EventReader, Protocol):
    """Changes events. Part of a transaction."""

    async def lock(self) -> int:
        """Keep others from changing events and removing organizations, until the end.

        Returns the number of the last change.
        """

    async def write(self, changed: Sequence[ChangedEvent]) -> None:
        """Store events whose changes have the next numbers. `lock` was called before."""
