"""Waiting for what another thread or process does, with the processor left to it."""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import TypeVar

Result = TypeVar("Result")

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.01

_NEVER = Event()


def until(
    condition: Callable[[], Result],
    seconds: float = WAIT_SECONDS,
    poll_seconds: float = POLL_SECONDS,
) -> Result:
    """Wait until `condition` returns something true, and return that. Fails after `seconds`."""
    deadline = monotonic() + seconds
    while not (result := condition()):
        assert monotonic() < deadline
        _NEVER.wait(poll_seconds)
    return result
