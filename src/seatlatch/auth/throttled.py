"""Authentication with a limit: an address that fails too often is refused without the database.

See decision 166.
"""

from collections.abc import Callable
from typing import TypeVar

from seatlatch.auth.address_limits import AddressLimits
from seatlatch.auth.credentials_cache import CredentialsCache
from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import ChannelNotAllowed, NotAuthenticated

Found = TypeVar("Found")


class ThrottledAuthentication:
    """Finds callers in the cache of credentials, and counts those that are not found."""

    def __init__(self, cache: CredentialsCache, limits: AddressLimits) -> None:
        self._cache = cache
        self._limits = limits

    async def authenticated(
        self, address: str | None, find: Callable[[Credentials], Found]
    ) -> Found:
        """The result of `find`, which raises `NotAuthenticated` for invalid credentials.

        Raises `RateExceeded` in its place if the address has used up its failures, and
        `Unavailable`.
        """
        try:
            return await self._authenticated(address, find)
        except NotAuthenticated:
            self._limits.count_failure(address)
            raise

    async def _authenticated(
        self, address: str | None, find: Callable[[Credentials], Found]
    ) -> Found:
        cache = self._cache
        try:
            found = find(cache.in_memory)
            if cache.is_confirmed:
                return found
            await cache.credentials()
        except (NotAuthenticated, ChannelNotAllowed) as refusal:
            # The copy may be older than the key, the token or the grant.
            if not (cache.was_read and self._limits.is_throttled(address)):
                await cache.refresh()
            elif isinstance(refusal, NotAuthenticated):
                cache.refresh_soon()
                raise
            else:
                await cache.credentials()
        return find(cache.in_memory)
