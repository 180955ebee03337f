"""The /operator/v1/tickets calls.

Source: the contract's section on operator HTTP.
"""

from typing import TypeVar
from urllib.parse import unquote_to_bytes

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from seatlatch.api.answers import succeeded_ticket
from seatlatch.api.body import check_count, encode_json, read_json
from seatlatch.api.calls import TicketCalls
from seatlatch.api.exchange import Exchange
from seatlatch.api.query import read_query
from seatlatch.api.refusals import RouteUnknown
from seatlatch.api.routes import RECORDS_BODY_BYTES_MAX, TICKETS_BODY_BYTES_MAX, ApiRoute
from seatlatch.commit import Commits
from seatlatch.domain.journal import Verb
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.operations.box_office import (
    hold_tickets,
    override_unlock,
    release_tickets,
    void_tickets,
)
from seatlatch.operations.put_tickets import put_tickets
from seatlatch.operator.answers import (
    failed_ticket,
    held_ticket,
    put_ticket,
    released_ticket,
    shown_ticket,
)
from seatlatch.operator.gate import OperatorGate
from seatlatch.operator.pages import read_page
from seatlatch.operator.records import read_records
from seatlatch.operator.schemas import (
    TOKENS_MAX,
    ListingQuery,
    OverrideRequest,
    ShownTicket,
    StatusRequest,
    VoidRequest,
)
from seatlatch.store.interface import Snapshot, Store

TICKETS = "/operator/v1/tickets"
Asked = TypeVar("Asked", StatusRequest, VoidRequest, OverrideRequest)


class TokenRoute(ApiRoute):
    """A route with a token in its path: one segment of the path as it was sent.

    Starlette's matches the path after its decoding, where a token's own slashes and line ends
    would take part, and two tokens that are no text would look the same.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is this route; the token is still percent-encoded."""
        return super().matches({**scope, "path": scope["raw_path"].decode("ascii")})


class OperatorTickets(TicketCalls):
    """The handlers of the operator's calls, with what they work on."""

    def __init__(
        self, gate: OperatorGate, commits: Commits, store: Store, metrics: Metrics, log: Log
    ) -> None:
        super().__init__(metrics, log)
        self._gate = gate
        self._commits = commits
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """Where each call is."""
        return [
            ApiRoute(TICKETS, self.put, methods=["POST"], body_bytes_max=RECORDS_BODY_BYTES_MAX),
            ApiRoute(TICKETS, self.page, methods=["GET"]),
            ApiRoute(
                TICKETS + "/status",
                self.set_status,
                methods=["PUT"],
                body_bytes_max=TICKETS_BODY_BYTES_MAX,
            ),
            ApiRoute(
                TICKETS + "/void", self.void, methods=["PUT"], body_bytes_max=TICKETS_BODY_BYTES_MAX
            ),
            ApiRoute(
                TICKETS + "/unlock",
                self.unlock,
                methods=["PUT"],
                body_bytes_max=TICKETS_BODY_BYTES_MAX,
            ),
            TokenRoute(TICKETS + "/{token}", self.show, methods=["GET"]),
        ]

    async def put(self, request: Request) -> Response:
        """`POST /operator/v1/tickets`: add tickets, or bring them up to date."""
        exchange = Exchange.of(request)
        await self._gate.admit_records(exchange)
        records = await read_records(request, exchange)
        await self._gate.still_admitted(exchange)
        self._tell(exchange, [record.token for record in records])
        results = await put_tickets(self._commits, records)
        return self._answer(exchange, results, put_ticket, failed_ticket)

    async def set_status(self, request: Request) -> Response:
        """`PUT /operator/v1/tickets/status`: hold seats, or release them."""
        exchange, body = await self._read(request, StatusRequest, Verb.HOLD)
        if body.status == "UNLOCK":
            results = await release_tickets(self._commits, exchange.asker, body.tokens, body.reason)
            return self._answer(exchange, results, released_ticket, failed_ticket)
        reason, seconds = body.reason, body.expires_in_seconds
        if reason is None:
            raise AssertionError("a hold without a reason is misshapen")
        results = await hold_tickets(self._commits, exchange.asker, body.tokens, reason, seconds)
        return self._answer(exchange, results, held_ticket, failed_ticket)

    async def void(self, request: Request) -> Response:
        """`PUT /operator/v1/tickets/void`: make tickets void, for good."""
        exchange, body = await self._read(request, VoidRequest, Verb.VOID)
        results = await void_tickets(self._commits, exchange.asker, body.tokens, body.reason)
        return self._answer(exchange, results, succeeded_ticket, failed_ticket)

    async def unlock(self, request: Request) -> Response:
        """`PUT /operator/v1/tickets/unlock`: clear mpreserve, whichever channel set it."""
        exchange, body = await self._read(request, OverrideRequest, Verb.OVERRIDE)
        results = await override_unlock(self._commits, exchange.asker, body.tokens, body.reason)
        return self._answer(exchange, results, succeeded_ticket, failed_ticket)

    async def show(self, request: Request) -> Response:
        """`GET /operator/v1/tickets/{token}`: all that is known of a ticket."""
        await self._gate.admit(Exchange.of(request))
        token = token_in(request)

        async def look(snapshot: Snapshot) -> list[ShownTicket]:
            found = await snapshot.read_whole_tickets([token])
            now = await snapshot.moment()
            return [shown_ticket(whole, now) for whole in found.values()]

        tickets = await self._store.read(look)
        if not tickets:
            raise no_such_ticket()
        return json_response(tickets[0])

    async def page(self, request: Request) -> Response:
        """`GET /operator/v1/tickets`: an organization's tickets, page by page."""
        await self._gate.admit(Exchange.of(request))
        query = read_query(request.scope["query_string"], ListingQuery)
        return json_response(await self._store.read(lambda snapshot: read_page(snapshot, query)))

    async def _read(
        self, request: Request, shape: type[Asked], verb: Verb
    ) -> tuple[Exchange, Asked]:
        """What a request asks for that names tickets by token. Its reason goes into the log.

        `verb`: what the journal says that it asked for, should it be refused.
        """
        exchange = Exchange.of(request)
        exchange.verb = verb
        await self._gate.admit_json(exchange)
        body = await read_json(request, exchange, shape)
        await self._gate.still_admitted(exchange)
        exchange.reason = body.reason
        if isinstance(body, StatusRequest) and body.status == "UNLOCK":
            exchange.verb = Verb.RELEASE
        check_count(body.tokens, TOKENS_MAX)
        self._tell(exchange, body.tokens)
        return exchange, body


def token_in(request: Request) -> str:
    """The token in a path. Raises `RouteUnknown` for what is no text, and so no token."""
    try:
        return unquote_to_bytes(request.path_params["token"]).decode()
    except UnicodeDecodeError:
        raise no_such_ticket() from None


def no_such_ticket() -> RouteUnknown:
    """The refusal of a path whose token is unknown."""
    return RouteUnknown("There is no such ticket")


def json_response(body: Struct) -> Response:
    """An answer of status 200. Prices are exact JSON numbers."""
    return Response(encode_json(body), media_type="application/json")
