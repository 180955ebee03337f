"""Rate limits: buckets of requests that refill with time.

See decision 27.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import ceil
from typing import NamedTuple, Protocol

from seatlatch.domain.refusal import RateExceeded

ROUNDING_SECONDS = 1e-9
"""A smaller difference is a rounding error."""


class Rate(NamedTuple):
    """`per_second` requests on average, `burst` of them at once."""

    per_second: float
    burst: int


class Buckets(Protocol):
    """The buckets of one kind: for each application, when its bucket will be full again."""

    def locked(self, application_id: str) -> AbstractContextManager[None]:
        """Lock its bucket against other processes, from reading the value to setting it."""

    def get(self, application_id: str, default: float, /) -> float:
        """When the bucket will be full; if that was never set, the default or a time long past."""

    def __setitem__(self, application_id: str, full_at: float, /) -> None:
        """Set when the bucket will be full."""


NOT_SHARED: AbstractContextManager[None] = nullcontext()


class OwnBuckets(dict[str, float]):
    """The buckets of the only process of a server."""

    def locked(self, application_id: str) -> AbstractContextManager[None]:
        """Nothing to lock: no other process has these buckets."""
        return NOT_SHARED


class RateLimit:
    """Limits the requests of one kind for each application; `kind` is their name in texts.

    It keeps one number per application: the time at which its bucket will be full again (the
    generic cell rate algorithm). `monotonic` is a clock in seconds, the same for all processes that
    share the `buckets`.
    """

    def __init__(
        self,
        kind: str,
        rate: Rate | None,
        monotonic: Callable[[], float],
        buckets: Buckets | None = None,
    ) -> None:
        self.kind = kind
        self.rate = rate
        self._monotonic = monotonic
        self._full_at = OwnBuckets() if buckets is None else buckets

    def is_used_up(self, key: str) -> bool:
        """Whether `take` would raise now."""
        return self.left(key) == 0

    def left(self, key: str) -> int | None:
        """How many requests are possible now, None = no limit. For known applications only."""
        if self.rate is None:
            return None
        per_second, burst = self.rate
        now = self._monotonic()
        full_seconds = max(self._full_at.get(key, now) - now, 0.0)
        return int((burst / per_second - full_seconds + ROUNDING_SECONDS) * per_second)

    def take(self, application_id: str) -> int | None:
        """Count one request; returns how many more are possible now, None = no limit.

        Raises `RateExceeded` if none was left. Call it for known applications only: each one that
        it is called for uses memory.
        """
        if self.rate is None:
            return None
        per_second, burst = self.rate
        with self._full_at.locked(application_id):
            now = self._monotonic()
            full_at = max(self._full_at.get(application_id, now), now) + 1 / per_second
            spare_seconds = burst / per_second - (full_at - now)
            if spare_seconds < -ROUNDING_SECONDS:
                raise rate_exceeded(self.kind, self.rate, ceil(-spare_seconds))
            self._full_at[application_id] = full_at
        return int((spare_seconds + ROUNDING_SECONDS) * per_second)


def rate_exceeded(kind: str, rate: Rate, retry_after_seconds: int) -> RateExceeded:
    """The refusal of a request over a limit."""
    return RateExceeded(
        f"More than {rate.per_second:g} {kind} a second (burst {rate.burst})."
        " Wait for the seconds in Retry-After, then retry.",
        retry_after_seconds=retry_after_seconds,
    )
