"""`GET /operator/v1/requests`: the list of requests.

Source: the contract's section on operator HTTP.
"""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Verb
from seatlatch.domain.operator import Operator
from seatlatch.http.body import json_response
from seatlatch.http.query import bound_cursor, filters_of, given, place_in
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_scope import Scope
from seatlatch.operations.list_requests import RequestFilter, list_requests
from seatlatch.operations.read_journal import client_addresses
from seatlatch.operator_api.admission import READ, OperatorAdmission
from seatlatch.presentation.requests import (
    EntryNumber,
    ListedRequests,
    has_status,
    listed_requests,
)
from seatlatch.store.interface import Store

PAGE_REQUESTS = 100
PAGE_REQUESTS_MAX = 100

Timestamp = Annotated[datetime, Meta(tz=True)]


class ListQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """The query of a list of requests: those from `since` on and before `until`. `after`: the
    `next` of an earlier page.
    """

    channel_code: str | UnsetType = UNSET
    status: Annotated[int, Meta(ge=100, le=599)] | UnsetType = UNSET
    type: Verb | UnsetType = UNSET
    since: Timestamp | UnsetType = UNSET
    until: Timestamp | UnsetType = UNSET
    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_REQUESTS_MAX)] = PAGE_REQUESTS

    def __post_init__(self) -> None:
        """Raise `ValueError` for a period that ends before it begins."""
        if self.since and self.until and self.since >= self.until:
            raise ValueError("`since` must be before `until`")


LIST_REQUESTS = RouteSpec("GET", "/operator/v1/requests", READ, query=ListQuery)


class OperatorRequests:
    """The handler of the operator's list of requests."""

    def __init__(self, admission: OperatorAdmission, store: Store, alarm: JournalAlarm) -> None:
        self._admission = admission
        self._store = store
        self._alarm = alarm

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [api_route(LIST_REQUESTS, self._admission, self.page)]

    async def page(self, call: Call[Operator, ListQuery]) -> Response:
        """`GET /operator/v1/requests`: requests, the newest first."""
        query = call.input
        found = await list_requests(
            self._store, filter_of(query), scope_of(call.caller), start_of(query), query.limit
        )
        self._alarm.entries(found.entries)
        addresses = await client_addresses(self._store, found.entries)
        rows = listed_requests(found.entries, addresses)
        return json_response(ListedRequests(rows, cursor_of(query, found.position)))


def scope_of(operator: Operator) -> Scope:
    """The part of the journal that an operator may see."""
    return Scope(operator.organizations)


def filter_of(query: ListQuery) -> RequestFilter:
    """The requests that a query asks for."""
    return RequestFilter(
        given(query.channel_code),
        given(query.type),
        given(query.since),
        given(query.until),
        has_status(given(query.status)),
    )


def start_of(query: ListQuery) -> Position | None:
    """The position at which a page starts; None = the newest request. Raises `InvalidRequest`."""
    if query.after is UNSET:
        return None
    return place_in(str(query.after), dict[EntryNumber, EntryNumber], filters_of(query))


def cursor_of(query: ListQuery, position: Position | None) -> str | None:
    """The start of the next page as an opaque text; None = there is no next page."""
    return None if position is None else bound_cursor(dict(position), filters_of(query))
