"""What can become of one ticket in an unlock."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """Listed in order of precedence: where two apply, the one further up wins.

    The value is the word used in logs and metrics. Source: the contract's table of per-token
    outcomes. `UNKNOWN` covers a ticket of an organization without a grant: the two must be
    indistinguishable to the caller.
    """

    UNKNOWN = "unknown"
    VOIDED = "voided"
    SEAT_LOCKED = "seat_locked"
    RESERVED_ELSEWHERE = "reserved_elsewhere"
    UNLOCKED = "unlocked"
    ALREADY_UNLOCKED = "already_unlocked"


class TicketResult(NamedTuple):
    """One ticket's outcome. `owner_id` is None exactly when the outcome is `UNKNOWN`."""

    token: str
    outcome: Outcome
    owner_id: str | None


SUCCESSES = frozenset({Outcome.UNLOCKED, Outcome.ALREADY_UNLOCKED})
LOCKS = frozenset({Outcome.SEAT_LOCKED, Outcome.RESERVED_ELSEWHERE})
"""A lock stands in the way: the box office's, or another channel's."""
