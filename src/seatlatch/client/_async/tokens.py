"""Gets access tokens and renews them: once, however many requests need it."""

import time
from collections.abc import Iterator

import httpx

from ..answers import read_token_answer
from ..errors import ConnectionFailed, ServiceUnavailable, TokenRefused
from ..forms import encode
from ..models import TokenBody
from ..tokens import NewPair, TokenPair, TokenStore, early, new_pair
from .sender import AsyncSender, Call
from .ways import Lock, in_thread, uninterrupted

NOTHING_LEFT = (
    "There is no access token, and no way to get one. Make the client with access_token,"
    " authorization_code or refresh_token, or with a token_store that has a pair."
)

read_body = read_token_answer(TokenBody)


def read_pair(response: httpx.Response) -> NewPair:
    """Reads the token call's answer."""
    return new_pair(read_body(response), response)


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
        """`given` is used until it is refused, unless the store has a pair."""
        self._sender = sender
        self._pair = given
        self._spare = (("refresh_token", refresh_token), ("authorization_code", authorization_code))
        self._spent: set[str] = set()
        self._store = store
        self._is_loaded = False
        self._renew_at: float | None = None
        self._lock = Lock()

    async def access_token(self) -> str:
        """A token that should be good now. Raises `TokenRefused` if none can be had."""
        if not self._is_loaded:
            async with self._lock:
                await uninterrupted(self._load)
        if self._pair is None:
            return await self.renewed(None) or self._none()
        token = self._pair.access_token
        if self._renew_at is None or time.monotonic() < self._renew_at:
            return token
        try:
            return await self.renewed(token) or token
        except (ConnectionFailed, ServiceUnavailable):
            return token  # it may still be good; if not, the next answer says so

    async def renewed(self, refused: str | None) -> str | None:
        """Another token than one that was refused. None: there is no way to get one."""
        async with self._lock:
            if self._pair is not None and self._pair.access_token != refused:
                return self._pair.access_token
            return await uninterrupted(self._exchange)

    async def _load(self) -> None:
        if self._is_loaded:
            return
        kept = await in_thread(self._store.take)
        self._store.release()
        self._pair = kept or self._pair
        self._is_loaded = True

    async def _exchange(self) -> str | None:
        """A new pair, or the one that another process got meanwhile."""
        kept = await in_thread(self._store.take)
        try:
            if kept is not None and kept != self._pair:
                self._pair, self._renew_at = kept, None
                return kept.access_token
            return await self._exchange_first_good()
        finally:
            self._store.release()

    async def _exchange_first_good(self) -> str | None:
        refusal = None
        for grant_type, secret in self._grants():
            try:
                new = await self._sender.send(exchange(grant_type, secret), {})
            except TokenRefused as error:
                self._spent.add(secret)
                refusal = error
            else:
                self._spent.add(secret)
                self._pair = new.pair
                self._renew_at = None
                if new.life_seconds is not None:
                    self._renew_at = time.monotonic() + early(new.life_seconds)
                await in_thread(self._store.keep, new.pair)
                return new.pair.access_token
        if refusal is not None:
            raise refusal
        return None

    def _grants(self) -> Iterator[tuple[str, str]]:
        """What a pair may be had for, in the order in which to try it, each but once."""
        current = self._pair.refresh_token if self._pair is not None else None
        for grant_type, secret in (("refresh_token", current), *self._spare):
            if secret is not None and secret not in self._spent:
                yield grant_type, secret

    def _none(self) -> str:
        raise TokenRefused(NOTHING_LEFT)


def exchange(grant_type: str, secret: str) -> Call[NewPair]:
    """The call that gives a pair of tokens for a code or a refresh token."""
    member = "code" if grant_type == "authorization_code" else "refreshToken"
    body = encode({"grantType": grant_type, member: secret})
    return Call("POST", "/v1/auth/token", read_pair, body)
