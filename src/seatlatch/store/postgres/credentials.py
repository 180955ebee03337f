"""Credentials, channels and grants: their SQL, and rows to the domain's values."""

from collections import defaultdict
from datetime import datetime

from psycopg.errors import ReadOnlySqlTransaction

from seatlatch.domain.application import AccessToken, ApiKey, Application, Credentials
from seatlatch.domain.channel import Channel
from seatlatch.store.postgres.reading import utc
from seatlatch.store.postgres.snapshot import PostgresSnapshot, optional_utc

READ_VERSION = "SELECT version FROM seatlatch.credentials_version"
READ_VERSION_AND_TIME = "SELECT version, now() FROM seatlatch.credentials_version"
IS_READ_ONLY = """
SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean
FROM seatlatch.credentials_version
"""
READ_GRANTS = "SELECT channel_code, organization_id FROM seatlatch.grants"
READ_API_KEYS = """
SELECT application_id, key_hash, expires_at FROM seatlatch.api_keys ORDER BY key_hash
"""
READ_APPLICATIONS = "SELECT application_id, channel_code FROM seatlatch.applications"
READ_ACCESS_TOKENS = "SELECT token_hash, application_id, expires_at FROM seatlatch.access_tokens"
READ_OPERATORS = "SELECT key_hash, operator_name FROM seatlatch.operators"


class PostgresCredentials(PostgresSnapshot):
    """The part of a snapshot that knows the callers."""

    async def require_writable(self) -> None:
        """Raise the error of a write if new transactions can't write.

        An error closes the connection, which keeps the setting that it began with: the next one
        learns if the database takes changes again.
        """
        ((read_only,),) = await self._rows(IS_READ_ONLY)
        if read_only:
            raise ReadOnlySqlTransaction("new transactions are read-only")

    async def version(self) -> int:
        """The number that grows with every change to credentials."""
        ((version,),) = await self._rows(READ_VERSION)
        return int(version)

    async def version_and_time(self) -> tuple[int, datetime]:
        """The same with the time at which the transaction began."""
        ((version, now),) = await self._rows(READ_VERSION_AND_TIME)
        return int(version), utc(now)

    async def credentials(self) -> Credentials:
        """All callers."""
        version = await self.version()
        grants: defaultdict[str, set[str]] = defaultdict(set)
        for channel_code, organization_id in await self._rows(READ_GRANTS):
            grants[channel_code].add(organization_id)
        keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
        for application_id, key_hash, expires_at in await self._rows(READ_API_KEYS):
            keys[application_id].append(ApiKey(key_hash, optional_utc(expires_at)))
        applications = {
            application_id: Application(
                application_id,
                Channel(channel_code, frozenset(grants[channel_code])),
                tuple(keys[application_id]),
            )
            for application_id, channel_code in await self._rows(READ_APPLICATIONS)
        }
        access_tokens = {
            token_hash: AccessToken(application_id, optional_utc(expires_at))
            for token_hash, application_id, expires_at in await self._rows(READ_ACCESS_TOKENS)
        }
        operators: dict[bytes, str] = dict(await self._rows(READ_OPERATORS))
        return Credentials(version, applications, access_tokens, operators)
