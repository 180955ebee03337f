"""Who was let in: applications, their keys and access tokens. Secrets are here as hashes only."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from seatlatch.domain.channel import Channel


class ApiKey(NamedTuple):
    """An application's key. `expires_at` (aware UTC) None = until revoked; revoked = in the past.

    An application may have several at once, so that a key can be rotated with an overlap.
    """

    key_hash: bytes
    expires_at: datetime | None


class AccessToken(NamedTuple):
    """A bearer token. `expires_at` as for `ApiKey`."""

    application_id: str
    expires_at: datetime | None


class Application(NamedTuple):
    """A marketplace's software, and the channel for which it speaks."""

    application_id: str
    channel: Channel
    api_keys: tuple[ApiKey, ...]


class Credentials(NamedTuple):
    """All that is known of callers at one moment. `version` grows with every change to it."""

    version: int
    applications: Mapping[str, Application]
    access_tokens: Mapping[bytes, AccessToken]
    """By the token's hash."""
    operators: Mapping[bytes, str]
    """The names of those who speak for the box office, by their key's hash."""


class Caller(NamedTuple):
    """An application whose credentials were found right, speaking for its channel."""

    application_id: str
    channel: Channel
