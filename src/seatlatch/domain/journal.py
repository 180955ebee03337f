"""What the journal says of a request: who asked for what, and what became of each ticket."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from seatlatch.domain.outcome import Outcome


class Verb(StrEnum):
    """What a request asks for. `override` is the box office's unlock over a channel's head, `prune`
    removes old entries of the journal itself, `repair` puts the head of a chain to its last row.
    """

    UNLOCK = "unlock"
    LOCK = "lock"
    HOLD = "hold"
    RELEASE = "release"
    VOID = "void"
    OVERRIDE = "override"
    PRUNE = "prune"
    REPAIR = "repair"


DONE_BY = {
    Verb.UNLOCK: Outcome.UNLOCKED,
    Verb.LOCK: Outcome.LOCKED,
    Verb.HOLD: Outcome.HELD,
    Verb.RELEASE: Outcome.RELEASED,
    Verb.VOID: Outcome.MADE_VOID,
    Verb.OVERRIDE: Outcome.UNLOCKED,
}
"""What became of a ticket that was changed; a prune and a repair change none."""


class Asker(NamedTuple):
    """Who asks, and under which Request-ID: an application for its channel, or an operator.

    `request_id` is a UUID as text, in lower case.
    """

    request_id: str
    application_id: str | None = None
    channel_code: str | None = None
    operator: str | None = None


class Act(NamedTuple):
    """What somebody asks for. `reason` as it was given; `hold_seconds` None = until released."""

    verb: Verb
    asker: Asker
    reason: str | None = None
    hold_seconds: int | None = None


class NewEntry(NamedTuple):
    """What is to be written down of a request. `outcomes`, `refusal` as in `Entry`.

    `marks`: what the store told of each ticket that was changed, in the order in which they stand
    in `outcomes`.
    """

    act: Act
    outcomes: Mapping[Outcome, Sequence[str]]
    marks: Sequence[str] = ()
    refusal: str | None = None


class Changed(NamedTuple):
    """A ticket that a request changed.

    `version` numbers the ticket's changes. `previous_entry_id` is the entry of the change before
    it, a number 0 = it is not in the journal. `channel_code` is the channel that had set mpreserve
    before the change (for what the box office did; for a channel's own changes it is None).
    """

    token: str
    version: int
    previous_entry_id: int
    channel_code: str | None = None


class EntryPlace(NamedTuple):
    """Where an entry stands in the journal's order."""

    position: int
    entry_id: int


class Entry(NamedTuple):
    """One row of the journal: one request.

    `moment` is that of its transaction, aware UTC. `outcomes` has the tokens of each outcome in the
    order asked; `changed` those of them that were really changed. `refusal` None = the request
    was not refused as a whole; a refused one has no outcomes. `damaged`: the row does not match its
    hash, so that it may have been edited. `position` grows with every ticket's
    versions: of two entries about a ticket the later change has the higher one.
    """

    entry_id: int
    position: int
    moment: datetime
    act: Act
    outcomes: Mapping[Outcome, Sequence[str]]
    changed: Sequence[Changed]
    refusal: str | None
    damaged: bool = False

    @property
    def place(self) -> EntryPlace:
        """Where it stands."""
        return EntryPlace(self.position, self.entry_id)


class DamagedEntry(NamedTuple):
    """A row of the journal whose text can't be read any more. None = this can't be read either."""

    entry_id: int
    position: int
    moment: datetime | None = None
    request_id: str | None = None

    @property
    def place(self) -> EntryPlace:
        """Where it stands."""
        return EntryPlace(self.position, self.entry_id)

    @property
    def changed(self) -> Sequence[Changed]:
        """Nothing that can be read."""
        return ()

    @property
    def damaged(self) -> bool:
        """Always."""
        return True


FoundEntry = Entry | DamagedEntry
"""What the journal returns. A reader must expect damaged rows."""
