"""The `/v1/tickets` calls: unlock, lock and verify."""

from starlette.responses import Response

from seatlatch.channel_api.admission import CHANGES_TICKETS, ONLY_READS, ChannelAdmission
from seatlatch.channel_api.lock import listings_of
from seatlatch.channel_api.schemas import TOKENS_MAX, LockRequest, UnlockRequest, VerifyRequest
from seatlatch.channel_api.verify import failed_barcode, verified_barcode, verified_token, verify
from seatlatch.commit import Committer
from seatlatch.domain.application import Caller
from seatlatch.domain.journal import Verb
from seatlatch.http.body import TICKETS_BODY_BYTES_MAX, JsonBody, check_count
from seatlatch.http.route_spec import RouteSpec
from seatlatch.http.routes import ApiRoute, Call, api_route
from seatlatch.operations.change_tickets import lock_tickets, unlock_tickets
from seatlatch.presentation.ticket_results import (
    failed_ticket,
    results_response,
    succeeded_ticket,
)
from seatlatch.store.interface import Store

UNLOCK = RouteSpec(
    "PUT",
    "/v1/tickets/unlock",
    CHANGES_TICKETS,
    body=JsonBody(UnlockRequest, TICKETS_BODY_BYTES_MAX),
    verb=Verb.UNLOCK,
)
LOCK = RouteSpec(
    "PUT",
    "/v1/tickets/lock",
    CHANGES_TICKETS,
    body=JsonBody(LockRequest, TICKETS_BODY_BYTES_MAX),
    verb=Verb.LOCK,
)
VERIFY = RouteSpec(
    "POST", "/v1/tickets/verify", ONLY_READS, body=JsonBody(VerifyRequest, TICKETS_BODY_BYTES_MAX)
)


class Tickets:
    """The handlers of the ticket calls."""

    def __init__(self, admission: ChannelAdmission, committer: Committer, store: Store) -> None:
        self._admission = admission
        self._committer = committer
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        return [
            api_route(UNLOCK, self._admission, self.unlock),
            api_route(LOCK, self._admission, self.lock),
            api_route(VERIFY, self._admission, self.verify),
        ]

    async def unlock(self, call: Call[Caller, UnlockRequest]) -> Response:
        """`PUT /v1/tickets/unlock`: contract, section 1."""
        context, tokens = call.context, call.input.tokens
        check_count(tokens, TOKENS_MAX)
        context.tokens = tokens
        results = await unlock_tickets(self._committer, context.asker, call.caller.channel, tokens)
        return results_response(context, results, succeeded_ticket, failed_ticket)

    async def lock(self, call: Call[Caller, LockRequest]) -> Response:
        """`PUT /v1/tickets/lock`: contract, section 4."""
        context = call.context
        check_count(call.input.listing.tokens, TOKENS_MAX)
        listings = listings_of(call.input)
        context.tokens = list(listings)
        results = await lock_tickets(self._committer, context.asker, call.caller.channel, listings)
        return results_response(context, results, succeeded_ticket, failed_ticket)

    async def verify(self, call: Call[Caller, VerifyRequest]) -> Response:
        """`POST /v1/tickets/verify`: contract, section 5."""
        context, tickets = call.context, call.input.tickets
        results = await verify(self._store, call.caller.channel, tickets)
        if tickets.barcodes is not None:
            return results_response(context, results, verified_barcode, failed_barcode)
        context.tokens = tickets.tokens
        return results_response(context, results, verified_token, failed_ticket)
