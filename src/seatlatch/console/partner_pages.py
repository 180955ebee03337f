"""The routes of the partner view: its own session, which opens nothing else, and its own errors.

See decision 180.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from seatlatch.console.admission import VIEWER
from seatlatch.console.browser import PARTNER_COOKIE, cookie_secret, is_navigation
from seatlatch.console.endpoint import make_endpoint
from seatlatch.console.forms import FormBody
from seatlatch.console.pages import Pages
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import csrf_token
from seatlatch.domain.refusal import NotAuthenticated
from seatlatch.http.problems import Problem
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import Access, PathValue, RouteSpec
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.console_sessions import find_session
from seatlatch.secrecy import hides
from seatlatch.store.interface import Store

PARTNER = CONSOLE + "/partner"
PARTNER_ACCESS = Access(scheme="partnerSession")


@hides("secret")
class Partner(NamedTuple):
    """A partner who sees one channel. `secret`: the session's, which no page may show."""

    channel_code: str
    secret: str

    @property
    def csrf(self) -> str:
        """A CSRF token for a form."""
        return csrf_token(self.secret)


Handler = Callable[[Call[Partner, Any]], Awaitable[Response]]


class PartnerPages:
    """Makes the routes of the partner view, and renders its templates."""

    def __init__(self, pages: Pages, store: Store) -> None:
        self._pages = pages
        self._store = store
        self.cookie_path = pages.url(PARTNER)

    def page(
        self,
        path: str,
        handler: Handler,
        *,
        query: type[Struct] | None = None,
        path_value: PathValue | None = None,
        parent: PathValue | None = None,
        is_polled: bool = False,
    ) -> ApiRoute:
        """The route of a page; see `Pages.page`."""
        spec = RouteSpec(
            "GET",
            path,
            PARTNER_ACCESS,
            query=query,
            path_value=path_value,
            parent=parent,
            error_page=self.error,
            is_polled=is_polled,
        )
        return ApiRoute(spec, make_endpoint(spec, self.admit, handler))

    def action(self, path: str, form: type[Struct], handler: Handler) -> ApiRoute:
        """The route of an action; see `Pages.action`."""
        spec = RouteSpec("POST", path, PARTNER_ACCESS, body=FormBody(form), error_page=self.error)
        return ApiRoute(spec, make_endpoint(spec, self.admit, handler))

    async def admit(self, request: Request, _route: RouteSpec[Any]) -> Partner:
        """The partner of the request's session. Raises `NotAuthenticated`."""
        secret = cookie_secret(request, PARTNER_COOKIE)
        session = await find_session(self._store, secret) if secret else None
        if secret is None or session is None or session.channel_code is None:
            raise NotAuthenticated("This view has ended.", token_sent=False)
        RequestContext.of(request).channel_code = session.channel_code
        return Partner(session.channel_code, secret)

    def render(self, call: Call[Partner, Any], template: str, /, **values: Any) -> Response:
        """A page, or a part of one."""
        return self.response(template, partner=call.caller, **values)

    def response(self, template: str, /, status: int = 200, **values: Any) -> Response:
        """A page of a template that needs no session."""
        return self._pages.response(template, status=status, **{"partner": None, **values})

    def redirect(self) -> Response:
        """Let the browser open the first page of the view."""
        return self._pages.redirect(PARTNER)

    def error(
        self, scope: Scope, problem: Problem, message: str, headers: Mapping[str, str]
    ) -> Response:
        """The response to a refused request (`http.route_spec.ErrorPage`)."""
        request = Request(scope)
        if not is_navigation(request):
            part = self._pages.error(scope, problem, message, headers)
            if "HX-Redirect" in part.headers:
                part.headers["HX-Redirect"] = self._pages.url(PARTNER)
            return part
        is_foreign = request.headers.get("sec-fetch-site") == "cross-site"
        if problem.status == 401 and request.method == "GET" and is_foreign:
            # A link on another site: the browser sends the cookie when this page opens it again.
            return self.response("reopen.html", address=self._pages.url(PARTNER))
        page = self.response(
            "partner_error.html",
            status=problem.status,
            partner=scope.get(VIEWER),
            message=message,
            problem=problem,
            request_id=RequestContext.of(request).request_id,
        )
        page.headers.update(headers)
        return page
