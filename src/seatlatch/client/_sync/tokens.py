# Made from ../_async by `make client`: change it there.
"""Gets and renews access tokens, once for all requests that need one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..answers import read_token_body, unreadable_tokens
from ..errors import ClientError, TokenRefused, TokenStoreFailed, own_copy
from ..forms import encode
from ..responses import WholeResponse
from ..tokens import NewPair, TokenPair, TokenStore, check_pair, early, new_pair, store_errors
from .sender import Call, Sender
from .ways import Shared, in_thread

AGAIN_SECONDS = 10
"""How long after a failed early renewal to try again."""

NOTHING_LEFT = (
    "There is no access token, and no way to get one. Make the client with access_token,"
    " authorization_code or refresh_token, or with a token_store that has a pair."
)


def read_pair(response: WholeResponse) -> NewPair:
    """Read a response of the token call."""
    body = read_token_body(response)
    try:
        return new_pair(body, response)
    except ValueError as error:
        raise unreadable_tokens(response, error) from None


class Tokens:
    """The client's pair of tokens. Source: the contract's section 3.

    A refresh always runs to its end, even if the caller that needed it is cancelled: its response
    has the only valid tokens.
    """

    def __init__(
        self,
        sender: Sender,
        given: TokenPair | None,
        refresh_token: str | None,
        authorization_code: str | None,
        store: TokenStore,
    ) -> None:
        """`given` is used until it is refused, but only after the pair of the store if there is
        one.
        """
        self._sender = sender
        self._given = given
        self._spare = (("refresh_token", refresh_token), ("authorization_code", authorization_code))
        self._spent: set[str] = set()
        self._refusal: TokenRefused | None = None
        self._store = store
        self._stored: TokenPair | None = None
        """The pair in the store when it was last read."""
        self._is_loaded = False
        self._pair: TokenPair | None = None
        self._is_kept = True
        self._renew_at: float | None = None
        self._loading: Shared[None] = Shared()
        self._exchanging: Shared[str | None] = Shared()

    def access_token(self) -> str:
        """An access token that is probably valid. Raises `TokenRefused` if none is available."""
        if not self._is_loaded:
            self._loading.run(self._load)
        if not self._is_kept:
            with suppress(TokenStoreFailed):  # it was reported once, and the pair is valid
                self._loading.run(self._keep)
        if self._pair is None:
            return self.renewed(None) or self._none()
        token = self._pair.access_token
        if self._renew_at is None or time.monotonic() < self._renew_at:
            return token
        try:
            return self.renewed(token) or token
        except ClientError:
            # It may still be valid; otherwise the next response shows it.
            self._renew_at = time.monotonic() + AGAIN_SECONDS
            return token

    def renewed(self, refused: str | None) -> str | None:
        """Another token than the refused one; None = there is no way to get one."""
        if self._pair is not None and self._pair.access_token != refused:
            return self._pair.access_token
        return self._exchanging.run(lambda: self._exchange(refused))

    def _load(self) -> None:
        if self._is_loaded:  # while this caller waited
            return
        with taken(self._store) as kept:
            self._stored = kept
        self._pair = kept or self._given
        self._is_loaded = True

    def _exchange(self, refused: str | None) -> str | None:
        """A new pair, or the pair that another caller or process got meanwhile."""
        if self._pair is not None and self._pair.access_token != refused:
            return self._pair.access_token
        with taken(self._store) as kept:
            if kept is not None and kept != self._stored:
                self._stored, self._pair, self._renew_at = kept, kept, None
                return kept.access_token
            new = self._exchanged()
            if new is None:
                return self._last_given(refused)
            self._pair, self._renew_at = new.pair, None
            if new.life_seconds is not None:
                self._renew_at = time.monotonic() + early(new.life_seconds)
            self._keep_in_taken()
        return new.pair.access_token

    def _exchanged(self) -> NewPair | None:
        """Exchange the grants in turn until one returns a pair. Raises the last error."""
        for grant_type, secret in self._grants():
            try:
                new = self._sender.send(exchange(grant_type, secret), {})
            except TokenRefused as refusal:
                self._refusal = refusal
            else:
                self._spent.add(secret)
                return new
            self._spent.add(secret)
        return None

    def _grants(self) -> Iterator[tuple[str, str]]:
        """The grants to try, in order, each only once."""
        current = self._pair.refresh_token if self._pair is not None else None
        for grant_type, secret in (("refresh_token", current), *self._spare):
            if secret is not None and secret not in self._spent:
                yield grant_type, secret

    def _last_given(self, refused: str | None) -> str | None:
        """The access token argument of the client, if the pair of the store was used before it."""
        if self._given is not None and self._given.access_token != refused:
            self._pair, self._given = self._given, None
            return self._pair.access_token
        if self._refusal is not None:
            raise own_copy(self._refusal)
        return None

    def _keep(self) -> None:
        with taken(self._store):
            self._keep_in_taken()

    def _keep_in_taken(self) -> None:
        if self._pair is None:
            return
        self._is_kept = False
        with store_errors():
            in_thread(self._store.keep, self._pair)
        self._is_kept = True
        self._stored = self._pair

    def _none(self) -> str:
        raise TokenRefused(NOTHING_LEFT)


@contextmanager
def taken(store: TokenStore) -> Iterator[TokenPair | None]:
    """Lock the store and yield its pair. Raises `TokenStoreFailed`."""
    with store_errors():
        kept = in_thread(store.take)
    try:
        with store_errors():
            check_pair(kept)
        yield kept
    finally:
        in_thread(store.release)


def exchange(grant_type: str, secret: str) -> Call[NewPair]:
    """The call that exchanges a code or a refresh token for a pair of tokens."""
    member = "code" if grant_type == "authorization_code" else "refreshToken"
    body = encode({"grantType": grant_type, member: secret})
    return Call("POST", "/v1/auth/token", read_pair, body)
