"""Callers and what they may see: organizations, channels, grants, applications and operators."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from seatlatch.domain.application import Credentials
from seatlatch.domain.channel import Channel
from seatlatch.domain.operator import Operator
from seatlatch.store.tokens import Code


class ChannelEntry(NamedTuple):
    """A channel as the operator sees it. `organizations`: those granted to it."""

    code: str
    name: str
    organizations: tuple[str, ...]


class KeyEntry(NamedTuple):
    """A key of an operator or an application. `key_id` names it and is no secret.

    Timestamps are aware UTC; None = `created_at` unknown, no end, never used. `last_used_at` may
    be an hour old.
    """

    key_id: str
    created_at: datetime | None
    expires_at: datetime | None
    last_used_at: datetime | None


class ApplicationEntry(NamedTuple):
    """An application as the operator sees it. `api_keys`: those that are still valid, the one
    that ends first in front.
    """

    application_id: str
    channel_code: str
    api_keys: tuple[KeyEntry, ...]


class OperatorEntry(NamedTuple):
    """An operator with its keys, the oldest first, also those that have expired."""

    operator: Operator
    keys: tuple[KeyEntry, ...]


class AccessReader(Protocol):
    """Reads callers and what they may see. Part of a snapshot.

    All lists are in order of their identifiers.
    """

    async def read_version(self) -> int:
        """A number that grows with every change to credentials, channels and grants."""

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """All callers. Of `known`, an earlier result, only what has changed is read again. It stays
        as it is, and the new result shares its unchanged parts.
        """

    async def read_channel(self, code: str) -> Channel | None:
        """A channel with its grants."""

    async def unknown_organizations(self, organization_ids: Collection[str]) -> frozenset[str]:
        """The `organization_ids` that don't exist."""

    async def organizations(self) -> Mapping[str, str]:
        """The name of each organization by its id."""

    async def has_tickets(self, organization_id: str) -> bool:
        """Whether an organization has any ticket."""

    async def channels(self) -> Sequence[ChannelEntry]:
        """All channels."""

    async def reserved_ticket(
        self, code: str, after: str, limit: int
    ) -> tuple[str | None, str | None]:
        """A ticket on which a channel has set mpreserve, among the next `limit` ones in order of
        their tokens, and the last of these; None = there is none.
        """

    async def applications(self) -> Sequence[ApplicationEntry]:
        """All applications."""

    async def operators(self) -> Sequence[OperatorEntry]:
        """All operators."""


class AccessWriter(AccessReader, Protocol):
    """Changes callers and what they may see. Part of a transaction.

    It checks nothing: `operations` know what is allowed.
    """

    async def lock(self) -> None:
        """Keep others from changing organizations and from putting tickets, until the end."""

    async def add_organization(self, organization_id: str, name: str) -> None:
        """Add an organization: a box office, which owns tickets."""

    async def remove_organization(self, organization_id: str) -> None:
        """Remove an organization that has neither grants nor tickets, with its events."""

    async def add_channel(self, code: str, name: str, organizations: Iterable[str]) -> None:
        """Add a channel with its grants."""

    async def remove_channel(self, code: str) -> None:
        """Remove a channel that has no application, with its grants."""

    async def add_grant(self, code: str, organization_id: str) -> None:
        """Show the organization's tickets to the channel."""

    async def remove_grant(self, code: str, organization_id: str) -> None:
        """Hide the organization's tickets from the channel."""

    async def add_application(self, application_id: str, channel_code: str) -> None:
        """Add an application: software that acts for a channel."""

    async def remove_application(self, application_id: str) -> None:
        """Remove an application with all its keys, codes and tokens."""

    async def add_api_key(
        self, application_id: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """Add a key to an application; `expires_at` aware UTC, None = until revoked."""

    async def end_api_keys(self, application_id: str, expires_at: datetime) -> None:
        """End all keys of an application at `expires_at`, unless they end before."""

    async def add_access_token(
        self, application_id: str, token_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """Add an access token to an application; `expires_at` as for keys."""

    async def add_code(self, code_hash: bytes, code: Code) -> None:
        """Add an authorization code."""

    async def add_operator(self, operator: Operator) -> None:
        """Add an operator without keys."""

    async def change_operator(self, operator: Operator) -> None:
        """Give an operator another role and other organizations."""

    async def remove_operator(self, name: str) -> None:
        """Remove an operator with its keys."""

    async def add_operator_key(
        self, name: str, key_hash: bytes, expires_at: datetime | None = None
    ) -> None:
        """Add a key to an operator; `expires_at` aware UTC, None = until revoked."""

    async def end_operator_keys(self, name: str, expires_at: datetime) -> None:
        """End all keys of an operator at `expires_at`, unless they end before."""

    async def note_key_use(self, key_hash: bytes, before: datetime) -> None:
        """Note that a key of an operator or an application is used now, unless that was noted after
        `before`.
        """
