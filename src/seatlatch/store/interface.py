"""What the rest of the house may ask of a database, in the words of the domain."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeVar

from seatlatch.domain.application import Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import SeatStatus, Ticket, TicketRecord, WholeTicket
from seatlatch.store.journal import JournalSnapshot, JournalTransaction
from seatlatch.store.webhooks import WebhookSnapshot, WebhookTransaction

Result = TypeVar("Result")

DatabaseUse = Literal["inventory", "sandbox"]
"""What a database was made for. The two are never mixed: a sandbox's credentials are public."""


class DatabaseProblem(Exception):
    """The database can't be used. The message is one sentence that says what to do."""


class DatabaseUrlMalformed(DatabaseProblem):
    """The database's URL cannot be parsed: retrying does not help."""


class Outrun(Exception):
    """A ticket was left unwritten, and then read in a state in which it would be written.

    Another transaction came in between; an engine that lets that happen runs the work again.
    """


class TicketsBusy(Exception):
    """Somebody else's transaction keeps a ticket for too long. It is these tickets' trouble alone,
    and not the database's.
    """


class Mpreserve(NamedTuple):
    """What a channel wants of a ticket's mpreserve: set, with what it tells of its listing, or
    cleared (`listing` None).
    """

    channel: Channel
    listing: Listing | None


class Hold(NamedTuple):
    """The box office wants a seat's status to be `LOCK`; `seconds` None = until it is released."""

    reason: str
    seconds: int | None


class Code(NamedTuple):
    """An authorization code, good for one exchange. `family_hash` None = it was not used yet."""

    application_id: str
    expires_at: datetime
    family_hash: bytes | None = None


class TokenFamily(NamedTuple):
    """All tokens that go back to one code. Of its refresh tokens only the latest is good."""

    application_id: str
    refresh_hash: bytes
    expires_at: datetime


Written = tuple[str, str]
"""What is told of a ticket that was changed: its owner's id, and its mark for the journal."""


class Snapshot(JournalSnapshot, WebhookSnapshot, Protocol):
    """The inside of a transaction that only reads: all of it at one moment."""

    async def moment(self) -> datetime:
        """The moment of this transaction, aware UTC, by the clock that all who write share."""

    async def read_tickets(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`, by token."""

    async def read_whole_tickets(self, tokens: Collection[str]) -> Mapping[str, WholeTicket]:
        """The same with all that is known of them."""

    async def find_barcodes(
        self, access_id: str, barcodes: Collection[str]
    ) -> Mapping[str, Sequence[WholeTicket]]:
        """By barcode the tickets that have it within `access_id`, in order of their tokens."""

    async def page_of_tickets(
        self,
        organization_id: str,
        access_id: str | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[WholeTicket]:
        """An organization's tickets in order of access id (none = empty) and token.

        At most `limit` of them, those that follow the pair `after`; of one `access_id`, if given.
        """

    async def unknown_organizations(self, organization_ids: Collection[str]) -> frozenset[str]:
        """Those of `organization_ids` that don't exist."""

    async def find_code(self, code_hash: bytes) -> Code | None:
        """An authorization code, unless it was cleared away after its end."""

    async def find_family(self, family_hash: bytes) -> TokenFamily | None:
        """A family of tokens, unless it was revoked or cleared away after its end."""


class Transaction(Snapshot, JournalTransaction, WebhookTransaction, Protocol):
    """The inside of one transaction that changes. What is read here can't change until its end.

    Each write makes so what the rule of its name (`domain.rules`) allows and what is not so
    already. The rule's condition is part of the write itself, so that nothing can come between.
    It returns what is told of each ticket that it changed, by token; whatever is missing there was
    left as it is. `entries` says by token which entry of the journal is to tell of it.
    """

    async def change_mpreserve(
        self, asked: Mapping[str, Mpreserve], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """By token set mpreserve with its listing, or the listing where mpreserve is the channel's
        own; or clear mpreserve, and the listing with it.
        """

    async def hold(
        self, asked: Mapping[str, Hold], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""

    async def release(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Set the seat status to `UNLOCK`."""

    async def void(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Make tickets void. mpreserve, the listing and a hold end with that."""

    async def override_unlock(
        self, tokens: Collection[str], entries: Mapping[str, int]
    ) -> Mapping[str, Written]:
        """Clear mpreserve, whichever channel set it."""

    async def put_tickets(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or bring what is said of them up to date: by token, whether it is new.

        Never touches mpreserve, seat status and void of a ticket that exists, nor one of another
        organization, nor adds one to an organization that does not exist. What a record says
        nothing of is left as it is.
        """

    async def begin_family(self, code_hash: bytes, family_hash: bytes, family: TokenFamily) -> bool:
        """Exchange a code for a new family; False if the code was exchanged already."""

    async def rotate(self, family_hash: bytes, spent_hash: bytes, family: TokenFamily) -> bool:
        """Put a family's next refresh token in the place of the one spent; False if it was not
        the latest.
        """

    async def replace_successor(
        self,
        family_hash: bytes,
        rotated_hash: bytes,
        family: TokenFamily,
        rotated_after: datetime,
    ) -> bool:
        """Replace the unused successor of a family's latest rotated refresh token.

        False if `rotated_hash` isn't that token or it was not rotated after `rotated_after`. The
        rotation's timestamp stays, so repeated calls don't extend the time.
        """

    async def put_access_token(
        self, family_hash: bytes, application_id: str, token_hash: bytes, expires_at: datetime
    ) -> None:
        """Give a family its access token, in the place of the one that it had.

        Clears away what has expired of the application's codes, families and tokens.
        """

    async def revoke_family(self, family_hash: bytes) -> None:
        """No token of the family is good any more."""

    async def test_write(self) -> None:
        """Write as a change does, and leave everything as it was: COMMIT must reach the disk."""


class Store(Protocol):
    """What a running server needs of its database."""

    lanes: int
    """How many transactions at once it makes good use of."""

    mixes_kinds: bool
    """Whether one transaction may hold changes of several kinds. Where several transactions run
    at once, each takes its tickets by one statement in their order, so that none waits in a ring.
    """

    @property
    def unfinished_commits(self) -> int:
        """Number of COMMITs that were given up and may still be waiting inside the database."""

    async def require_writable(self) -> None:
        """Raise `Unavailable` if the database can't be reached, is read-only or is a standby."""

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction and make it durable; its result comes back after that.

        May run `work` more than once, in a new transaction each time. Raises `TicketsBusy`, and
        `Unavailable` if the database can't be reached or did not confirm. Whatever `work` raises
        rolls the transaction back and comes out as it is.
        """

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """Those of `tokens` whose tickets another transaction holds now. Raises `Unavailable`."""

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        """Run `work` on one snapshot, beside whoever writes. Raises `Unavailable`."""

    async def credentials_version(self) -> int:
        """Grows with every change to credentials, channels and grants. Raises `Unavailable`."""

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """The same with the database's time (aware UTC), both read at once."""

    async def read_credentials(self) -> Credentials:
        """All callers, as they stand now. Raises `Unavailable`."""

    async def close(self) -> None:
        """Let go of the database. A COMMIT is not broken off: it is waited for, or left to a
        database server that ends it by itself.
        """


class NewTicket(NamedTuple):
    """A ticket to be put into the inventory. Where the seat is, is told for people only."""

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
