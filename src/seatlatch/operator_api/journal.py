"""The operator's calls that read the journal: traced requests, and a ticket's history.

Source: the contract's section on operator HTTP.
"""

from typing import Annotated, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from seatlatch.domain.journal import Changed, DamagedEntry, EntryPlace, FoundEntry, Verb
from seatlatch.domain.operator import Operator
from seatlatch.http.body import json_response
from seatlatch.http.query import from_cursor, to_cursor
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.read_journal import (
    PAGE_REQUESTS,
    TicketHistory,
    client_addresses,
    ticket_history,
    trace_request,
)
from seatlatch.operator_api.admission import READ, OperatorAdmission
from seatlatch.operator_api.requests import scope_of
from seatlatch.operator_api.tickets import TICKETS
from seatlatch.presentation.identifiers import TOKEN, no_such_ticket
from seatlatch.presentation.schemas import Timestamp
from seatlatch.presentation.traces import (
    REQUEST_ID,
    BeforeRequest,
    full_traces,
    no_such_request,
)
from seatlatch.store.interface import Store

PAGE_REQUESTS_MAX = 100
PAGE_CHANGES = 25
PAGE_CHANGES_MAX = 100


class HistoryQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """The query of a history: changes older than `after`, the `next` of an earlier page."""

    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_CHANGES_MAX)] = PAGE_CHANGES


class RequestsQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """The query of a trace: requests before `after`, the `next` of an earlier page."""

    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_REQUESTS_MAX)] = PAGE_REQUESTS


class Before(NamedTuple):
    """The place at which a history continues, as a cursor holds it."""

    entry_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]


class ShownChange(Struct, rename="camel"):
    """One change of a ticket, and its author. `version` numbers the ticket's changes.

    `external_listing_id`: the listing of a lock. `listed_by`: the channel whose listing it was when
    the box office changed it. `damaged`: the entry was edited after it was written; unreadable
    members are null.
    """

    version: int | None
    timestamp: Timestamp | None
    verb: Verb | None
    request_id: str | None
    entry_id: str
    application: str | None
    channel: str | None
    operator: str | None
    reason: str | None
    hold_seconds: int | None
    external_listing_id: str | None
    listed_by: str | None
    client_address: str | None
    damaged: bool | UnsetType = UNSET


class ShownHistory(Struct, rename="camel"):
    """Changes of a ticket, the latest first. `next`: the value of `after` for the next page; null =
    no more.

    `is_pruned`: older changes are no longer in the journal.
    """

    token: str
    changes: list[ShownChange]
    next: str | None
    is_pruned: bool


TRACE_REQUEST = RouteSpec(
    "GET", "/operator/v1/requests/{requestId}", READ, path_value=REQUEST_ID, query=RequestsQuery
)
LIST_HISTORY = RouteSpec(
    "GET", TICKETS + "/{token}/history", READ, path_value=TOKEN, query=HistoryQuery
)


class OperatorJournal:
    """The handlers of the operator's calls that read the journal."""

    def __init__(self, admission: OperatorAdmission, store: Store, alarm: JournalAlarm) -> None:
        self._admission = admission
        self._store = store
        self._alarm = alarm

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(TRACE_REQUEST, self._admission, self.request),
            api_route(LIST_HISTORY, self._admission, self.history),
        ]

    async def request(self, call: Call[Operator, RequestsQuery]) -> Response:
        """`GET /operator/v1/requests/{requestId}`: the requests under a Request-ID."""
        query, before = call.input, None
        if query.after is not UNSET:
            before = EntryPlace(*from_cursor(str(query.after), BeforeRequest))
        found = await trace_request(
            self._store,
            call.path_value,
            before=before,
            limit=query.limit,
            scope=scope_of(call.caller),
        )
        may_continue = found.before is not None and call.caller.organizations is None
        if not found.entries and before is None and not may_continue:
            raise no_such_request()
        self._alarm.entries(found.entries)
        addresses = await client_addresses(self._store, found.entries)
        return json_response(full_traces(found, addresses))

    async def history(self, call: Call[Operator, HistoryQuery]) -> Response:
        """`GET /operator/v1/tickets/{token}/history`: the changes of a ticket."""
        query, token = call.input, call.path_value
        before = None if query.after is UNSET else from_cursor(str(query.after), Before).entry_id
        found = await self._store.read(
            lambda snapshot: ticket_history(
                snapshot, token, before, query.limit, scope_of(call.caller)
            )
        )
        if found is None:
            raise no_such_ticket()
        self._alarm.entries(entry for entry, _ in found.changes)
        return json_response(shown_history(token, found))


def shown_history(token: str, history: TicketHistory) -> ShownHistory:
    """A ticket's history in the form for an operator."""
    changes = [
        _shown(entry, changed, history.addresses.get(entry.entry_id))
        for entry, changed in history.changes
    ]
    next_cursor = to_cursor(Before(history.next_entry_id)) if history.next_entry_id else None
    return ShownHistory(token, changes, next_cursor, history.is_pruned)


def _shown(entry: FoundEntry, changed: Changed | None, address: str | None) -> ShownChange:
    if isinstance(entry, DamagedEntry):
        known = (entry.timestamp, None, entry.request_id, str(entry.entry_id))
        return ShownChange(None, *known, *(None,) * 7, address, damaged=True)
    verb, asker, reason, hold_seconds, listing_id = entry.act
    return ShownChange(
        changed.version if changed else None,
        entry.timestamp,
        verb,
        asker.request_id,
        str(entry.entry_id),
        asker.application_id,
        asker.channel_code,
        asker.operator,
        reason,
        hold_seconds,
        listing_id,
        changed.channel_code if changed else None,
        address,
        entry.damaged or UNSET,
    )
