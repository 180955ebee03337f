"""How often an application may call: buckets of requests that refill with time."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import ceil
from typing import NamedTuple, Protocol

from seatlatch.domain.refusal import RateExceeded

MOMENT_SECONDS = 1e-9
"""Less than this is an error of rounding."""


class Rate(NamedTuple):
    """`per_second` requests on average, `burst` of them at once."""

    per_second: float
    burst: int


class Buckets(Protocol):
    """The buckets of one kind: for each application, when its bucket will be full again."""

    def locked(self, application_id: str) -> AbstractContextManager[None]:
        """Keep other processes from its bucket, from reading the time to setting it."""

    def get(self, application_id: str, default: float, /) -> float:
        """That time; if none was set, the default or one that is long past."""

    def __setitem__(self, application_id: str, full_at: float, /) -> None:
        """Set it."""


NOT_SHARED: AbstractContextManager[None] = nullcontext()


class OwnBuckets(dict[str, float]):
    """The buckets of a process that serves alone."""

    def locked(self, application_id: str) -> AbstractContextManager[None]:
        """Nobody else has them."""
        return NOT_SHARED


class RateLimit:
    """Counts each application's requests of one kind apart; `kind` is what they are called.

    Kept as one number per application: the moment at which its bucket will be full again
    (the generic cell rate algorithm). `monotonic` is a clock in seconds, the same for all who
    have the `buckets`.
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
        if self.rate is None:
            return False
        per_second, burst = self.rate
        now = self._monotonic()
        full_seconds = max(self._full_at.get(key, now) - now, 0.0)
        return (burst - 1) / per_second - full_seconds < -MOMENT_SECONDS

    def take(self, application_id: str) -> int | None:
        """Count one request; how many more there are to take at this moment, None = no limit.

        Raises `RateExceeded` if there was none. To be called for known applications only, which
        bounds the memory.
        """
        if self.rate is None:
            return None
        per_second, burst = self.rate
        with self._full_at.locked(application_id):
            now = self._monotonic()
            full_at = max(self._full_at.get(application_id, now), now) + 1 / per_second
            spare_seconds = burst / per_second - (full_at - now)
            if spare_seconds < -MOMENT_SECONDS:
                raise rate_exceeded(self.kind, self.rate, ceil(-spare_seconds))
            self._full_at[application_id] = full_at
        return int((spare_seconds + MOMENT_SECONDS) * per_second)


def rate_exceeded(kind: str, rate: Rate, retry_after_seconds: int) -> RateExceeded:
    """The refusal of a request over a limit."""
    return RateExceeded(
        f"More than {rate.per_second:g} {kind} a second (burst {rate.burst})."
        " Wait as Retry-After says, then go on.",
        retry_after_seconds=retry_after_seconds,
    )
