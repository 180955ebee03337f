"""Admission to `/operator/v1`: first the headers, then the operator's key, then its role.

See decisions 46, 47 and 159.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from seatlatch.auth.credentials_cache import MAX_AGE_SECONDS
from seatlatch.auth.keys import hash_secret
from seatlatch.auth.operator_keys import find_operator
from seatlatch.auth.throttled import ThrottledAuthentication
from seatlatch.domain.audit import Actor
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import NotAuthenticated, NotPermitted
from seatlatch.http.headers import UUID, Rule, check_headers
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import Access, RouteSpec
from seatlatch.http.routes import Call
from seatlatch.operations.key_uses import KeyUses

OPERATOR_HEADERS = (
    Rule("Request-ID", required=False, form=UUID, hint="a UUID"),
    Rule("Authorization", required=False),  # an absent one is 401, not 400
    Rule("Accept", required=False),
    Rule("Accept-Encoding", required=False),
    Rule("Content-Type", hint="application/json"),
)
"""A ticketing system need not send the headers that the document requires of a marketplace."""


OPERATOR_SCHEME = "operatorKey"
"""The security scheme in the OpenAPI document."""


def _access(role: Role, *, needs_all_organizations: bool = False) -> Access:
    return Access(
        OPERATOR_HEADERS,
        (NotPermitted,),
        scheme=OPERATOR_SCHEME,
        role=role,
        needs_all_organizations=needs_all_organizations,
    )


READ = _access(Role.READ)
SUPPORT = _access(Role.SUPPORT)
BOX_OFFICE = _access(Role.BOX_OFFICE)
SUPPORT_OF_ALL = _access(Role.SUPPORT, needs_all_organizations=True)
ADMIN = _access(Role.ADMIN, needs_all_organizations=True)
"""Administration is for keys that are not limited to organizations."""


class OperatorAdmission:
    """Admits an operator by its key (`http.routes.Admission`). `now`: the time, aware UTC."""

    def __init__(
        self,
        authentication: ThrottledAuthentication,
        uses: KeyUses,
        now: Callable[[], datetime],
    ) -> None:
        self._authentication = authentication
        self._uses = uses
        self._now = now

    async def admit(self, context: RequestContext, route: RouteSpec[Any]) -> Operator:
        """The operator, whose role allows the route."""
        check_headers(context.headers, route.headers)
        operator = await self._authenticate(context)
        context.operator = operator.name
        require_access(operator, route.access)
        return operator

    async def confirm(
        self, context: RequestContext, route: RouteSpec[Any], caller: Operator
    ) -> Operator:
        """The operator with the role that it has now. Raises as `admit` does."""
        if context.age_seconds < MAX_AGE_SECONDS:
            return caller
        operator = await self._authenticate(context)
        require_access(operator, route.access)
        return operator

    async def _authenticate(self, context: RequestContext) -> Operator:
        context.operator = None
        secret = context.headers.bearer_token
        if secret is None:
            raise NotAuthenticated(
                "Send the header Authorization: Bearer <operator key>.", token_sent=False
            )
        key_hash = hash_secret(secret)
        operator = await self._authentication.authenticated(
            context.client_address,
            lambda credentials: find_operator(credentials, key_hash, self._now()),
        )
        self._uses.note(key_hash)
        context.operator = operator.name
        return operator


def actor_of(call: Call[Operator, Any]) -> Actor:
    """The operator of a request as the author of a change."""
    context, operator = call.context, call.caller
    return Actor(operator.name, context.request_id.lower(), context.recorded_address, operator)


def require_access(operator: Operator, access: Access) -> None:
    """Raise `NotPermitted` unless the operator's role and organizations allow a route."""
    if access.role is not None and not operator.role.includes(access.role):
        raise NotPermitted(
            f"This request needs the role {access.role}; this key has the role {operator.role}."
        )
    if access.needs_all_organizations and operator.organizations is not None:
        raise NotPermitted("This request needs a key that is not limited to organizations.")
