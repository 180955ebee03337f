"""The entries of the journal: who requested what, and the outcome for each ticket.

See decision 82.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from seatlatch.domain.outcome import Outcome


class Verb(StrEnum):
    """The kind of a request. `override` is an unlock by the box office, whichever channel has set
    mpreserve; `prune` removes old entries of the journal; `repair` sets the head of a chain to its
    last row.
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
"""The outcome of a ticket that was changed. A prune and a repair change no ticket."""


class Asker(NamedTuple):
    """The caller and its Request-ID: an application for its channel, or an operator.

    `request_id` is a UUID as text, in lower case. `client_address` is personal data: the journal
    keeps it beside its entries for some time, and does not hash it. None = unknown, or not to keep.
    """

    request_id: str
    application_id: str | None = None
    channel_code: str | None = None
    operator: str | None = None
    client_address: str | None = None


class Act(NamedTuple):
    """A request. `reason` as it was given; `hold_seconds` None = until released.

    `external_listing_id`: the listing of a lock; None = it named none, or it is no lock.
    """

    verb: Verb
    asker: Asker
    reason: str | None = None
    hold_seconds: int | None = None
    external_listing_id: str | None = None


class NewEntry(NamedTuple):
    """An entry to write. `outcomes` and `refusal` as in `Entry`.

    `marks`: the store's mark for each ticket that was changed, in the order of `outcomes`.
    """

    act: Act
    outcomes: Mapping[Outcome, Sequence[str]]
    marks: Sequence[str] = ()
    refusal: str | None = None


class Changed(NamedTuple):
    """A ticket that a request changed.

    `version` numbers the ticket's changes. `previous_entry_id` is the entry of the change before
    it; 0 = that is not in the journal. `channel_code` is the channel that had set mpreserve
    before a change by the box office; it is None for a channel's own changes.
    """

    token: str
    version: int
    previous_entry_id: int
    channel_code: str | None = None


class EntryPlace(NamedTuple):
    """The place of an entry in the journal's order."""

    position: int
    entry_id: int


class Entry(NamedTuple):
    """One row of the journal: one request.

    `timestamp`: when its transaction began, aware UTC. `outcomes` has the tokens of each outcome
    in the request's order; `changed` has those whose ticket changed. `refusal` None = the request
    was not refused as a whole; a refused one has no outcomes. `damaged`: the row does not match its
    hash, so it may have been edited. `position` grows with the versions of each ticket: of two
    entries about a ticket the later change has the higher position.
    """

    entry_id: int
    position: int
    timestamp: datetime
    act: Act
    outcomes: Mapping[Outcome, Sequence[str]]
    changed: Sequence[Changed]
    refusal: str | None
    damaged: bool = False

    @property
    def place(self) -> EntryPlace:
        """Its place in the journal's order."""
        return EntryPlace(self.position, self.entry_id)


class DamagedEntry(NamedTuple):
    """A row of the journal whose text can no longer be read. None = nor can this value."""

    entry_id: int
    position: int
    timestamp: datetime | None = None
    request_id: str | None = None

    @property
    def place(self) -> EntryPlace:
        """Its place in the journal's order."""
        return EntryPlace(self.position, self.entry_id)

    @property
    def changed(self) -> Sequence[Changed]:
        """Empty: nothing can be read."""
        return ()

    @property
    def damaged(self) -> bool:
        """Always true."""
        return True


FoundEntry = Entry | DamagedEntry
"""An entry as the journal returns it. A reader must expect damaged rows."""
