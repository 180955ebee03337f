"""Sign-in with an operator's key or by single sign-on, and sign-out.

See decision 174.
"""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.admission import ConsoleAdmission, check_csrf
from seatlatch.console.browser import (
    COOKIE,
    cookie_secret,
    delete_cookie,
    is_https,
    require_same_origin,
    set_cookie,
)
from seatlatch.console.forms import PUBLIC_FORM_BYTES_MAX, FormBody, read_fields, to_shape
from seatlatch.console.pages import SIGN_IN, Pages
from seatlatch.console.templating import CONSOLE
from seatlatch.domain.audit import Actor
from seatlatch.domain.operator import Operator
from seatlatch.domain.refusal import NotAuthenticated
from seatlatch.http.negotiation import check_content
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import PUBLIC, RouteSpec
from seatlatch.http.routes import ApiRoute
from seatlatch.operations.console_sessions import sign_in, sign_out

SIGN_OUT = CONSOLE + "/sign-out"
WRONG_KEY = "This key is not valid. Check that you copied all of it, or ask an administrator."


class SignInForm(Struct):
    """`key` empty = by single sign-on. `next`: the path of the page to open then."""

    key: str = ""
    next: str = CONSOLE


class SignInQuery(Struct):
    """`next` as in `SignInForm`."""

    next: str = CONSOLE


class SignOutForm(Struct):
    """Sign-out has no fields."""


class SignIn:
    """The handlers. `cookie_path`: the path of the console as browsers see it.

    `example_key`: the key that the sandbox fills in; empty = none.
    """

    def __init__(
        self,
        pages: Pages,
        admission: ConsoleAdmission,
        committer: Committer,
        example_key: str,
    ) -> None:
        self._pages = pages
        self._admission = admission
        self._committer = committer
        self._example_key = example_key
        self._cookie_path = pages.url(CONSOLE)
        self._form = FormBody(SignInForm, PUBLIC_FORM_BYTES_MAX)
        self._sign_out_form = FormBody(SignOutForm)

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        error = self._pages.error
        return [
            ApiRoute(RouteSpec("GET", SIGN_IN, PUBLIC, error_page=error), self.show),
            ApiRoute(
                RouteSpec("POST", SIGN_IN, PUBLIC, body=self._form, error_page=error), self.sign_in
            ),
            ApiRoute(
                RouteSpec("POST", SIGN_OUT, PUBLIC, body=self._sign_out_form, error_page=error),
                self.sign_out,
            ),
        ]

    async def show(self, request: Request) -> Response:
        """`GET /console/sign-in`: the form."""
        fields = read_fields(request.scope["query_string"], "The query")
        return self._page(request, local_path(to_shape(fields, SignInQuery).next))

    def _page(self, request: Request, path: str, problem: str = "", status: int = 200) -> Response:
        return self._pages.response(
            "sign_in.html",
            status=status,
            next=path,
            problem=problem,
            user=self._admission.user(request),
            example_key=self._example_key,
        )

    async def sign_in(self, request: Request) -> Response:
        """`POST /console/sign-in`: begin a session and open the page that was asked for."""
        context = RequestContext.of(request)
        require_same_origin(request)
        check_content(context.headers, self._form.accepts, FormBody.media_types)
        form = (await self._form.read(request, context)).value
        path = local_path(form.next)
        try:
            operator, key_hash = await self._authenticate(request, context, form.key)
            actor = _actor(context, operator)
            context.operator = operator.name
            secret = await sign_in(self._committer, actor, key_hash)
        except NotAuthenticated as refusal:
            context.reason = WRONG_KEY if form.key else refusal.message
            return self._page(request, path, context.reason, 401)
        if old_secret := cookie_secret(request):
            await sign_out(self._committer, actor, old_secret)
        response = self._pages.redirect(path)
        is_secure = is_https(request, self._admission.trusted_proxies)
        set_cookie(response, COOKIE, secret, self._cookie_path, is_secure=is_secure)
        return response

    async def _authenticate(
        self, request: Request, context: RequestContext, key: str
    ) -> tuple[Operator, bytes | None]:
        if key:
            return await self._admission.check_key(context, key.strip())
        return await self._admission.check_user(request), None

    async def sign_out(self, request: Request) -> Response:
        """`POST /console/sign-out`: end the session."""
        context = RequestContext.of(request)
        session, secret = await self._admission.session(request)
        check_content(context.headers, self._sign_out_form.accepts, FormBody.media_types)
        form = await self._sign_out_form.read(request, context)
        check_csrf(request, secret, form.csrf)
        if session.operator is not None:
            context.operator = session.operator.name
        await sign_out(self._committer, _actor(context, session.operator), secret)
        response = self._pages.redirect(SIGN_IN)
        delete_cookie(response, COOKIE, self._cookie_path)
        return response


def _actor(context: RequestContext, operator: Operator | None) -> Actor:
    name = operator.name if operator else "partner"
    return Actor(name, context.request_id.lower(), context.recorded_address, operator)


def local_path(path: str) -> str:
    """A path of the console; anything else becomes its first page, so that no link can lead from
    the sign-in to another site.
    """
    is_local = path == CONSOLE or path.startswith((CONSOLE + "/", CONSOLE + "?"))
    is_plain = path.isascii() and path.isprintable() and "\\" not in path and "//" not in path
    return path if is_local and is_plain and not path.startswith(SIGN_IN) else CONSOLE
