"""Charts of the traffic: their lines, scales and texts."""

from math import inf

import pytest

from seatlatch.console.charts import QUANTITIES, chart_of, duration, rate, round_up
from seatlatch.traffic import Reading

BY_NAME = {one.name: one for one in QUANTITIES}


def reading(age: float, requests: float = 0, p99: float | None = None) -> Reading:
    return Reading(age, 10, requests, 0, 0, 0, p99, 0, 0)


def test_a_line_goes_from_an_hour_ago_to_now() -> None:
    history = [reading(3600, 0), reading(3590, 20), reading(3580, 0)]
    chart = chart_of(BY_NAME["requests"], history)
    assert chart.path == "M0 60L1 0L2 60"
    assert chart.top == "2.0"
    assert chart.description == "Highest value in the last hour: 2.0; latest: 0.0."


def test_a_level_line_needs_two_points() -> None:
    history = [reading(age) for age in range(3600, -10, -10)]
    assert chart_of(BY_NAME["requests"], history).path == "M0 60L360 60"


def test_a_line_is_interrupted_where_nothing_was_sampled() -> None:
    history = [reading(age, 10) for age in (300, 290, 280, 100, 20, 10, 0)]
    assert chart_of(BY_NAME["requests"], history).path == "M330 0L332 0M350 0h.5M358 0L360 0"


def test_commits_without_a_value_leave_a_gap() -> None:
    history = [reading(30, p99=0.01), reading(20, p99=0.01), reading(10), reading(0)]
    assert chart_of(BY_NAME["commits"], history).path == "M357 0L358 0"
    empty = chart_of(BY_NAME["commits"], history[2:])
    assert (empty.path, empty.description) == ("", "No value in the last hour.")


def test_what_is_above_every_bound_is_at_the_top() -> None:
    chart = chart_of(BY_NAME["commits"], [reading(10, p99=inf), reading(0, p99=2.5)])
    assert chart.path == "M359 0L360 30"
    assert chart.top == "5.0 s"
    assert chart.description == "Highest value in the last hour: over 5 s; latest: 2.5 s."


@pytest.mark.parametrize(
    ("value", "top"),
    [(1, 1), (1.1, 2), (3, 5), (7, 10), (10, 10), (11, 20), (0.003, 0.005), (0.01, 0.01)],
)
def test_the_top_is_a_round_number(value: float, top: float) -> None:
    assert round_up(value) == pytest.approx(top)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0 s"),
        (0.0042, "4.2 ms"),
        (0.042, "42 ms"),
        (1.25, "1.2 s"),
        (42.3, "42 s"),
        (600, "10 min"),
        (9000, "2.5 h"),
        (inf, "over 5 s"),
    ],
)
def test_a_duration_has_the_unit_that_fits(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_a_rate_is_precise_while_it_is_small() -> None:
    assert (rate(None), rate(0.04), rate(3.14), rate(1234.5)) == ("0.0", "0.0", "3.1", "1,234")
