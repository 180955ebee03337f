"""The /v1/tickets calls."""

from collections import Counter

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seatlatch.api.answers import answer_for
from seatlatch.api.body import read_json
from seatlatch.api.exchange import Exchange
from seatlatch.api.gate import Gate
from seatlatch.api.schemas import UnlockRequest
from seatlatch.commit import GroupCommit
from seatlatch.domain.outcome import SUCCESSES, Outcome
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.operations.unlock_tickets import unlock_tickets
from seatlatch.telemetry import Log, Metrics

TOKENS_MAX = 100
"""Entries in one request, repeats included."""


class Tickets:
    """The handlers of the ticket calls, with what they work on."""

    def __init__(self, gate: Gate, commits: GroupCommit, metrics: Metrics, log: Log) -> None:
        self._gate = gate
        self._commits = commits
        self._metrics = metrics
        self._log = log

    def routes(self) -> list[Route]:
        """Where each call is."""
        return [Route("/v1/tickets/unlock", self.unlock, methods=["PUT"])]

    async def unlock(self, request: Request) -> Response:
        """`PUT /v1/tickets/unlock`: contract, section 1."""
        exchange = Exchange.of(request)
        caller = self._gate.admit(exchange)
        body = await read_json(request, exchange, UnlockRequest)
        if len(body.tokens) > TOKENS_MAX:
            raise InvalidRequest(
                f"The request payload cannot contain more than {TOKENS_MAX} tokens"
            )
        self._log.debug("tokens", requestId=exchange.request_id, tokens=body.tokens)
        results = await unlock_tickets(self._commits, caller.channel, body.tokens)
        counts = Counter(result.outcome for result in results)
        self._note(exchange, counts)
        status, answer = answer_for(results, counts)
        return Response(msgspec.json.encode(answer), status, media_type="application/json")

    def _note(self, exchange: Exchange, counts: Counter[Outcome]) -> None:
        for outcome, tokens in counts.items():
            self._metrics.tokens_answered(outcome, tokens)
            if outcome in SUCCESSES:
                exchange.succeeded += tokens
            else:
                exchange.failed += tokens
