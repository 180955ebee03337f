"""The `/operator/v1/events` calls.

Source: the contract's section on the second edition of operator HTTP.
"""

import asyncio

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.domain.operator import Operator
from seatlatch.domain.performance import REMOVED, Event, EventKey, EventResult, event_problem
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.http.body import (
    EVENTS_BODY_BYTES_MAX,
    BodyReader,
    json_response,
    read_body,
)
from seatlatch.http.query import bound_cursor, filters_of, place_in
from seatlatch.http.refusals import MalformedRequest
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.event_counts import EventCounter
from seatlatch.operations.list_events import EventQuery, ListedEvent, ListedEvents, list_events
from seatlatch.operations.put_events import put_events
from seatlatch.operator_api.admission import BOX_OFFICE, READ, OperatorAdmission
from seatlatch.operator_api.event_schemas import (
    FAILURE,
    EventBody,
    EventCounts,
    EventsPage,
    EventsQuery,
    FailedEvent,
    PutEvent,
    ShownEvent,
)
from seatlatch.operator_api.records import PORTION_TOKENS, bad_member, decoded, entries_of
from seatlatch.presentation.ticket_results import list_response
from seatlatch.store.interface import Store

EVENTS = "/operator/v1/events"
PUT_EVENTS_MAX = 1_000

_event = msgspec.json.Decoder(EventBody)


class EventsBody(BodyReader[list[Event]]):
    """A body of events: a JSON array."""

    async def read(self, request: Request, context: RequestContext) -> list[Event]:
        """The events. Raises `BodyTooLarge`, `MalformedRequest` or `InvalidRequest`.

        The error names the place of the first bad event, and the member that is wrong.
        """
        body = await read_body(request, context)
        if not body:
            raise MalformedRequest("The body is empty. Send an array of events.")
        events: list[Event] = []
        for number, (place, text) in enumerate(entries_of(body, "events"), 1):
            if number > PUT_EVENTS_MAX:
                raise InvalidRequest(f"The body contains more than {PUT_EVENTS_MAX} events.")
            events.append(event_of(place, text))
            if number % PORTION_TOKENS == 0:
                await asyncio.sleep(0)
        if not events:
            raise InvalidRequest("The body contains no events. Send 1 or more.")
        return events


def event_of(place: str, text: bytes) -> Event:
    """The event of a text. Raises `MalformedRequest` or `InvalidRequest`."""
    body = decoded(_event, "event", place, text)
    put = Event(
        body.organization_id,
        body.access_id,
        body.item_name or None,
        body.season_code or None,
        body.item_code or None,
        _time(body.starts_at),
        _time(body.ends_at),
        body.facility_code or None,
        body.facility_name or None,
    )
    if problem := event_problem(put):
        raise bad_member(EventBody, "event", place, problem)
    return put


def _time(value: str | UnsetType | None) -> str | None:
    """A time in a put: absent = the stored one stays, null = it is removed."""
    if value is UNSET:
        return None
    return REMOVED if value is None else str(value)


LIST_EVENTS = RouteSpec("GET", EVENTS, READ, query=EventsQuery)
PUT_EVENTS = RouteSpec("PUT", EVENTS, BOX_OFFICE, body=EventsBody(EVENTS_BODY_BYTES_MAX))


class OperatorEvents:
    """The handlers of the operator's calls about events."""

    def __init__(
        self,
        admission: OperatorAdmission,
        committer: Committer,
        store: Store,
        counter: EventCounter,
    ) -> None:
        self._admission = admission
        self._committer = committer
        self._store = store
        self._counter = counter

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(LIST_EVENTS, self._admission, self.page),
            api_route(PUT_EVENTS, self._admission, self.put),
        ]

    async def put(self, call: Call[Operator, list[Event]]) -> Response:
        """`PUT /operator/v1/events`: add events, or update what is known of them."""
        request_id, organizations = call.context.asker.request_id, call.caller.organizations
        results = await put_events(self._committer, call.input, request_id, organizations)
        return list_response(results, _put_event, _failed_event)

    async def page(self, call: Call[Operator, EventsQuery]) -> Response:
        """`GET /operator/v1/events`: events with the counts of their tickets, page by page."""
        query = event_query(call.input, call.caller.organizations)
        found = await list_events(self._store, self._counter, query, call.input.limit)
        filters = bound_filters(call.input, call.caller.organizations)
        return json_response(shown_page(found, filters))


def event_query(query: EventsQuery, organizations: frozenset[str] | None) -> EventQuery:
    """The events that a query asks for. Raises `InvalidRequest` for a cursor of another query."""
    organization_id = None if query.organization_id is UNSET else query.organization_id
    access_id = None if query.access_id is UNSET else query.access_id
    filters = bound_filters(query, organizations)
    after = None if query.after is UNSET else place_in(str(query.after), EventKey, filters)
    return EventQuery(organization_id, access_id, after, organizations)


def bound_filters(query: EventsQuery, organizations: frozenset[str] | None) -> list[object]:
    """The list to which a cursor belongs: the filters, and what the caller may see."""
    return [filters_of(query), None if organizations is None else sorted(organizations)]


def shown_page(found: ListedEvents, filters: list[object]) -> EventsPage:
    """A page of events in the form for an operator. `filters`: see `bound_filters`."""
    next_cursor = bound_cursor(found.next_after, filters) if found.next_after else None
    return EventsPage([_shown_event(one) for one in found.events], next_cursor)


def _shown_event(one: ListedEvent) -> ShownEvent:
    counts, counted_at = one.counted
    shown = ShownEvent(
        *one.event, total=counts.total, counts=EventCounts(*counts), counted_at=counted_at
    )
    shown.access_id = shown.access_id or None
    return shown


def _put_event(result: EventResult) -> PutEvent:
    return PutEvent(*result.key, result.outcome)


def _failed_event(result: EventResult) -> FailedEvent:
    return FailedEvent(*result.key, FAILURE.app_error_code, FAILURE.message, FAILURE.type)
