"""The database's clock, computed in the memory of a process.

Several machines share one database, and the ends of tokens, keys and holds are written by its
clock. So its clock also decides whether they have ended.

See decision 63.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

DIFFERENCE_SECONDS_MAX = 5.0
"""A larger difference between the two clocks is logged: one of them is wrong."""


class ClockLog(Protocol):
    """The log for differences."""

    def warning(self, event: str, **members: object) -> object:
        """Log that the clocks differ."""

    def info(self, event: str, **members: object) -> object:
        """Log that they no longer differ."""


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


class DatabaseClock:
    """Computes the database's time from its last reading and the seconds since.

    `monotonic`: a clock in seconds that never goes back. Before the first reading, the time is
    that of this machine.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        log: ClockLog | None = None,
        process_clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._monotonic = monotonic
        self._log = log
        self._process_clock = process_clock
        self._read_at: float | None = None
        self._reading = process_clock()
        self._differs = False

    def __call__(self) -> datetime:
        """The time now, aware UTC."""
        if self._read_at is None:
            return self._process_clock()
        return self._reading + timedelta(seconds=self._monotonic() - self._read_at)

    def was_read(self, reading: datetime, asked_at: float) -> None:
        """Take a reading that was requested at `asked_at`, by `monotonic`.

        The database read its clock after that, so this clock is never behind the database's, and
        nothing stays valid for longer than the database says.
        """
        self._reading, self._read_at = reading, asked_at
        seconds = (self._process_clock() - self()).total_seconds()
        # It ends at half of the limit: a difference near the limit would be logged repeatedly.
        limit_seconds = DIFFERENCE_SECONDS_MAX / 2 if self._differs else DIFFERENCE_SECONDS_MAX
        differs = abs(seconds) > limit_seconds
        if self._log and differs != self._differs:
            if differs:
                reason = (
                    f"This machine's clock differs from the database's by {seconds:+.0f} seconds."
                    " The database's clock decides."
                )
                self._log.warning("clock", reason=reason)
            else:
                self._log.info("clock", reason="The clocks no longer differ.")
        self._differs = differs
