"""Credentials, channels and grants: their SQL, and rows to the domain's values."""

from collections import defaultdict
from typing import cast

import apsw

from seatlatch.domain.application import AccessToken, ApiKey, Application, Credentials
from seatlatch.domain.channel import Channel
from seatlatch.store.sqlite.errors import roll_back
from seatlatch.store.sqlite.moments import optional_moment

READ_VERSION = "SELECT version FROM credentials_version"
READ_GRANTS = "SELECT channel_code, organization_id FROM grants"
READ_API_KEYS = "SELECT application_id, key_hash, expires_at FROM api_keys ORDER BY key_hash"
READ_APPLICATIONS = "SELECT application_id, channel_code FROM applications"
READ_ACCESS_TOKENS = "SELECT token_hash, application_id, expires_at FROM access_tokens"
READ_OPERATORS = "SELECT key_hash, operator_name FROM operators"


def read_credentials(connection: apsw.Connection) -> Credentials:
    """All callers, read in one snapshot."""
    connection.execute("BEGIN")
    try:
        return _read(connection)
    finally:
        roll_back(connection)


def _read(connection: apsw.Connection) -> Credentials:
    version = read_version(connection)
    grants: defaultdict[str, set[str]] = defaultdict(set)
    for channel_code, organization_id in connection.execute(READ_GRANTS):
        grants[channel_code].add(organization_id)
    keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
    for application_id, key_hash, expires_at in connection.execute(READ_API_KEYS):
        keys[application_id].append(ApiKey(key_hash, optional_moment(expires_at)))
    applications = {
        application_id: Application(
            application_id,
            Channel(channel_code, frozenset(grants[channel_code])),
            tuple(keys[application_id]),
        )
        for application_id, channel_code in connection.execute(READ_APPLICATIONS)
    }
    access_tokens = {
        token_hash: AccessToken(application_id, optional_moment(expires_at))
        for token_hash, application_id, expires_at in connection.execute(READ_ACCESS_TOKENS)
    }
    operators = {cast(bytes, row[0]): str(row[1]) for row in connection.execute(READ_OPERATORS)}
    return Credentials(version, applications, access_tokens, operators)


def read_version(connection: apsw.Connection) -> int:
    """The number that grows with every change to credentials."""
    ((version,),) = connection.execute(READ_VERSION).fetchall()
    return cast(int, version)
