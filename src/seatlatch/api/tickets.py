"""The /v1/tickets calls."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.api.answers import failed_ticket, succeeded_ticket
from seatlatch.api.body import check_count, read_json
from seatlatch.api.calls import TicketCalls
from seatlatch.api.exchange import Exchange
from seatlatch.api.gate import Gate
from seatlatch.api.lock import listings_of
from seatlatch.api.routes import TICKETS_BODY_BYTES_MAX, ApiRoute
from seatlatch.api.schemas import LockRequest, UnlockRequest, VerifyRequest
from seatlatch.api.verify import failed_barcode, verified_barcode, verified_token, verify
from seatlatch.domain.application import Caller
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Verb
from seatlatch.group_commit import GroupCommit
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.operations.lock_tickets import lock_tickets
from seatlatch.operations.unlock_tickets import unlock_tickets
from seatlatch.store.interface import Store

Shape = TypeVar("Shape")


class Tickets(TicketCalls):
    """The handlers of the ticket calls, with what they work on."""

    def __init__(
        self, gate: Gate, commits: GroupCommit, store: Store, metrics: Metrics, log: Log
    ) -> None:
        super().__init__(metrics, log)
        self._gate = gate
        self._commits = commits
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """Where each call is."""
        return [
            ApiRoute(
                "/v1/tickets/unlock",
                self.unlock,
                methods=["PUT"],
                body_bytes_max=TICKETS_BODY_BYTES_MAX,
            ),
            ApiRoute(
                "/v1/tickets/lock",
                self.lock,
                methods=["PUT"],
                body_bytes_max=TICKETS_BODY_BYTES_MAX,
            ),
            ApiRoute(
                "/v1/tickets/verify",
                self.verify,
                methods=["POST"],
                body_bytes_max=TICKETS_BODY_BYTES_MAX,
            ),
        ]

    async def unlock(self, request: Request) -> Response:
        """`PUT /v1/tickets/unlock`: contract, section 1."""
        Exchange.of(request).verb = Verb.UNLOCK
        admit = self._gate.admit_change
        exchange, channel, body = await self._read(request, admit, UnlockRequest)
        check_count(body.tokens)
        self._tell(exchange, body.tokens)
        results = await unlock_tickets(self._commits, exchange.asker, channel, body.tokens)
        return self._answer(exchange, results, succeeded_ticket, failed_ticket)

    async def lock(self, request: Request) -> Response:
        """`PUT /v1/tickets/lock`: contract, section 4."""
        Exchange.of(request).verb = Verb.LOCK
        admit = self._gate.admit_change
        exchange, channel, body = await self._read(request, admit, LockRequest)
        check_count(body.listing.tokens)
        listings = listings_of(body)
        self._tell(exchange, list(listings))
        results = await lock_tickets(self._commits, exchange.asker, channel, listings)
        return self._answer(exchange, results, succeeded_ticket, failed_ticket)

    async def verify(self, request: Request) -> Response:
        """`POST /v1/tickets/verify`: contract, section 5."""
        admit = self._gate.admit_read
        exchange, channel, body = await self._read(request, admit, VerifyRequest)
        asked = body.tickets
        results = await verify(self._store, channel, asked)
        if asked.barcodes is not None:
            return self._answer(exchange, results, verified_barcode, failed_barcode)
        self._tell(exchange, asked.tokens or ())
        return self._answer(exchange, results, verified_token, failed_ticket)

    async def _read(
        self, request: Request, admit: Callable[[Exchange], Awaitable[Caller]], shape: type[Shape]
    ) -> tuple[Exchange, Channel, Shape]:
        """Who asks for what: let in before the body is read, and still so afterwards."""
        exchange = Exchange.of(request)
        caller = await admit(exchange)
        body = await read_json(request, exchange, shape)
        caller = await self._gate.still_admitted(exchange, caller)
        return exchange, caller.channel, body
