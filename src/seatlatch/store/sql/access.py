"""Callers: their credentials, their channels, and the organizations granted to these."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from seatlatch.domain.application import AccessToken, ApiKey, Application, Credentials
from seatlatch.domain.channel import Channel
from seatlatch.store.access import ApplicationEntry, ChannelEntry
from seatlatch.store.sql.executor import Executor, optional_timestamp

READ_VERSION = "SELECT version FROM seatlatch.credentials_version"
READ_GRANTS = "SELECT channel_code, organization_id FROM seatlatch.grants"
READ_API_KEYS = """
SELECT application_id, key_hash, expires_at FROM seatlatch.api_keys ORDER BY key_hash
"""
READ_APPLICATIONS = "SELECT application_id, channel_code FROM seatlatch.applications"
READ_ACCESS_TOKENS = "SELECT token_hash, application_id, expires_at FROM seatlatch.access_tokens"
READ_OPERATORS = "SELECT key_hash, operator_name FROM seatlatch.operators"
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
RESERVED = "SELECT count(*) FROM seatlatch.tickets WHERE mpreserve_channel = :code"
APPLICATIONS = """
SELECT application_id, channel_code FROM seatlatch.applications ORDER BY application_id
"""
API_KEYS = """
SELECT application_id, key_hash, expires_at FROM seatlatch.api_keys
WHERE expires_at IS NULL OR expires_at > now() ORDER BY expires_at NULLS LAST, key_hash
"""
OPERATORS = "SELECT operator_name FROM seatlatch.operators ORDER BY operator_name"
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

    async def read_credentials(self) -> Credentials:
        """All callers."""
        version = await self.read_version()
        grants: defaultdict[str, set[str]] = defaultdict(set)
        for channel_code, organization_id in await self._executor.fetch(READ_GRANTS):
            grants[channel_code].add(organization_id)
        keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
        for application_id, key_hash, expires_at in await self._executor.fetch(READ_API_KEYS):
            keys[application_id].append(ApiKey(key_hash, optional_timestamp(expires_at)))
        applications = {
            application_id: Application(
                application_id,
                Channel(channel_code, frozenset(grants[channel_code])),
                tuple(keys[application_id]),
            )
            for application_id, channel_code in await self._executor.fetch(READ_APPLICATIONS)
        }
        access_tokens = {
            token_hash: AccessToken(application_id, optional_timestamp(expires_at))
            for token_hash, application_id, expires_at in (
                await self._executor.fetch(READ_ACCESS_TOKENS)
            )
        }
        operators: dict[bytes, str] = dict(await self._executor.fetch(READ_OPERATORS))
        return Credentials(version, applications, access_tokens, operators)

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

    async def reserved_tickets(self, code: str) -> int:
        """On how many tickets a channel has set mpreserve."""
        ((tickets,),) = await self._executor.fetch(RESERVED, code=code)
        return int(tickets)

    async def applications(self) -> Sequence[ApplicationEntry]:
        """All applications."""
        keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
        for application_id, key_hash, expires_at in await self._executor.fetch(API_KEYS):
            keys[application_id].append(ApiKey(key_hash, optional_timestamp(expires_at)))
        return [
            ApplicationEntry(application_id, channel_code, tuple(keys[application_id]))
            for application_id, channel_code in await self._executor.fetch(APPLICATIONS)
        ]

    async def operators(self) -> Sequence[str]:
        """The names of all operators."""
        return [name for (name,) in await self._executor.fetch(OPERATORS)]
