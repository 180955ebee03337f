"""The faults of the sandbox, and the tokens that request them.

See decision 112.
"""

from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from seatlatch.domain.refusal import RateExceeded, Unavailable
from seatlatch.http.body import decode_json
from seatlatch.http.refusals import MalformedRequest

PREFIX = "sandbox-"
ONCE = "-once"

SLOW_SECONDS = 5.0

ONCE_REQUESTS_MAX = 10_000
"""How many failed requests are remembered, to succeed at their next attempt."""


class Fault(StrEnum):
    """A fault of a whole request."""

    UNAVAILABLE = "503"
    RATE_EXCEEDED = "429"
    BROKEN = "500"
    SLOW = "slow"
    CUT = "cut"
    LOST = "lost"


MEANINGS = {
    Fault.UNAVAILABLE: "503 with `Retry-After`; nothing is done.",
    Fault.RATE_EXCEEDED: "429 with `Retry-After`; nothing is done.",
    Fault.BROKEN: "500; nothing is done.",
    Fault.SLOW: f"The normal response, {SLOW_SECONDS:g} seconds later.",
    Fault.CUT: "None: the connection closes before the work; nothing is done.",
    Fault.LOST: "None: the connection closes after the work; the work is done.",
}


class Broken(Exception):
    """A bug, on purpose."""


class FaultToken(NamedTuple):
    """The fault that a token requests; `once`: at every other attempt of the same request only."""

    token: str
    fault: Fault
    once: bool


TOKENS = {
    one.token: one
    for fault in Fault
    for one in (
        FaultToken(f"{PREFIX}{fault}", fault, False),
        FaultToken(f"{PREFIX}{fault}{ONCE}", fault, True),
    )
}
"""Every fault token, by its text. Each one is also a ticket in the inventory."""


def refusal_of(fault: Fault, requested_by: str, retry_after_seconds: int) -> Exception:
    """The exception that leads to the fault's response."""
    message = f"This failure is on purpose, requested by {requested_by}."
    if fault is Fault.UNAVAILABLE:
        return Unavailable(message, retry_after_seconds=retry_after_seconds)
    if fault is Fault.RATE_EXCEEDED:
        return RateExceeded(message, retry_after_seconds=retry_after_seconds)
    return Broken(message)


def requested_fault(body: bytes) -> FaultToken | None:
    """The first fault token in a body, at any place; None = there is none."""
    try:
        left = [decode_json(body)]
    except MalformedRequest:
        return None
    while left:
        value = left.pop()
        if isinstance(value, str):
            if value in TOKENS:
                return TOKENS[value]
        elif isinstance(value, dict):
            left.extend(reversed(value.values()))
        elif isinstance(value, list):
            left.extend(reversed(value))
    return None


class OnceTracker:
    """Makes every other attempt of a request fail, beginning with the first.

    Requests are the same if path and body are equal. The Request-ID does not count: each attempt
    has one of its own.
    """

    def __init__(self) -> None:
        self._failed: dict[bytes, None] = {}

    def fails_now(self, path: str, body: bytes) -> bool:
        """Whether this attempt fails."""
        request = sha256(path.encode() + b"\0" + body).digest()
        if request in self._failed:
            del self._failed[request]
            return False
        if len(self._failed) == ONCE_REQUESTS_MAX:
            del self._failed[next(iter(self._failed))]
        self._failed[request] = None
        return True

    def clear(self) -> None:
        """Forget all requests."""
        self._failed.clear()
