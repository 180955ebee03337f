"""The feed: what changed on the tickets that a channel may see."""

from collections.abc import Sequence
from datetime import timedelta

from seatlatch.domain.channel import Channel
from seatlatch.domain.event import SeatEvent
from seatlatch.domain.feed import Position
from seatlatch.domain.journal import DONE_BY, Changed, Entry, Verb
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import Snapshot
from seatlatch.store.journal import place_of

KEEPS_MPRESERVE = (Verb.HOLD, Verb.RELEASE)


async def read_events(
    snapshot: Snapshot, channel: Channel, after: Position, limit: int
) -> tuple[list[SeatEvent], Position]:
    """Events that `after` has not seen on tickets of the channel's organizations, and the position
    after them. Each ticket's versions come in their order.

    Looks at `limit` entries of the journal, each of which may hold up to 1,000 tickets or none that
    the channel may see: so there may be no event, while the position moves on. Who is at the end
    stays where it is.
    """
    entries = await snapshot.entries_after(after, limit)
    tokens = {changed.token for entry in entries for changed in entry.changed}
    tickets = await snapshot.read_whole_tickets(tokens) if tokens else {}
    seen = {
        token: whole.record
        for token, whole in tickets.items()
        if whole.ticket.organization_id in channel.organizations
    }
    position = dict(after)
    events: list[SeatEvent] = []
    for entry in entries:
        chain, number = place_of(entry.entry_id)
        position[chain] = number
        events += events_of(entry, seen)
    return events, position


def events_of(entry: Entry, records: dict[str, TicketRecord]) -> Sequence[SeatEvent]:
    """What an entry tells of the tickets among `records`."""
    return [
        _event(entry, changed, records[changed.token])
        for changed in entry.changed
        if changed.token in records
    ]


def _event(entry: Entry, changed: Changed, record: TicketRecord) -> SeatEvent:
    verb, asker, _, seconds = entry.act
    own = asker.channel_code
    kept = verb in KEEPS_MPRESERVE and changed.channel_code is not None
    return SeatEvent(
        entry_id=entry.entry_id,
        request_id=asker.request_id,
        moment=entry.moment,
        outcome=DONE_BY[verb],
        status="LOCK" if verb is Verb.HOLD else "UNLOCK",
        mpreserve=verb is Verb.LOCK or kept,
        hold_expires_at=None if seconds is None else entry.moment + timedelta(seconds=seconds),
        version=changed.version,
        by_channel=own,
        of_channel=changed.channel_code or own,
        record=record,
    )
