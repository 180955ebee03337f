"""Admission to `/v1`: first the headers, then the credentials, the channel, and the rate.

See decisions 39 and 188.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple

from seatlatch.auth.address_limits import AddressLimits
from seatlatch.auth.authenticate import PresentedCredentials, authenticate, no_access_token
from seatlatch.auth.credentials_cache import MAX_AGE_SECONDS, CredentialsCache
from seatlatch.auth.keys import hash_secret
from seatlatch.auth.rate_limit import RateLimit
from seatlatch.auth.throttled import ThrottledAuthentication
from seatlatch.channel_api.headers import CHANNEL_HEADERS, TOKEN_HEADERS
from seatlatch.domain.application import Caller, Credentials
from seatlatch.domain.refusal import ChannelNotAllowed, NotAuthenticated, RateExceeded
from seatlatch.http.headers import Headers, check_headers
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import Access, RouteSpec
from seatlatch.operations.key_uses import KeyUses

ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of a scheme, no secret

CHANGES, READS = "changes", "reads"
"""Two rate limits, so that reads cannot use up what changes need."""

CHANGES_TICKETS = Access(CHANNEL_HEADERS, (ChannelNotAllowed,), ACCESS_TOKEN, CHANGES)
ONLY_READS = Access(CHANNEL_HEADERS, (ChannelNotAllowed,), ACCESS_TOKEN, READS)
EXCHANGES_TOKENS = Access(TOKEN_HEADERS)
"""The token call, where an application only has to exist."""


class RateHeaders:
    """A rate limit and its response headers (draft-ietf-httpapi-ratelimit-headers).

    `r` is the number of requests that may be sent now; when that is 0, `t` is the number of
    seconds until there are more. The policy is constant, and formatted once.
    """

    __slots__ = ("_left", "_limit", "_more_seconds", "_policy")

    def __init__(self, limit: RateLimit) -> None:
        per_second, burst = limit.rate or (1, 1)
        policy = f'"{limit.kind}";q={burst};w={ceil(burst / per_second)}'
        self._limit = limit
        self._policy = (b"ratelimit-policy", policy.encode())
        self._left = b'"%s";r=%%d;t=%%d' % limit.kind.encode()
        self._more_seconds = ceil(1 / per_second)

    def count(self, application_id: str, context: RequestContext) -> None:
        """Count a request and set the headers. Raises `RateExceeded`, with the headers set."""
        try:
            left = self._limit.take(application_id)
        except RateExceeded as refusal:
            self._set(context, 0, refusal.retry_after_seconds or 0)
            raise
        if left is not None:
            self._set(context, left, 0 if left else self._more_seconds)

    def _set(self, context: RequestContext, left: int, wait_seconds: int) -> None:
        state = (b"ratelimit", self._left % (left, wait_seconds))
        context.more_headers = (self._policy, state)


class Admitted(NamedTuple):
    """A caller that was found in the credentials. `generation`: of the cache's copy. `valid_until`
    None = until that changes.
    """

    caller: Caller
    generation: int
    valid_until: datetime | None
    key_hash: bytes


class ChannelAdmission:
    """Admits a channel's application (`http.routes.Admission`). `now`: the time, aware UTC."""

    def __init__(
        self,
        cache: CredentialsCache,
        authentication: ThrottledAuthentication,
        limits: Iterable[RateLimit],
        uses: KeyUses,
        now: Callable[[], datetime],
    ) -> None:
        self._cache = cache
        self._authentication = authentication
        self._rates: dict[str | None, RateHeaders] = {
            limit.kind: RateHeaders(limit) for limit in limits
        }
        self._uses = uses
        self._now = now

    async def admit(self, context: RequestContext, route: RouteSpec[Any]) -> Caller:
        """The caller, with the right to use its channel. Counts the request."""
        caller = self._remembered(context)
        if caller is None:
            check_headers(context.headers, route.headers)
            caller = await self._authenticate(context)
        context.application_id = caller.application_id
        context.channel_code = caller.channel.code
        self._rates[route.access.rate_limit].count(caller.application_id, context)
        return caller

    async def confirm(
        self, context: RequestContext, route: RouteSpec[Any], caller: Caller
    ) -> Caller:
        """The caller with the grants that it has now. Raises as `admit` does."""
        if context.age_seconds < MAX_AGE_SECONDS:
            return caller
        return await self._authenticate(context)

    async def _authenticate(self, context: RequestContext) -> Caller:
        presented = presented_credentials(context.headers)
        if presented.access_token is None:
            raise no_access_token()

        def find(credentials: Credentials) -> Admitted:
            caller, valid_until = authenticate(credentials, presented, self._now())
            key_hash = hash_secret(presented.api_key)
            return Admitted(caller, self._cache.generation, valid_until, key_hash)

        admitted = await self._authentication.authenticated(context.client_address, find)
        context.memory.admitted = admitted
        self._uses.note(admitted.key_hash)
        return admitted.caller

    def _remembered(self, context: RequestContext) -> Caller | None:
        """The caller of an earlier request with the same head, while nothing can have changed: the
        credentials are the same, were confirmed within half a second, and have not expired.
        """
        admitted = context.memory.admitted
        if (
            not isinstance(admitted, Admitted)
            or admitted.generation != self._cache.generation
            or not self._cache.is_confirmed
            or (admitted.valid_until is not None and self._now() >= admitted.valid_until)
        ):
            return None
        self._uses.note(admitted.key_hash)
        return admitted.caller


class ApplicationAdmission:
    """Admits an application that requests tokens: it only has to exist.

    The limit is for each client address and application. Anyone can name any application here, so
    with a limit for each application, strangers could lock it out.
    """

    def __init__(
        self,
        cache: CredentialsCache,
        authentication: ThrottledAuthentication,
        addresses: AddressLimits,
    ) -> None:
        self._cache = cache
        self._authentication = authentication
        self._addresses = addresses

    async def admit(self, context: RequestContext, route: RouteSpec[Any]) -> str:
        """The application's identifier. Counts the request."""
        check_headers(context.headers, route.headers)
        application_id = context.headers.get(b"pac-application-id").decode("latin-1")

        def find(credentials: Credentials) -> str:
            if application_id not in credentials.applications:
                raise NotAuthenticated("PAC-Application-ID is unknown.", token_sent=False)
            return application_id

        await self._authentication.authenticated(context.client_address, find)
        self._addresses.count_token_call(context.client_address, application_id)
        context.application_id = application_id
        return application_id

    async def confirm(self, context: RequestContext, route: RouteSpec[Any], caller: str) -> str:
        """The same identifier: the exchange itself checks whether the application still exists."""
        return caller

    def credentials_changed(self) -> None:
        """Make new and revoked tokens visible to the next request."""
        self._cache.invalidate()


def presented_credentials(headers: Headers) -> PresentedCredentials:
    """The credentials in a request's headers."""
    return PresentedCredentials(
        application_id=headers.get(b"pac-application-id").decode("latin-1"),
        api_key=headers.get(b"pac-api-key"),
        access_token=headers.bearer_token,
        channel_code=headers.get(b"pac-channel-code").decode("latin-1"),
    )
