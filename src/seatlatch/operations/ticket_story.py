"""Everything about one ticket for a person: its state and since when, its changes, and how these
were delivered.

See decision 178.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from seatlatch.domain.journal import DamagedEntry, Entry, FoundEntry, Verb
from seatlatch.domain.performance import Event, EventKey
from seatlatch.domain.ticket import WholeTicket
from seatlatch.domain.ticket_filter import TicketState, state_of
from seatlatch.domain.webhook import MessageState
from seatlatch.operations.journal_scope import Scope
from seatlatch.operations.read_journal import TicketHistory, ticket_history
from seatlatch.store.interface import Snapshot
from seatlatch.store.webhooks import TicketDelivery

PAGE_CHANGES = 25
DELIVERIES_MAX = 200

DELIVERY_DELAY = timedelta(minutes=1)
"""A message about a change is usually made within this time."""


class Situation(NamedTuple):
    """The state of a ticket with its circumstances. None = not known, or there is none.

    `since` and `by`: when the state began, and the operator who held or voided it. `until`: when a
    hold ends by itself. `channel` and `listing_id`: of the listing; a held ticket may have one too.
    """

    state: TicketState
    since: datetime | None = None
    by: str | None = None
    until: datetime | None = None
    reason: str | None = None
    channel: str | None = None
    listing_id: str | None = None


class TicketChanges(NamedTuple):
    """A page of a ticket's changes, and their deliveries by the id of the entry of the change."""

    history: TicketHistory
    deliveries: Mapping[int, Sequence[TicketDelivery]]


class TicketStory(NamedTuple):
    """A ticket with its event and its latest changes. `event` None = only its id is known."""

    whole: WholeTicket
    event: Event | None
    situation: Situation
    changes: TicketChanges
    now: datetime

    @property
    def is_settled(self) -> bool:
        """Whether it stays as it is until the ticket is changed or its hold ends."""
        history, deliveries = self.changes
        latest = max((e.timestamp for e, _ in history.changes if e.timestamp), default=None)
        if latest is not None and latest + DELIVERY_DELAY > self.now:
            return False
        return not any(
            one.delivery.state is MessageState.PENDING
            for some in deliveries.values()
            for one in some
        )


async def read_ticket(
    snapshot: Snapshot, token: str, organizations: frozenset[str] | None
) -> WholeTicket | None:
    """A ticket; None = there is none in the organizations that the caller may see."""
    whole = (await snapshot.tickets.read_whole([token])).get(token)
    if whole is None or organizations is None:
        return whole
    return whole if whole.ticket.organization_id in organizations else None


async def ticket_story(
    snapshot: Snapshot,
    token: str,
    organizations: frozenset[str] | None,
    *,
    with_deliveries: bool,
) -> TicketStory | None:
    """The story of a ticket; None = there is none among those that the caller may see."""
    whole = await read_ticket(snapshot, token, organizations)
    changes = await ticket_changes(snapshot, token, organizations, with_deliveries=with_deliveries)
    if whole is None or changes is None:
        return None
    now = await snapshot.now()
    key = EventKey(whole.record.organization_id, whole.record.access_id or "")
    events = await snapshot.events.find([key]) if key.access_id else {}
    situation = situation_of(whole, changes.history, now)
    return TicketStory(whole, events.get(key), situation, changes, now)


async def ticket_changes(
    snapshot: Snapshot,
    token: str,
    organizations: frozenset[str] | None,
    before: int | None = None,
    *,
    with_deliveries: bool,
) -> TicketChanges | None:
    """A page of the changes of a ticket, the latest first; `before`: the `next_entry_id` of an
    earlier page. None = there is no such ticket among those that the caller may see.
    """
    history = await ticket_history(snapshot, token, before, PAGE_CHANGES, Scope(organizations))
    if history is None:
        return None
    deliveries: dict[int, list[TicketDelivery]] = defaultdict(list)
    if with_deliveries:
        entry_ids = [entry.entry_id for entry, _ in history.changes]
        for one in await snapshot.webhooks.deliveries_of(token, entry_ids, DELIVERIES_MAX):
            deliveries[one.entry_id].append(one)
    return TicketChanges(history, deliveries)


def situation_of(whole: WholeTicket, history: TicketHistory, now: datetime) -> Situation:
    """The situation of a ticket, from its latest changes."""
    ticket, listing = whole.ticket, whole.listing
    situation = Situation(
        state_of(ticket, now),
        channel=ticket.mpreserve_channel,
        listing_id=listing.external_listing_id if listing else None,
    )
    entries = [entry for entry, _ in history.changes]
    is_whole = history.next_entry_id is None and not history.is_pruned
    if situation.state is TicketState.HELD:
        since, by = _hold(entries, is_whole=is_whole)
        until, reason = ticket.hold_expires_at, whole.hold_reason
        return situation._replace(since=since, by=by, until=until, reason=reason)
    if situation.state is TicketState.LISTED:
        return situation._replace(since=_listed_since(entries, is_whole=is_whole))
    latest = entries[0] if entries else None
    if not isinstance(latest, Entry):
        return situation
    if situation.state is TicketState.VOIDED and latest.act.verb is Verb.VOID:
        act = latest.act
        return situation._replace(since=latest.timestamp, by=act.asker.operator, reason=act.reason)
    return situation._replace(since=_hold_end(latest) or latest.timestamp)


def _hold(entries: Iterable[FoundEntry], *, is_whole: bool) -> tuple[datetime | None, str | None]:
    """When the present hold began, and who decided on it last. Its reason and end may have been
    changed since it began. `is_whole`: there are no earlier entries.
    """
    since = by = None
    for entry in entries:
        if isinstance(entry, DamagedEntry) or entry.act.verb is not Verb.HOLD:
            break
        end = _hold_end(entry)
        if since is not None and end is not None and end <= since:
            break  # an earlier hold, which had ended by itself
        since, by = entry.timestamp, by or entry.act.asker.operator
    else:
        return since if is_whole else None, by
    return since, by


def _listed_since(entries: Iterable[FoundEntry], *, is_whole: bool) -> datetime | None:
    """When the present listing began. A listing may have been replaced, and held over, since.

    `is_whole`: there are no earlier entries.
    """
    since = None
    for entry in entries:
        if isinstance(entry, DamagedEntry):
            return None
        if entry.act.verb is Verb.LOCK:
            since = entry.timestamp
        elif entry.act.verb not in (Verb.HOLD, Verb.RELEASE):
            return since
    return since if is_whole else None


def _hold_end(entry: Entry) -> datetime | None:
    seconds = entry.act.hold_seconds
    if entry.act.verb is not Verb.HOLD or seconds is None:
        return None
    return entry.timestamp + timedelta(seconds=seconds)
