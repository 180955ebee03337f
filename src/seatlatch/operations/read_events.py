"""The feed: what changed on the tickets that a channel may see.

A reader's place in it has for each chain of the journal the last entry that was read. Chains grow
only at their ends, so no entry can be skipped, even if a transaction commits long after others that
began later.

See decisions 86, 87 and 90.
"""

from collections.abc import Sequence
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
from seatlatch.journal.rows import place_of
from seatlatch.operations.seat_details import SeatDetails, read_details
from seatlatch.store.interface import Snapshot

KEEPS_MPRESERVE = (Verb.HOLD, Verb.RELEASE)

ENTRIES_AT_ONCE_MAX = 20
"""The most entries that one read examines, whether or not the channel may see them. On SQLite the
event loop is blocked meanwhile, and each entry may have 1,000 tickets.
"""

TICKETS_AT_ONCE_MAX = 1_000
"""The most tickets that one read examines, if they are in more than one entry."""

AHEAD_OF_THE_JOURNAL = (
    "This cursor is ahead of the journal, which was restored from a backup. Read the"
    " tickets' state by /v1/tickets/verify, and start again with after=latest."
)


class Place(NamedTuple):
    """The place of a reader: after `position`, and after `read_tickets` of the entry `entry_id`.

    `journal_key` and `channel_code` identify the journal and the reader.
    """

    journal_key: str
    channel_code: str
    position: Position
    entry_id: int = 0
    read_tickets: int = 0


class Events(NamedTuple):
    """A page of the feed. `is_all`: the feed had no more when it was read. `damaged`: entries that
    were skipped because they cannot be read.
    """

    events: Sequence[SeatEvent]
    place: Place
    is_all: bool
    damaged: Sequence[DamagedEntry] = ()


async def first_place(snapshot: Snapshot, channel: Channel) -> Place:
    """The place before the oldest entry that was not pruned."""
    pruned = {
        chain.head.chain: chain.pruned_number for chain in await snapshot.journal.read_chains()
    }
    return Place(await snapshot.journal.read_key(), channel.code, pruned)


async def last_place(snapshot: Snapshot, channel: Channel) -> Place:
    """The place after the newest entry."""
    position = await snapshot.journal.read_position()
    return Place(await snapshot.journal.read_key(), channel.code, position)


async def read_feed(snapshot: Snapshot, channel: Channel, place: Place, limit: int) -> Events:
    """At most `limit` events that follow `place`. There may be none even if the feed has more.

    Raises `InvalidRequest` for a place of another journal or channel, and `PlaceLost` if entries
    after the place were pruned or lost.
    """
    await _require_reachable(snapshot, channel, place)
    found = await _entries_after(snapshot, place)
    entries = _some(found)
    tokens = {changed.token for entry in entries for changed in entry.changed}
    details = await read_details(snapshot, tokens, channel.organizations)
    position = dict(place.position)
    events: list[SeatEvent] = []
    damaged: list[DamagedEntry] = []
    for entry in entries:
        if isinstance(entry, DamagedEntry):
            damaged.append(entry)
            _advance(position, entry)
            continue
        read_tickets = place.read_tickets if entry.entry_id == place.entry_id else 0
        for nth, changed in enumerate(entry.changed[read_tickets:], read_tickets):
            seat = details.get(changed.token)
            event = event_of(entry, changed, seat).visible_to(channel.code) if seat else None
            if event is not None:
                if len(events) == limit:
                    there = place._replace(
                        position=position, entry_id=entry.entry_id, read_tickets=nth
                    )
                    return Events(events, there, is_all=False, damaged=damaged)
                events.append(event)
        _advance(position, entry)
    there = place._replace(position=position, entry_id=0, read_tickets=0)
    is_all = len(entries) == len(found) < ENTRIES_AT_ONCE_MAX
    return Events(events, there, is_all, damaged)


async def _require_reachable(snapshot: Snapshot, channel: Channel, place: Place) -> None:
    ours = (await snapshot.journal.read_key(), channel.code)
    if (place.journal_key, place.channel_code) != ours:
        raise InvalidRequest("`after` belongs to another feed. Start without it.")
    chains = {chain.head.chain: chain for chain in await snapshot.journal.read_chains()}
    if place.entry_id and place_of(place.entry_id)[0] not in chains:
        raise InvalidRequest("`after` belongs to another feed. Start without it.")
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
    """The entries after a place. One that was read in part comes first, even if entries with a
    lower position have become visible since.
    """
    found = await snapshot.journal.entries_after(place.position, ENTRIES_AT_ONCE_MAX)
    if not place.entry_id:
        return found
    in_part = await snapshot.journal.read_entries([place.entry_id])
    return [*in_part, *(entry for entry in found if entry.entry_id != place.entry_id)]


def _some(entries: Sequence[FoundEntry]) -> Sequence[FoundEntry]:
    """The first entries, as many as take a few milliseconds to process."""
    tickets = 0
    for nth, entry in enumerate(entries):
        tickets += len(entry.changed)
        if nth and tickets > TICKETS_AT_ONCE_MAX:
            return entries[:nth]
    return entries


def _advance(position: dict[int, int], entry: FoundEntry) -> None:
    chain, number = place_of(entry.entry_id)
    position[chain] = number


def event_of(entry: Entry, changed: Changed, seat: SeatDetails) -> SeatEvent:
    """The event for an entry's change of one ticket; `seat`: the ticket's current details."""
    verb, asker, seconds = entry.act.verb, entry.act.asker, entry.act.hold_seconds
    own = asker.channel_code
    kept = verb in KEEPS_MPRESERVE and changed.channel_code is not None
    return SeatEvent(
        entry_id=entry.entry_id,
        request_id=asker.request_id,
        timestamp=entry.timestamp,
        outcome=DONE_BY[verb],
        status="LOCK" if verb is Verb.HOLD else "UNLOCK",
        mpreserve=verb is Verb.LOCK or kept,
        hold_expires_at=None if seconds is None else entry.timestamp + timedelta(seconds=seconds),
        version=changed.version,
        by_channel=own,
        of_channel=changed.channel_code or own,
        record=seat.record,
        season=seat.season,
        item=seat.item,
    )
