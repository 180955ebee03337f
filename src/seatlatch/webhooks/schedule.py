"""When a message that was not taken is sent again, and when no more. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
"""After the first attempt, the second, and so on; after all later ones the last of them."""

JITTER = 0.2
"""A delay is up to so much of itself longer or shorter, so that what failed together does not come
back together.
"""

GIVEN_UP_AFTER_SECONDS = 3 * 86_400
"""From the first attempt. Nothing is tried after it."""

RETRY_AFTER_SECONDS_MAX = 6 * 3_600
"""A receiver may ask for no longer a wait than this."""


def next_attempt(
    attempts: int,
    first_attempt_at: datetime,
    now: datetime,
    chance: float,
    retry_after: str | None = None,
    delays_seconds: Sequence[float] = DELAYS_SECONDS,
) -> datetime | None:
    """When a message is tried again after `attempts` that failed; None = it is given up.

    `chance` is from 0 to 1. `retry_after`: what the receiver asked for, as a header.
    """
    delay = delays_seconds[min(attempts, len(delays_seconds)) - 1]
    seconds = delay * (1 - JITTER + 2 * JITTER * chance)
    asked = retry_after_seconds(retry_after, now)
    due_at = now + timedelta(seconds=max(seconds, min(asked, RETRY_AFTER_SECONDS_MAX)))
    ends_at = first_attempt_at + timedelta(seconds=GIVEN_UP_AFTER_SECONDS)
    return due_at if due_at <= ends_at else None


def retry_after_seconds(header: str | None, now: datetime) -> float:
    """What a Retry-After asks for, in seconds or as a date; 0 if it asks for nothing we know."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        return max((moment - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0
