"""Callers: their credentials, their channels, and the organizations granted to these."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from seatlatch.domain.application import Credentials
from seatlatch.domain.channel import Channel
from seatlatch.store.access import (
    ApplicationEntry,
    ChannelEntry,
    KeyEntry,
    OperatorEntry,
)
from seatlatch.store.sql.credentials import operator_of, read_credentials
from seatlatch.store.sql.executor import Executor, optional_timestamp

READ_VERSION = "SELECT version FROM seatlatch.credentials_version"
READ_CHANNEL = """
SELECT organization_id
FROM seatlatch.channels LEFT JOIN seatlatch.grants USING (channel_code)
WHERE channel_code = :channel_code
"""
KNOWN_ORGANIZATIONS = """
SELECT organization_id FROM seatlatch.organizations
WHERE organization_id = ANY (:organization_ids)
"""
ORGANIZATIONS = """
SELECT organization_id, name FROM seatlatch.organizations ORDER BY organization_id
"""
HAS_TICKETS = (
    "SELECT EXISTS (SELECT 1 FROM seatlatch.tickets WHERE organization_id = :organization_id)"
)
CHANNELS = "SELECT channel_code, name FROM seatlatch.channels ORDER BY channel_code"
GRANTS = "SELECT channel_code, organization_id FROM seatlatch.grants ORDER BY organization_id"
RESERVED = """
SELECT min(CASE WHEN mpreserve_channel = :code THEN token END), max(token)
FROM (SELECT token, mpreserve_channel FROM seatlatch.tickets
      WHERE token > :after ORDER BY token LIMIT :limit) AS portion
"""
APPLICATIONS = """
SELECT application_id, channel_code FROM seatlatch.applications ORDER BY application_id
"""
API_KEYS = """
SELECT application_id, key_hash, created_at, expires_at, last_used_at FROM seatlatch.api_keys
WHERE expires_at IS NULL OR expires_at > now() ORDER BY expires_at NULLS LAST, key_hash
"""
OPERATORS = """
SELECT operator_name, role, organizations FROM seatlatch.operators ORDER BY operator_name
"""
OPERATOR_KEYS = """
SELECT operator_name, key_hash, created_at, expires_at, last_used_at FROM seatlatch.operator_keys
ORDER BY created_at NULLS FIRST, key_hash
"""
KEY_ID_CHARACTERS = 12
"""The first characters of a key's hash name the key."""

ORGANIZATION_EXISTS = """
SELECT EXISTS (SELECT 1 FROM seatlatch.organizations WHERE organization_id = :organization_id)
"""
"""Used by imports, which have no store."""


class SqlAccessReader:
    """See `store.access.AccessReader`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def read_version(self) -> int:
        """The number that grows with every change to credentials."""
        ((version,),) = await self._executor.fetch(READ_VERSION)
        return int(version)

    async def read_credentials(self, known: Credentials | None = None) -> Credentials:
        """All callers."""
        return await read_credentials(self._executor, known)

    async def read_channel(self, code: str) -> Channel | None:
        """A channel with its grants."""
        rows = await self._executor.fetch(READ_CHANNEL, channel_code=code)
        return Channel(code, frozenset(row[0] for row in rows if row[0])) if rows else None

    async def unknown_organizations(self, organization_ids: Collection[str]) -> frozenset[str]:
        """The `organization_ids` that don't exist."""
        asked = list(organization_ids)
        rows = await self._executor.fetch(KNOWN_ORGANIZATIONS, organization_ids=asked)
        return frozenset(asked) - {row[0] for row in rows}

    async def organizations(self) -> Mapping[str, str]:
        """The name of each organization by its id."""
        return dict(await self._executor.fetch(ORGANIZATIONS))

    async def has_tickets(self, organization_id: str) -> bool:
        """Whether an organization has any ticket."""
        ((exists,),) = await self._executor.fetch(HAS_TICKETS, organization_id=organization_id)
        return bool(exists)

    async def channels(self) -> Sequence[ChannelEntry]:
        """All channels."""
        grants: defaultdict[str, list[str]] = defaultdict(list)
        for code, organization_id in await self._executor.fetch(GRANTS):
            grants[code].append(organization_id)
        rows = await self._executor.fetch(CHANNELS)
        return [ChannelEntry(code, name, tuple(grants[code])) for code, name in rows]

    async def reserved_ticket(
        self, code: str, after: str, limit: int
    ) -> tuple[str | None, str | None]:
        """A ticket that a channel has reserved, and the last one that was read."""
        values = {"code": code, "after": after, "limit": limit}
        ((reserved, last),) = await self._executor.fetch(RESERVED, **values)
        return reserved, last

    async def applications(self) -> Sequence[ApplicationEntry]:
        """All applications."""
        keys = await self._keys(API_KEYS)
        return [
            ApplicationEntry(application_id, channel_code, tuple(keys[application_id]))
            for application_id, channel_code in await self._executor.fetch(APPLICATIONS)
        ]

    async def operators(self) -> Sequence[OperatorEntry]:
        """All operators."""
        keys = await self._keys(OPERATOR_KEYS)
        return [
            OperatorEntry(operator_of(*row), tuple(keys[row[0]]))
            for row in await self._executor.fetch(OPERATORS)
        ]

    async def _keys(self, statement: str) -> Mapping[str, Sequence[KeyEntry]]:
        """Keys by their holders."""
        keys: defaultdict[str, list[KeyEntry]] = defaultdict(list)
        for holder, key_hash, *timestamps in await self._executor.fetch(statement):
            key_id = key_hash.hex()[:KEY_ID_CHARACTERS]
            keys[holder].append(KeyEntry(key_id, *map(optional_timestamp, timestamps)))
        return keys
