"""What of the journal an endpoint is to be told of."""

from collections.abc import Sequence
from typing import NamedTuple

from seatlatch.domain.event import SeatEvent
from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Changed, DamagedEntry, Entry, FoundEntry
from seatlatch.domain.webhook import Webhook
from seatlatch.logs import Log
from seatlatch.operations.read_events import event_of
from seatlatch.store.interface import Snapshot, Store
from seatlatch.store.journal import place_of

TICKETS_AT_ONCE_MAX = 500
"""An entry may have 1,000, and on SQLite the event loop stands still while they are read."""


class ForWebhook(NamedTuple):
    """What an endpoint is told, and up to where the journal was read for it. `damaged`: entries
    that were skipped, for they can't be read.
    """

    events: Sequence[SeatEvent]
    position: Position
    damaged: Sequence[DamagedEntry]


async def read_for(snapshot: Snapshot, webhook: Webhook, after: Position, limit: int) -> ForWebhook:
    """As `read_events`, but of what an endpoint is told: what the box office did to tickets that
    its channel has listed, and, if asked, what the channel did itself.

    What is not for it is never looked up: where others change much, that is nearly all.
    """
    found = await snapshot.entries_after(after, limit)
    entries, told = _first(found, webhook)
    damaged = [entry for entry in entries if isinstance(entry, DamagedEntry)]
    tokens = {one.token for _, some in told for one in some}
    channel = await snapshot.read_channel(webhook.channel_code) if tokens else None
    tickets = await snapshot.read_whole_tickets(tokens) if channel else {}
    records = {
        token: whole.record
        for token, whole in tickets.items()
        if channel and whole.ticket.organization_id in channel.organizations
    }
    position = dict(after)
    for entry in entries:
        chain, number = place_of(entry.entry_id)
        position[chain] = number
    events: list[SeatEvent] = []
    for entry, changed in told:
        events += [
            event_of(entry, one, records[one.token]) for one in changed if one.token in records
        ]
    return ForWebhook(events, position, damaged)


def _first(
    entries: Sequence[FoundEntry], webhook: Webhook
) -> tuple[Sequence[FoundEntry], Sequence[tuple[Entry, Sequence[Changed]]]]:
    """As many of the entries as have not too many tickets for the endpoint together, but one at
    least; and those of them that have any, with these.
    """
    told: list[tuple[Entry, Sequence[Changed]]] = []
    tickets = 0
    for number, entry in enumerate(entries):
        if isinstance(entry, DamagedEntry):
            continue
        if changed := _told(entry, webhook):
            tickets += len(changed)
            if told and tickets > TICKETS_AT_ONCE_MAX:
                return entries[:number], told
            told.append((entry, changed))
    return entries, told


def _told(entry: Entry, webhook: Webhook) -> Sequence[Changed]:
    """Those of an entry's tickets whose change is for the endpoint."""
    by_channel = entry.act.asker.channel_code
    if by_channel is None:
        return [one for one in entry.changed if one.channel_code == webhook.channel_code]
    return entry.changed if webhook.own_changes and by_channel == webhook.channel_code else ()


async def warn_if_pruned(store: Store, webhook: Webhook, log: Log) -> None:
    """Log it if the journal was pruned of entries that an endpoint has not seen."""
    chains = await store.read(lambda snapshot: snapshot.read_chains())
    if any(webhook.position.get(one.head.chain, 0) < one.pruned_number for one in chains):
        log.warning(
            "webhook",
            webhook=webhook.webhook_id,
            reason="The journal was pruned beyond where it was; what is left is told.",
        )


def is_behind(position: Position, end: Position) -> bool:
    """Whether the journal goes on after a position."""
    return any(number > position.get(chain, 0) for chain, number in end.items())
