"""What can go wrong on request, and the tokens that ask for it. Knows bodies, and no connection."""

from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from seatlatch.api.body import decode_json
from seatlatch.api.refusals import MalformedRequest
from seatlatch.domain.refusal import RateExceeded, Unavailable

PREFIX = "sandbox-"
ONCE = "-once"

SLOW_SECONDS = 5.0

TURNS_MAX_REQUESTS = 10_000
"""So many requests are remembered that failed and are to go through the next time."""


class Fault(StrEnum):
    """What becomes of a whole request."""

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
    Fault.SLOW: f"What it would be, {SLOW_SECONDS:g} seconds later.",
    Fault.CUT: "None: the connection is cut before the work; nothing is done.",
    Fault.LOST: "None: the connection is cut after the work; it is done.",
}


class Broken(Exception):
    """A bug, on purpose."""


class Asked(NamedTuple):
    """What a token asks for; `once`: of every other time that the same request is sent."""

    token: str
    fault: Fault
    once: bool


TOKENS = {
    asked.token: asked
    for fault in Fault
    for asked in (
        Asked(f"{PREFIX}{fault}", fault, False),
        Asked(f"{PREFIX}{fault}{ONCE}", fault, True),
    )
}
"""Every token that asks for something, by name. Each is a ticket of its own, too."""


def refusal_of(fault: Fault, because: str, retry_after_seconds: int) -> Exception:
    """What is raised to answer with a status."""
    message = f"This is on purpose: {because} asks for it."
    if fault is Fault.UNAVAILABLE:
        return Unavailable(message, retry_after_seconds=retry_after_seconds)
    if fault is Fault.RATE_EXCEEDED:
        return RateExceeded(message, retry_after_seconds=retry_after_seconds)
    return Broken(message)


def asked_in(body: bytes) -> Asked | None:
    """What the first such token in a body asks for, wherever in it a text may stand."""
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


class Turns:
    """Whose turn it is: of the same request every other one fails, beginning with the first.

    The same path and body are the same request. Its Request-ID says nothing: each attempt has one
    of its own.
    """

    def __init__(self) -> None:
        self._failed: dict[bytes, None] = {}

    def is_to_fail(self, path: str, body: bytes) -> bool:
        """Whether this one fails."""
        request = sha256(path.encode() + b"\0" + body).digest()
        if request in self._failed:
            del self._failed[request]
            return False
        if len(self._failed) == TURNS_MAX_REQUESTS:
            del self._failed[next(iter(self._failed))]
        self._failed[request] = None
        return True

    def clear(self) -> None:
        """Nothing was ever sent."""
        self._failed.clear()
