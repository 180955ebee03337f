"""Gets access tokens and renews them: once, however many requests need it."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

from ..answers import read_token_body, unreadable_tokens
from ..errors import ClientError, TokenRefused, TokenStoreFailed, own_copy
from ..forms import encode
from ..responses import WholeResponse
from ..tokens import NewPair, TokenPair, TokenStore, check_pair, early, new_pair, told_of_store
from .sender import AsyncSender, Call
from .ways import Shared, in_thread

AGAIN_SECONDS = 10
"""After so long an early renewal that failed is tried again."""

NOTHING_LEFT = (
    "There is no access token, and no way to get one. Make the client with access_token,"
    " authorization_code or refresh_token, or with a token_store that has a pair."
)


def read_pair(response: WholeResponse) -> NewPair:
    """Reads the token call's answer."""
    body = read_token_body(response)
    try:
        return new_pair(body, response)
    except ValueError as error:
        raise unreadable_tokens(response, error) from None


class AsyncTokens:
    """The client's pair of tokens. Source: the contract's section 3.

    A refresh that was begun is gone through with, even if whoever needed it is cancelled: its
    answer holds the only tokens that are good from then on.
    """

    def __init__(
        self,
        sender: AsyncSender,
        given: TokenPair | None,
        refresh_token: str | None,
        authorization_code: str | None,
        store: TokenStore,
    ) -> None:
        """`given` is used until it is refused, and after the pair of the store if there is one."""
        self._sender = sender
        self._given = given
        self._spare = (("refresh_token", refresh_token), ("authorization_code", authorization_code))
        self._spent: set[str] = set()
        self._refusal: TokenRefused | None = None
        self._store = store
        self._stored: TokenPair | None = None
        """What was in the store when it was last seen."""
        self._is_loaded = False
        self._pair: TokenPair | None = None
        self._is_kept = True
        self._renew_at: float | None = None
        self._loading: Shared[None] = Shared()
        self._exchanging: Shared[str | None] = Shared()

    async def access_token(self) -> str:
        """A token that should be good now. Raises `TokenRefused` if none can be had."""
        if not self._is_loaded:
            await self._loading.run(self._load)
        if not self._is_kept:
            with suppress(TokenStoreFailed):  # it was told once, and the pair is good
                await self._loading.run(self._keep)
        if self._pair is None:
            return await self.renewed(None) or self._none()
        token = self._pair.access_token
        if self._renew_at is None or time.monotonic() < self._renew_at:
            return token
        try:
            return await self.renewed(token) or token
        except ClientError:
            # It may still be good; if not, the next answer says so.
            self._renew_at = time.monotonic() + AGAIN_SECONDS
            return token

    async def renewed(self, refused: str | None) -> str | None:
        """Another token than one that was refused. None: there is no way to get one."""
        if self._pair is not None and self._pair.access_token != refused:
            return self._pair.access_token
        return await self._exchanging.run(lambda: self._exchange(refused))

    async def _load(self) -> None:
        if self._is_loaded:  # while this one waited for its turn
            return
        async with taken(self._store) as kept:
            self._stored = kept
        self._pair = kept or self._given
        self._is_loaded = True

    async def _exchange(self, refused: str | None) -> str | None:
        """A new pair, or the one that another caller or process got meanwhile."""
        if self._pair is not None and self._pair.access_token != refused:
            return self._pair.access_token
        async with taken(self._store) as kept:
            if kept is not None and kept != self._stored:
                self._stored, self._pair, self._renew_at = kept, kept, None
                return kept.access_token
            new = await self._exchanged()
            if new is None:
                return self._last_given(refused)
            self._pair, self._renew_at = new.pair, None
            if new.life_seconds is not None:
                self._renew_at = time.monotonic() + early(new.life_seconds)
            await self._keep_in_taken()
        return new.pair.access_token

    async def _exchanged(self) -> NewPair | None:
        """The first pair that is given for anything we have. Raises what refuses the last."""
        for grant_type, secret in self._grants():
            try:
                new = await self._sender.send(exchange(grant_type, secret), {})
            except TokenRefused as refusal:
                self._refusal = refusal
            else:
                self._spent.add(secret)
                return new
            self._spent.add(secret)
        return None

    def _grants(self) -> Iterator[tuple[str, str]]:
        """What a pair may be had for, in the order in which to try it, each but once."""
        current = self._pair.refresh_token if self._pair is not None else None
        for grant_type, secret in (("refresh_token", current), *self._spare):
            if secret is not None and secret not in self._spent:
                yield grant_type, secret

    def _last_given(self, refused: str | None) -> str | None:
        """The access token that the client was made with, if the store's pair stood before it."""
        if self._given is not None and self._given.access_token != refused:
            self._pair, self._given = self._given, None
            return self._pair.access_token
        if self._refusal is not None:
            raise own_copy(self._refusal)
        return None

    async def _keep(self) -> None:
        async with taken(self._store):
            await self._keep_in_taken()

    async def _keep_in_taken(self) -> None:
        if self._pair is None:
            return
        self._is_kept = False
        with told_of_store():
            await in_thread(self._store.keep, self._pair)
        self._is_kept = True
        self._stored = self._pair

    def _none(self) -> str:
        raise TokenRefused(NOTHING_LEFT)


@asynccontextmanager
async def taken(store: TokenStore) -> AsyncIterator[TokenPair | None]:
    """What is kept, while everybody else is kept out. Raises `TokenStoreFailed`."""
    with told_of_store():
        kept = await in_thread(store.take)
    try:
        with told_of_store():
            check_pair(kept)
        yield kept
    finally:
        await in_thread(store.release)


def exchange(grant_type: str, secret: str) -> Call[NewPair]:
    """The call that gives a pair of tokens for a code or a refresh token."""
    member = "code" if grant_type == "authorization_code" else "refreshToken"
    body = encode({"grantType": grant_type, member: secret})
    return Call("POST", "/v1/auth/token", read_pair, body)
