"""Long work in portions, so that other requests do not wait for it."""

import asyncio
from collections.abc import Callable

BUSY_SECONDS = 0.0002
"""If others run for this long between two portions, the service is busy."""

REST_SECONDS = 0.003
"""How long to wait between two portions then: work in portions takes a quarter of the time."""


async def rest() -> None:
    """Let other requests run between two portions, and if there are some, wait for longer."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(0)
    if loop.time() - began > BUSY_SECONDS:
        await asyncio.sleep(REST_SECONDS)


TURN_SECONDS = 0.001
"""How long work goes on before other requests run."""


class Turns:
    """Lets other requests run after each millisecond of work. `monotonic`: the seconds of a clock
    that only advances.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._began = monotonic()

    async def end(self) -> None:
        """Rest, if this turn has taken long enough."""
        if self._monotonic() - self._began >= TURN_SECONDS:
            await rest()
            self._began = self._monotonic()


class Portions:
    """The size of the next portion, chosen by the time that the last one took.

    `seconds_min`, `seconds_max`: the intended time of a portion. On SQLite the event loop is
    blocked meanwhile, and how long one row takes depends on the disk.
    """

    def __init__(
        self, size_min: int, size_max: int, seconds_min: float, seconds_max: float
    ) -> None:
        self.size = size_min
        self._size_min = size_min
        self._size_max = size_max
        self._seconds_min = seconds_min
        self._seconds_max = seconds_max

    def adapt(self, portion_seconds: float) -> None:
        """Choose the size of the next portion by the time of this one."""
        if portion_seconds > self._seconds_max:
            self.size = max(self.size // 2, self._size_min)
        elif portion_seconds < self._seconds_min:
            self.size = min(self.size * 2, self._size_max)
