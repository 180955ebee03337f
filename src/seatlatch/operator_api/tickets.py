"""The `/operator/v1/tickets` calls that find, show and put tickets.

Source: the contract's section on operator HTTP.
"""

from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.domain.operator import Operator
from seatlatch.domain.ticket import TicketRecord
from seatlatch.http.body import (
    RECORDS_BODY_BYTES_MAX,
    json_response,
)
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.put_tickets import put_tickets
from seatlatch.operator_api.admission import BOX_OFFICE, READ, OperatorAdmission
from seatlatch.operator_api.pages import find_page
from seatlatch.operator_api.records import RecordsBody
from seatlatch.operator_api.schemas import FindQuery
from seatlatch.operator_api.ticket_rows import failed_ticket, put_ticket
from seatlatch.presentation.identifiers import TOKEN, no_such_ticket
from seatlatch.presentation.ticket_results import results_response
from seatlatch.presentation.tickets import ShownTicket, shown_ticket
from seatlatch.store.interface import Snapshot, Store

TICKETS = "/operator/v1/tickets"


PUT = RouteSpec("POST", TICKETS, BOX_OFFICE, body=RecordsBody(RECORDS_BODY_BYTES_MAX))
FIND = RouteSpec("GET", TICKETS, READ, query=FindQuery)
SHOW: RouteSpec[None] = RouteSpec("GET", TICKETS + "/{token}", READ, path_value=TOKEN)


class OperatorTickets:
    """The handlers of the operator's ticket calls."""

    def __init__(self, admission: OperatorAdmission, committer: Committer, store: Store) -> None:
        self._admission = admission
        self._committer = committer
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(PUT, self._admission, self.put),
            api_route(FIND, self._admission, self.find),
            api_route(SHOW, self._admission, self.show),
        ]

    async def put(self, call: Call[Operator, list[TicketRecord]]) -> Response:
        """`POST /operator/v1/tickets`: add tickets, or update their details."""
        call.context.tokens = [record.token for record in call.input]
        results = await put_tickets(self._committer, call.input, call.caller.organizations)
        return results_response(call.context, results, put_ticket, failed_ticket)

    async def show(self, call: Call[Operator, None]) -> Response:
        """`GET /operator/v1/tickets/{token}`: everything that is known about a ticket."""

        async def read(snapshot: Snapshot) -> list[ShownTicket]:
            found = await snapshot.tickets.read_whole([call.path_value])
            now = await snapshot.now()
            return [
                shown_ticket(whole, now)
                for whole in found.values()
                if call.caller.may_see(whole.ticket.organization_id)
            ]

        tickets = await self._store.read(read)
        if not tickets:
            raise no_such_ticket()
        return json_response(tickets[0])

    async def find(self, call: Call[Operator, FindQuery]) -> Response:
        """`GET /operator/v1/tickets`: tickets that match all filters, page by page."""
        organizations = call.caller.organizations
        return json_response(await find_page(self._store, call.input, organizations))
