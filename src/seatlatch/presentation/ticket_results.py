"""The response to a request about a list of tickets: status, body, and counts by outcome.

Source: the contract's tables of per-token outcomes and of HTTP status.

See decisions 1, 2 and 3.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from starlette.responses import Response

from seatlatch.domain.outcome import LOCKS, SUCCESSES, Outcome, TicketResult
from seatlatch.http.body import JsonResponse, encode_json
from seatlatch.http.problems import ALL_LOCKED, NONE_SUCCEEDED, error_body
from seatlatch.http.request_context import RequestContext
from seatlatch.presentation.schemas import FailedTicket, SucceededTicket, TicketResults

ALL_SUCCEEDED, SOME_SUCCEEDED = 200, 207

INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 - an error type, no secret


class HasOutcome(Protocol):
    """The result for one entry of a request."""

    @property
    def outcome(self) -> Outcome:
        """The outcome."""


class Judged(HasOutcome, Protocol):
    """The result for one ticket. Names are None if the caller may not know them."""

    @property
    def token(self) -> str | None:
        """The ticket's token."""

    @property
    def owner_id(self) -> str | None:
        """The ticket's owner."""


Result = TypeVar("Result", bound=Judged)
Entry = TypeVar("Entry", bound=HasOutcome)


def results_response(
    context: RequestContext,
    results: Sequence[Result],
    succeeded: Callable[[Result], Any],
    failed: Callable[[Result], FailedTicket],
) -> Response:
    """The response with these results, in the request's order. Records the counts in `context`.

    `succeeded` and `failed` make the entry of one ticket.
    """
    counts = context.outcomes = count_outcomes(results)
    status, body = _status_and_body(results, counts, succeeded, failed)
    return JsonResponse(encode_json(body), status)


def list_response(
    results: Sequence[Entry], succeeded: Callable[[Entry], Any], failed: Callable[[Entry], Any]
) -> Response:
    """The response with results that are not about tickets, in the request's order."""
    status, body = _status_and_body(results, count_outcomes(results), succeeded, failed)
    return JsonResponse(encode_json(body), status)


def count_outcomes(results: Sequence[HasOutcome]) -> Mapping[Outcome, int]:
    """The number of entries by outcome."""
    outcomes = {result.outcome for result in results}
    # Usually all tickets have the same outcome, and a set is faster to build than a Counter.
    if len(outcomes) == 1:
        return dict.fromkeys(outcomes, len(results))
    return Counter(result.outcome for result in results)


def _status_and_body(
    results: Sequence[Entry],
    counts: Mapping[Outcome, int],
    succeeded: Callable[[Entry], Any],
    failed: Callable[[Entry], Any],
) -> tuple[int, TicketResults[Any]]:
    status = results_status(counts)
    if status == ALL_SUCCEEDED:
        return status, TicketResults(success=list(map(succeeded, results)))
    failure = [failed(result) for result in results if result.outcome not in SUCCESSES]
    if status == SOME_SUCCEEDED:
        success = [succeeded(result) for result in results if result.outcome in SUCCESSES]
        return status, TicketResults(success=success, failure=failure)
    if status == ALL_LOCKED.status:
        error = error_body(ALL_LOCKED, "Seat is locked")
    else:
        error = error_body(NONE_SUCCEEDED, "Unable to process the request.")
    return status, TicketResults(error=error, failure=failure)


def results_status(outcomes: Collection[Outcome]) -> int:
    """The HTTP status of a response whose tickets have these outcomes."""
    if SUCCESSES.issuperset(outcomes):
        return ALL_SUCCEEDED
    if not SUCCESSES.isdisjoint(outcomes):
        return SOME_SUCCEEDED
    return (ALL_LOCKED if LOCKS.issuperset(outcomes) else NONE_SUCCEEDED).status


def succeeded_ticket(result: TicketResult) -> SucceededTicket:
    """The entry in `success` of a ticket that is in the requested state."""
    return SucceededTicket(result.token, result.owner_id)


def failed_ticket(result: Judged) -> FailedTicket:
    """The entry in `failure` of a ticket in a channel's request."""
    if result.outcome in LOCKS:
        failed = FailedTicket(result.token, "LOCK", "MS-409", "Seat is locked", ALL_LOCKED.type)
    else:
        failed = FailedTicket(result.token, None, "MS-422", "Token is invalid", INVALID_TOKEN)
    if result.owner_id is not None:
        failed.owner_id = result.owner_id
    return failed
