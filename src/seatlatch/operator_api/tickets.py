"""The `/operator/v1/tickets` calls.

Source: the contract's section on operator HTTP.
"""

from typing import TypeVar
from urllib.parse import unquote_to_bytes

from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.domain.journal import Verb
from seatlatch.domain.ticket import TicketRecord
from seatlatch.http.body import (
    RECORDS_BODY_BYTES_MAX,
    TICKETS_BODY_BYTES_MAX,
    JsonBody,
    check_count,
    json_response,
)
from seatlatch.http.refusals import RouteUnknown
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import PathValue, RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.change_tickets import (
    hold_tickets,
    override_unlock,
    release_tickets,
    void_tickets,
)
from seatlatch.operations.put_tickets import put_tickets
from seatlatch.operator_api.admission import OPERATOR, OperatorAdmission
from seatlatch.operator_api.pages import read_page
from seatlatch.operator_api.records import RecordsBody
from seatlatch.operator_api.schemas import (
    TOKENS_MAX,
    ListingQuery,
    OverrideRequest,
    ShownTicket,
    StatusRequest,
    VoidRequest,
)
from seatlatch.operator_api.ticket_rows import (
    failed_ticket,
    held_ticket,
    put_ticket,
    released_ticket,
    shown_ticket,
)
from seatlatch.presentation.ticket_results import results_response, succeeded_ticket
from seatlatch.store.interface import Snapshot, Store

TICKETS = "/operator/v1/tickets"
TokensRequest = TypeVar("TokensRequest", StatusRequest, VoidRequest, OverrideRequest)


def read_token(text: str) -> str:
    """The token in a path, which is percent-encoded. Raises `RouteUnknown` if it is not UTF-8."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise no_such_ticket() from None


def no_such_ticket() -> RouteUnknown:
    """The refusal of a path whose token is unknown."""
    return RouteUnknown("There is no such ticket")


TOKEN = PathValue("token", read_token, is_raw=True)

PUT = RouteSpec("POST", TICKETS, OPERATOR, body=RecordsBody(RECORDS_BODY_BYTES_MAX))
SET_STATUS = RouteSpec(
    "PUT",
    TICKETS + "/status",
    OPERATOR,
    body=JsonBody(StatusRequest, TICKETS_BODY_BYTES_MAX),
    verb=lambda body: Verb.RELEASE if body and body.status == "UNLOCK" else Verb.HOLD,
)
VOID = RouteSpec(
    "PUT",
    TICKETS + "/void",
    OPERATOR,
    body=JsonBody(VoidRequest, TICKETS_BODY_BYTES_MAX),
    verb=Verb.VOID,
)
UNLOCK = RouteSpec(
    "PUT",
    TICKETS + "/unlock",
    OPERATOR,
    body=JsonBody(OverrideRequest, TICKETS_BODY_BYTES_MAX),
    verb=Verb.OVERRIDE,
)
LIST = RouteSpec("GET", TICKETS, OPERATOR, query=ListingQuery)
SHOW: RouteSpec[None] = RouteSpec("GET", TICKETS + "/{token}", OPERATOR, path_value=TOKEN)


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
            api_route(LIST, self._admission, self.page),
            api_route(SET_STATUS, self._admission, self.set_status),
            api_route(VOID, self._admission, self.void),
            api_route(UNLOCK, self._admission, self.unlock),
            api_route(SHOW, self._admission, self.show),
        ]

    async def put(self, call: Call[str, list[TicketRecord]]) -> Response:
        """`POST /operator/v1/tickets`: add tickets, or update their details."""
        call.context.tokens = [record.token for record in call.input]
        results = await put_tickets(self._committer, call.input)
        return results_response(call.context, results, put_ticket, failed_ticket)

    async def set_status(self, call: Call[str, StatusRequest]) -> Response:
        """`PUT /operator/v1/tickets/status`: hold seats, or release them."""
        context, body = named_tickets(call)
        asker, reason = context.asker, body.reason
        if body.status == "UNLOCK":
            results = await release_tickets(self._committer, asker, body.tokens, reason)
            return results_response(context, results, released_ticket, failed_ticket)
        if reason is None:
            raise AssertionError("the type requires a reason for a hold")
        results = await hold_tickets(
            self._committer, asker, body.tokens, reason, body.expires_in_seconds
        )
        return results_response(context, results, held_ticket, failed_ticket)

    async def void(self, call: Call[str, VoidRequest]) -> Response:
        """`PUT /operator/v1/tickets/void`: make tickets void, permanently."""
        context, body = named_tickets(call)
        results = await void_tickets(self._committer, context.asker, body.tokens, body.reason)
        return results_response(context, results, succeeded_ticket, failed_ticket)

    async def unlock(self, call: Call[str, OverrideRequest]) -> Response:
        """`PUT /operator/v1/tickets/unlock`: clear mpreserve, whichever channel set it."""
        context, body = named_tickets(call)
        results = await override_unlock(self._committer, context.asker, body.tokens, body.reason)
        return results_response(context, results, succeeded_ticket, failed_ticket)

    async def show(self, call: Call[str, None]) -> Response:
        """`GET /operator/v1/tickets/{token}`: everything that is known about a ticket."""

        async def read(snapshot: Snapshot) -> list[ShownTicket]:
            found = await snapshot.tickets.read_whole([call.path_value])
            now = await snapshot.now()
            return [shown_ticket(whole, now) for whole in found.values()]

        tickets = await self._store.read(read)
        if not tickets:
            raise no_such_ticket()
        return json_response(tickets[0])

    async def page(self, call: Call[str, ListingQuery]) -> Response:
        """`GET /operator/v1/tickets`: an organization's tickets, page by page."""
        return json_response(
            await self._store.read(lambda snapshot: read_page(snapshot, call.input))
        )


def named_tickets(call: Call[str, TokensRequest]) -> tuple[RequestContext, TokensRequest]:
    """The context and body of a request that names tickets by token, both recorded for the log.

    Raises `InvalidRequest` if there are too many tokens.
    """
    context, body = call.context, call.input
    context.reason = body.reason
    check_count(body.tokens, TOKENS_MAX)
    context.tokens = body.tokens
    return context, body
