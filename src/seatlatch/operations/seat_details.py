"""The current details of tickets in seat events: their records, and their events' codes."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from seatlatch.domain.performance import Event, EventKey
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import Snapshot


class SeatDetails(NamedTuple):
    """The details of a ticket. `season` and `item` None = not known."""

    record: TicketRecord
    season: str | None = None
    item: str | None = None


async def read_details(
    snapshot: Snapshot, tokens: Collection[str], organizations: Collection[str]
) -> Mapping[str, SeatDetails]:
    """The details, by token, of those tickets that belong to one of the organizations."""
    tickets = await snapshot.tickets.read_whole(tokens) if tokens else {}
    records = {
        token: whole.record
        for token, whole in tickets.items()
        if whole.ticket.organization_id in organizations
    }
    keys = {_key(record) for record in records.values() if record.access_id}
    events = await snapshot.events.find(keys)
    return {token: _details(record, events.get(_key(record))) for token, record in records.items()}


def _details(record: TicketRecord, event: Event | None) -> SeatDetails:
    if event is None:
        return SeatDetails(record)
    return SeatDetails(record, event.season_code, event.item_code)


def _key(record: TicketRecord) -> EventKey:
    return EventKey(record.organization_id, record.access_id or "")
