"""The operator's calls about operators and their keys.

Source: the contract's section on the second edition of operator HTTP.
"""

from datetime import datetime

from msgspec import UNSET
from starlette.responses import Response

from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import Conflict, InvalidRequest, NotFound
from seatlatch.domain.timestamp import read_timestamp
from seatlatch.http.body import TICKETS_BODY_BYTES_MAX, JsonBody
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.operators import (
    add_operator,
    change_operator,
    revoke_operator,
    rotate_operator_key,
)
from seatlatch.operator_api.access_schemas import (
    AddedOperator,
    ChangedOperator,
    NewOperatorKey,
    OperatorBody,
    OperatorChange,
    OperatorList,
    RotateOperatorKey,
    ShownOperator,
    ShownOperatorKey,
)
from seatlatch.operator_api.admission import ADMIN, OperatorAdmission, actor_of
from seatlatch.presentation.identifiers import OPERATOR_NAME
from seatlatch.presentation.lists import ListQuery, page_of
from seatlatch.store.access import OperatorEntry
from seatlatch.store.interface import Store

OPERATORS = "/operator/v1/operators"
OPERATOR = OPERATORS + "/{operatorName}"

LIST = RouteSpec("GET", OPERATORS, ADMIN, query=ListQuery)
ADD = RouteSpec(
    "POST",
    OPERATORS,
    ADMIN,
    body=JsonBody(OperatorBody, TICKETS_BODY_BYTES_MAX),
    status=201,
    has_secrets=True,
    own_refusals=(NotFound, Conflict),
)
CHANGE = RouteSpec(
    "PATCH",
    OPERATOR,
    ADMIN,
    body=JsonBody(OperatorChange, TICKETS_BODY_BYTES_MAX),
    path_value=OPERATOR_NAME,
    own_refusals=(NotFound,),
)
REVOKE: RouteSpec[None] = RouteSpec(
    "DELETE",
    OPERATOR,
    ADMIN,
    path_value=OPERATOR_NAME,
    status=204,
    own_refusals=(NotFound, InvalidRequest),
)
ROTATE_KEY = RouteSpec(
    "POST",
    OPERATOR + "/rotate-key",
    ADMIN,
    body=JsonBody(RotateOperatorKey, TICKETS_BODY_BYTES_MAX),
    path_value=OPERATOR_NAME,
    has_secrets=True,
    own_refusals=(NotFound, Conflict),
)


class OperatorOperators:
    """The handlers of the calls about operators."""

    def __init__(self, admission: OperatorAdmission, store: Store, changes: AccessChanges) -> None:
        self._admission = admission
        self._store = store
        self._changes = changes

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(LIST, self._admission, self.page),
            api_route(ADD, self._admission, self.add),
            api_route(CHANGE, self._admission, self.change),
            api_route(REVOKE, self._admission, self.revoke),
            api_route(ROTATE_KEY, self._admission, self.rotate_key),
        ]

    async def page(self, call: Call[Operator, ListQuery]) -> Response:
        """`GET /operator/v1/operators`: all operators with their keys, page by page."""
        entries = await self._store.read(lambda snapshot: snapshot.access.operators())
        page, cursor = page_of(OPERATORS, entries, lambda entry: entry.operator.name, call.input)
        return LIST.respond(OperatorList([_shown(entry) for entry in page], cursor))

    async def add(self, call: Call[Operator, OperatorBody]) -> Response:
        """`POST /operator/v1/operators`: add an operator with its first key."""
        body, end = call.input, _expiry(call.input.expires_at)
        limits = body.organizations
        issued = await self._changes.run(
            actor_of(call), add_operator, body.name, body.role, limits or (), end
        )
        organizations = None if limits is None else sorted(set(limits))
        return ADD.respond(
            AddedOperator(body.name, issued.operator_key, body.role, organizations, end)
        )

    async def change(self, call: Call[Operator, OperatorChange]) -> Response:
        """`PATCH /operator/v1/operators/{operatorName}`: give it another role or organizations."""
        role, limits = call.input.role, call.input.organizations
        operator = await self._changes.run(
            actor_of(call),
            change_operator,
            call.path_value,
            None if role is UNSET else role,
            None if limits is UNSET else limits or (),
        )
        return CHANGE.respond(ChangedOperator(*_reach(operator)))

    async def revoke(self, call: Call[Operator, None]) -> Response:
        """`DELETE /operator/v1/operators/{operatorName}`: remove it; its keys end at once."""
        await self._changes.run(actor_of(call), revoke_operator, call.path_value)
        return REVOKE.respond()

    async def rotate_key(self, call: Call[Operator, RotateOperatorKey]) -> Response:
        """`POST /operator/v1/operators/{operatorName}/rotate-key`: give it a new key."""
        body, end = call.input, _expiry(call.input.expires_at)
        issued = await self._changes.run(
            actor_of(call), rotate_operator_key, call.path_value, body.overlap_seconds, end
        )
        return ROTATE_KEY.respond(NewOperatorKey(call.path_value, *issued))


def _expiry(text: str | None) -> datetime | None:
    return None if text is None else read_timestamp("expiresAt", text)


def _reach(operator: Operator) -> tuple[str, Role, list[str] | None]:
    limits = operator.organizations
    return operator.name, operator.role, None if limits is None else sorted(limits)


def _shown(entry: OperatorEntry) -> ShownOperator:
    keys = [ShownOperatorKey(*key) for key in entry.keys]
    return ShownOperator(*_reach(entry.operator), keys)
