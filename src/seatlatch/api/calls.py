"""What all calls that are about tickets have in common: what is told of them, and their answer."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from seatlatch.api.answers import Judged, Result, answer_for
from seatlatch.api.exchange import Exchange
from seatlatch.api.schemas import FailedTicket
from seatlatch.domain.outcome import SUCCESSES, Outcome
from seatlatch.logs import Log
from seatlatch.metrics import Metrics


class TicketCalls:
    """The base of those that hold handlers."""

    def __init__(self, metrics: Metrics, log: Log) -> None:
        self._metrics = metrics
        self._log = log

    def _tell(self, exchange: Exchange, tokens: Sequence[str]) -> None:
        """At debug, what was asked for. Not so barcodes, which let in whoever shows them."""
        self._log.debug("tokens", requestId=exchange.request_id, tokens=tokens)

    def _answer(
        self,
        exchange: Exchange,
        results: Sequence[Result],
        succeeded: Callable[[Result], Any],
        failed: Callable[[Result], FailedTicket],
    ) -> Response:
        """The answer to a call, counted by outcome."""
        counts = counted(results)
        for outcome, tokens in counts.items():
            self._metrics.tokens_answered(outcome, tokens)
            if outcome in SUCCESSES:
                exchange.succeeded += tokens
            else:
                exchange.failed += tokens
        status, body = answer_for(results, counts, succeeded, failed)
        return Response(body, status, media_type="application/json")


def counted(results: Sequence[Judged]) -> Mapping[Outcome, int]:
    """How many came to each outcome. Mostly all came to the same one, and a set is quickly made."""
    outcomes = {result.outcome for result in results}
    if len(outcomes) == 1:
        return dict.fromkeys(outcomes, len(results))
    return Counter(result.outcome for result in results)
