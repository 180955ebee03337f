"""What the rest of the house may ask of a database, in the words of the domain."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeVar

from seatlatch.domain.application import ApiKey, Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import SeatStatus, Ticket, TicketRecord, WholeTicket

Result = TypeVar("Result")

DatabaseUse = Literal["inventory", "sandbox"]
"""What a database was made for. The two are never mixed: a sandbox's credentials are public."""


class DatabaseProblem(Exception):
    """The database can't be used. The message is one sentence that says what to do."""


class Lock(NamedTuple):
    """A channel wants to set mpreserve on a ticket, with what it tells of its listing."""

    channel: Channel
    listing: Listing


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


class Snapshot(Protocol):
    """The inside of a transaction that only reads: all of it at one moment."""

    @property
    def now(self) -> datetime:
        """The moment of this transaction, aware UTC, by the clock that all who write share."""

    def read_tickets(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`, by token."""

    def read_whole_tickets(self, tokens: Collection[str]) -> Mapping[str, WholeTicket]:
        """The same with all that is known of them."""

    def find_barcodes(
        self, access_id: str, barcodes: Collection[str]
    ) -> Mapping[str, Sequence[WholeTicket]]:
        """By barcode the tickets that have it within `access_id`, in order of their tokens."""

    def page_of_tickets(
        self,
        organization_id: str,
        access_id: str | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[WholeTicket]:
        """An organization's tickets in order of access id (none = empty) and token.

        At most `limit` of them, those that follow the pair `after`; of one `access_id`, if given.
        """

    def unknown_organizations(self, organization_ids: Collection[str]) -> frozenset[str]:
        """Those of `organization_ids` that don't exist."""

    def find_code(self, code_hash: bytes) -> Code | None:
        """An authorization code, unless it was cleared away after its end."""

    def find_family(self, family_hash: bytes) -> TokenFamily | None:
        """A family of tokens, unless it was revoked or cleared away after its end."""


class Transaction(Snapshot, Protocol):
    """The inside of one transaction that changes. What is read here can't change until its end.

    Each write makes so what the rule of its name (`domain.rules`) allows and what is not so
    already. The rule's condition is part of the write itself, so that nothing can come between.
    It returns the owner's id of each ticket that it changed, by token; whatever is missing there
    was left as it is.
    """

    def unlock(self, asked: Mapping[str, Channel]) -> Mapping[str, str]:
        """Clear mpreserve, and the listing with it, by token for a channel."""

    def lock(self, asked: Mapping[str, Lock]) -> Mapping[str, str]:
        """Set mpreserve with its listing, or the listing where mpreserve is the channel's own."""

    def hold(self, asked: Mapping[str, Hold]) -> Mapping[str, str]:
        """Set the seat status to `LOCK`, or give a hold another reason and end."""

    def release(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Set the seat status to `UNLOCK`."""

    def void(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Make tickets void. mpreserve, the listing and a hold end with that."""

    def override_unlock(self, tokens: Collection[str]) -> Mapping[str, str]:
        """Clear mpreserve, whichever channel set it."""

    def put_tickets(self, records: Collection[TicketRecord]) -> Mapping[str, bool]:
        """Add tickets, or bring what is said of them up to date: by token, whether it is new.

        Never touches mpreserve, seat status and void of a ticket that exists, nor one of another
        organization, nor adds one to an organization that does not exist. What a record says
        nothing of is left as it is.
        """

    def begin_family(self, code_hash: bytes, family_hash: bytes, family: TokenFamily) -> bool:
        """Exchange a code for a new family; False if the code was exchanged already."""

    def rotate(self, family_hash: bytes, spent_hash: bytes, family: TokenFamily) -> bool:
        """Put a family's next refresh token in the place of the one spent; False if it was not
        the latest.
        """

    def put_access_token(
        self, family_hash: bytes, application_id: str, token_hash: bytes, expires_at: datetime
    ) -> None:
        """Give a family its access token, in the place of the one that it had.

        Clears away what has expired of the application's codes, families and tokens.
        """

    def revoke_family(self, family_hash: bytes) -> None:
        """No token of the family is good any more."""


class Store(Protocol):
    """What a running server needs of its database."""

    async def commit(self, work: Callable[[Transaction], Result]) -> Result:
        """Run `work` in a transaction and make it durable; its result comes back after that.

        Raises `Unavailable` if the database can't be reached or did not confirm. Whatever
        `work` raises rolls the transaction back and comes out as it is.
        """

    async def read(self, work: Callable[[Snapshot], Result]) -> Result:
        """Run `work` on one snapshot, beside whoever writes. Raises `Unavailable`."""

    def credentials_version(self) -> int:
        """Grows with every change to credentials, channels and grants. Raises `Unavailable`."""

    def read_credentials(self) -> Credentials:
        """All callers, as they stand now. Raises `Unavailable`."""

    def close(self) -> None:
        """Let go of the database."""


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


class ChannelEntry(NamedTuple):
    """A channel partner as the operator sees it. `organizations`: those that it was granted."""

    code: str
    name: str
    organizations: tuple[str, ...]


class ApplicationEntry(NamedTuple):
    """An application as the operator sees it. `api_keys`: those that are still valid."""

    application_id: str
    channel_code: str
    api_keys: tuple[ApiKey, ...]


class Provisioning(Protocol):
    """Letting callers in and filling the inventory, inside one transaction.

    Does what it is told; `operations.provision` knows what may be asked. All lists are in order of
    their identifiers.
    """

    @property
    def now(self) -> datetime:
        """The moment of this transaction, aware UTC, by the clock that all who write share."""

    def organizations(self) -> Mapping[str, str]:
        """The name of each organization by its id."""

    def add_organization(self, organization_id: str, name: str) -> None:
        """A box office, whose tickets these are."""

    def remove_organization(self, organization_id: str) -> None:
        """Forget an organization that has neither grants nor tickets."""

    def has_tickets(self, organization_id: str) -> bool:
        """Whether there is any ticket of an organization."""

    def channels(self) -> Sequence[ChannelEntry]:
        """All channel partners."""

    def add_channel(self, code: str, name: str, organizations: Iterable[str]) -> None:
        """A channel partner with its grants."""

    def remove_channel(self, code: str) -> None:
        """Forget a channel for which no application speaks, with its grants."""

    def reserved_tickets(self, code: str) -> int:
        """On how many tickets a channel has set mpreserve. Looks at every ticket."""

    def add_grant(self, code: str, organization_id: str) -> None:
        """The channel sees the organization's tickets."""

    def remove_grant(self, code: str, organization_id: str) -> None:
        """The channel no longer sees the organization's tickets."""

    def applications(self) -> Sequence[ApplicationEntry]:
        """All applications."""

    def add_application(self, application_id: str, channel_code: str) -> None:
        """Software that speaks for a channel."""

    def remove_application(self, application_id: str) -> None:
        """Forget an application with all its keys, codes and tokens."""

    def add_api_key(
        self, application_id: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more key for an application; `expires_at` aware UTC, None = until revoked."""

    def end_api_keys(self, application_id: str, expires_at: datetime) -> None:
        """All keys of an application end at `expires_at`, unless they end before."""

    def add_access_token(
        self, application_id: str, token_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more access token for an application; `expires_at` as for keys."""

    def add_code(self, code_hash: bytes, code: Code) -> None:
        """One more authorization code."""

    def operators(self) -> Sequence[str]:
        """The names of all operators."""

    def add_operator(self, name: str, key_hash: bytes) -> None:
        """Somebody who speaks for the box office."""

    def remove_operator(self, name: str) -> None:
        """Forget an operator with its key."""

    def clear(self) -> None:
        """Remove all that is in it, but not what it was made for."""

    def add_tickets(self, tickets: Iterable[NewTicket]) -> None:
        """Put tickets into the inventory; the transaction fails if one exists already."""
