"""The console's search box, and the page that finds tickets by filters.

See decision 178.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
from msgspec import Struct
from starlette.responses import Response

from seatlatch.console.event_paths import EVENTS, path_of
from seatlatch.console.pages import HEADERS, Pages
from seatlatch.console.request_list import visible_inspector
from seatlatch.console.requests import REQUESTS
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.refusal import InvalidRequest, NotPermitted
from seatlatch.domain.search_text import cleaned
from seatlatch.domain.ticket_filter import PARAMETERS, TicketFilter, TicketState
from seatlatch.http.negotiation import prefers_gzip
from seatlatch.http.query import bound_cursor
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.find_tickets import EXAMINED_TICKETS_MAX, FoundTickets, find_tickets
from seatlatch.operations.search import Match, MatchKind, SearchResults, search
from seatlatch.presentation.csv_text import CsvFile
from seatlatch.presentation.inspection import RequestInspector
from seatlatch.presentation.tickets import ShownTicket, place_after, search_of, shown_ticket
from seatlatch.store.interface import Store

SEARCH = CONSOLE + "/search"
TICKETS = CONSOLE + "/tickets"
EXPORT = CONSOLE + "/tickets.csv"

PAGE_TICKETS = 100
EXPORTED_TICKETS_MAX = 100_000
EXPORTED_AT_ONCE_TICKETS = 1_000
SEARCHED_TICKETS_MAX = 20_000_000
"""The most tickets that one export examines, of which few may match."""

FILE_HEADERS = {**HEADERS, "Content-Disposition": 'attachment; filename="tickets.csv"'}
ZIPPED_FILE_HEADERS = {**FILE_HEADERS, "Content-Encoding": "gzip"}

COLUMNS = (
    *("token", "organization_id", "owner_id", "access_id", "section", "row", "seat", "barcode"),
    *("state", "channel", "listing"),
)
TITLES = {
    MatchKind.TOKEN: "Token",
    MatchKind.BARCODE: "Barcode",
    MatchKind.SEAT: "Seats",
    MatchKind.LISTING: "Listing",
    MatchKind.EARLIER_LISTING: "Listing that has ended",
    MatchKind.OWNER: "Owner",
    MatchKind.EVENT: "Event",
}


class SearchForm(Struct):
    """The text of the search box."""

    q: str = ""


class FindForm(Struct, rename="camel"):
    """The filters of tickets; empty = any. `after`: the cursor of an earlier page.

    `without_event`: only tickets that name no event.
    """

    organization_id: str = ""
    access_id: str = ""
    without_event: bool = False
    section: str = ""
    row: str = ""
    seat: str = ""
    owner_id: str = ""
    barcode: str = ""
    external_listing_id: str = ""
    channel_code: str = ""
    state: TicketState | None = None
    mpreserve: Literal["true", "false", ""] = ""
    after: str = ""

    @property
    def wanted(self) -> TicketFilter:
        """The filters. Raises `InvalidRequest`."""
        given = {name: getattr(self, name) or None for name in TicketFilter._fields}
        if self.without_event:
            if self.access_id:
                raise InvalidRequest("Choose an event, or tickets without an event.")
            given["access_id"] = ""
        if self.mpreserve:
            given["mpreserve"] = self.mpreserve == "true"
        return TicketFilter(**given)

    @property
    def query(self) -> dict[str, str]:
        """The parameters that are given, without the page."""
        values: dict[str, str | bool] = msgspec.to_builtins(self)
        return {
            name: value if isinstance(value, str) else "true"
            for name, value in values.items()
            if value and name != "after"
        }


class TicketSearch:
    """The handlers of the search box and of the page that finds tickets.

    `inspector`: what the sandbox has kept; None = no sandbox.
    """

    def __init__(self, pages: Pages, store: Store, inspector: RequestInspector | None) -> None:
        self._pages = pages
        self._store = store
        self._inspector = inspector

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = self._pages.page
        return [
            page(SEARCH, Role.READ, self.search, query=SearchForm),
            page(TICKETS, Role.READ, self.find, query=FindForm),
            page(EXPORT, Role.READ, self.export, query=FindForm),
        ]

    async def search(self, call: Call[Viewer, SearchForm]) -> Response:
        """`GET /console/search`: the page of the one thing that a text names, or all matches."""
        text = call.input.q
        found = await search(self._store, text, call.caller.operator.organizations)
        if (event := found.only_event) is not None:
            return self._pages.redirect(EVENTS, *path_of(event))
        if (token := found.only_token) is not None:
            return self._pages.redirect(TICKETS, token)
        request_id = found.request_id or self._inspected(call.caller.operator, text)
        if request_id is not None and not found.matches:
            return self._pages.redirect(REQUESTS, request_id)
        if len(found.matches) == 1 and found.request_id is None and found.matches[0].wanted:
            return self._pages.redirect(TICKETS, **query_of(found.matches[0].wanted))
        return self._pages.render(
            call, "search.html", text=text, found=found, groups=groups_of(found)
        )

    def _inspected(self, operator: Operator, text: str) -> str | None:
        """A text that is the Request-ID of a request that only the sandbox has kept."""
        inspector = visible_inspector(self._inspector, operator)
        received = inspector.attempts(cleaned(text)) if inspector else ()
        return received[0].request_id if received else None

    async def find(self, call: Call[Viewer, FindForm]) -> Response:
        """`GET /console/tickets`: the tickets that match all filters, page by page."""
        form, organizations = call.input, call.caller.operator.organizations
        render = partial(self._pages.render, call, "tickets.html", form=form, states=TicketState)
        try:
            wanted = form.wanted
            place = place_after(form.after or None, wanted, organizations)
            found = await find_tickets(self._store, wanted, organizations, place, PAGE_TICKETS)
        except InvalidRequest as refusal:
            return render(status=422, problem=refusal.message, tickets=[], next=None)
        cursor = bound_cursor(found.next, search_of(wanted, organizations)) if found.next else None
        return render(problem="", tickets=shown(found), next=cursor)

    async def export(self, call: Call[Viewer, FindForm]) -> Response:
        """`GET /console/tickets.csv`: the tickets that match all filters as a file."""
        wanted, organizations = call.input.wanted, call.caller.operator.organizations
        zipped = prefers_gzip(call.context.headers.get(b"accept-encoding"))
        file = CsvFile(COLUMNS, zipped=zipped)
        tickets, place = 0, None
        for _ in range(SEARCHED_TICKETS_MAX // EXAMINED_TICKETS_MAX):
            found = await find_tickets(
                self._store, wanted, organizations, place, EXPORTED_AT_ONCE_TICKETS
            )
            file.add(map(row_of, shown(found)))
            tickets += len(found.tickets)
            place = found.next
            if place is None:
                await self._require_same_access(call)
                headers = ZIPPED_FILE_HEADERS if zipped else FILE_HEADERS
                return Response(file.body(), headers=headers, media_type="text/csv")
            if tickets >= EXPORTED_TICKETS_MAX:
                break
        raise InvalidRequest(
            f"More than {EXPORTED_TICKETS_MAX:,} tickets match, which is too many for one file."
            " Use more filters, such as an event or a section."
        )

    async def _require_same_access(self, call: Call[Viewer, FindForm]) -> None:
        """Refuse a file that took long to make, if its person may no longer see all of it."""
        confirmed = await self._pages.confirm(call, Role.READ)
        if confirmed.caller.operator.organizations != call.caller.operator.organizations:
            raise NotPermitted("Your organizations were changed meanwhile. Export again.")


def shown(found: FoundTickets) -> list[ShownTicket]:
    """The tickets that were found, as pages show them."""
    return [shown_ticket(whole, found.now) for whole in found.tickets]


def row_of(ticket: ShownTicket) -> Sequence[str | None]:
    """The row of a ticket in a file, with `COLUMNS`."""
    return (
        *(ticket.token, ticket.organization_id, ticket.owner_id, ticket.access_id),
        *(ticket.section, ticket.row, ticket.seat, ticket.barcode),
        *(ticket.state, ticket.channel),
        ticket.listing.external_listing_id if ticket.listing else None,
    )


def query_of(wanted: TicketFilter) -> dict[str, str]:
    """The query of the page that finds these tickets."""
    return {
        PARAMETERS[field]: str(value)
        for field, value in wanted._asdict().items()
        if value is not None
    }


class Group:
    """A group of matches on the page: its title, tickets, and the query that finds all of them;
    None = these are all that can be found.
    """

    def __init__(self, match: Match, results: SearchResults) -> None:
        self.title = TITLES[match.kind]
        self.tickets = [shown_ticket(whole, results.now) for whole in match.tickets]
        self.has_more = match.has_more
        self.query = query_of(match.wanted) if match.wanted else None


def groups_of(results: SearchResults) -> list[Group]:
    """The matches as groups."""
    return [Group(match, results) for match in results.matches]
