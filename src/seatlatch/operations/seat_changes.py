"""The changes of seats that the journal's new entries report, for maps that follow them.

An entry has all that is needed: no ticket is read. It is not checked against its hash, since a map
only shows a state that the ticket itself has too.

See decision 177.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from seatlatch.domain.journal import DONE_BY, Verb
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.journal.entry_text import OutcomesText, channels_of, read_outcomes
from seatlatch.journal.rows import Head, place_of
from seatlatch.store.interface import Snapshot
from seatlatch.store.journal import StoredText

LISTED = TicketState.LISTED

UNREADABLE = (ValueError, RecursionError)
"""The errors of decoding an edited entry."""

BY_VERB = {
    verb.value: (DONE_BY[verb].value, state)
    for verb, state in (
        (Verb.LOCK, LISTED),
        (Verb.UNLOCK, TicketState.FREE),
        (Verb.OVERRIDE, TicketState.FREE),
        (Verb.VOID, TicketState.VOIDED),
    )
}
"""The verbs after which all changed tickets are in one state, each with its outcome and the state.
"""


class SeatChange(Struct, frozen=True, gc=False):
    """The state of some tickets after a change. `since`: its timestamp in seconds since 1970.

    `position`: of its entry in the journal. `channel_code`: the channel that has set mpreserve,
    None = none has. `until`: the end of a hold; None = there is none.
    """

    position: int
    tokens: Sequence[str]
    state: TicketState
    channel_code: str | None
    since: int
    until: int | None = None


class ReadChanges(NamedTuple):
    """The changes of some entries of a chain. `number`: of the last of these entries; None = there
    are no more.
    """

    changes: Sequence[SeatChange]
    number: int | None


async def read_changes(snapshot: Snapshot, head: Head, limit: int) -> ReadChanges:
    """The changes of at most `limit` entries of a chain after `head`. Damaged ones are skipped."""
    texts = await snapshot.journal.texts_after(head, limit)
    changes: list[SeatChange] = []
    for stored in texts:
        try:
            read = read_outcomes(stored.text)
            if found := BY_VERB.get(read.verb):
                outcome, state = found
                if tokens := read.outcomes.get(outcome):
                    channel = read.channel if state is LISTED else None
                    change = SeatChange(stored.position, tokens, state, channel, stored.timestamp)
                    changes.append(change)
            else:
                changes += _changes_of_holds(read, stored)
        except UNREADABLE:
            continue
    return ReadChanges(changes, place_of(texts[-1].entry_id)[1] if texts else None)


def _changes_of_holds(read: OutcomesText, stored: StoredText) -> Iterator[SeatChange]:
    """The changes by a hold or a release, after which each ticket may be listed or not."""
    position, since = stored.position, stored.timestamp
    if read.verb == Verb.HOLD:
        until = None if read.seconds is None else since + read.seconds
        for token, channel in _by_channel(read, Outcome.HELD):
            yield SeatChange(position, [token], TicketState.HELD, channel, since, until)
    elif read.verb == Verb.RELEASE:
        for token, channel in _by_channel(read, Outcome.RELEASED):
            state = TicketState.FREE if channel is None else LISTED
            yield SeatChange(position, [token], state, channel, since)


def _by_channel(read: OutcomesText, outcome: Outcome) -> Iterable[tuple[str, str | None]]:
    """The changed tickets with the channels that had set mpreserve on them, and still have it."""
    return zip(read.outcomes.get(outcome, ()), channels_of(read.changes), strict=False)
