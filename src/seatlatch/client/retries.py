"""Decides whether and when to send a request again. Randomness is an argument.

See decisions 105, 106, 110 and 111.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .arguments import check_not_negative, check_positive
from .errors import (
    ClientError,
    ConnectionFailed,
    RequestRefused,
    ServiceUnavailable,
    TlsError,
    TooManyRequests,
)

DOUBLINGS_MAX = 60
"""How often a wait is doubled; it reaches its limit long before."""

WORTH_ANOTHER = (ConnectionFailed, TooManyRequests, ServiceUnavailable)


@dataclass(frozen=True)
class Retries:
    """How often to send a request, and how long to wait between attempts.

    Every call of this API can be sent again: it is idempotent, or it returns a new pair of tokens.
    The wait before attempt n + 1 is random, from 0 to `first_wait_seconds` times 2 to the power of
    n - 1. With `Retry-After` it is at least that long, plus up to a quarter, so that the clients do
    not all return at once. If `Retry-After` is longer than `wait_seconds_max`, the call fails
    instead of waiting. 1 attempt = never send again.
    """

    attempts: int = 5
    first_wait_seconds: float = 0.25
    wait_seconds_max: float = 30.0

    def __post_init__(self) -> None:
        check_positive("attempts", self.attempts, whole=True)
        check_not_negative("first_wait_seconds", self.first_wait_seconds)
        check_not_negative("wait_seconds_max", self.wait_seconds_max)

    def wait_seconds(
        self, problem: ClientError, attempt: int, chance: Callable[[], float]
    ) -> float | None:
        """How long to wait after attempt number `attempt` (from 1) failed with `problem`.

        None = do not send it again. `chance` returns a number from 0 to 1.
        """
        if attempt >= self.attempts or not isinstance(problem, WORTH_ANOTHER):
            return None
        if isinstance(problem, TlsError):
            return None
        longest = min(
            self.first_wait_seconds * 2.0 ** min(attempt - 1, DOUBLINGS_MAX), self.wait_seconds_max
        )
        asked = problem.retry_after_seconds if isinstance(problem, RequestRefused) else None
        if asked is None:
            return longest * chance()
        if asked > self.wait_seconds_max:
            return None
        return max(asked * (1 + chance() / 4), longest * chance())


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The seconds in a `Retry-After` header (a number or a date); None = it cannot be parsed."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
