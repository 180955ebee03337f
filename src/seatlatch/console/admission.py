"""Admission to the console: by the session's cookie, and for forms also by a CSRF token.

See decision 174.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request

from seatlatch.auth.keys import hash_secret
from seatlatch.auth.operator_keys import find_operator
from seatlatch.auth.throttled import ThrottledAuthentication
from seatlatch.console.browser import cookie_secret, require_same_origin, trusted_header
from seatlatch.console.viewer import Viewer, is_csrf_token
from seatlatch.domain.console_session import Session
from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import NotAuthenticated, NotPermitted
from seatlatch.http.client_address import Network
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import Access, RouteSpec
from seatlatch.operations.console_sessions import find_session
from seatlatch.operations.key_uses import KeyUses
from seatlatch.operations.operators import find_operator as find_by_name
from seatlatch.store.interface import Store

VIEWER = "seatlatch.viewer"
"""The key of the viewer in a request's scope, for the page of an error."""

CSRF_HEADER = "x-csrf-token"


class ConsoleAdmission:
    """Admits people. `user_header`: the header of single sign-on, None = there is none.

    `now`: the time, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        authentication: ThrottledAuthentication,
        uses: KeyUses,
        now: Callable[[], datetime],
        trusted_proxies: Sequence[Network],
        user_header: str | None,
    ) -> None:
        self._store = store
        self._authentication = authentication
        self._uses = uses
        self._now = now
        self._user_header = user_header
        self.trusted_proxies = trusted_proxies

    async def admit(self, request: Request, route: RouteSpec[Any]) -> Viewer:
        """The person, whose role allows the route. Raises `NotAuthenticated`, `NotPermitted`."""
        context = RequestContext.of(request)
        session, secret = await self.session(request)
        operator = session.operator
        if operator is None or not self._is_still_named(request, session):
            raise not_signed_in()
        context.operator = operator.name
        if session.key_hash is not None:
            self._uses.note(session.key_hash)
        viewer = Viewer(operator, secret)
        request.scope[VIEWER] = viewer
        require_access(operator, route.access)
        return viewer

    async def confirm(self, viewer: Viewer, access: Access) -> Viewer:
        """The person with the rights that they have now, after something that may take long.

        Raises as `admit` does.
        """
        session = await find_session(self._store, viewer.secret)
        if session is None or session.operator is None:
            raise not_signed_in()
        require_access(session.operator, access)
        return Viewer(session.operator, viewer.secret)

    async def session(self, request: Request) -> tuple[Session, str]:
        """The session of the request's cookie, and its secret. Raises `NotAuthenticated`."""
        secret = cookie_secret(request)
        session = await find_session(self._store, secret) if secret else None
        if secret is None or session is None:
            raise not_signed_in()
        return session, secret

    def _is_still_named(self, request: Request, session: Session) -> bool:
        """Whether single sign-on still names its person, if a session began by it."""
        if session.key_hash is not None:
            return True
        return session.operator is not None and session.operator.name == self.user(request)

    async def check_key(self, context: RequestContext, key: str) -> tuple[Operator, bytes]:
        """The operator of a key, and the key's hash. Raises `NotAuthenticated`, `RateExceeded`."""
        key_hash = hash_secret(key.encode())
        operator = await self._authentication.authenticated(
            context.client_address,
            lambda credentials: find_operator(credentials, key_hash, self._now()),
        )
        self._uses.note(key_hash)
        return operator, key_hash

    def user(self, request: Request) -> str | None:
        """The operator's name that single sign-on reports; None = it is off, or names nobody."""
        if self._user_header is None:
            return None
        return trusted_header(request, self._user_header, self.trusted_proxies)

    async def check_user(self, request: Request) -> Operator:
        """The operator that single sign-on names. Raises `NotAuthenticated`."""
        name = self.user(request)
        if name is not None:
            entry = await self._store.read(lambda snapshot: find_by_name(snapshot.access, name))
            if entry is not None:
                return entry.operator
        raise NotAuthenticated("Single sign-on names no operator.", token_sent=True)


def check_csrf(request: Request, secret: str, field: str = "") -> None:
    """Raise `NotPermitted` unless the request has a CSRF token of the session, in the form's field
    or in a header, and comes from a page of this site.
    """
    require_same_origin(request)
    token = field or request.headers.get(CSRF_HEADER, "")
    if not is_csrf_token(token, secret):
        raise NotPermitted("This form is out of date. Load the page again and repeat the action.")


def require_access(operator: Operator, access: Access) -> None:
    """Raise `NotPermitted` unless the operator's role and organizations allow a route."""
    if access.role is not None and not operator.role.includes(access.role):
        raise NotPermitted(
            f"This needs the role {access.role}; {operator.name} has the role {operator.role}."
        )
    if access.needs_all_organizations and operator.organizations is not None:
        raise NotPermitted("This needs an operator who is not limited to organizations.")


def not_signed_in() -> NotAuthenticated:
    """The refusal of a request without a valid session."""
    return NotAuthenticated("Sign in to the console.", token_sent=False)
