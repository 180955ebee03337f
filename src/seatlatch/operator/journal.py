"""The operator's calls that read the journal: what a request did, and a ticket's history.

Source: the contract's section on operator HTTP.
"""

from typing import Annotated, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from seatlatch.api.exchange import Exchange
from seatlatch.api.journal import no_such_request, request_id_in
from seatlatch.api.query import from_cursor, read_query, to_cursor
from seatlatch.api.routes import ApiRoute
from seatlatch.api.schemas import Moment
from seatlatch.api.traces import full_traces
from seatlatch.domain.journal import Changed, DamagedEntry, EntryPlace, FoundEntry, Verb
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.read_journal import (
    PAGE_REQUESTS,
    TicketHistory,
    ticket_history,
    trace_request,
)
from seatlatch.operator.gate import OperatorGate
from seatlatch.operator.tickets import (
    TICKETS,
    TokenRoute,
    json_response,
    no_such_ticket,
    token_in,
)
from seatlatch.store.interface import Store

PAGE_REQUESTS_MAX = 100
PAGE_CHANGES = 25
PAGE_CHANGES_MAX = 100


class HistoryQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """Which part of a history is asked for: what is older than `after`, a `next` of before."""

    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_CHANGES_MAX)] = PAGE_CHANGES


class RequestsQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """Which of the requests are asked for: those before `after`, a `next` of before."""

    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_REQUESTS_MAX)] = PAGE_REQUESTS


class BeforeRequest(NamedTuple):
    """Where a page of requests goes on, as it stands in a cursor."""

    position: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    entry_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]


class Before(NamedTuple):
    """Where a history goes on, as it stands in a cursor."""

    entry_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]


class ShownChange(Struct, rename="camel"):
    """One change of a ticket: who did what. `version` numbers the ticket's changes.

    `listed_by`: the channel whose listing it was when the box office changed it. `damaged`: the
    entry was edited after it was written; what can't be read is null.
    """

    version: int | None
    timestamp: Moment | None
    verb: Verb | None
    request_id: str | None
    entry_id: str
    application: str | None
    channel: str | None
    operator: str | None
    reason: str | None
    hold_seconds: int | None
    listed_by: str | None
    damaged: bool | UnsetType = UNSET


class ShownHistory(Struct, rename="camel"):
    """Changes of a ticket, the latest first. `next`: what to send as `after`; null = that was all.

    `is_pruned`: older changes are no longer in the journal.
    """

    token: str
    changes: list[ShownChange]
    next: str | None
    is_pruned: bool


class OperatorJournal:
    """The handlers, with what they work on."""

    def __init__(self, gate: OperatorGate, store: Store, alarm: JournalAlarm) -> None:
        self._gate = gate
        self._store = store
        self._alarm = alarm

    def routes(self) -> list[ApiRoute]:
        """Where each call is."""
        return [
            ApiRoute("/operator/v1/requests/{requestId}", self.request, methods=["GET"]),
            TokenRoute(TICKETS + "/{token}/history", self.history, methods=["GET"]),
        ]

    async def request(self, request: Request) -> Response:
        """`GET /operator/v1/requests/{requestId}`: what was asked under a Request-ID."""
        await self._gate.admit(Exchange.of(request))
        request_id = request_id_in(request)
        query = read_query(request.scope["query_string"], RequestsQuery)
        before = None
        if query.after is not UNSET:
            before = EntryPlace(*from_cursor(str(query.after), BeforeRequest))
        found = await trace_request(self._store, request_id, before=before, limit=query.limit)
        if not found.entries and before is None:
            raise no_such_request()
        self._alarm.entries(found.entries)
        return json_response(full_traces(found))

    async def history(self, request: Request) -> Response:
        """`GET /operator/v1/tickets/{token}/history`: who changed a ticket."""
        await self._gate.admit(Exchange.of(request))
        token = token_in(request)
        query = read_query(request.scope["query_string"], HistoryQuery)
        before = None if query.after is UNSET else from_cursor(str(query.after), Before).entry_id
        found = await self._store.read(
            lambda snapshot: ticket_history(snapshot, token, before, query.limit)
        )
        if found is None:
            raise no_such_ticket()
        self._alarm.entries(entry for entry, _ in found.changes)
        return json_response(shown_history(token, found))


def shown_history(token: str, history: TicketHistory) -> ShownHistory:
    """A history as it is told."""
    changes = [_shown(entry, changed) for entry, changed in history.changes]
    going_on = to_cursor(Before(history.next_entry_id)) if history.next_entry_id else None
    return ShownHistory(token, changes, going_on, history.is_pruned)


def _shown(entry: FoundEntry, changed: Changed | None) -> ShownChange:
    if isinstance(entry, DamagedEntry):
        known = (entry.moment, None, entry.request_id, str(entry.entry_id))
        return ShownChange(None, *known, *(None,) * 6, damaged=True)
    verb, asker, reason, hold_seconds = entry.act
    return ShownChange(
        changed.version if changed else None,
        entry.moment,
        verb,
        asker.request_id,
        str(entry.entry_id),
        asker.application_id,
        asker.channel_code,
        asker.operator,
        reason,
        hold_seconds,
        changed.channel_code if changed else None,
        entry.damaged or UNSET,
    )
