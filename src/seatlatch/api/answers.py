"""From the outcomes of tickets to status and body.

Source: the contract's tables of per-token outcomes and of HTTP status.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from seatlatch.api.body import encode_json
from seatlatch.api.problems import ALL_LOCKED, NONE_SUCCEEDED, error_body
from seatlatch.api.schemas import Answer, FailedTicket, SucceededTicket
from seatlatch.domain.outcome import LOCKS, SUCCESSES, Outcome, TicketResult

INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 - an error type, no secret


class Judged(Protocol):
    """What came of one ticket, by whichever call. Names are None if they may not be told."""

    @property
    def token(self) -> str | None:
        """The ticket's token."""

    @property
    def outcome(self) -> Outcome:
        """What came of it."""

    @property
    def owner_id(self) -> str | None:
        """Its owner."""


Result = TypeVar("Result", bound=Judged)


def answer_for(
    results: Sequence[Result],
    counts: Mapping[Outcome, int],
    succeeded: Callable[[Result], Any],
    failed: Callable[[Result], FailedTicket],
) -> tuple[int, bytes]:
    """Status and body for the results of a call, which keep the request's order.

    `counts` says how many of them came to each outcome; `succeeded` and `failed` make the row of
    one that did or did not succeed.
    """
    status, answer = _answer(results, counts, succeeded, failed)
    return status, encode_json(answer)


def _answer(
    results: Sequence[Result],
    counts: Mapping[Outcome, int],
    succeeded: Callable[[Result], Any],
    failed: Callable[[Result], FailedTicket],
) -> tuple[int, Answer[Any]]:
    if SUCCESSES.issuperset(counts):
        return 200, Answer(success=[succeeded(result) for result in results])
    failure = [failed(result) for result in results if result.outcome not in SUCCESSES]
    if len(failure) < len(results):
        success = [succeeded(result) for result in results if result.outcome in SUCCESSES]
        return 207, Answer(success=success, failure=failure)
    if LOCKS.issuperset(counts):
        error = error_body(ALL_LOCKED, "Seat is locked")
        return ALL_LOCKED.status, Answer(error=error, failure=failure)
    error = error_body(NONE_SUCCEEDED, "Unable to process the request.")
    return NONE_SUCCEEDED.status, Answer(error=error, failure=failure)


def succeeded_ticket(result: TicketResult) -> SucceededTicket:
    """One entry of `success`, where the ticket was to be changed."""
    return SucceededTicket(result.token, result.owner_id)


def failed_ticket(result: Judged) -> FailedTicket:
    """One entry of `failure`."""
    if result.outcome in LOCKS:
        failed = FailedTicket(result.token, "LOCK", "MS-409", "Seat is locked", ALL_LOCKED.type)
    else:
        failed = FailedTicket(result.token, None, "MS-422", "Token is invalid", INVALID_TOKEN)
    if result.owner_id is not None:
        failed.owner_id = result.owner_id
    return failed
