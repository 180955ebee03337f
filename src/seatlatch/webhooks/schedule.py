"""The schedule of retries: when a message is sent again, and when it is given up. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
"""The delay after the first attempt, the second, and so on; the last one after all later ones."""

JITTER = 0.2
"""A delay varies by up to this fraction, so that messages that failed together do not return
together."""

GIVEN_UP_AFTER_SECONDS = 3 * 86_400
"""From the first attempt. There is no later attempt."""

RETRY_AFTER_SECONDS_MAX = 6 * 3_600
"""The longest delay that a receiver can request."""


def next_attempt(
    attempts: int,
    first_attempt_at: datetime,
    now: datetime,
    chance: float,
    retry_after: str | None = None,
    delays_seconds: Sequence[float] = DELAYS_SECONDS,
) -> datetime | None:
    """When to send a message again after `attempts` failed ones; None = it is given up.

    `chance`: a random number from 0 to 1. `retry_after`: the receiver's Retry-After header.
    """
    delay = delays_seconds[min(attempts, len(delays_seconds)) - 1]
    seconds = delay * (1 - JITTER + 2 * JITTER * chance)
    requested_seconds = retry_after_seconds(retry_after, now)
    due_at = now + timedelta(seconds=max(seconds, min(requested_seconds, RETRY_AFTER_SECONDS_MAX)))
    ends_at = first_attempt_at + timedelta(seconds=GIVEN_UP_AFTER_SECONDS)
    return due_at if due_at <= ends_at else None


def retry_after_seconds(header: str | None, now: datetime) -> float:
    """The seconds that a Retry-After requests, as a number or a date; 0 if it cannot be read."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
        return max((date - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0
