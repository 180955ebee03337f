"""Events, that is performances: what the ticketing system reports of them. Pure.

A ticket names its event by its organization and access id. See decision 147.
"""

import re
from datetime import datetime
from typing import NamedTuple

from seatlatch.domain.outcome import Outcome
from seatlatch.domain.record import field_problem

REMOVED = ""
"""In a put: the stored value is removed."""

_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-][0-2]\d:[0-5]\d)", re.IGNORECASE
)
TIMESTAMP_PROBLEM = "is not a date and time with an offset, such as 2026-11-23T19:30:00-05:00"
REQUIRED = ("organization_id", "access_id")
TIMESTAMPS = ("starts_at", "ends_at")


class EventKey(NamedTuple):
    """The identity of an event."""

    organization_id: str
    access_id: str


class Event(NamedTuple):
    """An event. `starts_at` and `ends_at` are RFC 3339 with the offset of the event's place.

    None = not known; in a put, None = the stored value stays.
    """

    organization_id: str
    access_id: str
    item_name: str | None = None
    season_code: str | None = None
    item_code: str | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    facility_code: str | None = None
    facility_name: str | None = None

    @property
    def key(self) -> EventKey:
        """The identity of the event."""
        return EventKey(self.organization_id, self.access_id)


class EventResult(NamedTuple):
    """The outcome of putting one event."""

    key: EventKey
    outcome: Outcome


class TicketCounts(NamedTuple):
    """The number of an event's tickets in each state. `held_over_listing` of the held ones are
    also listed.
    """

    free: int = 0
    listed: int = 0
    held: int = 0
    voided: int = 0
    held_over_listing: int = 0

    @property
    def total(self) -> int:
        """The number of all tickets."""
        return self.free + self.listed + self.held + self.voided

    def plus(self, other: "TicketCounts") -> "TicketCounts":
        """The sum of both."""
        return TicketCounts(*map(sum, zip(self, other, strict=True)))


def event_problem(put: Event) -> tuple[str, str] | None:
    """The first field of a put that can't be stored, and the problem; None = all are valid."""
    for field, value in zip(Event._fields, put, strict=True):
        if not value:
            if field in REQUIRED:
                return field, "must not be empty"
        elif field in TIMESTAMPS:
            if normalized_timestamp(value) is None:
                return field, TIMESTAMP_PROBLEM
        elif problem := field_problem(value):
            return field, problem
    return None


def normalized_timestamp(text: str) -> str | None:
    """A timestamp in the one form in which it is stored; None = it is not RFC 3339."""
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).isoformat().replace("+00:00", "Z")
    except ValueError:  # there is no such day or hour
        return None


def updated(stored: Event | None, put: Event) -> Event:
    """The event after a put that has no problem. Decides what a put adds, keeps and removes."""
    put = put._replace(
        starts_at=put.starts_at and normalized_timestamp(put.starts_at),
        ends_at=put.ends_at and normalized_timestamp(put.ends_at),
    )
    before = stored or Event(*put.key)
    kept = (old if new is None else new for old, new in zip(before, put, strict=True))
    return Event(*(value or None for value in kept))  # type: ignore[arg-type]  # keys are not empty
