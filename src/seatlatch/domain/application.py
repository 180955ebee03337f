"""Applications, their keys and access tokens. Secrets appear only as hashes."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from seatlatch.domain.channel import Channel
from seatlatch.domain.operator import OperatorKey


class ApiKey(NamedTuple):
    """An application's key. `expires_at` (aware UTC) None = until revoked; revoked = in the past.

    An application may have several, so that keys can be rotated with an overlap.
    """

    key_hash: bytes
    expires_at: datetime | None


class AccessToken(NamedTuple):
    """A bearer token. `expires_at` as for `ApiKey`."""

    application_id: str
    expires_at: datetime | None


class Application(NamedTuple):
    """A marketplace's software, and the channel for which it calls."""

    application_id: str
    channel: Channel
    api_keys: tuple[ApiKey, ...]


class Credentials(NamedTuple):
    """The credentials of all callers at one time. `version` grows with every change.

    `mark` distinguishes this change from another one with the same version, as after a restore
    of the database; None = unknown.
    """

    version: int
    applications: Mapping[str, Application]
    access_tokens: Mapping[bytes, AccessToken]
    """Access tokens by their hashes."""
    operators: Mapping[bytes, OperatorKey]
    """The keys of operators by their hashes."""
    mark: str | None = None


class Caller(NamedTuple):
    """An authenticated application, which calls for its channel."""

    application_id: str
    channel: Channel
