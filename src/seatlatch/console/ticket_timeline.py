"""The changes of a ticket as a page shows them, with their deliveries.

See decision 178.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from seatlatch.domain.journal import Changed, DamagedEntry, FoundEntry, Verb
from seatlatch.operations.ticket_story import TicketChanges
from seatlatch.store.webhooks import TicketDelivery


class TimelineRow(NamedTuple):
    """One change. None = not known, or there is none; a damaged entry may have nothing else.

    `who`: the operator, or the channel. `until`: the end of a hold. `listed_by`: the channel whose
    listing it was when the box office changed the ticket.
    """

    entry_id: int
    timestamp: datetime | None
    request_id: str | None
    is_damaged: bool
    verb: Verb | None = None
    who: str = ""
    application: str | None = None
    reason: str | None = None
    until: datetime | None = None
    listing_id: str | None = None
    listed_by: str | None = None
    version: int | None = None
    deliveries: Sequence[TicketDelivery] = ()


def timeline(changes: TicketChanges) -> list[TimelineRow]:
    """A row for each change, the latest first."""
    return [
        _row(entry, changed)._replace(deliveries=changes.deliveries.get(entry.entry_id, ()))
        for entry, changed in changes.history.changes
    ]


def _row(entry: FoundEntry, changed: Changed | None) -> TimelineRow:
    if isinstance(entry, DamagedEntry):
        return TimelineRow(entry.entry_id, entry.timestamp, entry.request_id, is_damaged=True)
    act, asker = entry.act, entry.act.asker
    end = None
    if act.verb is Verb.HOLD and act.hold_seconds is not None:
        end = entry.timestamp + timedelta(seconds=act.hold_seconds)
    return TimelineRow(
        entry.entry_id,
        entry.timestamp,
        asker.request_id,
        entry.damaged,
        act.verb,
        asker.operator or asker.channel_code or "",
        asker.application_id,
        act.reason,
        end,
        act.external_listing_id,
        changed.channel_code if changed else None,
        changed.version if changed else None,
    )
