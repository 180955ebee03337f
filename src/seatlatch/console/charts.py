"""Charts of the traffic as lines of an SVG, and its numbers as texts.

See decision 183.
"""

from collections.abc import Callable, Sequence
from math import floor, inf, log10
from typing import NamedTuple

from seatlatch.metrics import SECONDS
from seatlatch.traffic import KEPT_SECONDS, Reading

WIDTH, HEIGHT = 360, 60
GAP_SECONDS = 25.0
"""A line is interrupted where samples are further apart than this."""

RATE_SECONDS = 10.0
COUNT_SECONDS = 60.0


class Quantity(NamedTuple):
    """One number of the traffic. `name` is its id in the page, `title` also the heading of its
    chart, `heading` that of its column in a table.

    `seconds`: the period that each value of the chart is about. `value`: None = there is none in a
    period. `least`: the value that the chart reaches at least.
    """

    name: str
    title: str
    heading: str
    seconds: float
    least: float
    value: Callable[[Reading], float | None]
    text: Callable[[float | None], str]


class Chart(NamedTuple):
    """A quantity over the last hour: the path of its line, the value at its top, and a sentence."""

    quantity: Quantity
    path: str
    top: str
    description: str


def rate(value: float | None) -> str:
    """A number per second."""
    value = value or 0.0
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def count(value: float | None) -> str:
    """A whole number."""
    return f"{value or 0:,.0f}"


def duration(value: float | None) -> str:
    """A time of seconds, as milliseconds, seconds, minutes or hours."""
    if value is None:
        return "–"
    if value == inf:
        return f"over {SECONDS[-1]:.0f} s"
    if value == 0:
        return "0 s"
    if value < 1:
        return f"{value * 1000:.{0 if value >= 0.01 else 1}f} ms"
    if value < 120:
        return f"{value:.{0 if value >= 10 else 1}f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


QUANTITIES = (
    Quantity(
        *("requests", "Requests per second", "Requests per second", RATE_SECONDS, 1),
        *(lambda reading: reading.requests_per_second, rate),
    ),
    Quantity(
        *("failures", "Failures in a minute", "Failures", COUNT_SECONDS, 5),
        *(lambda reading: reading.failures, count),
    ),
    Quantity(
        *("conflicts", "409 in a minute", "409", COUNT_SECONDS, 5),
        *(lambda reading: reading.conflicts, count),
    ),
    Quantity(
        *("unavailable", "503 in a minute", "503", COUNT_SECONDS, 5),
        *(lambda reading: reading.unavailable, count),
    ),
    Quantity(
        *("waiting", "Requests waiting for a commit", "Waiting", RATE_SECONDS, 5),
        *(lambda reading: reading.waiting_requests, count),
    ),
    Quantity(
        *("commits", "Commit p99", "Commit p99", COUNT_SECONDS, 0.01),
        *(lambda reading: reading.commit_p99_seconds, duration),
    ),
    Quantity(
        *("lag", "Webhook lag", "Webhook lag", RATE_SECONDS, 1),
        *(lambda reading: reading.webhook_lag_seconds, duration),
    ),
)
"""Failures are the responses of status 400 or more except 409 and 503."""


def chart_of(quantity: Quantity, history: Sequence[Reading]) -> Chart:
    """The chart of a quantity from the readings of the last hour, the oldest first."""
    points = [
        (reading.age_seconds, value)
        for reading in history
        if (value := quantity.value(reading)) is not None
    ]
    highest = max((value for _, value in points), default=None)
    if highest is None:
        return Chart(quantity, "", quantity.text(quantity.least), "No value in the last hour.")
    top = round_up(max(quantity.least, SECONDS[-1] if highest == inf else highest))
    latest = quantity.text(points[-1][1])
    description = f"Highest value in the last hour: {quantity.text(highest)}; latest: {latest}."
    return Chart(quantity, _path(points, top), quantity.text(top), description)


def round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 and so on."""
    unit: float = 10 ** floor(log10(value))
    return next(step * unit for step in (1, 2, 5, 10) if value <= step * unit * (1 + 1e-9))


def _path(points: Sequence[tuple[float, float]], top: float) -> str:
    """The line through points of age and value: from left to right, the present at the right.

    A point on a level line between two others is left out.
    """
    parts: list[str] = []
    places = [(_x(age), _y(value, top)) for age, value in points]
    for n, (x, y) in enumerate(places):
        begins = n == 0 or points[n - 1][0] - points[n][0] > GAP_SECONDS
        ends = n == len(places) - 1 or points[n][0] - points[n + 1][0] > GAP_SECONDS
        if begins and ends:
            parts.append(f"M{x:g} {y:g}h.5")
        elif begins or ends or not places[n - 1][1] == y == places[n + 1][1]:
            parts.append(f"{'M' if begins else 'L'}{x:g} {y:g}")
    return "".join(parts)


def _x(age_seconds: float) -> float:
    return round(WIDTH * (1 - age_seconds / KEPT_SECONDS), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT * (1 - min(value / top, 1)), 1)
