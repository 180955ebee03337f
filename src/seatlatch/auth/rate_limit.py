"""How often an application may call: a bucket of requests that refills with time."""

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

from seatlatch.domain.refusal import RateExceeded


class Rate(NamedTuple):
    """`per_second` requests on average, `burst` of them at once."""

    per_second: float
    burst: int


class RateLimit:
    """Counts each application's requests apart. `monotonic` is a clock in seconds.

    Kept as one number per application: the moment at which its bucket will be full again
    (the generic cell rate algorithm).
    """

    def __init__(self, rate: Rate | None, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._full_at: dict[str, float] = {}

    def take(self, application_id: str) -> None:
        """Count one request. Raises `RateExceeded` if there is none left to take.

        To be called for known applications only, which bounds the memory.
        """
        if self._rate is None:
            return
        now = self._monotonic()
        full_at = max(self._full_at.get(application_id, now), now) + 1 / self._rate.per_second
        wait_seconds = full_at - now - self._rate.burst / self._rate.per_second
        if wait_seconds > 1e-9:
            raise RateExceeded(
                f"More than {self._rate.per_second:g} requests a second"
                f" (burst {self._rate.burst}). Wait as Retry-After says, then go on.",
                retry_after_seconds=ceil(wait_seconds),
            )
        self._full_at[application_id] = full_at
