"""Whether and when a request is sent again. Pure: chance is an argument, nothing waits here."""

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
"""So often a wait is doubled; long before that it is at its bound."""

WORTH_ANOTHER = (ConnectionFailed, TooManyRequests, ServiceUnavailable)


@dataclass(frozen=True)
class Retries:
    """How often a request is sent, and how long is waited between.

    Every call of this API may be sent again: it is idempotent, or it gives a pair of tokens that
    nobody else has. The wait before attempt n + 1 is drawn from 0 to `first_wait_seconds` times 2
    to the power of n - 1, but at least what `Retry-After` says, and with up to a quarter on top
    then, lest all who were sent away come back at once. Who is to wait for longer than
    `wait_seconds_max` is told so by the error instead. 1 attempt = nothing is sent again.
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
        """How long to wait after attempt number `attempt` (from 1) ended with `problem`.

        None: don't send it again. `chance` gives a number from 0 to 1.
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
    """What a `Retry-After` asks for: seconds or a date. None: nothing that can be understood."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
