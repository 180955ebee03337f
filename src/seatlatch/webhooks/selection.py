"""Selects the events of the journal that an endpoint receives.

See decisions 68, 70, 71, 72 and 77.
"""

from collections.abc import Sequence
from typing import NamedTuple

from seatlatch.domain.event import SeatEvent
from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Changed, DamagedEntry, Entry, FoundEntry
from seatlatch.domain.webhook import Webhook
from seatlatch.journal.rows import place_of
from seatlatch.logs import Log
from seatlatch.operations.read_events import event_of
from seatlatch.operations.seat_details import read_details
from seatlatch.store.events import ChangedEvent
from seatlatch.store.interface import Snapshot, Store

TICKETS_AT_ONCE_MAX = 500
"""Tickets to read in one step, unless one entry has more: an entry may have 1,000. On SQLite the
event loop stands still while they are read."""


class Selection(NamedTuple):
    """The events for an endpoint, and the position up to which the journal was read for it.

    `damaged`: the entries that were skipped because they cannot be read.
    """

    events: Sequence[SeatEvent]
    position: Position
    damaged: Sequence[DamagedEntry]


async def select_events(
    snapshot: Snapshot, webhook: Webhook, after: Position, limit: int
) -> Selection:
    """Read at most `limit` entries after a position and select the events for an endpoint.

    An endpoint receives what the box office does to tickets that its channel has listed and, if it
    was added with `own_changes`, what the channel itself does.
    """
    found = await snapshot.journal.entries_after(after, limit)
    entries, selected = _first_entries(found, webhook)
    damaged = [entry for entry in entries if isinstance(entry, DamagedEntry)]
    # Only tickets of selected entries are read. Most entries are of other channels, and those then
    # cost no query.
    tokens = {one.token for _, some in selected for one in some}
    channel = await snapshot.access.read_channel(webhook.channel_code) if tokens else None
    details = await read_details(snapshot, tokens, channel.organizations) if channel else {}
    position = dict(after)
    for entry in entries:
        chain, number = place_of(entry.entry_id)
        position[chain] = number
    events: list[SeatEvent] = []
    for entry, changed in selected:
        events += [
            event_of(entry, one, details[one.token]) for one in changed if one.token in details
        ]
    return Selection(events, position, damaged)


def _first_entries(
    entries: Sequence[FoundEntry], webhook: Webhook
) -> tuple[Sequence[FoundEntry], Sequence[tuple[Entry, Sequence[Changed]]]]:
    """The first entries whose selected tickets are within the limit, and the selected ones.

    There is at least one entry, if there is any, so that a large one cannot block the endpoint.
    """
    selected: list[tuple[Entry, Sequence[Changed]]] = []
    tickets = 0
    for number, entry in enumerate(entries):
        if isinstance(entry, DamagedEntry):
            continue
        if changed := _selected_tickets(entry, webhook):
            tickets += len(changed)
            if selected and tickets > TICKETS_AT_ONCE_MAX:
                return entries[:number], selected
            selected.append((entry, changed))
    return entries, selected


def _selected_tickets(entry: Entry, webhook: Webhook) -> Sequence[Changed]:
    """The tickets of an entry whose change the endpoint receives."""
    by_channel = entry.act.asker.channel_code
    if by_channel is None:
        return [one for one in entry.changed if one.channel_code == webhook.channel_code]
    return entry.changed if webhook.own_changes and by_channel == webhook.channel_code else ()


class ChangedEvents(NamedTuple):
    """The changed events for an endpoint, and the number of the change up to which it is read."""

    events: Sequence[ChangedEvent]
    change_number: int


async def select_changed_events(
    snapshot: Snapshot, webhook: Webhook, after: int, limit: int
) -> ChangedEvents:
    """Read at most `limit` events after a change that an endpoint receives: those of every
    organization for which its channel has a grant.
    """
    channel = await snapshot.access.read_channel(webhook.channel_code)
    organizations = channel.organizations if channel else ()
    found = await snapshot.events.changed_after(after, organizations, limit)
    is_all = len(found) < limit
    last = await snapshot.events.last_change() if is_all else found[-1].change_number
    return ChangedEvents(found, last)


async def warn_if_pruned(store: Store, webhook: Webhook, log: Log) -> None:
    """Log a warning if entries that an endpoint has not seen were pruned from the journal."""
    chains = await store.read(lambda snapshot: snapshot.journal.read_chains())
    if any(webhook.position.get(one.head.chain, 0) < one.pruned_number for one in chains):
        log.warning(
            "webhook",
            webhook=webhook.webhook_id,
            reason="The journal was pruned beyond the endpoint's position, so it misses changes.",
        )
