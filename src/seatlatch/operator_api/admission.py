"""Admission to `/operator/v1`: first the headers, then the operator's key.

See decisions 46 and 47.
"""

from typing import Any

from seatlatch.auth.address_limits import AddressLimits
from seatlatch.auth.credentials_cache import MAX_AGE_SECONDS, CredentialsCache
from seatlatch.auth.keys import hash_secret
from seatlatch.domain.refusal import NotAuthenticated
from seatlatch.http.headers import UUID, Rule, check_headers
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import Access, RouteSpec

OPERATOR_HEADERS = (
    Rule("Request-ID", required=False, form=UUID, hint="a UUID"),
    Rule("Authorization", required=False),  # an absent one is 401, not 400
    Rule("Accept", required=False),
    Rule("Accept-Encoding", required=False),
    Rule("Content-Type", hint="application/json"),
)
"""A ticketing system need not send the headers that the document requires of a marketplace."""

OPERATOR = Access(OPERATOR_HEADERS, scheme="operatorKey")


class OperatorAdmission:
    """Admits an operator by its key (`http.routes.Admission`). The caller is its name."""

    def __init__(self, cache: CredentialsCache, addresses: AddressLimits) -> None:
        self._cache = cache
        self._addresses = addresses

    async def admit(self, context: RequestContext, route: RouteSpec[Any]) -> str:
        """The operator's name."""
        check_headers(context.headers, route.headers)
        return await self._authenticate(context)

    async def confirm(self, context: RequestContext, caller: str) -> str:
        """The same name. Raises as `admit` does if the operator has been removed."""
        if context.age_seconds < MAX_AGE_SECONDS:
            return caller
        return await self._authenticate(context)

    async def _authenticate(self, context: RequestContext) -> str:
        key = context.headers.bearer_token
        if key is None:
            raise NotAuthenticated(
                "Send the header Authorization: Bearer <operator key>.", token_sent=False
            )
        name = await self._find_name(hash_secret(key), context.client_address)
        context.operator = name
        if name is None:
            refusal = NotAuthenticated(
                "The key in Authorization is not an operator's, or was removed.", token_sent=True
            )
            self._addresses.count_failure(context.client_address, refusal)
            raise refusal
        return name

    async def _find_name(self, key_hash: bytes, address: str | None) -> str | None:
        cache = self._cache
        name = (await cache.credentials()).operators.get(key_hash)
        # The cache may be older than the key.
        may_ask = name is None and self._addresses.may_ask_database(address)
        if may_ask and await cache.refresh():
            name = (await cache.credentials()).operators.get(key_hash)
        return name
