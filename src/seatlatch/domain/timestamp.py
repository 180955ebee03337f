"""Timestamps that people and programs write: RFC 3339 with an offset."""

from datetime import UTC, datetime

from seatlatch.domain.refusal import InvalidRequest


def read_timestamp(what: str, text: str) -> datetime:
    """A timestamp, aware UTC; `what` names it. Raises `InvalidRequest`."""
    try:
        timestamp = datetime.fromisoformat(text)
        if timestamp.tzinfo is None:
            raise ValueError("without an offset")
        return timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"The {what} must be a timestamp with an offset from UTC, as in"
            " 2027-01-31T18:00:00Z or 2027-01-31T18:00:00+01:00."
        ) from None
