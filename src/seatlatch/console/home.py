"""The first page of the console: the traffic of the last hour, and what needs attention.

See decision 183.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from starlette.responses import Response

from seatlatch.console.charts import QUANTITIES, Chart, chart_of
from seatlatch.console.pages import Pages
from seatlatch.console.templating import CONSOLE
from seatlatch.console.viewer import Viewer
from seatlatch.domain.operator import Role
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.attention import AttentionFinder
from seatlatch.traffic import Traffic

COUNTERS = CONSOLE + "/home/counters"
CHARTS = CONSOLE + "/home/charts"
ATTENTION = CONSOLE + "/home/attention"

PERIODS = frozenset(one.seconds for one in QUANTITIES)
PERIOD_SECONDS = 300.0
SHOWN_ENTRIES_MAX = 10
"""How many holds, locks and webhooks are shown; further ones are counted."""


class Row(NamedTuple):
    """A period of the traffic in the table, with a text for each quantity."""

    ended_at: datetime
    cells: Sequence[str]


class Home:
    """The handlers of the first page. `now`: the time, aware UTC."""

    def __init__(
        self,
        pages: Pages,
        traffic: Traffic,
        attention: AttentionFinder,
        now: Callable[[], datetime],
    ) -> None:
        self._pages = pages
        self._traffic = traffic
        self._attention = attention
        self._now = now
        self._charts: tuple[float, Sequence[Chart]] = (-1.0, ())

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = self._pages.page
        return [
            page(CONSOLE, Role.READ, self.home),
            page(COUNTERS, Role.READ, self.counters, is_polled=True),
            page(CHARTS, Role.READ, self.charts, is_polled=True),
            page(ATTENTION, Role.READ, self.attention, is_polled=True),
        ]

    async def home(self, call: Call[Viewer, None]) -> Response:
        """`GET /console`: the state of the service."""
        values = {**self._traffic_values(), **await self._attention_values(call)}
        return self._pages.render(call, "home.html", **values)

    async def counters(self, call: Call[Viewer, None]) -> Response:
        """The numbers of now, which replace those in the page."""
        return self._pages.render(call, "home_counters.html", counters=self._counters())

    async def charts(self, call: Call[Viewer, None]) -> Response:
        """The charts and the table of the last hour."""
        return self._pages.render(call, "home_charts.html", **self._traffic_values())

    async def attention(self, call: Call[Viewer, None]) -> Response:
        """The list of what needs attention."""
        values = await self._attention_values(call)
        return self._pages.render(call, "home_attention.html", **values)

    async def _attention_values(self, call: Call[Viewer, None]) -> dict[str, Any]:
        found = await self._attention.find(call.caller.operator)
        return {"found": found, "shown": SHOWN_ENTRIES_MAX}

    def _counters(self) -> dict[str, str]:
        readings = {seconds: self._traffic.now(seconds) for seconds in PERIODS}
        return {one.name: one.text(one.value(readings[one.seconds])) for one in QUANTITIES}

    def _traffic_values(self) -> dict[str, Any]:
        return {
            "counters": self._counters(),
            "charts": self._chart_list(),
            "headings": [one.heading for one in QUANTITIES],
            "rows": self._rows(),
        }

    def _chart_list(self) -> Sequence[Chart]:
        """The charts, which change with each sample only."""
        sampled_at = self._traffic.sampled_at
        if self._charts[0] != sampled_at:
            histories = {seconds: self._traffic.history(seconds) for seconds in PERIODS}
            charts = [chart_of(one, histories[one.seconds]) for one in QUANTITIES]
            self._charts = (sampled_at, charts)
        return self._charts[1]

    def _rows(self) -> Sequence[Row]:
        now = self._now()
        return [
            Row(
                now - timedelta(seconds=reading.age_seconds),
                [one.text(one.value(reading)) for one in QUANTITIES],
            )
            for reading in self._traffic.periods(PERIOD_SECONDS)
        ]
