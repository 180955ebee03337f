"""The operator's call that reads the audit.

Source: the contract's section on the second edition of operator HTTP.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from seatlatch.domain.audit import Action, AuditFilters, AuditPlace
from seatlatch.domain.operator import Operator
from seatlatch.domain.timestamp import read_timestamp
from seatlatch.http.body import json_response
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.journal.rows import from_microseconds, to_microseconds
from seatlatch.operations.read_audit import AuditPage, read_audit
from seatlatch.operator_api.admission import ADMIN, OperatorAdmission
from seatlatch.presentation.schemas import Timestamp, TimestampText
from seatlatch.store.interface import Store

MICROSECONDS_MAX = to_microseconds(datetime(9999, 12, 31, tzinfo=UTC))
PAGE_ENTRIES = 100
PAGE_ENTRIES_MAX = 1_000


class AuditQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """The query of the audit. `after`: the `next` of an earlier page of the same query."""

    actor: str | UnsetType = UNSET
    action: Action | UnsetType = UNSET
    target: str | UnsetType = UNSET
    since: TimestampText | UnsetType = UNSET
    until: TimestampText | UnsetType = UNSET
    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_ENTRIES_MAX)] = PAGE_ENTRIES


class ShownAuditEntry(Struct, rename="camel"):
    """An administrative change or a sign-in, and its author."""

    audit_id: str
    timestamp: Timestamp
    actor: str
    client_address: str | None
    request_id: str
    action: str
    target: str
    details: Annotated[dict[str, Any], Meta(extra_json_schema={"additionalProperties": True})]


class ShownAudit(Struct, rename="camel"):
    """Entries of the audit, the newest first. `next`: the value of `after` for the next page; null
    = no more.
    """

    entries: list[ShownAuditEntry]
    next: str | None


class Before(NamedTuple):
    """The place at which the audit continues, as a cursor holds it."""

    microseconds: Annotated[int, Meta(ge=0, le=MICROSECONDS_MAX)]
    audit_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]


LIST_AUDIT = RouteSpec("GET", "/operator/v1/audit", ADMIN, query=AuditQuery)


class OperatorAudit:
    """The handler of the audit."""

    def __init__(self, admission: OperatorAdmission, store: Store) -> None:
        self._admission = admission
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The route of this handler."""
        return [api_route(LIST_AUDIT, self._admission, self.page)]

    async def page(self, call: Call[Operator, AuditQuery]) -> Response:
        """`GET /operator/v1/audit`: administrative changes and sign-ins, the newest first."""
        query = call.input
        filters = _filters(query)
        before = None
        if query.after is not UNSET:
            found = place_in(str(query.after), Before, filters)
            before = AuditPlace(from_microseconds(found.microseconds), found.audit_id)
        page = await self._store.read(
            lambda snapshot: read_audit(snapshot, filters, before, query.limit)
        )
        return json_response(shown_audit(page, filters))


def shown_audit(page: AuditPage, filters: AuditFilters) -> ShownAudit:
    """A page of the audit in the form for an operator."""
    entries = [
        ShownAuditEntry(
            str(entry.audit_id),
            entry.timestamp,
            entry.actor,
            entry.client_address,
            entry.request_id,
            entry.action,
            entry.target,
            dict(entry.details),
        )
        for entry in page.entries
    ]
    if page.next is None:
        return ShownAudit(entries, None)
    place = Before(to_microseconds(page.next.timestamp), page.next.audit_id)
    return ShownAudit(entries, bound_cursor(place, filters))


def _filters(query: AuditQuery) -> AuditFilters:
    return AuditFilters(
        _text(query.actor),
        _text(query.action),
        _text(query.target),
        _timestamp("since", query.since),
        _timestamp("until", query.until),
    )


def _text(value: str | UnsetType) -> str | None:
    return None if value is UNSET else str(value)


def _timestamp(name: str, text: str | UnsetType) -> datetime | None:
    return None if text is UNSET else read_timestamp(f"parameter {name}", str(text))
