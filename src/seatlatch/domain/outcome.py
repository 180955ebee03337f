"""The possible outcomes for one ticket of a request."""

from collections.abc import Iterable
from enum import StrEnum
from functools import partial
from itertools import repeat
from typing import NamedTuple


class Outcome(StrEnum):
    """Failures in order of precedence (if two apply, the first one counts), then successes.

    The value is the word used in logs and metrics. Source: the contract's table of per-token
    outcomes. `UNKNOWN` covers a ticket of an organization without a grant: the two must be
    indistinguishable to the caller. `CHANGED`: the ticket has another version than the caller has
    confirmed. A ticket that is already in the requested state is a success.
    """

    UNKNOWN = "unknown"
    UNKNOWN_ORGANIZATION = "unknown_organization"
    OTHER_ORGANIZATION = "other_organization"
    CHANGED = "changed"
    VOIDED = "voided"
    SEAT_LOCKED = "seat_locked"
    RESERVED_ELSEWHERE = "reserved_elsewhere"
    RESERVED = "reserved"

    VERIFIED = "verified"
    LOCKED = "locked"
    ALREADY_LOCKED = "already_locked"
    UNLOCKED = "unlocked"
    ALREADY_UNLOCKED = "already_unlocked"
    HELD = "held"
    ALREADY_HELD = "already_held"
    RELEASED = "released"
    ALREADY_RELEASED = "already_released"
    MADE_VOID = "made_void"
    ALREADY_VOID = "already_void"
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class TicketResult(NamedTuple):
    """One ticket's outcome. `owner_id` is None if the caller may not know of the ticket."""

    token: str
    outcome: Outcome
    owner_id: str | None


def alike(tokens: Iterable[str], outcome: Outcome, owner_ids: Iterable[str]) -> list[TicketResult]:
    """The results of tickets that all have the same outcome.

    The tuples are made directly, since the constructor of a named tuple takes four times as long.
    """
    values = zip(tokens, repeat(outcome), owner_ids, strict=False)
    return list(map(partial(tuple.__new__, TicketResult), values))


LOCKS = frozenset({Outcome.SEAT_LOCKED, Outcome.RESERVED_ELSEWHERE, Outcome.RESERVED})
"""The ticket is locked, by the box office or by a channel."""

INVALID = frozenset(
    {Outcome.UNKNOWN, Outcome.UNKNOWN_ORGANIZATION, Outcome.OTHER_ORGANIZATION, Outcome.VOIDED}
)
"""The token, or a value given with it, names nothing that can be changed."""

OUTDATED = frozenset({Outcome.CHANGED})
"""The caller does not know the ticket as it is now."""

SUCCESSES = frozenset(Outcome) - LOCKS - INVALID - OUTDATED
