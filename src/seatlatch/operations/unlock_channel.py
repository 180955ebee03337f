"""Unlock all tickets that a channel has locked, in parts.

See decision 181.
"""

from collections.abc import Callable
from typing import NamedTuple

from seatlatch.domain.outcome import TicketResult
from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.operations.bulk_changes import PORTION_TICKETS, ChangeTickets, change_in_portions
from seatlatch.operations.find_tickets import find_tickets
from seatlatch.store.finding import Place
from seatlatch.store.interface import Store

PART_SECONDS = 1.0
"""How long a part takes, so that somebody who waits for it sees progress."""


class UnlockedPart(NamedTuple):
    """The results of a part. `next`: the place at which the next one continues; None = no more."""

    results: list[TicketResult]
    next: Place | None


async def unlock_part(
    store: Store,
    unlock: ChangeTickets,
    code: str,
    after: Place | None,
    monotonic: Callable[[], float],
) -> UnlockedPart:
    """Unlock the tickets of a channel that follow the place `after`, until a part's time is over.

    A ticket that is changed by others just then keeps its lock. Raises `InvalidRequest` for a
    place of another search, and `Unavailable`; what was done before stays done.
    """
    ends_at = monotonic() + PART_SECONDS
    wanted, place = TicketFilter(channel_code=code), after
    results: list[TicketResult] = []
    while True:
        found = await find_tickets(store, wanted, None, place, PORTION_TICKETS)
        versions = {whole.ticket.token: whole.version for whole in found.tickets}
        async for portion in change_in_portions(unlock, versions):
            results += portion
        place = found.next
        if place is None or monotonic() >= ends_at:
            return UnlockedPart(results, place)
