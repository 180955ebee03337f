"""Makes messages of changed events, in the form of the original system's. Pure.

See decision 150.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated, Literal

from msgspec import Meta, Struct

from seatlatch.domain.performance import Event, EventKey
from seatlatch.store.events import ChangedEvent
from seatlatch.store.webhooks import NewMessage
from seatlatch.webhooks.message import SEATS_MAX, encode, in_portions, new_message_id

TO_BE_DETERMINED = "TBD"
MARK = "\x1f"
"""Begins the mark of an event among the tokens of a message. No token of a ticket contains it."""


class MessageEvent(Struct, rename="camel"):
    """An event after the change. Dates and times are those of the event's place.

    `start_date` and `start_time` are `TBD` if the start is not known; `end_date` and `end_time` are
    null if the end is not known.
    """

    access_id: str
    season_code: str | None
    item_code: str | None
    item_name: str | None
    start_date: str
    start_time: str
    end_date: str | None
    end_time: str | None
    facility_code: str | None
    facility_name: str | None


class Events(Struct):
    """The events that one request added or changed, each once."""

    events: Annotated[list[MessageEvent], Meta(min_length=1, max_length=SEATS_MAX)]


class EventsMetadata(Struct, rename="camel"):
    """The kind of the message's content."""

    message_entity: Literal["events"] = "events"


class EventsMessage(Struct, rename="camel"):
    """Events of one organization that one request changed. Further members may be added."""

    data: Events
    metadata: EventsMetadata
    pac_organization_id: str
    request_id: str


def event_messages_of(
    changed: Sequence[ChangedEvent], new_id: Callable[[], str] = new_message_id
) -> Iterator[NewMessage]:
    """The messages with these events, in the order of their changes."""
    for request_id, of_a_request in groupby(changed, lambda one: one.request_id):
        events = sorted((one.event for one in of_a_request), key=lambda one: one.organization_id)
        for organization_id, of_an_organization in groupby(
            events, lambda event: event.organization_id
        ):
            for some in in_portions(list(of_an_organization), _message_event):
                body = EventsMessage(
                    Events([_message_event(event) for event in some]),
                    EventsMetadata(),
                    organization_id,
                    request_id,
                )
                marks = [mark_of(event.key) for event in some]
                yield NewMessage(new_id(), marks, encode(body).decode(), "events")


def mark_of(key: EventKey) -> str:
    """The mark of an event, by which its messages stay in order."""
    return MARK + MARK.join(key)


def _message_event(event: Event) -> MessageEvent:
    start_date, start_time = _date_and_time(event.starts_at)
    end_date, end_time = _date_and_time(event.ends_at)
    return MessageEvent(
        event.access_id,
        event.season_code,
        event.item_code,
        event.item_name,
        start_date or TO_BE_DETERMINED,
        start_time or TO_BE_DETERMINED,
        end_date,
        end_time,
        event.facility_code,
        event.facility_name,
    )


def _date_and_time(timestamp: str | None) -> tuple[str | None, str | None]:
    """The date and the time to the second, in the timestamp's own offset."""
    if timestamp is None:
        return None, None
    at = datetime.fromisoformat(timestamp)
    return at.date().isoformat(), at.time().isoformat("seconds")
