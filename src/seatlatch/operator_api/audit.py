"""The operator's call that reads the audit.

Source: the contract's section on the second edition of operator HTTP.
"""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from seatlatch.domain.audit import Action, AuditFilters
from seatlatch.domain.operator import Operator
from seatlatch.domain.timestamp import read_timestamp
from seatlatch.http.body import json_response
from seatlatch.http.query import given
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operator_api.admission import ADMIN, OperatorAdmission
from seatlatch.presentation.audit import PAGE_ENTRIES, audit_page
from seatlatch.presentation.schemas import TimestampText
from seatlatch.store.interface import Store

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
        return json_response(
            await audit_page(self._store, filters, given(query.after), query.limit)
        )


def _filters(query: AuditQuery) -> AuditFilters:
    return AuditFilters(
        given(query.actor),
        given(query.action),
        given(query.target),
        _timestamp("since", query.since),
        _timestamp("until", query.until),
    )


def _timestamp(name: str, text: str | UnsetType) -> datetime | None:
    return None if text is UNSET else read_timestamp(f"parameter {name}", str(text))
