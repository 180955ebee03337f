"""The interface of the two databases behind the small service."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol


class Secrets(NamedTuple):
    """An application and the hashes of its secrets."""

    application: str
    api_key_hash: bytes
    access_token_hash: bytes


class Caller(NamedTuple):
    """A channel, and the organizations that granted it access."""

    channel: str
    organizations: Sequence[str]


class Listing(NamedTuple):
    """The data of a lock."""

    source: str
    external_listing_id: str | None
    total_price: Decimal | None
    seller: Mapping[str, Any] | None


class Ticket(NamedTuple):
    """The state of a ticket that was not changed."""

    owner_id: str
    voided: bool
    held: bool
    mpreserve_channel: str | None


class Database(Protocol):
    """Credentials and tickets."""

    async def caller(self, secrets: Secrets) -> Caller | None:
        """The caller with these secrets, or None."""

    async def unlock(self, caller: Caller, tokens: Sequence[str]) -> dict[str, str]:
        """Clear mpreserve, and return the owners of the changed tickets."""

    async def lock(
        self, caller: Caller, prices: Mapping[str, Decimal | None], listing: Listing
    ) -> dict[str, str]:
        """Set mpreserve, and return the owners of the changed tickets."""

    async def tickets(self, caller: Caller, tokens: Sequence[str]) -> dict[str, Ticket]:
        """The tickets that the caller may see."""
