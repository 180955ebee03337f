"""From the outcomes of tickets to status and body.

Source: the contract's tables of per-token outcomes and of HTTP status.
"""

from collections.abc import Mapping, Sequence

from seatlatch.api.problems import ALL_LOCKED, NONE_SUCCEEDED, error_body
from seatlatch.api.schemas import Answer, FailedTicket, SucceededTicket
from seatlatch.domain.outcome import LOCKS, SUCCESSES, Outcome, TicketResult

INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 - an error type, no secret


def answer_for(
    results: Sequence[TicketResult], counts: Mapping[Outcome, int]
) -> tuple[int, Answer]:
    """Status and body for an unlock's results, which keep the request's order.

    `counts` says how many of them came to each outcome.
    """
    if SUCCESSES.issuperset(counts):
        return 200, Answer(success=[succeeded_ticket(result) for result in results])
    failure = [failed_ticket(result) for result in results if result.outcome not in SUCCESSES]
    if len(failure) < len(results):
        success = [succeeded_ticket(result) for result in results if result.outcome in SUCCESSES]
        return 207, Answer(success=success, failure=failure)
    if LOCKS.issuperset(counts):
        error = error_body(ALL_LOCKED, "Seat is locked")
        return ALL_LOCKED.status, Answer(error=error, failure=failure)
    error = error_body(NONE_SUCCEEDED, "Unable to process the request.")
    return NONE_SUCCEEDED.status, Answer(error=error, failure=failure)


def succeeded_ticket(result: TicketResult) -> SucceededTicket:
    """One entry of `success`."""
    return SucceededTicket(result.token, result.owner_id)


def failed_ticket(result: TicketResult) -> FailedTicket:
    """One entry of `failure`."""
    if result.outcome in LOCKS:
        failed = FailedTicket(result.token, "LOCK", "MS-409", "Seat is locked", ALL_LOCKED.type)
    else:
        failed = FailedTicket(result.token, None, "MS-422", "Token is invalid", INVALID_TOKEN)
    if result.owner_id is not None:
        failed.owner_id = result.owner_id
    return failed
