"""The console's routes: admission, the fields of forms, and the responses of pages.

See decisions 174 and 175.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from seatlatch.console.admission import VIEWER, ConsoleAdmission
from seatlatch.console.browser import is_navigation
from seatlatch.console.endpoint import make_endpoint
from seatlatch.console.forms import FORM_BYTES_MAX, FormBody, UploadBody
from seatlatch.console.templating import CONSOLE, Templates
from seatlatch.console.viewer import Viewer
from seatlatch.domain.journal import Verb
from seatlatch.domain.operator import Role
from seatlatch.http.body import encode_json
from seatlatch.http.problems import Problem
from seatlatch.http.refusals import unknown_path
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import Access, Input, PathValue, RouteSpec
from seatlatch.http.routes import ApiRoute, Call

SIGN_IN = CONSOLE + "/sign-in"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every page. Pages show personal data, so no cache may store them. Browsers send the origin of
a form only if the policy on referrers allows it.
"""

HTML = "text/html"

Shape = TypeVar("Shape", bound=Struct)
Handler = Callable[[Call[Viewer, Any]], Awaitable[Response]]


class Pages:
    """Makes the routes of pages and of their actions, and renders their templates."""

    def __init__(self, admission: ConsoleAdmission, templates: Templates) -> None:
        self._admission = admission
        self._templates = templates

    def page(
        self,
        path: str,
        role: Role,
        handler: Handler,
        *,
        query: type[Struct] | None = None,
        path_value: PathValue | None = None,
        parent: PathValue | None = None,
        needs_all_organizations: bool = False,
        is_polled: bool = False,
    ) -> ApiRoute:
        """The route of a page. A form's fields in the query become a `query`.

        `is_polled`: the page's script requests it again and again.
        """
        spec = RouteSpec(
            "GET",
            path,
            access(role, needs_all_organizations),
            query=query,
            path_value=path_value,
            parent=parent,
            error_page=self.error,
            is_polled=is_polled,
        )
        return ApiRoute(spec, make_endpoint(spec, self._admission.admit, handler))

    def action(
        self,
        path: str,
        role: Role,
        form: type[Struct],
        handler: Handler,
        *,
        verb: Verb | None = None,
        path_value: PathValue | None = None,
        parent: PathValue | None = None,
        needs_all_organizations: bool = False,
        bytes_max: int = FORM_BYTES_MAX,
    ) -> ApiRoute:
        """The route of an action: its form, sent by POST, becomes a `form`.

        `verb`: the verb in the journal of an action that was refused as a whole.
        """
        spec = RouteSpec(
            "POST",
            path,
            access(role, needs_all_organizations),
            body=FormBody(form, bytes_max),
            path_value=path_value,
            parent=parent,
            verb=verb,
            error_page=self.error,
        )
        return ApiRoute(spec, make_endpoint(spec, self._admission.admit, handler))

    def upload(
        self, path: str, role: Role, fields: type[Struct], handler: Handler, *, bytes_max: int
    ) -> ApiRoute:
        """The route of a part of a CSV file, which a script sends by POST with the CSRF token in a
        header. The query becomes `fields`, and both an `Upload`.
        """
        spec = RouteSpec(
            "POST",
            path,
            access(role, False),
            body=UploadBody(fields, bytes_max),
            error_page=self.error,
        )
        return ApiRoute(spec, make_endpoint(spec, self._admission.admit, handler))

    async def confirm(
        self, call: Call[Viewer, Input], role: Role, *, needs_all_organizations: bool = False
    ) -> Call[Viewer, Input]:
        """The request with the rights that its person has now, after something that may take long.

        Raises `NotAuthenticated` and `NotPermitted`.
        """
        viewer = await self._admission.confirm(call.caller, access(role, needs_all_organizations))
        return call._replace(caller=viewer)

    def unknown(self) -> ApiRoute:
        """The route of every path of the console that no other route has."""

        async def refuse(_call: Call[Viewer, None]) -> Response:
            raise unknown_path()

        return self.page(CONSOLE + "/{path:path}", Role.READ, refuse)

    def render(
        self, call: Call[Viewer, Any], template: str, /, status: int = 200, **values: Any
    ) -> Response:
        """A page, or a part of one that a script puts into the page."""
        return self.response(template, status=status, viewer=call.caller, **values)

    def response(self, template: str, /, status: int = 200, **values: Any) -> Response:
        """A page of a template that needs no viewer."""
        text = self._templates.render(template, **{"viewer": None, **values})
        return Response(text, status, HEADERS, HTML)

    def data(self, value: Struct) -> Response:
        """Data for a page's script, as JSON."""
        return Response(encode_json(value), headers=HEADERS, media_type="application/json")

    def redirect(self, path: str, *segments: str, **query: str | int | None) -> Response:
        """Let the browser open another page; see `Templates.url`."""
        location = self.url(path, *segments, **query)
        return Response(status_code=303, headers={**HEADERS, "Location": location})

    def url(self, path: str, *segments: str, **query: str | int | None) -> str:
        """See `Templates.url`."""
        return self._templates.url(path, *segments, **query)

    def error(
        self, scope: Scope, problem: Problem, message: str, headers: Mapping[str, str]
    ) -> Response:
        """The response to a refused request (`http.route_spec.ErrorPage`): a page, or a part of one
        if a script has sent the request.
        """
        request = Request(scope)
        if problem.status == 401:
            return self._sign_in(request)
        name = "error.html" if is_navigation(request) else "error_part.html"
        page = self.response(
            name,
            status=problem.status,
            message=message,
            problem=problem,
            viewer=scope.get(VIEWER),
            request_id=RequestContext.of(request).request_id,
        )
        page.headers.update(headers)
        return page

    def _sign_in(self, request: Request) -> Response:
        """Let the browser sign in, and come back if the page can be requested again."""
        if not is_navigation(request):
            location = self.url(SIGN_IN)
            headers = {**HEADERS, "HX-Redirect": location, "WWW-Authenticate": "Cookie"}
            return Response("Sign in to the console.", 401, headers, "text/plain")
        if request.method != "GET":
            return self.redirect(SIGN_IN)
        query = request.url.query
        path = request.scope["raw_path"].decode("ascii") + (f"?{query}" if query else "")
        if request.headers.get("sec-fetch-site") == "cross-site":
            # A link on another site: the browser sends the cookie when this page opens it again.
            return self.response("reopen.html", address=self.url("") + path)
        return self.redirect(SIGN_IN, next=path)


def access(role: Role, needs_all_organizations: bool = False) -> Access:
    """The access to a page: by a session of an operator who has the role."""
    return Access(
        scheme="consoleSession", role=role, needs_all_organizations=needs_all_organizations
    )
