"""What letting callers in and filling the inventory asks of a database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from seatlatch.domain.application import ApiKey
from seatlatch.store.interface import Code, NewTicket


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

    def count_webhooks(self, code: str) -> int:
        """How many webhooks a channel has."""

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
