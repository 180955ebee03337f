"""Rate limits by client address, for requests that anyone can send without credentials.

See decision 54.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from ipaddress import ip_network
from typing import Literal, NamedTuple

from seatlatch.auth.rate_limit import NOT_SHARED, Buckets, Rate, RateLimit
from seatlatch.domain.refusal import RateExceeded

OF_FAILURES = "failed authentications"
FAILURES = Rate(1, 60)
"""Requests with invalid credentials. A secret has 256 bits, so this limits the cost of guesses, not
their success; it still allows many clients behind one address."""

OF_CALLS = "token calls"
TOKEN_CALLS = Rate(10, 100)
"""Token calls for one application. With an hour for each access token this is enough for tens of
thousands of clients behind one address."""

FailedAuthentication = Literal["refused", "throttled"]
"""The response to invalid credentials: 401, or 429 without reading the database."""

ADDRESSES_MAX = 20_000
"""About 4 MB."""


class RecentBuckets:
    """Buckets of one process in bounded memory (`auth.rate_limit.Buckets`).

    With too many addresses, the one whose last request is the oldest loses its bucket and starts
    with a full one. In the table that workers share, no bucket is ever removed.
    """

    def __init__(self, addresses_max: int = ADDRESSES_MAX) -> None:
        self._addresses_max = addresses_max
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def locked(self, key: str) -> AbstractContextManager[None]:
        """Nothing to lock: no other process has these buckets."""
        return NOT_SHARED

    def get(self, key: str, default: float, /) -> float:
        """When the bucket will be full again, or the default."""
        full_at = self._full_at.get(key)
        return default if full_at is None else full_at

    def __setitem__(self, key: str, full_at: float, /) -> None:
        """Set it, and remove the one that was set first if there are too many."""
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._addresses_max:
            self._full_at.popitem(last=False)

    def clear(self) -> None:
        """Make every bucket full."""
        self._full_at.clear()


def recent_buckets(_kind: str) -> Buckets:
    """New buckets for one kind of request."""
    return RecentBuckets()


class AddressLimits(NamedTuple):
    """The two limits by client address. `failed`: called for each failed authentication."""

    failures: RateLimit
    token_calls: RateLimit
    failed: Callable[[FailedAuthentication], None]

    def count_token_call(self, address: str | None, application_id: str) -> None:
        """Count a token call for an application that exists.

        Raises `RateExceeded` if its address sent too many for this application.
        """
        self.token_calls.take(f"{address_key(address)} {application_id}")

    def is_throttled(self, address: str | None) -> bool:
        """Whether an address has used up its failures for now."""
        return self.failures.is_used_up(address_key(address))

    def count_failure(self, address: str | None) -> None:
        """Count a request that was refused for its credentials.

        Raises `RateExceeded`, in place of the refusal, if the address sent too many.
        """
        try:
            self.failures.take(address_key(address))
        except RateExceeded:
            self.failed("throttled")
            raise
        self.failed("refused")


def address_limits(
    monotonic: Callable[[], float],
    buckets_of: Callable[[str], Buckets] = recent_buckets,
    *,
    is_on: bool = True,
    failed: Callable[[FailedAuthentication], None] = lambda result: None,
) -> AddressLimits:
    """The limits of one process. `monotonic`: a clock in seconds."""
    kinds = ((OF_FAILURES, FAILURES), (OF_CALLS, TOKEN_CALLS))
    failures, token_calls = (
        RateLimit(kind, rate if is_on else None, monotonic, buckets_of(kind))
        for kind, rate in kinds
    )
    return AddressLimits(failures, token_calls, failed)


def address_key(address: str | None) -> str:
    """The key of a client's bucket: its IPv4 address, or the network of its IPv6 address."""
    if address is None or ":" not in address:
        return address or ""
    # A customer has at least one network of this size and can use every address in it.
    return str(ip_network(f"{address}/64", strict=False))
