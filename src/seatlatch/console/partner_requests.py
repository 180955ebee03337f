"""The partner view's pages of requests: the channel's own, as it may see them over HTTP.

See decision 180.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.attempts import own_attempts
from seatlatch.console.browser import PARTNER_COOKIE, delete_cookie
from seatlatch.console.pages import HEADERS
from seatlatch.console.partner_pages import PARTNER, Partner, PartnerPages
from seatlatch.console.request_list import PAGE_REQUESTS, RequestPage
from seatlatch.console.request_rows import own_row
from seatlatch.console.requests import STATUSES
from seatlatch.domain.audit import Actor
from seatlatch.domain.journal import Verb
from seatlatch.http.query import digest_of
from seatlatch.http.refusals import unknown_path
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.console_sessions import sign_out
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_scope import EVERYTHING
from seatlatch.operations.list_requests import RequestFilter, list_requests
from seatlatch.operations.partner_links import partner_name
from seatlatch.operations.read_journal import trace_request
from seatlatch.presentation.cursors import read_cursors
from seatlatch.presentation.requests import has_status, own_requests
from seatlatch.presentation.traces import REQUEST_ID, no_such_request
from seatlatch.store.interface import Store

LIVE = PARTNER + "/live"
REQUESTS = PARTNER + "/requests"
OWN_VERBS = (Verb.UNLOCK, Verb.LOCK)


class OwnQuery(Struct):
    """The query of the list. `after` and `seen` as in `request_list.ListQuery`."""

    type: Literal["lock", "unlock"] | None = None
    status: Annotated[int, Meta(ge=100, le=599)] | None = None
    after: str = ""
    seen: str = ""

    @property
    def filters(self) -> dict[str, str | int | None]:
        """The parameters that choose what is listed."""
        return {"type": self.type, "status": self.status}


class NoFields(Struct):
    """An action without fields."""


class PartnerRequests:
    """The handlers of these pages."""

    def __init__(
        self, partners: PartnerPages, store: Store, committer: Committer, alarm: JournalAlarm
    ) -> None:
        self._partners = partners
        self._store = store
        self._committer = committer
        self._alarm = alarm

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = self._partners.page
        return [
            page(PARTNER, self.requests, query=OwnQuery),
            page(LIVE, self.live, query=OwnQuery, is_polled=True),
            page(REQUESTS + "/{requestId}", self.request, path_value=REQUEST_ID),
            self._partners.action(PARTNER + "/sign-out", NoFields, self.sign_out),
        ]

    async def requests(self, call: Call[Partner, OwnQuery]) -> Response:
        """`GET /console/partner`: the channel's requests, the newest first."""
        return self._show(call, "partner_requests.html", await self._page(call))

    async def live(self, call: Call[Partner, OwnQuery]) -> Response:
        """`GET /console/partner/live`: the rows of the first page, if they have changed."""
        page = await self._page(call)
        if page.digest == call.input.seen:
            return Response(status_code=204, headers=HEADERS)
        return self._show(call, "request_rows.html", page)

    async def _page(self, call: Call[Partner, OwnQuery]) -> RequestPage:
        code, query = call.caller.channel_code, call.input
        digest = digest_of(query.filters)
        cursors = await read_cursors(self._store)
        start = cursors.requests_position(query.after, code, digest) if query.after else None
        verb = Verb(query.type) if query.type else None
        wanted = RequestFilter(code, verb, matches=has_status(query.status))
        found = await list_requests(self._store, wanted, EVERYTHING, start, PAGE_REQUESTS)
        self._alarm.entries(found.entries)
        rows = own_requests(found.entries, lambda entry: cursors.entry_id_of(entry, code))
        rest = found.position
        cursor = None if rest is None else cursors.requests_cursor(rest, code, digest)
        return RequestPage(list(map(own_row, rows)), cursor)

    def _show(self, call: Call[Partner, OwnQuery], name: str, page: RequestPage) -> Response:
        filters = call.input.filters
        return self._partners.render(
            call,
            name,
            page=page,
            query=filters,
            fields=filters,
            is_first=not call.input.after,
            path=PARTNER,
            live_path=LIVE,
            request_path=REQUESTS,
            verbs=OWN_VERBS,
            statuses=STATUSES,
        )

    async def request(self, call: Call[Partner, None]) -> Response:
        """`GET /console/partner/requests/{requestId}`: the channel's attempts of a request."""
        found = await trace_request(self._store, call.path_value, call.caller.channel_code)
        if not found.entries:
            raise no_such_request()
        self._alarm.entries(found.entries)
        return self._partners.render(
            call,
            "partner_request.html",
            request_id=call.path_value,
            attempts=own_attempts(found.entries),
        )

    async def sign_out(self, call: Call[Partner, NoFields]) -> Response:
        """`POST /console/partner/sign-out`: end the session."""
        context, partner = call.context, call.caller
        name = partner_name(partner.channel_code)
        actor = Actor(name, context.request_id.lower(), context.recorded_address)
        await sign_out(self._committer, actor, partner.secret)
        response = self._partners.response("partner_ended.html")
        delete_cookie(response, PARTNER_COOKIE, self._partners.cookie_path)
        return response


class UnknownPartnerPages:
    """The handler of paths that no other page of the view has; the last one of the view."""

    def __init__(self, partners: PartnerPages) -> None:
        self._partners = partners

    def routes(self) -> list[ApiRoute]:
        """The route of this handler."""
        return [self._partners.page(PARTNER + "/{path:path}", self.refuse)]

    async def refuse(self, _call: Call[Partner, None]) -> Response:
        """Refuse the path."""
        raise unknown_path()
