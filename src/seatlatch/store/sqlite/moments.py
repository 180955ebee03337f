"""Moments as they are kept: UTC, ISO 8601 with microseconds. They sort as they read."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The clock that all who write to a SQLite database share: their machine's."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """A moment as it is kept."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """A moment as it was kept, aware."""
    return datetime.fromisoformat(text)


def optional_text(moment: datetime | None) -> str | None:
    """A moment as it is kept, where there may be none."""
    return None if moment is None else to_text(moment)


def optional_moment(text: str | None) -> datetime | None:
    """A moment as it was kept, where there may be none."""
    return None if text is None else datetime.fromisoformat(text)
