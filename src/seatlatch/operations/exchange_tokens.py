"""Exchange an authorization code, or a refresh token, for a new pair of tokens.

Each works once. A family is all tokens that derive from one code. A second use of a code or refresh
token means that somebody has a copy, so the family is revoked. The exception is
`Lifetimes.refresh_reuse_seconds`.

See decisions 49, 50 and 51.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.commit import Change, Committer
from seatlatch.secrecy import hides
from seatlatch.store.interface import Snapshot, Store, Transaction
from seatlatch.store.tokens import TokenFamily

SEPARATOR = "."
"""Separates the two parts of a refresh token: the name of its family, and its own secret."""


class Lifetimes(NamedTuple):
    """The lifetimes of tokens."""

    access_token_seconds: int
    refresh_token_seconds: int
    refresh_reuse_seconds: int = 0
    """How long after its rotation the latest rotated refresh token can be used again, as long as
    its successor was not used. 0 = never."""


class GrantType(StrEnum):
    """The kind of secret that is exchanged."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name, no secret


@hides("access_token", "refresh_token")
class TokenPair(NamedTuple):
    """A new pair of tokens. `expires_at`: when the access token expires, aware UTC."""

    access_token: str
    expires_at: datetime
    refresh_token: str


async def exchange_tokens(
    store: Store,
    committer: Committer,
    lifetimes: Lifetimes,
    application_id: str,
    grant_type: GrantType,
    secret: str,
) -> TokenPair | None:
    """Returns a new pair for a code or refresh token, or None if that is wrong, spent or expired.

    Returns after the change is durable, also when a family was revoked. Raises `Unavailable`.
    Source: the contract's section on the token call.
    """
    exchange = ExchangeTokens(lifetimes, application_id, grant_type, secret)
    if not await store.read(exchange.is_known):
        return None
    return await committer.submit(exchange)


class ExchangeTokens(Change[TokenPair | None]):
    """An exchange of one code or refresh token."""

    def __init__(
        self, lifetimes: Lifetimes, application_id: str, grant_type: GrantType, secret: str
    ) -> None:
        self._lifetimes = lifetimes
        self._application_id = application_id
        self._grant_type = grant_type
        self._secret = secret

    async def is_known(self, snapshot: Snapshot) -> bool:
        """Whether the secret belongs to this application and is still stored.

        Callers are not authenticated yet: guesses must not use the capacity of changes.
        """
        if self._grant_type is GrantType.AUTHORIZATION_CODE:
            given = await snapshot.tokens.find_code(hash_secret(self._secret.encode()))
            return given is not None and given.application_id == self._application_id
        family = await snapshot.tokens.find_family(self._family_hash())
        return family is not None and family.application_id == self._application_id

    def _family_hash(self) -> bytes:
        return hash_secret(self._secret.partition(SEPARATOR)[0].encode())

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["ExchangeTokens"]
    ) -> list[TokenPair | None]:
        """Exchange one after the other, so that the first of several with the same secret wins.

        The order is that of their hashes, so two groups with the same ones cannot deadlock.
        """
        order = sorted(range(len(changes)), key=lambda number: changes[number]._lock_key())
        pairs = {number: await changes[number]._exchange(transaction) for number in order}
        return [pairs[number] for number in range(len(changes))]

    def _lock_key(self) -> bytes:
        """The hash of the row that is locked first."""
        if self._grant_type is GrantType.AUTHORIZATION_CODE:
            return hash_secret(self._secret.encode())
        return self._family_hash()

    async def _exchange(self, transaction: Transaction) -> TokenPair | None:
        if self._grant_type is GrantType.AUTHORIZATION_CODE:
            return await self._begin(transaction)
        return await self._renew(transaction)

    async def _begin(self, transaction: Transaction) -> TokenPair | None:
        """Exchange a code: start a new family."""
        code_hash = hash_secret(self._secret.encode())
        code = await transaction.tokens.find_code(code_hash)
        if code is None or code.application_id != self._application_id:
            return None
        if code.family_hash is not None:
            await transaction.tokens.revoke_family(code.family_hash)
            return None
        if code.expires_at <= await transaction.now():
            return None
        name = new_secret()
        refresh_token, family = await self._next(transaction, name)
        family_hash = hash_secret(name.encode())
        if not await transaction.tokens.begin_family(code_hash, family_hash, family):
            return None
        return await self._give(transaction, family_hash, refresh_token)

    async def _renew(self, transaction: Transaction) -> TokenPair | None:
        """Exchange a refresh token: continue its family."""
        name = self._secret.partition(SEPARATOR)[0]
        family_hash = self._family_hash()
        family = await transaction.tokens.find_family(family_hash)
        if family is None or family.application_id != self._application_id:
            return None
        if family.expires_at <= await transaction.now():
            return None
        refresh_token, renewed = await self._next(transaction, name)
        if not await self._rotate(transaction, family_hash, renewed):
            await transaction.tokens.revoke_family(family_hash)
            return None
        return await self._give(transaction, family_hash, refresh_token)

    async def _rotate(
        self, transaction: Transaction, family_hash: bytes, renewed: TokenFamily
    ) -> bool:
        """Store the successor of the presented refresh token; False if that can't be used."""
        presented_hash = hash_secret(self._secret.encode())
        if await transaction.tokens.rotate(family_hash, presented_hash, renewed):
            return True
        reuse_seconds = self._lifetimes.refresh_reuse_seconds
        if reuse_seconds == 0:
            # The timestamps alone don't forbid it: on PostgreSQL a transaction that waited for the
            # family's lock has an earlier timestamp than the rotation that it waited for.
            return False
        rotated_after = await transaction.now() - timedelta(seconds=reuse_seconds)
        return await transaction.tokens.replace_successor(
            family_hash, presented_hash, renewed, rotated_after
        )

    async def _next(self, transaction: Transaction, name: str) -> tuple[str, TokenFamily]:
        refresh_token = name + SEPARATOR + new_secret()
        lifetime = timedelta(seconds=self._lifetimes.refresh_token_seconds)
        expires_at = await transaction.now() + lifetime
        refresh_hash = hash_secret(refresh_token.encode())
        family = TokenFamily(self._application_id, refresh_hash, expires_at)
        return refresh_token, family

    async def _give(
        self, transaction: Transaction, family_hash: bytes, refresh_token: str
    ) -> TokenPair:
        access_token = new_secret()
        # No token outlives its family, which can't be revoked after it was deleted.
        lifetimes = self._lifetimes
        lifetime_seconds = min(lifetimes.access_token_seconds, lifetimes.refresh_token_seconds)
        expires_at = await transaction.now() + timedelta(seconds=lifetime_seconds)
        await transaction.tokens.put_access_token(
            family_hash, self._application_id, hash_secret(access_token.encode()), expires_at
        )
        return TokenPair(access_token, expires_at, refresh_token)
