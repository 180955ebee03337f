"""Credentials, channels and grants: their SQL, and rows to the domain's values."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import cast

import apsw

from seatlatch.domain.application import AccessToken, ApiKey, Application, Credentials
from seatlatch.domain.channel import Channel

READ_VERSION = "SELECT version FROM credentials_version"
READ_GRANTS = "SELECT channel_code, organization_id FROM grants"
READ_API_KEYS = "SELECT application_id, key_hash, expires_at FROM api_keys ORDER BY key_hash"
READ_APPLICATIONS = "SELECT application_id, channel_code FROM applications"
READ_ACCESS_TOKENS = "SELECT token_hash, application_id, expires_at FROM access_tokens"


def read_credentials(connection: apsw.Connection) -> Credentials:
    """All callers, read in one snapshot."""
    with connection:
        version = read_version(connection)
        grants: defaultdict[str, set[str]] = defaultdict(set)
        for channel_code, organization_id in connection.execute(READ_GRANTS):
            grants[channel_code].add(organization_id)
        keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
        for application_id, key_hash, expires_at in connection.execute(READ_API_KEYS):
            keys[application_id].append(ApiKey(key_hash, from_text(expires_at)))
        applications = {
            application_id: Application(
                application_id,
                Channel(channel_code, frozenset(grants[channel_code])),
                tuple(keys[application_id]),
            )
            for application_id, channel_code in connection.execute(READ_APPLICATIONS)
        }
        access_tokens = {
            token_hash: AccessToken(application_id, from_text(expires_at))
            for token_hash, application_id, expires_at in connection.execute(READ_ACCESS_TOKENS)
        }
    return Credentials(version, applications, access_tokens)


def read_version(connection: apsw.Connection) -> int:
    """The number that grows with every change to credentials."""
    ((version,),) = connection.execute(READ_VERSION).fetchall()
    return cast(int, version)


def to_text(moment: datetime | None) -> str | None:
    """A moment as it is kept: UTC, ISO 8601 with microseconds; sorts as it reads."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str | None) -> datetime | None:
    """A moment as it was kept, aware."""
    return None if text is None else datetime.fromisoformat(text)
