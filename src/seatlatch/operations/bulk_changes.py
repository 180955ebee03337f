"""Bulk changes: the tickets that a filter matches, each as it was confirmed, in portions.

See decisions 170 and 171.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

import msgspec

from seatlatch.domain.journal import DONE_BY
from seatlatch.domain.outcome import Outcome, TicketResult
from seatlatch.domain.refusal import Conflict, InvalidRequest
from seatlatch.domain.ticket_filter import TicketFilter, TicketState, state_of
from seatlatch.operations.conditions import Conditions
from seatlatch.operations.find_tickets import FoundTickets, find_tickets
from seatlatch.store.interface import Store

MATCHED_TICKETS_MAX = 10_000
"""The most tickets that one request changes."""

PAGE_TICKETS = 1_000
PORTION_TICKETS = 500
"""The tickets of one transaction, so that it does not delay other requests."""

Versions = Mapping[str, int]
"""The version of each ticket, by token."""

NO_FILTER = TicketFilter()

DONE = frozenset(DONE_BY.values())
"""The outcomes of tickets that were changed."""


class ChangeTickets(Protocol):
    """A function of `operations.change_tickets` with all other arguments bound."""

    async def __call__(
        self, *, tokens: Iterable[str], conditions: Conditions
    ) -> list[TicketResult]:
        """Change these tickets, if they meet the conditions."""


class Selection(NamedTuple):
    """The tickets that match a filter, in the organizations that the caller may see; None = all.

    `states`: only tickets in one of these.
    """

    wanted: TicketFilter
    organizations: frozenset[str] | None = None
    states: frozenset[TicketState] = frozenset(TicketState)


async def matching_tickets(store: Store, selection: Selection) -> AsyncIterator[FoundTickets]:
    """All tickets of a selection, page by page; some pages may be empty.

    Each page is read by itself: a ticket that is changed meanwhile may be missing or appear twice.
    Raises `InvalidRequest` for filters that contradict each other, and `Unavailable`.
    """
    wanted, organizations, states = selection
    place = None
    while True:
        found = await find_tickets(store, wanted, organizations, place, PAGE_TICKETS)
        now = found.now
        yield found._replace(
            tickets=[whole for whole in found.tickets if state_of(whole.ticket, now) in states]
        )
        if (place := found.next) is None:
            return


async def select_versions(store: Store, selection: Selection) -> Versions:
    """The tickets of a selection, in the order in which they were found.

    Raises `InvalidRequest` if the filter is empty or too many tickets match, and `Unavailable`.
    """
    if selection.wanted == NO_FILTER:
        raise InvalidRequest("The filter is empty. Give at least one member.")
    versions: dict[str, int] = {}
    async for found in matching_tickets(store, selection):
        versions.update((whole.ticket.token, whole.version) for whole in found.tickets)
        if len(versions) > MATCHED_TICKETS_MAX:
            raise InvalidRequest(
                f"More than {MATCHED_TICKETS_MAX:,} tickets match. Narrow the filter, for example"
                " by accessId, or use the command `seatlatch tickets`, which has no such limit."
            )
    return versions


def confirmation_of(request: Sequence[Any], selection: Selection, versions: Versions) -> str:
    """An opaque text that is another one for another request, filter, scope, ticket or version.

    `request`: the verb and everything else that decides what is done to the tickets.
    """
    wanted, organizations, _ = selection
    scope = None if organizations is None else sorted(organizations)
    text = msgspec.json.encode([request, wanted, scope, sorted(versions.items())])
    return sha256(text).hexdigest()


async def require_confirmed(
    store: Store, request: Sequence[Any], selection: Selection, confirmation: str
) -> Versions:
    """The tickets of a selection, if these are the confirmed ones. Raises `Conflict`."""
    versions = await select_versions(store, selection)
    if confirmation_of(request, selection, versions) != confirmation:
        raise _selection_changed(len(versions))
    return versions


def _selection_changed(count: int) -> Conflict:
    """The refusal of an outdated confirmation. `count`: how many tickets match now."""
    refusal = Conflict(
        "The matching tickets have changed since the dry run, and nothing was done."
        " Repeat the dry run, check its count and send its confirmation."
    )
    refusal.count = count
    return refusal


async def change_in_portions(
    change: ChangeTickets, versions: Versions, organizations: frozenset[str] | None = None
) -> AsyncIterator[list[TicketResult]]:
    """Change tickets that still have these versions; each portion's results, when it is durable.

    `organizations`: those that the caller may see, unless a selection has applied them. Raises
    `Unavailable` if the database does not confirm a portion; the earlier ones stay done.
    """
    tickets = list(versions.items())
    for start in range(0, len(tickets), PORTION_TICKETS):
        portion = dict(tickets[start : start + PORTION_TICKETS])
        yield await change(tokens=portion, conditions=Conditions(organizations, portion))


async def change_all_matching(
    store: Store, change: ChangeTickets, selection: Selection
) -> AsyncIterator[list[TicketResult]]:
    """Change all tickets of a selection, also those that begin to match meanwhile; the results of
    each portion, when it is durable.

    Reads the selection again and again, until that leads to no change. A ticket that failed is not
    tried again, unless it was changed by others just then: its later result counts. Raises
    `Unavailable`; what was done before stays done.
    """
    finished: set[str] = set()
    has_changed = True
    while has_changed:
        has_changed = False
        async for found in matching_tickets(store, selection):
            versions = {
                whole.ticket.token: whole.version
                for whole in found.tickets
                if whole.ticket.token not in finished
            }
            async for results in change_in_portions(change, versions):
                finished.update(one.token for one in results if one.outcome is not Outcome.CHANGED)
                has_changed = has_changed or any(one.outcome in DONE for one in results)
                yield results
