"""The sandbox's fault settings, and the random choice of a fault for each request.

The same seed leads to the same faults for the same requests in the same order.

See decision 113.
"""

from math import fsum
from random import Random, SystemRandom
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct, field

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.sandbox.faults import Fault

DELAY_MILLISECONDS_MAX = 10_000
"""Both delays together stay below the time limit of a whole request, 30 seconds."""

RETRY_AFTER_SECONDS_MAX = 60
LIMITED_REQUESTS_MAX = 1_000_000
SEED_MAX = 2**53 - 1
"""The largest integer that every JSON parser represents exactly."""


def _share(meaning: str) -> Meta:
    return Meta(ge=0, le=1, description=meaning)


def _delay(meaning: str) -> Meta:
    return Meta(ge=0, le=DELAY_MILLISECONDS_MAX, description=meaning)


class FaultSettings(Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The faults of the calls of /v1. A member that is left out has its default."""

    latency_milliseconds: Annotated[int, _delay("Every request first waits this long.")] = 0
    jitter_milliseconds: Annotated[int, _delay("A random additional wait, up to this long.")] = 0
    unavailable: Annotated[float, _share("The share of requests with a 503 response.")] = field(
        name=Fault.UNAVAILABLE.value, default=0.0
    )
    rate_exceeded: Annotated[float, _share("The share of requests with a 429 response.")] = field(
        name=Fault.RATE_EXCEEDED.value, default=0.0
    )
    broken: Annotated[float, _share("The share of requests with a 500 response.")] = field(
        name=Fault.BROKEN.value, default=0.0
    )
    cut: Annotated[
        float, _share("The share of requests whose connection closes before the work.")
    ] = 0.0
    lost: Annotated[
        float, _share("The share of requests whose connection closes after the work.")
    ] = 0.0
    duplicated: Annotated[float, _share("The share of webhook deliveries that are sent twice.")] = (
        0.0
    )
    retry_after_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=RETRY_AFTER_SECONDS_MAX,
            description="The value of `Retry-After` in these 503 and 429 responses.",
        ),
    ] = 1
    requests: Annotated[
        Annotated[int, Meta(ge=1, le=LIMITED_REQUESTS_MAX)] | None,
        Meta(description="All faults stop after this many requests; null = never. Counts down."),
    ] = None
    seed: Annotated[
        Annotated[int, Meta(ge=0, le=SEED_MAX)] | None,
        Meta(
            description="The same seed repeats the same faults; null = the sandbox chooses one and"
            " returns it."
        ),
    ] = None


NO_FAULTS = FaultSettings()


def shares(settings: FaultSettings) -> tuple[tuple[Fault, float], ...]:
    """The share of requests for each fault. A request has one fault at most."""
    return (
        (Fault.UNAVAILABLE, settings.unavailable),
        (Fault.RATE_EXCEEDED, settings.rate_exceeded),
        (Fault.BROKEN, settings.broken),
        (Fault.CUT, settings.cut),
        (Fault.LOST, settings.lost),
    )


class Injection(NamedTuple):
    """The fault and the delay of one request."""

    fault: Fault | None
    delay_seconds: float
    retry_after_seconds: int


class FaultPlan:
    """The current settings, and the faults that follow from them."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Stop all faults."""
        self._begin(NO_FAULTS, 0)

    def apply(self, settings: FaultSettings) -> None:
        """Use these settings from now on. Raises `InvalidRequest` if the shares exceed 1."""
        of_requests = shares(settings)
        if round(fsum(share for _, share in of_requests), 9) > 1:
            names = ", ".join(fault for fault, _ in of_requests)
            raise InvalidRequest(f"The body has the wrong shape: the sum of {names} is over 1.")
        seed = SystemRandom().randint(0, SEED_MAX) if settings.seed is None else settings.seed
        self._begin(msgspec.structs.replace(settings, seed=seed), seed)

    def _begin(self, settings: FaultSettings, seed: int) -> None:
        self._settings = settings
        self._left = settings.requests
        self._requests = Random(f"requests {seed}")  # noqa: S311 - no secret
        self._deliveries = Random(f"deliveries {seed}")  # noqa: S311 - no secret

    @property
    def settings(self) -> FaultSettings:
        """The settings, with the number of requests that are left."""
        return msgspec.structs.replace(self._settings, requests=self._left)

    def next_request(self) -> Injection:
        """The injection for the next request."""
        # Two random numbers for each request, whatever the settings, so that a seed stays
        # comparable when only the delays or shares change.
        settings, drawn, jitter = self._settings, self._requests.random(), self._requests.random()
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self.clear()
        delay = settings.latency_milliseconds + jitter * settings.jitter_milliseconds
        for fault, share in shares(settings):
            if drawn < share:
                return Injection(fault, delay / 1000, settings.retry_after_seconds)
            drawn -= share
        return Injection(None, delay / 1000, settings.retry_after_seconds)

    def is_next_delivery_duplicated(self) -> bool:
        """Whether to send the next message to a webhook twice."""
        return self._deliveries.random() < self._settings.duplicated
