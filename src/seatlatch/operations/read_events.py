"""The feed: what changed on the tickets that a channel may see.

A reader's place in it has for each chain of the journal the last entry that was read. Chains grow
only at their ends, so no entry can be skipped, even if a transaction commits long after others that
began later.

See decisions 86, 87, 90 and 206.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
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
from seatlatch.journal.rows import entry_id_of, place_of
from seatlatch.operations.seat_details import SeatDetails, read_details
from seatlatch.store.interface import Snapshot
from seatlatch.store.journal import Chain

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
ENTRIES_LOST = (
    "The database was restored from a backup without entries that this cursor has passed. Read the"
    " tickets' state by /v1/tickets/verify, and start again with after=latest."
)

DIGEST_CHARACTERS = 16


class Place(NamedTuple):
    """The place of a reader: after `position`, and after `read_tickets` of the entry `entry_id`.

    `journal_key` and `channel_code` identify the journal and the reader. `digest`: of the last
    entries that were read, which shows whether others have taken their place; empty = unknown.
    """

    journal_key: str
    channel_code: str
    position: Position
    entry_id: int = 0
    read_tickets: int = 0
    digest: str = ""


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
    chains = await _reachable_chains(snapshot, channel, place)
    page = await _read_page(snapshot, channel, place, limit)
    return page._replace(place=await _with_digest(snapshot, chains, place, page.place))


def moved(place: Place, position: Position) -> Place:
    """The place moved over entries that its channel does not see."""
    return place if position == place.position else place._replace(position=position, digest="")


async def with_digest(snapshot: Snapshot, place: Place) -> Place:
    """The place with the digest of the entries before it."""
    return await _with_digest(snapshot, await snapshot.journal.read_chains(), place, place)


async def _read_page(snapshot: Snapshot, channel: Channel, place: Place, limit: int) -> Events:
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


async def _reachable_chains(snapshot: Snapshot, channel: Channel, place: Place) -> Sequence[Chain]:
    """The chains, if all of them continue after the place."""
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
    return list(chains.values())


async def _with_digest(
    snapshot: Snapshot, chains: Sequence[Chain], before: Place, after: Place
) -> Place:
    """The place `after` with its digest. Raises `PlaceLost` if the digest of `before` differs from
    that of the present entries.
    """
    hashes = dict(
        await snapshot.journal.read_hashes([*_last_entries(before), *_last_entries(after)])
    )
    for chain in chains:  # the last one that was pruned
        hashes.setdefault(entry_id_of(chain.head.chain, chain.pruned_number), chain.pruned_hash)
    if before.digest and before.digest != _digest(before, hashes):
        raise PlaceLost(ENTRIES_LOST)
    return after._replace(digest=_digest(after, hashes))


def _digest(place: Place, hashes: Mapping[int, bytes]) -> str:
    digest = sha256()
    for entry_id in _last_entries(place):
        digest.update(entry_id.to_bytes(8) + hashes.get(entry_id, b""))
    return digest.hexdigest()[:DIGEST_CHARACTERS]


def _last_entries(place: Place) -> list[int]:
    """The ids of the last entry that was read of each chain, and of one that was read in part."""
    of_chains = [entry_id_of(chain, number) for chain, number in place.position.items() if number]
    return sorted([*of_chains, place.entry_id] if place.entry_id else of_chains)


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
