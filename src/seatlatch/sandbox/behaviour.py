"""How the sandbox behaves: what can be set, and what is drawn by it for each request.

The same seed draws the same for the same requests in their order. Touches nothing else.
"""

from math import fsum
from random import Random, SystemRandom
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct, field

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.sandbox.faults import Fault

DELAY_MILLISECONDS_MAX = 10_000
"""Both delays together stay below what a request may take as a whole, body and all: 30 seconds."""

RETRY_AFTER_SECONDS_MAX = 60
LIMITED_REQUESTS_MAX = 1_000_000
SEED_MAX = 2**53 - 1
"""The largest whole number that every reader of JSON keeps as it is."""


def _share(meaning: str) -> Meta:
    return Meta(ge=0, le=1, description=meaning)


def _delay(meaning: str) -> Meta:
    return Meta(ge=0, le=DELAY_MILLISECONDS_MAX, description=meaning)


class Behaviour(Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What the calls of /v1 do besides their work. What is left out stands at its default."""

    latency_milliseconds: Annotated[int, _delay("Every request waits for so long first.")] = 0
    jitter_milliseconds: Annotated[int, _delay("And for up to so long besides.")] = 0
    unavailable: Annotated[float, _share("The share of requests answered 503.")] = field(
        name=Fault.UNAVAILABLE.value, default=0.0
    )
    rate_exceeded: Annotated[float, _share("The share of requests answered 429.")] = field(
        name=Fault.RATE_EXCEEDED.value, default=0.0
    )
    broken: Annotated[float, _share("The share of requests answered 500.")] = field(
        name=Fault.BROKEN.value, default=0.0
    )
    cut: Annotated[
        float, _share("The share of requests whose connection is cut before the work.")
    ] = 0.0
    lost: Annotated[
        float, _share("The share of requests whose connection is cut after the work.")
    ] = 0.0
    duplicated: Annotated[float, _share("The share of webhook deliveries that are sent twice.")] = (
        0.0
    )
    retry_after_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=RETRY_AFTER_SECONDS_MAX,
            description="What `Retry-After` says on these 503s and 429s.",
        ),
    ] = 1
    requests: Annotated[
        Annotated[int, Meta(ge=1, le=LIMITED_REQUESTS_MAX)] | None,
        Meta(description="After so many requests all is set back; null = never. Counts down."),
    ] = None
    seed: Annotated[
        Annotated[int, Meta(ge=0, le=SEED_MAX)] | None,
        Meta(description="The same seed draws the same again; null = one is made up, and told."),
    ] = None


PLAIN = Behaviour()


def shares(behaviour: Behaviour) -> tuple[tuple[Fault, float], ...]:
    """How many of the requests meet which fault. None meets two of them."""
    return (
        (Fault.UNAVAILABLE, behaviour.unavailable),
        (Fault.RATE_EXCEEDED, behaviour.rate_exceeded),
        (Fault.BROKEN, behaviour.broken),
        (Fault.CUT, behaviour.cut),
        (Fault.LOST, behaviour.lost),
    )


class Fate(NamedTuple):
    """What becomes of one request."""

    fault: Fault | None
    delay_seconds: float
    retry_after_seconds: int


class Conduct:
    """How the sandbox behaves now."""

    def __init__(self) -> None:
        self.set_back()

    def set_back(self) -> None:
        """Nothing goes wrong any more."""
        self._begin(PLAIN, 0)

    def set_to(self, behaviour: Behaviour) -> None:
        """Behave so from now on. Raises `InvalidRequest`."""
        of_requests = shares(behaviour)
        if round(fsum(share for _, share in of_requests), 9) > 1:
            names = ", ".join(fault for fault, _ in of_requests)
            raise InvalidRequest(f"The body has the wrong shape: {names} are over 1 together.")
        seed = SystemRandom().randint(0, SEED_MAX) if behaviour.seed is None else behaviour.seed
        self._begin(msgspec.structs.replace(behaviour, seed=seed), seed)

    def _begin(self, behaviour: Behaviour, seed: int) -> None:
        self._behaviour = behaviour
        self._left = behaviour.requests
        self._requests = Random(f"requests {seed}")  # noqa: S311 - no secret
        self._deliveries = Random(f"deliveries {seed}")  # noqa: S311 - no secret

    @property
    def behaviour(self) -> Behaviour:
        """As it was set, with the requests that are left."""
        return msgspec.structs.replace(self._behaviour, requests=self._left)

    def next_request(self) -> Fate:
        """What becomes of it. Two numbers are drawn for each, whatever is set."""
        behaviour, drawn, jitter = self._behaviour, self._requests.random(), self._requests.random()
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self.set_back()
        waits = behaviour.latency_milliseconds + jitter * behaviour.jitter_milliseconds
        for fault, share in shares(behaviour):
            if drawn < share:
                return Fate(fault, waits / 1000, behaviour.retry_after_seconds)
            drawn -= share
        return Fate(None, waits / 1000, behaviour.retry_after_seconds)

    def is_next_delivery_duplicated(self) -> bool:
        """Whether the next message to a webhook is sent twice."""
        return self._deliveries.random() < self._behaviour.duplicated
