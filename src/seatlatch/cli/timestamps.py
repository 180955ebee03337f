"""Dates and timestamps that people type."""

from datetime import UTC, datetime

from seatlatch.domain.label import shortened
from seatlatch.domain.refusal import InvalidRequest


def date_or_timestamp(option: str, text: str) -> datetime:
    """The value of an option, aware UTC; without an offset it is UTC. Raises `InvalidRequest`."""
    try:
        timestamp = datetime.fromisoformat(text)
        return timestamp.replace(tzinfo=timestamp.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"{option} {shortened(text)} is not a date such as 2026-01-31, or a timestamp such as"
            " 2026-01-31T18:00:00Z."
        ) from None
