"""The interface between the service and a database, in domain terms: store and transactions.

See decision 140.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from seatlatch.domain.application import Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import SeatStatus, Ticket, TicketRecord, WholeTicket
from seatlatch.store.access import AccessReader, AccessWriter
from seatlatch.store.journal import JournalReader, JournalWriter
from seatlatch.store.tokens import TokenReader, TokenWriter
from seatlatch.store.webhooks import WebhookReader, WebhookWriter

Result = TypeVar("Result")

DatabaseUse = Literal["inventory", "sandbox"]
"""The use of a database. The two are never mixed: a sandbox's credentials are public."""


class DatabaseProblem(Exception):
    """The database can't be used. The message is one sentence that says what to do."""


class DatabaseUrlMalformed(DatabaseProblem):
    """The database's URL cannot be parsed: retrying does not help."""


class LostRace(Exception):
    """A ticket was left unchanged, and then read in a state in which the write would change it.

    Another transaction changed it between the two. An engine on which that can happen runs the
    work again.
    """


class TicketsBusy(Exception):
    """Another transaction has locked a ticket for too long. Only these tickets are affected, not
    the database.
    """


class Mpreserve(NamedTuple):
    """A channel's request to set a ticket's mpreserve with its listing, or to clear it (`listing`
    None).
    """

    channel: Channel
    listing: Listing | None


class Hold(NamedTuple):
    """The box office's request to hold a seat; `seconds` None = until it is released."""

    reason: str
    seconds: int | None


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

    async def page(
        self,
        organization_id: str,
        access_id: str | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[WholeTicket]:
        """An organization's tickets in order of access id (none = empty) and token.

        At most `limit` of them, those that follow the pair `after`; only of `access_id`, if given.
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

    async def add(self, tickets: Iterable[NewTicket]) -> None:
        """Add tickets as they are, for example data. The transaction fails if one exists."""


class Snapshot(Protocol):
    """A read-only transaction: everything as it was at one time."""

    async def now(self) -> datetime:
        """The timestamp of the transaction, aware UTC, by the clock that all writers share."""

    @property
    def tickets(self) -> TicketReader:
        """Tickets."""

    @property
    def journal(self) -> JournalReader:
        """The journal."""

    @property
    def tokens(self) -> TokenReader:
        """Authorization codes and families of tokens."""

    @property
    def webhooks(self) -> WebhookReader:
        """Webhooks' endpoints and messages."""

    @property
    def access(self) -> AccessReader:
        """Callers and what they may see."""


class Transaction(Snapshot, Protocol):
    """A transaction that makes changes. No other transaction can change a code, family or endpoint
    that it has found, until it ends.
    """

    @property
    def tickets(self) -> TicketWriter:
        """Tickets."""

    @property
    def journal(self) -> JournalWriter:
        """The journal."""

    @property
    def tokens(self) -> TokenWriter:
        """Authorization codes and families of tokens."""

    @property
    def webhooks(self) -> WebhookWriter:
        """Webhooks' endpoints and messages."""

    @property
    def access(self) -> AccessWriter:
        """Callers and what they may see."""

    async def clear(self) -> None:
        """Remove all data; the database keeps its use."""

    async def test_write(self) -> None:
        """Test whether a change can be made durable, without a lasting change to the data."""


class Store(Protocol):
    """The database of a running server."""

    lanes: int
    """The number of transactions that it runs efficiently at the same time."""

    mixes_kinds: bool
    """Whether one transaction may hold changes of several kinds. Where several transactions run
    at once, each locks its tickets by one statement in order of their tokens, which prevents
    deadlocks.
    """

    @property
    def unfinished_commits(self) -> int:
        """Number of COMMITs that were given up and may still be waiting inside the database."""

    async def require_writable(self) -> None:
        """Raise `Unavailable` if the database can't be reached, is read-only or is a standby."""

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction and make it durable; then return its result.

        May run `work` more than once, in a new transaction each time. Raises `TicketsBusy`, and
        `Unavailable` if the database can't be reached or did not confirm. An error that `work`
        raises rolls the transaction back and is raised again.
        """

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """The `tokens` whose tickets another transaction has locked. Raises `Unavailable`."""

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot. Never waits for a writer. Raises `Unavailable`."""

    async def credentials_version(self) -> int:
        """See `AccessReader.read_version`. Raises `Unavailable`."""

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """The same with the database's time (aware UTC), both of one transaction."""

    async def read_credentials(self) -> Credentials:
        """See `AccessReader.read_credentials`. Raises `Unavailable`."""

    async def close(self) -> None:
        """Close the database. Never interrupts a COMMIT: waits for it, or leaves it to the database
        server, which completes it on its own.
        """
