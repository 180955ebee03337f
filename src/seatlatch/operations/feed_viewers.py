"""The channels that see something of the journal's new entries in the feed.

It may name more channels than see anything, and never fewer: those it names read the feed. Entries
are not checked against their hashes, which the reader does.

See decision 194.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from seatlatch.domain.journal import DONE_BY, Verb
from seatlatch.journal.entry_text import channels_of, read_changer, read_outcomes
from seatlatch.journal.rows import Head, place_of
from seatlatch.operations.seat_changes import UNREADABLE
from seatlatch.store.interface import Snapshot

TICKETS_MAX = 200
"""If the box office has changed more tickets, every channel reads the feed."""

Viewers = Mapping[str, int] | None
"""The codes of channels, with the number of the last entry of which each sees something; None =
every channel may see something.
"""


class ReadViewers(NamedTuple):
    """The channels that see something of some entries of a chain. `number`: of the last of these
    entries; None = there are no more.
    """

    viewers: Viewers
    number: int | None


async def read_viewers(snapshot: Snapshot, head: Head, limit: int) -> ReadViewers:
    """The channels that see something of at most `limit` entries of a chain after `head`."""
    texts = await snapshot.journal.texts_after(head, limit)
    if not texts:
        return ReadViewers(None, None)
    last = place_of(texts[-1].entry_id)[1]
    if last != head.number + len(texts):  # some were pruned, which those that wait must learn
        return ReadViewers(None, last)
    viewers: dict[str, int] = {}
    tokens: set[str] = set()
    for number, stored in enumerate(texts, head.number + 1):
        try:
            changer = read_changer(stored.text)
            if not changer.changes:
                continue
            if changer.channel is not None:
                viewers[changer.channel] = number
            else:
                of_channels, of_all = _changed_by_the_box_office(stored.text)
                viewers.update(dict.fromkeys(of_channels, number))
                tokens |= of_all
        except UNREADABLE:
            return ReadViewers(None, last)
    if len(tokens) > TICKETS_MAX:
        return ReadViewers(None, last)
    viewers.update(dict.fromkeys(await _with_grants(snapshot, tokens), last))
    return ReadViewers(viewers, last)


def _changed_by_the_box_office(text: str | bytes) -> tuple[set[str], set[str]]:
    """The channels that see a change because they had listed a ticket, and the tickets of which
    every channel with a grant sees the change.
    """
    read = read_outcomes(text)
    done = DONE_BY.get(Verb(read.verb))
    tokens = read.outcomes.get(done, []) if done else []
    channels = channels_of(read.changes)
    hides = read.verb == Verb.OVERRIDE  # from other channels, that a ticket was listed
    of_all = {
        token
        for token, channel in zip(tokens, channels, strict=True)
        if channel is None or not hides
    }
    return {channel for channel in channels if channel is not None}, of_all


async def _with_grants(snapshot: Snapshot, tokens: Collection[str]) -> set[str]:
    """The channels that have a grant for any of these tickets."""
    if not tokens:
        return set()
    tickets = await snapshot.tickets.read(tokens)
    owners = {ticket.organization_id for ticket in tickets.values()}
    channels = await snapshot.access.channels()
    return {channel.code for channel in channels if not owners.isdisjoint(channel.organizations)}
