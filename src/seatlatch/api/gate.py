"""The gate before every /v1 call: headers, credentials, channel, rate, media types.

In the contract's order, so that of two faults the caller is always told the same one.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from math import ceil
from typing import NamedTuple

from seatlatch.api.exchange import Exchange
from seatlatch.api.headers import (
    BODILESS_HEADERS,
    DOCUMENT_HEADERS,
    TOKEN_HEADERS,
    Headers,
    Rule,
    check_headers,
)
from seatlatch.api.media import accepts_json, is_identity, is_json
from seatlatch.api.refusals import AnswerNotAcceptable, MediaTypeUnsupported
from seatlatch.api.routes import check_announced_size
from seatlatch.auth.address_limits import AddressLimits
from seatlatch.auth.authenticate import Presented, authenticate
from seatlatch.auth.directory import MAX_AGE_SECONDS, Directory
from seatlatch.auth.rate_limit import RateLimit
from seatlatch.domain.application import Caller
from seatlatch.domain.refusal import ChannelNotAllowed, NotAuthenticated, RateExceeded


class Limits(NamedTuple):
    """A bucket for each kind of request, so that reading can't use up what changes need."""

    changes: RateLimit
    reads: RateLimit


class _Told:
    """A limit, and what answers tell of it (draft-ietf-httpapi-ratelimit-headers).

    `r` is what may be sent at once; when that is 0, `t` says in how many seconds there is more.
    The policy stays the same, and is put together once.
    """

    __slots__ = ("_left", "_limit", "_more_seconds", "_policy")

    def __init__(self, limit: RateLimit) -> None:
        per_second, burst = limit.rate or (1, 1)
        policy = f'"{limit.kind}";q={burst};w={ceil(burst / per_second)}'
        self._limit = limit
        self._policy = (b"ratelimit-policy", policy.encode())
        self._left = b'"%s";r=%%d;t=%%d' % limit.kind.encode()
        self._more_seconds = ceil(1 / per_second)

    def take(self, application_id: str, exchange: Exchange) -> None:
        """Count a request, and tell what is left. Raises `RateExceeded`, told as well."""
        try:
            left = self._limit.take(application_id)
        except RateExceeded as refusal:
            self._tell(exchange, 0, refusal.retry_after_seconds or 0)
            raise
        if left is not None:
            self._tell(exchange, left, 0 if left else self._more_seconds)

    def _tell(self, exchange: Exchange, left: int, wait_seconds: int) -> None:
        state = (b"ratelimit", self._left % (left, wait_seconds))
        exchange.more_headers = (self._policy, state)


class Gate:
    """Lets a caller in or raises a `Refusal`. `now` gives the time, aware UTC."""

    def __init__(
        self,
        directory: Directory,
        limits: Limits,
        addresses: AddressLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._directory = directory
        self._addresses = addresses
        self._changes = _Told(limits.changes)
        self._reads = _Told(limits.reads)
        self._now = now

    async def admit_change(self, exchange: Exchange) -> Caller:
        """The caller of a request that changes tickets, noted in the exchange."""
        return await self._admit(exchange, self._changes)

    async def admit_read(self, exchange: Exchange) -> Caller:
        """The caller of a request that only reads, noted in the exchange."""
        return await self._admit(exchange, self._reads)

    async def admit_look(self, exchange: Exchange) -> Caller:
        """The caller of a request that only reads and has no body, noted in the exchange."""
        return await self._admit(exchange, self._reads, BODILESS_HEADERS)

    async def admit_application(self, exchange: Exchange) -> str:
        """The application that asks for tokens, noted in the exchange: it must exist, no more.

        Limited by client address. Anyone may name any application here, so a limit by application
        would let strangers lock it out.
        """
        headers = exchange.headers
        check_headers(headers, TOKEN_HEADERS)
        self._addresses.count_token_call(exchange.client_address)
        application_id = headers.get(b"pac-application-id").decode("latin-1")
        if not await self._exists(application_id):
            raise NotAuthenticated("PAC-Application-ID is unknown.", token_sent=False)
        exchange.application_id = application_id
        check_media(exchange)
        return application_id

    def credentials_changed(self) -> None:
        """Tokens were given out or taken back just now; the next request is to see that."""
        self._directory.doubt()

    async def still_admitted(self, exchange: Exchange, caller: Caller) -> Caller:
        """The caller as it is now that its body has come, which may have taken it a while: what
        was taken away meanwhile is gone. Raises as admission did.
        """
        if exchange.age_seconds < MAX_AGE_SECONDS:
            return caller
        return await self._caller(exchange)

    async def _admit(
        self, exchange: Exchange, told: _Told, rules: Iterable[Rule] = DOCUMENT_HEADERS
    ) -> Caller:
        headers = exchange.headers
        check_headers(headers, rules)
        caller = await self._caller(exchange)
        exchange.application_id = caller.application_id
        exchange.channel_code = caller.channel.code
        told.take(caller.application_id, exchange)
        check_media(exchange, has_body=rules is DOCUMENT_HEADERS)
        return caller

    async def _caller(self, exchange: Exchange) -> Caller:
        try:
            return await self._authenticated(exchange)
        except NotAuthenticated as refusal:
            self._addresses.count_failure(exchange.client_address, refusal)
            raise

    async def _authenticated(self, exchange: Exchange) -> Caller:
        """Who is not known is looked for once more, in what the database says now: a key or token
        may be newer than our copy.
        """
        claim = presented(exchange.headers)
        try:
            return authenticate(await self._directory.credentials(), claim, self._now())
        except (NotAuthenticated, ChannelNotAllowed):
            if claim.access_token is None:
                raise
            if not self._addresses.may_ask_database(exchange.client_address):
                raise
            if not await self._directory.confirm():
                raise
        return authenticate(await self._directory.credentials(), claim, self._now())

    async def _exists(self, application_id: str) -> bool:
        directory = self._directory
        if application_id in (await directory.credentials()).applications:
            return True
        return (
            await directory.confirm()
            and application_id in (await directory.credentials()).applications
        )


def presented(headers: Headers) -> Presented:
    """What a request's headers say of its sender."""
    return Presented(
        application_id=headers.get(b"pac-application-id").decode("latin-1"),
        api_key=headers.get(b"pac-api-key"),
        access_token=headers.bearer_token,
        channel_code=headers.get(b"pac-channel-code").decode("latin-1"),
    )


def check_media(exchange: Exchange, *, has_body: bool = True) -> None:
    """Check the headers Accept and Content-Type, and Content-Length where the body is ignored.

    Raises `AnswerNotAcceptable`, `MediaTypeUnsupported` or `BodyTooLarge`. `has_body`: whether the
    call reads a body.
    """
    headers = exchange.headers
    if not accepts_json(headers.get(b"accept")):
        raise AnswerNotAcceptable("Answers are application/json; let Accept admit it.")
    if has_body:
        check_content(headers)
    else:
        check_announced_size(exchange)


def check_content(
    headers: Headers,
    is_accepted: Callable[[bytes], bool] = is_json,
    types: str = "application/json",
) -> None:
    """Raise `MediaTypeUnsupported` unless the body has an accepted type and no encoding.

    `types` names what `is_accepted` accepts. A body that claims an encoding is refused even if it
    is plain: a proxy on the way may believe the header and change the body.
    """
    if not is_accepted(headers.get(b"content-type")):
        raise MediaTypeUnsupported(f"Send the body as Content-Type: {types}.")
    name = b"content-encoding"
    if name in headers.repeated or not is_identity(headers.get(name)):
        raise MediaTypeUnsupported(
            "The header Content-Encoding is not supported. Send the body uncompressed, without it."
        )
