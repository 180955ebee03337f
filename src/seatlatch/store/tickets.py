"""The interface between tickets and a database: reading, finding and changing them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import SeatStatus, Ticket, TicketRecord, WholeTicket
from seatlatch.store.finding import FoundPart, Place, Search


class Mpreserve(NamedTuple):
    """A channel's request to set a ticket's mpreserve with its listing, or to clear it (`listing`
    None).
    """

    channel: Channel
    listing: Listing | None


class Hold(NamedTuple):
    """The box office's request to hold a seat; `seconds` None = until it is released.

    `over_listing`: whether a listed ticket is held too.
    """

    reason: str
    seconds: int | None
    over_listing: bool = False


class ChangedTicket(Struct, frozen=True, gc=False):
    """A ticket that was changed: the id of its owner, and its mark for the journal.

    A struct, since one is made for every ticket: a named tuple takes nine times as long.
    """

    owner_id: str
    journal_mark: str


class NewTicket(NamedTuple):
    """A ticket to add. Section, row and seat are for people only."""

    token: str
    organization_id: str
    owner_id: str
    access_id: str | None = None
    section: str | None = None
    row: str | None = None
    seat: str | None = None
    voided: bool = False
    seat_status: SeatStatus = "UNLOCK"
    mpreserve_channel: str | None = None
    barcode: str | None = None


class LockedTickets(NamedTuple):
    """A number of tickets that are alike: held without an end, listed by a channel, or both.

    `access_id` None = not held without an end; empty = held, but of no event. `channel_code` None =
    not listed.
    """

    organization_id: str
    access_id: str | None
    channel_code: str | None
    tickets: int


class LockedPortion(NamedTuple):
    """The holds and locks among some tickets. `examined`: how many tickets these are.
    `last_token`: the last of them in order of tokens.
    """

    locked: Sequence[LockedTickets]
    examined: int
    last_token: str


class TicketReader(Protocol):
    """Reads tickets. Part of a snapshot."""

    async def read(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`, by token."""

    async def read_whole(self, tokens: Collection[str]) -> Mapping[str, WholeTicket]:
        """The same with everything that is known about them."""

    async def find_barcodes(
        self, access_id: str, barcodes: Collection[str]
    ) -> Mapping[str, Sequence[WholeTicket]]:
        """The tickets within `access_id` by barcode, in order of their tokens."""

    async def find(
        self, search: Search, place: Place | None, limit: int, most: int, at: datetime
    ) -> FoundPart:
        """At most `limit` tickets of a search from a place on, in the order of its index.

        Examines at most `most` tickets, and fewer where more would delay other requests. `at`: the
        timestamp for which states are decided.
        """

    async def find_among(
        self, search: Search, tokens: Collection[str], at: datetime
    ) -> Sequence[WholeTicket]:
        """The tickets of a search among `tokens`, in no order."""

    async def tokens_of_earlier_listing(
        self, external_listing_id: str, limit: int
    ) -> Sequence[str]:
        """At most `limit` tickets that have or had a listing which the journal does not name."""

    async def count_locked(self, after_token: str, limit: int) -> LockedPortion:
        """Count holds without an end and locks among the first `limit` tickets whose tokens follow
        `after_token`. Fewer than `limit` examined = these are the last ones.
        """


class TicketWriter(TicketReader, Protocol):
    """Changes tickets. Part of a transaction.

    Each write changes the tickets for which the rule of its name (`domain.rules`) allows that, and
    which are not yet in the requested state. The rule's condition is part of the write itself, so
    no other transaction can change a ticket between check and write. Each write returns the tickets
    that it changed, by token, and leaves all others unchanged. `entries`: the id of the journal
    entry about each token.
    """

    async def change_mpreserve(
        self, asked: Mapping[str, Mpreserve], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set mpreserve with its listing, replace the listing where the channel has already set
        mpreserve, or clear both.
        """

    async def hold(
        self, asked: Mapping[str, Hold], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""

    async def lock_versions(self, tokens: Collection[str]) -> Mapping[str, int]:
        """The versions of the tickets that exist among `tokens`. No other transaction changes these
        tickets until this one ends.
        """

    async def release(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Set the seat status to `UNLOCK`."""

    async def void(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Make tickets void. This ends mpreserve, the listing and a hold."""

    async def override_unlock(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, ChangedTicket]:
        """Clear mpreserve, whichever channel set it."""

    async def put(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or update their details. Returns by token whether the ticket is new.

        Never changes mpreserve, seat status and void of a ticket that exists, nor a ticket of
        another organization, nor adds one to an organization that does not exist. Details that
        a record leaves out stay unchanged.
        """

    async def note_listings(self, tokens: Collection[str]) -> None:
        """Note the listings that these tickets have, because the journal no longer names them."""

    async def add(self, tickets: Iterable[NewTicket]) -> None:
        """Add tickets as they are, for example data. The transaction fails if one exists."""
