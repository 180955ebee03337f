"""The pages of requests: a live list, and all attempts of one Request-ID.

See decision 179.
"""

from msgspec import Struct
from starlette.responses import Response

from seatlatch.console.attempts import shown_attempts
from seatlatch.console.pages import HEADERS, Pages
from seatlatch.console.request_list import ListQuery, RequestList, RequestPage, shown_filters
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer
from seatlatch.domain.journal import EntryPlace, Verb
from seatlatch.domain.operator import Role
from seatlatch.http.problems import EVERY_PROBLEM
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.journal.entry_text import TOKEN_CHARACTERS_MAX
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.journal_scope import Scope
from seatlatch.operations.read_journal import client_addresses, trace_request
from seatlatch.presentation.inspection import RequestInspector
from seatlatch.presentation.ticket_results import ALL_SUCCEEDED, SOME_SUCCEEDED
from seatlatch.presentation.traces import REQUEST_ID, BeforeRequest, no_such_request
from seatlatch.store.interface import Store

REQUESTS = CONSOLE + "/requests"
LIVE = REQUESTS + "/live"
PAGE_ATTEMPTS_REQUESTS = 10
"""How many attempts a page shows: each may have 1,000 tickets."""

STATUSES = (ALL_SUCCEEDED, SOME_SUCCEEDED, *sorted({one.status for one in EVERY_PROBLEM}))
"""The statuses that a request may be filtered by."""


class AttemptsQuery(Struct):
    """The query of a request's page. `after`: the continuation of an earlier page."""

    after: str = ""


class RequestPages:
    """The handlers of these pages. `inspector`: what the sandbox has kept; None = no sandbox."""

    def __init__(
        self,
        pages: Pages,
        store: Store,
        alarm: JournalAlarm,
        inspector: RequestInspector | None,
    ) -> None:
        self._pages = pages
        self._store = store
        self._alarm = alarm
        self._list = RequestList(store, alarm, inspector)

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page, read = self._pages.page, Role.READ
        return [
            page(REQUESTS, read, self.requests, query=ListQuery),
            page(LIVE, read, self.live, query=ListQuery, is_polled=True),
            page(
                REQUESTS + "/{requestId}",
                read,
                self.request,
                query=AttemptsQuery,
                path_value=REQUEST_ID,
            ),
        ]

    async def requests(self, call: Call[Viewer, ListQuery]) -> Response:
        """`GET /console/requests`: the list, the newest first."""
        page = await self._list.page(call.caller.operator, call.input)
        return self._show(call, "requests.html", page)

    async def live(self, call: Call[Viewer, ListQuery]) -> Response:
        """`GET /console/requests/live`: the rows of the first page, if they have changed."""
        page = await self._list.page(call.caller.operator, call.input)
        if page.digest == call.input.seen:
            return Response(status_code=204, headers=HEADERS)
        return self._show(call, "request_rows.html", page)

    def _show(self, call: Call[Viewer, ListQuery], name: str, page: RequestPage) -> Response:
        query = call.input
        return self._pages.render(
            call,
            name,
            page=page,
            query=query.filters,
            fields=shown_filters(query),
            is_first=not query.after,
            path=REQUESTS,
            live_path=LIVE,
            request_path=REQUESTS,
            verbs=list(Verb),
            statuses=STATUSES,
            has_inspector=self._list.inspector(call.caller.operator) is not None,
        )

    async def request(self, call: Call[Viewer, AttemptsQuery]) -> Response:
        """`GET /console/requests/{requestId}`: all attempts of a request."""
        request_id, after = call.path_value, call.input.after
        scope = Scope(call.caller.operator.organizations)
        bound = [request_id.lower()]
        before = EntryPlace(*place_in(after, BeforeRequest, bound)) if after else None
        found = await trace_request(
            self._store, request_id, before=before, limit=PAGE_ATTEMPTS_REQUESTS, scope=scope
        )
        inspector = None if after else self._list.inspector(call.caller.operator)
        received = inspector.attempts(request_id) if inspector else ()
        may_continue = found.before is not None and scope.organizations is None
        if not (found.entries or received or after or may_continue):
            raise no_such_request()
        self._alarm.entries(found.entries)
        addresses = await client_addresses(self._store, found.entries)
        return self._pages.render(
            call,
            "request.html",
            request_id=request_id,
            attempts=shown_attempts(found, addresses, received),
            earlier=bound_cursor(found.before, bound) if found.before else None,
            is_latest=not after,
            linked_characters_max=TOKEN_CHARACTERS_MAX,
        )
