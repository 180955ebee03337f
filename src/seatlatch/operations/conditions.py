"""Conditions on the tickets of a request. They are checked before the rule of its verb.

See decisions 168 and 171.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from seatlatch.domain.outcome import Outcome
from seatlatch.store.tickets import TicketWriter


class Conditions(NamedTuple):
    """The conditions of one request. None = there is no such condition.

    `organizations`: the tickets of all other organizations are unknown to the caller. `versions`:
    the version of each ticket as the caller has confirmed it; a ticket that has another one now is
    not changed.
    """

    organizations: frozenset[str] | None = None
    versions: Mapping[str, int] | None = None


NO_CONDITIONS = Conditions()


async def excluded_tickets(
    tickets: TicketWriter, requests: Sequence[tuple[Conditions, Collection[str]]]
) -> Mapping[str, Outcome]:
    """The tokens of these requests whose tickets a condition excludes, each with its outcome.

    A ticket's organization never changes and no ticket is ever removed, so what is read here is
    still true when the tickets are changed. Versions do change, so tickets with a confirmed version
    are locked.
    """
    excluded = await _outdated(tickets, [conditions for conditions, _ in requests])
    return excluded | await _hidden(tickets, requests)


async def _outdated(tickets: TicketWriter, conditions: Sequence[Conditions]) -> dict[str, Outcome]:
    confirmed: dict[str, int] = {}
    for one in conditions:
        confirmed.update(one.versions or {})
    current = await tickets.lock_versions(confirmed) if confirmed else {}
    return {
        token: Outcome.CHANGED
        for token, version in confirmed.items()
        if current.get(token) != version
    }


async def _hidden(
    tickets: TicketWriter, requests: Sequence[tuple[Conditions, Collection[str]]]
) -> dict[str, Outcome]:
    visible_in = {
        token: conditions.organizations
        for conditions, tokens in requests
        if conditions.organizations is not None
        for token in tokens
    }
    found = await tickets.read(visible_in) if visible_in else {}
    return {
        token: Outcome.UNKNOWN
        for token, organizations in visible_in.items()
        if token not in found or found[token].organization_id not in organizations
    }
