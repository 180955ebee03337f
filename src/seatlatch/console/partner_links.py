"""Links for partners: administrators make and end them, and partners open each of them once.

Chat programs open links to show a preview. So a link only shows a button, and the button uses it.

See decision 180.
"""

from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.browser import (
    PARTNER_COOKIE,
    cookie_secret,
    is_https,
    require_same_origin,
    set_cookie,
)
from seatlatch.console.forms import PUBLIC_FORM_BYTES_MAX, FormBody
from seatlatch.console.pages import Pages
from seatlatch.console.partner_pages import PARTNER, PartnerPages
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer, actor_of
from seatlatch.domain.audit import Actor
from seatlatch.domain.operator import Role
from seatlatch.http.client_address import Network
from seatlatch.http.negotiation import check_content
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import PUBLIC, RouteSpec
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.access_changes import AccessChanges
from seatlatch.operations.console_sessions import sign_out
from seatlatch.operations.partner_links import (
    LINK_SECONDS,
    PARTNER_SESSION_SECONDS,
    NewLink,
    end_links,
    find_link,
    make_link,
    open_link,
    partner_name,
    unknown_link,
)
from seatlatch.store.interface import Store

LINKS = CONSOLE + "/partner-links"
REFERRER = {"Referrer-Policy": "strict-origin"}
"""The address of a link's page has its secret. Its form must send its origin, but not its address.
"""


class LinksQuery(Struct, rename="camel"):
    """The query of the page: the channel that is chosen. `ended`: how many were just ended."""

    channel_code: str = ""
    ended: int | None = None


class LinkForm(Struct, rename="camel"):
    """A channel whose links to make or to end."""

    channel_code: str


class OpenForm(Struct):
    """The secret of the link to open."""

    link: str


class PartnerLinks:
    """The page on which administrators make and end links."""

    def __init__(self, pages: Pages, store: Store, changes: AccessChanges) -> None:
        self._pages = pages
        self._store = store
        self._changes = changes

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page, action, admin = self._pages.page, self._pages.action, Role.ADMIN
        return [
            page(LINKS, admin, self.show, query=LinksQuery, needs_all_organizations=True),
            action(LINKS, admin, LinkForm, self.make, needs_all_organizations=True),
            action(LINKS + "/end", admin, LinkForm, self.end, needs_all_organizations=True),
        ]

    async def show(self, call: Call[Viewer, LinksQuery]) -> Response:
        """`GET /console/partner-links`: the form."""
        return await self._show(call, call.input.channel_code, ended=call.input.ended)

    async def make(self, call: Call[Viewer, LinkForm]) -> Response:
        """`POST /console/partner-links`: make a link, and show it this once."""
        code = call.input.channel_code
        link = await self._changes.run(actor_of(call), make_link, code)
        return await self._show(call, code, link=link)

    async def end(self, call: Call[Viewer, LinkForm]) -> Response:
        """`POST /console/partner-links/end`: end all links and views of a channel."""
        code = call.input.channel_code
        ended = await self._changes.run(actor_of(call), end_links, code)
        return self._pages.redirect(LINKS, channelCode=code, ended=ended)

    async def _show(
        self,
        call: Call[Viewer, Any],
        code: str,
        *,
        ended: int | None = None,
        link: NewLink | None = None,
    ) -> Response:
        channels = await self._store.read(lambda snapshot: snapshot.access.channels())
        return self._pages.render(
            call,
            "partner_links.html",
            channels=channels,
            channel_code=code,
            ended=ended,
            address=self._pages.url(PARTNER, link.secret) if link else None,
            expires_at=link.expires_at if link else None,
            link_minutes=LINK_SECONDS // 60,
            session_hours=PARTNER_SESSION_SECONDS // 3_600,
        )


class PartnerOpening:
    """The page of a link, and the button that opens it. Anyone may request them."""

    def __init__(
        self,
        partners: PartnerPages,
        store: Store,
        committer: Committer,
        changes: AccessChanges,
        trusted_proxies: tuple[Network, ...],
    ) -> None:
        self._partners = partners
        self._store = store
        self._committer = committer
        self._changes = changes
        self._trusted_proxies = trusted_proxies
        self._form = FormBody(OpenForm, PUBLIC_FORM_BYTES_MAX)

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        error = self._partners.error
        shown: RouteSpec[None] = RouteSpec("GET", PARTNER + "/{link}", PUBLIC, error_page=error)
        opened = RouteSpec("POST", PARTNER + "/open", PUBLIC, body=self._form, error_page=error)
        return [ApiRoute(shown, self.show), ApiRoute(opened, self.open)]

    async def show(self, request: Request) -> Response:
        """`GET /console/partner/{link}`: the button. It changes nothing."""
        secret: str = request.path_params["link"]
        link = await find_link(self._store, secret)
        if link is None:
            raise unknown_link()
        page = self._partners.response("partner_link.html", link=secret, code=link.channel_code)
        page.headers.update(REFERRER)
        return page

    async def open(self, request: Request) -> Response:
        """`POST /console/partner/open`: use up the link, and begin a session of its channel."""
        context = RequestContext.of(request)
        require_same_origin(request)
        check_content(context.headers, self._form.accepts, self._form.media_types)
        secret = (await self._form.read(request, context)).value.link
        link = await find_link(self._store, secret)
        if link is None:
            raise unknown_link()
        name = partner_name(link.channel_code)
        actor = Actor(name, context.request_id.lower(), context.recorded_address)
        session = await self._changes.run(actor, open_link, secret)
        context.channel_code = link.channel_code
        if old_secret := cookie_secret(request, PARTNER_COOKIE):
            await sign_out(self._committer, actor, old_secret)
        response = self._partners.redirect()
        is_secure = is_https(request, self._trusted_proxies)
        path = self._partners.cookie_path
        set_cookie(response, PARTNER_COOKIE, session, path, is_secure=is_secure)
        return response
