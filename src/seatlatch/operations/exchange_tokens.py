"""Exchange an authorization code, or a refresh token, for a new pair of tokens.

Each works once. A family is all that goes back to one code; when one of its codes or tokens is
used a second time somebody has a copy who should not, and nobody can tell who: the family ends.
The exception is `Lifetimes.refresh_reuse_seconds`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.commit import Commits
from seatlatch.secrecy import hides
from seatlatch.store.interface import Snapshot, Store, TokenFamily, Transaction

SEPARATOR = "."
"""In a refresh token, between what names its family and what makes it the latest of it."""


class Lifetimes(NamedTuple):
    """How long what is given out is good for, in seconds."""

    access_token_seconds: int
    refresh_token_seconds: int
    refresh_reuse_seconds: int = 0
    """How long after its rotation the latest rotated refresh token can be used again, as long as
    its successor was not used. 0 = never."""


class GrantType(StrEnum):
    """What is exchanged."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name, no secret


@hides("access_token", "refresh_token")
class TokenPair(NamedTuple):
    """What a caller gets. `expires_at`: of the access token, aware UTC."""

    access_token: str
    expires_at: datetime
    refresh_token: str


async def exchange_tokens(
    store: Store,
    commits: Commits,
    lifetimes: Lifetimes,
    application_id: str,
    grant_type: GrantType,
    secret: str,
) -> TokenPair | None:
    """A new pair for what an application presents, or None if that is wrong, spent or expired.

    Returns after the change is durable, also when a family was revoked. Raises `Unavailable`.
    Source: the contract's section on the token call.
    """
    exchange = ExchangeTokens(lifetimes, application_id, grant_type, secret)
    if not await store.read(exchange.is_known):
        return None
    return await commits.submit(exchange)


class ExchangeTokens:
    """One exchange, waiting for its turn."""

    tokens: Collection[str] = ()
    """It is about no tickets."""

    def __init__(
        self, lifetimes: Lifetimes, application_id: str, grant_type: GrantType, secret: str
    ) -> None:
        self._lifetimes = lifetimes
        self._application_id = application_id
        self._grant_type = grant_type
        self._secret = secret

    async def is_known(self, snapshot: Snapshot) -> bool:
        """Whether what is presented was ever given to this application, as far as is remembered.

        Nobody is authenticated here: who only guesses takes nothing of those who change tickets.
        """
        if self._grant_type is GrantType.AUTHORIZATION_CODE:
            given = await snapshot.find_code(hash_secret(self._secret.encode()))
            return given is not None and given.application_id == self._application_id
        family = await snapshot.find_family(self._family_hash())
        return family is not None and family.application_id == self._application_id

    def _family_hash(self) -> bytes:
        return hash_secret(self._secret.partition(SEPARATOR)[0].encode())

    @staticmethod
    async def work_off(
        transaction: Transaction, changes: Sequence["ExchangeTokens"]
    ) -> list[TokenPair | None]:
        """One after the other, so that of several with the same secret the first one wins.

        Different ones in the order of their hashes: two groups that hold the same ones never wait
        for each other in a ring.
        """
        order = sorted(range(len(changes)), key=lambda number: changes[number]._known_by())
        pairs = {number: await changes[number]._exchange(transaction) for number in order}
        return [pairs[number] for number in range(len(changes))]

    def _known_by(self) -> bytes:
        """The hash of what is locked first."""
        if self._grant_type is GrantType.AUTHORIZATION_CODE:
            return hash_secret(self._secret.encode())
        return self._family_hash()

    async def _exchange(self, transaction: Transaction) -> TokenPair | None:
        if self._grant_type is GrantType.AUTHORIZATION_CODE:
            return await self._begin(transaction)
        return await self._renew(transaction)

    async def _begin(self, transaction: Transaction) -> TokenPair | None:
        """Exchange a code: a new family begins."""
        code_hash = hash_secret(self._secret.encode())
        code = await transaction.find_code(code_hash)
        if code is None or code.application_id != self._application_id:
            return None
        if code.family_hash is not None:
            await transaction.revoke_family(code.family_hash)
            return None
        if code.expires_at <= await transaction.moment():
            return None
        name = new_secret()
        refresh_token, family = await self._next(transaction, name)
        family_hash = hash_secret(name.encode())
        if not await transaction.begin_family(code_hash, family_hash, family):
            return None
        return await self._give(transaction, family_hash, refresh_token)

    async def _renew(self, transaction: Transaction) -> TokenPair | None:
        """Exchange a refresh token: the family goes on."""
        name = self._secret.partition(SEPARATOR)[0]
        family_hash = self._family_hash()
        family = await transaction.find_family(family_hash)
        if family is None or family.application_id != self._application_id:
            return None
        if family.expires_at <= await transaction.moment():
            return None
        refresh_token, renewed = await self._next(transaction, name)
        if not await self._rotate(transaction, family_hash, renewed):
            await transaction.revoke_family(family_hash)
            return None
        return await self._give(transaction, family_hash, refresh_token)

    async def _rotate(
        self, transaction: Transaction, family_hash: bytes, renewed: TokenFamily
    ) -> bool:
        """Store the successor of the presented refresh token; False if that can't be used."""
        presented_hash = hash_secret(self._secret.encode())
        if await transaction.rotate(family_hash, presented_hash, renewed):
            return True
        reuse_seconds = self._lifetimes.refresh_reuse_seconds
        if reuse_seconds == 0:
            # The timestamps alone don't forbid it: on PostgreSQL a transaction that waited for the
            # family's lock has an earlier timestamp than the rotation that it waited for.
            return False
        rotated_after = await transaction.moment() - timedelta(seconds=reuse_seconds)
        return await transaction.replace_successor(
            family_hash, presented_hash, renewed, rotated_after
        )

    async def _next(self, transaction: Transaction, name: str) -> tuple[str, TokenFamily]:
        refresh_token = name + SEPARATOR + new_secret()
        lifetime = timedelta(seconds=self._lifetimes.refresh_token_seconds)
        expires_at = await transaction.moment() + lifetime
        refresh_hash = hash_secret(refresh_token.encode())
        family = TokenFamily(self._application_id, refresh_hash, expires_at)
        return refresh_token, family

    async def _give(
        self, transaction: Transaction, family_hash: bytes, refresh_token: str
    ) -> TokenPair:
        access_token = new_secret()
        # No token outlives its family, which can't be revoked once it was cleared away.
        lifetimes = self._lifetimes
        lifetime_seconds = min(lifetimes.access_token_seconds, lifetimes.refresh_token_seconds)
        expires_at = await transaction.moment() + timedelta(seconds=lifetime_seconds)
        await transaction.put_access_token(
            family_hash, self._application_id, hash_secret(access_token.encode()), expires_at
        )
        return TokenPair(access_token, expires_at, refresh_token)
