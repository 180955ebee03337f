"""The paths of events' pages, and the event that a path names.

Tickets without an access id have a page too. In its path a space stands for the access id, because
no access id is one.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from seatlatch.console.pages import Pages
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer
from seatlatch.domain.performance import Event, EventKey
from seatlatch.http.refusals import RouteUnknown
from seatlatch.http.routes import Call
from seatlatch.operations.list_events import find_event
from seatlatch.presentation.identifiers import ORGANIZATION_ID, identifier
from seatlatch.store.interface import Store

EVENTS = CONSOLE + "/events"
NO_ACCESS_ID = " "
ACCESS_ID = identifier("accessId", "event")
EVENT = f"{EVENTS}/{{{ORGANIZATION_ID.name}}}/{{{ACCESS_ID.name}}}"
"""The path of an event's page. Its pages and actions are below."""


def path_of(key: EventKey) -> tuple[str, str]:
    """The segments of an event's path, below `EVENTS`."""
    return key.organization_id, key.access_id or NO_ACCESS_ID


def event_url(pages: Pages, key: EventKey) -> Callable[..., str]:
    """Makes the URL of an event's page, or of one below it; see `Templates.url`."""
    return partial(pages.url, EVENTS, *path_of(key))


def key_of(call: Call[Viewer, Any]) -> EventKey:
    """The event that a path names, in an organization that the viewer may see.

    Raises `RouteUnknown`.
    """
    access_id = "" if call.path_value == NO_ACCESS_ID else call.path_value
    return visible(call.caller, EventKey(call.parent, access_id))


def visible(viewer: Viewer, key: EventKey) -> EventKey:
    """An event in an organization that a person may see. Raises `RouteUnknown`."""
    if not viewer.operator.may_see(key.organization_id):
        raise no_such_event()
    return key


async def event_of(call: Call[Viewer, Any], store: Store) -> Event:
    """The event that a path names. Raises `RouteUnknown` if the viewer may not know that it exists,
    and `Unavailable`.
    """
    event = await find_event(store, key_of(call), call.caller.operator.organizations)
    if event is None:
        raise no_such_event()
    return event


def title_of(event: Event) -> str:
    """The name of an event for a heading."""
    return event.item_name or event.access_id or "Tickets without an event"


def timestamp_of(text: str | None) -> datetime | None:
    """The time of an event, which is stored as text."""
    return None if text is None else datetime.fromisoformat(text)


def no_such_event() -> RouteUnknown:
    """The refusal of a path that names no event."""
    return RouteUnknown("There is no such event.")
