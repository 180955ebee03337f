"""The channels that see something of new entries: as many as see it in the feed."""

import random
from collections import Counter
from functools import partial

from seatlatch.domain.channel import Channel
from seatlatch.journal.rows import Head, entry_id_of, place_of
from seatlatch.operations.change_tickets import (
    hold_tickets,
)
from seatlatch.operations.feed_viewers import TICKETS_MAX, read_viewers
from seatlatch.operations.read_events import first_place, read_feed
from tests.databases import Database
from tests.journals import entries_of
from tests.operations.changes import ASKER
from tests.operations.feed_processes import CHANNELS, MANY, PAGE, Process, change, change_by_chance
from tests.operations.states import MINE, THEIRS


def events_of(feed: Process, channel: Channel) -> Counter[int]:
    """The number of events that a channel sees of each entry."""
    place = feed.store.read(lambda snapshot: first_place(snapshot, channel))
    seen: Counter[int] = Counter()
    while True:
        page = partial(read_feed, channel=channel, place=place, limit=PAGE)
        found = feed.store.read(page)
        seen.update(event.entry_id for event in found.events)
        if found.is_all:
            return seen
        place = found.place


def test_those_are_named_that_see_something_of_an_entry(feed: Process) -> None:
    chance = random.Random(194)
    for _ in range(150):
        feed.store.run(change_by_chance(feed.committer, chance))
    seen = {channel.code: events_of(feed, channel) for channel in CHANNELS}
    named = Counter[int]()
    for entry in entries_of(feed.store):
        chain, number = place_of(entry.entry_id)
        part = partial(read_viewers, head=Head(chain, number - 1, b""), limit=1)
        viewers = {code for code in seen if seen[code][entry.entry_id]}
        assert feed.store.read(part) == (dict.fromkeys(viewers, number), number)
        named[len(viewers)] += 1
    assert set(named) == {0, 1, 2}


def test_every_channel_is_named_if_it_would_take_long_or_entries_are_missing(
    feed: Process, database: Database
) -> None:
    feed.store.run(hold_tickets(feed.committer, ASKER, MANY[:TICKETS_MAX], "moving"))
    feed.store.run(hold_tickets(feed.committer, ASKER, MANY[TICKETS_MAX:], "moving"))
    feed.store.run(change(feed.committer, MINE, "t1"))
    chain, number = place_of(entries_of(feed.store)[0].entry_id)
    part = partial(read_viewers, head=Head(chain, number - 1, b""))
    assert feed.store.read(partial(part, limit=2)) == (None, number + 1)
    few = feed.store.read(partial(part, limit=1))
    assert few == ({MINE.code: number, THEIRS.code: number}, number)
    database.execute("DELETE FROM journal WHERE entry_id = ?", entry_id_of(chain, number))
    assert feed.store.read(partial(part, limit=1)) == (None, number + 1)
    beyond = partial(read_viewers, head=Head(chain, number + 3, b""), limit=1)
    assert feed.store.read(beyond) == (None, None)
