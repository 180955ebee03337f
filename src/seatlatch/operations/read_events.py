"""The feed: what changed on the tickets that a channel may see.

A reader's place in it names for each chain of the journal how far it was read. Chains grow at their
ends only, so nothing can be skipped, however late a transaction ends that had begun before another.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from seatlatch.domain.channel import Channel
from seatlatch.domain.event import SeatEvent
from seatlatch.domain.feed import Position
from seatlatch.domain.journal import (
    DONE_BY,
    Changed,
    DamagedEntry,
    Entry,
    FoundEntry,
    Verb,
)
from seatlatch.domain.refusal import InvalidRequest, PlaceLost
from seatlatch.domain.ticket import TicketRecord
from seatlatch.store.interface import Snapshot
from seatlatch.store.journal import place_of

KEEPS_MPRESERVE = (Verb.HOLD, Verb.RELEASE)

ENTRIES_AT_ONCE_MAX = 20
"""So many requests are looked at in one go, whether or not they tell the channel anything: on
SQLite the event loop stands still for it, and each may be of 1,000 tickets.
"""

TICKETS_AT_ONCE_MAX = 1_000
"""And so many tickets, if it is more than one request."""


AHEAD_OF_THE_JOURNAL = (
    "This cursor is ahead of the journal, which was restored from a backup. Read the"
    " tickets' state by /v1/tickets/verify, and start again with after=latest."
)


class Place(NamedTuple):
    """Where a reader is: after `position`, and after `told` tickets of the entry `entry_id`.

    `journal_key` and `channel_code` tell of which journal and for whom.
    """

    journal_key: str
    channel_code: str
    position: Position
    entry_id: int = 0
    told: int = 0


class Events(NamedTuple):
    """What a reader is told. `is_all`: there was no more at this moment. `damaged`: entries that
    were skipped, for they can't be read.
    """

    events: Sequence[SeatEvent]
    place: Place
    is_all: bool
    damaged: Sequence[DamagedEntry] = ()


async def first_place(snapshot: Snapshot, channel: Channel) -> Place:
    """Before the oldest entry that is still there."""
    pruned = {chain.head.chain: chain.pruned_number for chain in await snapshot.read_chains()}
    return Place(await snapshot.read_journal_key(), channel.code, pruned)


async def last_place(snapshot: Snapshot, channel: Channel) -> Place:
    """After the newest entry."""
    position = await snapshot.read_position()
    return Place(await snapshot.read_journal_key(), channel.code, position)


async def read_feed(snapshot: Snapshot, channel: Channel, place: Place, limit: int) -> Events:
    """At most `limit` events that follow `place`. There may be none although it is not all.

    Raises `InvalidRequest` for a place of another journal or channel, and `PlaceLost` for one from
    which nobody can go on without skipping something.
    """
    await _require_reachable(snapshot, channel, place)
    found = await _entries_after(snapshot, place)
    entries = _some(found)
    records = await _records(snapshot, channel, entries)
    position = dict(place.position)
    events: list[SeatEvent] = []
    damaged: list[DamagedEntry] = []
    for entry in entries:
        if isinstance(entry, DamagedEntry):
            damaged.append(entry)
            _see(position, entry)
            continue
        told = place.told if entry.entry_id == place.entry_id else 0
        for nth, changed in enumerate(entry.changed[told:], told):
            record = records.get(changed.token)
            event = event_of(entry, changed, record).told_to(channel.code) if record else None
            if event is not None:
                if len(events) == limit:
                    there = place._replace(position=position, entry_id=entry.entry_id, told=nth)
                    return Events(events, there, is_all=False, damaged=damaged)
                events.append(event)
        _see(position, entry)
    there = place._replace(position=position, entry_id=0, told=0)
    is_all = len(entries) == len(found) < ENTRIES_AT_ONCE_MAX
    return Events(events, there, is_all, damaged)


async def _require_reachable(snapshot: Snapshot, channel: Channel, place: Place) -> None:
    ours = (await snapshot.read_journal_key(), channel.code)
    if (place.journal_key, place.channel_code) != ours:
        raise InvalidRequest("The parameter after is of another feed. Begin without it.")
    chains = {chain.head.chain: chain for chain in await snapshot.read_chains()}
    if place.entry_id and place_of(place.entry_id)[0] not in chains:
        raise InvalidRequest("The parameter after is of another feed. Begin without it.")
    for number, chain in chains.items():
        if place.position.get(number, 0) < chain.pruned_number:
            raise PlaceLost(
                "Events after this cursor were pruned away. Read the tickets' state by"
                " /v1/tickets/verify, and start again with after=latest or without after."
            )
    if any(
        number not in chains or seen > chains[number].head.number
        for number, seen in place.position.items()
    ):
        raise PlaceLost(AHEAD_OF_THE_JOURNAL)


async def _entries_after(snapshot: Snapshot, place: Place) -> Sequence[FoundEntry]:
    """Entries that were not told yet. One that was told in part comes first, whatever has become
    visible before it since.
    """
    found = await snapshot.entries_after(place.position, ENTRIES_AT_ONCE_MAX)
    if not place.entry_id:
        return found
    in_part = await snapshot.read_entries([place.entry_id])
    return [*in_part, *(entry for entry in found if entry.entry_id != place.entry_id)]


def _some(entries: Sequence[FoundEntry]) -> Sequence[FoundEntry]:
    """The first of them, but no more than a few milliseconds' work."""
    tickets = 0
    for nth, entry in enumerate(entries):
        tickets += len(entry.changed)
        if nth and tickets > TICKETS_AT_ONCE_MAX:
            return entries[:nth]
    return entries


async def _records(
    snapshot: Snapshot, channel: Channel, entries: Sequence[FoundEntry]
) -> Mapping[str, TicketRecord]:
    """By token what is said of the tickets in `entries` that the channel may see."""
    tokens = {changed.token for entry in entries for changed in entry.changed}
    tickets = await snapshot.read_whole_tickets(tokens) if tokens else {}
    return {
        token: whole.record
        for token, whole in tickets.items()
        if whole.ticket.organization_id in channel.organizations
    }


def _see(position: dict[int, int], entry: FoundEntry) -> None:
    chain, number = place_of(entry.entry_id)
    position[chain] = number


def event_of(entry: Entry, changed: Changed, record: TicketRecord) -> SeatEvent:
    """What an entry's change of one ticket is told as; `record`: what is said of it now."""
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
