"""Authentication: from the credentials in a request to its caller."""

from datetime import datetime
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret, same_hash
from seatlatch.domain.application import ApiKey, Caller, Credentials
from seatlatch.domain.refusal import ChannelNotAllowed, NotAuthenticated
from seatlatch.secrecy import hides


@hides("api_key", "access_token")
class PresentedCredentials(NamedTuple):
    """The credentials in a request. `access_token` None = no bearer token was sent."""

    application_id: str
    api_key: bytes
    access_token: bytes | None
    channel_code: str


class Authenticated(NamedTuple):
    """The caller, and when its key or token expires; None = never."""

    caller: Caller
    valid_until: datetime | None


def authenticate(
    credentials: Credentials, presented: PresentedCredentials, now: datetime
) -> Authenticated:
    """The caller, if application, API key, access token and channel belong together.

    Raises `NotAuthenticated` or `ChannelNotAllowed`. The problem of an access token is named only
    to a caller with a valid key. Source: the contract's header table.
    """
    if presented.access_token is None:
        raise no_access_token()
    application = credentials.applications.get(presented.application_id)
    api_keys = application.api_keys if application else ()
    api_key = _matching(hash_secret(presented.api_key), api_keys, now)
    if api_key is None or application is None:
        raise NotAuthenticated(
            "PAC-Application-ID and PAC-API-Key do not match: the application is unknown,"
            " or the key is wrong or revoked.",
            token_sent=True,
        )
    access_token = credentials.access_tokens.get(hash_secret(presented.access_token))
    if access_token is None or access_token.application_id != application.application_id:
        raise NotAuthenticated(
            "The access token in Authorization is not one of this PAC-Application-ID.",
            token_sent=True,
        )
    if not _is_valid(access_token.expires_at, now):
        raise NotAuthenticated(
            "The access token in Authorization has expired or was revoked. Get a new one.",
            token_sent=True,
        )
    if presented.channel_code != application.channel.code:
        raise ChannelNotAllowed("PAC-Channel-Code is not the channel of this PAC-Application-ID.")
    ends = [one for one in (api_key.expires_at, access_token.expires_at) if one is not None]
    caller = Caller(application.application_id, application.channel)
    return Authenticated(caller, min(ends, default=None))


def no_access_token() -> NotAuthenticated:
    """The refusal of a request without an access token."""
    return NotAuthenticated(
        "Send the header Authorization: Bearer <access token>.", token_sent=False
    )


def _matching(key_hash: bytes, api_keys: tuple[ApiKey, ...], now: datetime) -> ApiKey | None:
    """The valid key with this hash. Compares with every key, so that the time does not reveal which
    one was similar.
    """
    found = None
    for api_key in api_keys:
        if same_hash(key_hash, api_key.key_hash) and _is_valid(api_key.expires_at, now):
            found = api_key
    return found


def _is_valid(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is None or now < expires_at
