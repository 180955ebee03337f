"""What the rest of the house may ask of a database, in the words of the domain."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeVar

from seatlatch.domain.application import Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.ticket import SeatStatus, Ticket

Result = TypeVar("Result")

DatabaseUse = Literal["inventory", "sandbox"]
"""What a database was made for. The two are never mixed: a sandbox's credentials are public."""


class DatabaseProblem(Exception):
    """The database can't be used. The message is one sentence that says what to do."""


class Transaction(Protocol):
    """The inside of one transaction. What is read here can't change until it has ended."""

    def unlock(self, channel: Channel, tokens: Sequence[str]) -> dict[str, str]:
        """Clear mpreserve on those of `tokens` for which the rule says `UNLOCKED`.

        The rule's condition is part of the write itself, so that nothing can come between.
        Returns what was cleared: the owner's id by token. Whatever is missing there was left as
        it is.
        """

    def read_tickets(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`, by token."""


class Store(Protocol):
    """What a running server needs of its database."""

    async def commit(self, work: Callable[[Transaction], Result]) -> Result:
        """Run `work` in a transaction and make it durable; its result comes back after that.

        Raises `Unavailable` if the database can't be reached or did not confirm. Whatever
        `work` raises rolls the transaction back and comes out as it is.
        """

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


class Provisioning(Protocol):
    """Letting callers in and filling the inventory, inside one transaction."""

    def identifiers(self) -> frozenset[str]:
        """Of all but tickets in it: organizations, channels, grants (channel code and organization
        id with a space), applications, and the hashes of keys and access tokens in hexadecimal.
        """

    def tokens(self, limit: int) -> frozenset[str]:
        """The tokens of its tickets, at most `limit` of them."""

    def clear(self) -> None:
        """Remove all that is in it, but not what it was made for."""

    def add_organization(self, organization_id: str, name: str) -> None:
        """A box office, whose tickets these are."""

    def add_channel(self, code: str, name: str, organizations: Iterable[str]) -> None:
        """A channel partner with its grants."""

    def remove_grant(self, code: str, organization_id: str) -> None:
        """The channel no longer sees the organization's tickets."""

    def add_application(self, application_id: str, channel_code: str) -> None:
        """Software that speaks for a channel."""

    def add_api_key(
        self, application_id: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more key for an application; `expires_at` aware UTC, None = until revoked."""

    def revoke_api_key(self, key_hash: bytes, now: datetime) -> None:
        """From `now` on the key is not valid."""

    def add_access_token(
        self, application_id: str, token_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """One more access token for an application; `expires_at` as for keys."""

    def revoke_access_token(self, token_hash: bytes, now: datetime) -> None:
        """From `now` on the token is not valid."""

    def add_tickets(self, tickets: Iterable[NewTicket]) -> None:
        """Put tickets into the inventory; the transaction fails if one exists already."""
